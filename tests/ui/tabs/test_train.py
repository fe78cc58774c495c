"""From a folder of pictures to a model on the map, in a browser and without a command line."""

import shutil

import pytest
from playwright.sync_api import expect
from tiny_models import GLICO
from tiny_sets import save

from explorer.benchmarks.chromium import Visit
from explorer.service.datasets import UPLOADS
from explorer.service.runs import list_runs
from explorer.train.process import is_alive

pytestmark = pytest.mark.browser


@pytest.fixture
def tab(browser, own_page):
    """The tab of a page of its own, and that page's folder of models."""
    address, root = own_page
    visit = Visit(browser.new_context(), address)
    visit.page.get_by_role("tab", name="Train", exact=True).click()
    visit.page.locator("#train-start").wait_for()
    yield visit.page, root
    visit.close()
    assert visit.complaints == []
    assert not any(view.is_alive for view in list_runs(root))


def test_a_folder_becomes_a_model_on_the_map(tab, tmp_path):
    page, root = tab
    for kind in range(3):
        for number in range(6):
            save(tmp_path / "flowers" / f"kind-{kind}" / f"{number}.png", 10 * kind + number)
    (tmp_path / "flowers" / "kind-0" / "bad.png").write_bytes(b"<html>")

    # What is wrong is said at its field, and nothing starts.
    page.get_by_label("Steps", exact=True).fill("0")
    page.locator("#train-start").click()
    expect(page.locator("#set-train-steps .setting-problem")).to_contain_text("at least 1")
    expect(page.locator("#set-data-root .setting-problem")).to_contain_text("ZIP archive")

    # Images that cannot be learned from do not start either; the file is named.
    page.get_by_label("Folder on this machine").fill(str(tmp_path / "flowers"))
    page.get_by_label("Steps", exact=True).fill("4")
    page.get_by_role("button", name="Look at the images").click()
    expect(page.locator(".data-check .verdict")).to_contain_text("Cannot go: 1 of 16")
    page.locator(".data-check details").first.click()
    expect(page.locator(".data-check")).to_contain_text("kind-0/bad.png")
    page.locator("#train-start").click()
    expect(page.locator(".toast-body").last).to_contain_text("cannot learn from these images")
    assert [view.name for view in list_runs(root)] == [GLICO]

    (tmp_path / "flowers" / "kind-0" / "bad.png").unlink()
    page.get_by_role("button", name="Look at the images").click()
    expect(page.locator(".data-check .verdict.good")).to_contain_text("15 training images")
    page.locator("#train-start").click()
    page.locator(".run-title", has_text="flowers-glico").wait_for()
    page.get_by_role("button", name="Explore it").wait_for()
    expect(page.locator(".run-progress span")).to_have_text("4 of 4 steps, 100 %")
    expect(page.locator(".strip-step")).to_contain_text("Step 4, PSNR")
    expect(page.locator(".js-plotly-plot").first).to_be_visible()

    # A second page shows the same.
    other = page.context.new_page()
    other.goto(page.url)
    other.get_by_role("tab", name="Train", exact=True).click()
    other.get_by_role("tab", name="Runs", exact=True).click()
    expect(other.locator(".row-title").first).to_have_text("flowers-glico")
    other.close()

    page.get_by_role("button", name="Explore it").click()
    expect(page.locator("#model-picker input")).to_have_value("flowers-glico")
    expect(page.get_by_role("tab", name="Map", exact=True)).to_have_attribute(
        "aria-selected", "true"
    )

    # Deleting asks first.
    page.get_by_role("tab", name="Train", exact=True).click()
    page.get_by_role("button", name="Delete", exact=True).dblclick()
    page.get_by_role("button", name="Keep it").click()
    assert (root / "flowers-glico").exists() and not is_alive(root / "flowers-glico")
    page.get_by_role("button", name="Delete", exact=True).click()
    page.get_by_role("button", name="Delete it for good").click()
    gone = page.locator(".runs-list .row-title", has_text="flowers-glico")
    expect(gone).to_have_count(0, timeout=60_000)
    assert not (root / "flowers-glico").exists()

    # It was open: another one is now.
    expect(page.locator("#model-picker input")).to_have_value(f"Faces by {GLICO}")
    expect(page.locator("#about")).not_to_contain_text("flowers")


def test_an_archive_is_brought_used_again_and_deleted(tab, tmp_path):
    page, root = tab
    for kind in range(2):
        for number in range(6):
            save(tmp_path / "shells" / f"kind-{kind}" / f"{number}.png", 10 * kind + number)
    archive = shutil.make_archive(str(tmp_path / "shells"), "zip", tmp_path / "shells")
    page.locator("#train-upload input[type=file]").set_input_files(archive)
    expect(page.locator(".data-check .verdict.good")).to_contain_text("training images")
    place = page.get_by_label("Folder on this machine")
    (folder,) = (root / UPLOADS).glob("shells-*")
    expect(place).to_have_value(str(folder))

    place.fill("elsewhere")
    page.get_by_text("Brought before").click()
    row = page.locator(".brought li")
    expect(row).to_contain_text("12 pictures")
    expect(row).to_contain_text("used by no run")
    row.get_by_role("button", name="Use").click()
    expect(place).to_have_value(str(folder))

    # Deleting asks first.
    row.get_by_role("button", name="Delete").dblclick()
    row.get_by_role("button", name="Keep it").click()
    assert folder.is_dir()
    row.get_by_role("button", name="Delete").click()
    row.get_by_role("button", name="Delete it for good").click()
    expect(page.locator(".brought")).to_be_hidden()
    assert not folder.exists()
