"""Where a person is stays in the page's address, so that a reload leads back."""

import pytest
from playwright.sync_api import expect
from test_browser import PICKS, click, others, settle

pytestmark = pytest.mark.browser


def rest(page):
    """Wait until nothing is awaited any more: Gradio complains of a page that is left before."""
    page.locator("#walk-glance .walk[data-state='ready']").wait_for()
    page.locator("#neighbours .near[data-state='shown']").wait_for()
    page.wait_for_timeout(500)


def test_a_reload_leads_back_to_pair_and_tab(visit):
    page = visit()
    before = page.evaluate(PICKS)
    settle(page, before["a"], before["b"])
    assert "#" not in page.url  # nobody has gone anywhere
    (one,) = others(page, 1)
    click(page, one)
    settle(page, one, before["b"])
    rest(page)
    page.get_by_role("tab", name="Train", exact=True).click()
    page.wait_for_function("() => location.hash.endsWith('tab=train')")

    page.reload()
    tab = page.get_by_role("tab", name="Train", exact=True)
    expect(tab).to_have_attribute("aria-selected", "true")
    page.get_by_role("tab", name="Map", exact=True).click()
    settle(page, one, before["b"])
    page.wait_for_function("() => location.hash.endsWith('tab=map')")


def test_an_address_that_is_typed_is_followed(visit):
    page = visit()
    picked = page.evaluate(PICKS)
    (one,) = others(page, 1)
    click(page, one)
    settle(page, one, picked["b"])
    settle(page, one, picked["b"])
    address = page.url
    assert f"a={one}&b={picked['b']}&tab=map" in address
    rest(page)
    page.goto(address.replace(f"a={one}", "a=1000000"))
    expect(page.locator("#about")).to_contain_text("Other images than before")
    settle(page, picked["a"], picked["b"])
