"""Where a person is stays in the page's address, so that a reload or a bookmark leads back."""

import pytest
from playwright.sync_api import expect
from test_browser import PICKS, click, others, settle

pytestmark = pytest.mark.browser


def end_of(page):
    """What follows the page's address; what a reload or a bookmark would ask for."""
    return page.evaluate("() => location.hash")


def test_its_address_leads_back_to_pair_and_tab(visit):
    page = visit()
    before = page.evaluate(PICKS)
    settle(page, before["a"], before["b"])
    assert end_of(page) == ""  # nobody has gone anywhere
    (one,) = others(page, 1)
    click(page, one)
    settle(page, one, before["b"])
    page.get_by_role("tab", name="Train", exact=True).click()
    page.wait_for_function("() => location.hash.endsWith('tab=train')")

    again = visit(link=end_of(page))
    tab = again.get_by_role("tab", name="Train", exact=True)
    expect(tab).to_have_attribute("aria-selected", "true")
    again.get_by_role("tab", name="Map", exact=True).click()
    settle(again, one, before["b"])
    again.wait_for_function("() => location.hash.endsWith('tab=map')")


def test_an_image_that_is_gone_is_said(visit):
    page = visit()
    picked = page.evaluate(PICKS)
    (one,) = others(page, 1)
    click(page, one)
    settle(page, one, picked["b"])
    page.wait_for_function("() => location.hash.includes('a=')")
    end = end_of(page)
    assert f"a={one}&b={picked['b']}&tab=map" in end
    again = visit(link=end.replace(f"a={one}", "a=1000000"))
    expect(again.locator("#about")).to_contain_text("Other images than before")
    settle(again, picked["a"], picked["b"])
