"""New images in a real browser: made, sorted out, written, and opened again."""

import re

import pytest
from playwright.sync_api import expect

from explorer.benchmarks.chromium import PATIENCE

pytestmark = pytest.mark.browser


def kept(page):
    return int(re.match(r"([\d,]+) of", page.locator(".aug-count").inner_text())[1])


def test_images_are_made_sorted_out_written_and_opened_again(visit, tmp_path):
    page = visit()
    page.get_by_role("tab", name="Augment").click()
    page.get_by_label("Of each class").fill("4")
    page.get_by_label("Of each class").press("Tab")
    page.get_by_role("button", name="Make images").click()
    page.locator(".augment[data-state='ready']").wait_for()
    assert page.locator(".aug-cell").count() == 20
    assert page.locator(".aug-three canvas").count() == 3
    agreement = page.locator(".aug-slider", has_text="Classifier agrees").locator("input")
    before = page.locator(".aug-cell.is-out").count()
    agreement.focus()
    page.keyboard.press("End")
    expect(page.locator(".aug-count")).to_have_text("0 of 20 kept", timeout=PATIENCE)
    assert page.locator(".aug-cell.is-out").count() == 20 >= before
    expect(page.locator(".aug-none li")).to_have_count(5)
    assert "all 4 are left out" in page.locator(".aug-none li").first.inner_text()
    page.locator(".aug-show").select_option("kept")
    assert page.locator(".aug-cell").count() == 0
    page.locator(".aug-show").select_option("all")
    loose = {"Not foreign": "End"} | dict.fromkeys(
        ("Not memorised", "No double", "Classifier agrees", "Sharper than", "More to see"), "Home"
    )
    for title, key in loose.items():
        page.locator(".aug-slider", has_text=title).locator("input").focus()
        page.keyboard.press(key)
    expect(page.locator(".aug-count")).to_have_text("20 of 20 kept", timeout=PATIENCE)
    page.locator(".aug-set td", has_text="too few").first.wait_for(state="detached")
    assert page.locator(".aug-none").is_hidden()
    expect(page.locator(".aug-verdict")).to_contain_text("The kept images do not look like")
    assert page.locator(".aug-off", has_text="below").count() > 0
    page.locator(".aug-cell").first.click()
    cells = page.locator(".aug-numbers tr", has_text="earlier new image").locator("td")
    assert cells.all_inner_texts() == ["none", ""]
    page.locator(".aug-sort").select_option("-sharpness")
    first = page.locator(".aug-cell").first
    first.click()
    name = page.locator(".aug-name").inner_text()
    page.locator(".aug-write input[name='target']").fill(str(tmp_path / "set"))
    page.get_by_role("button", name="Write folder").click()
    page.locator(".aug-written[data-tone='good']").wait_for()
    page.get_by_role("button", name="Write folder").click()
    expect(page.locator(".aug-written")).to_contain_text("is there already", timeout=PATIENCE)
    page.locator(".aug-open input[name='path']").fill(str(tmp_path / "set"))
    page.get_by_role("button", name="Open", exact=True).click()
    page.locator(".aug-written", has_text=re.compile("^$")).wait_for(state="attached")
    assert kept(page) == 20
    page.locator(".aug-sort").select_option("-sharpness")
    page.locator(".aug-cell").first.click()
    assert page.locator(".aug-name").inner_text() == name
