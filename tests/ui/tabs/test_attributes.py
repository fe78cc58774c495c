"""The attributes tab in a browser: keyboard and numbers, locks, evidence, late answers."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import expect
from tiny_models import GLOW

from explorer.service.stamp import read_stamp
from explorer.service.view import KindsView, TransferView
from explorer.ui.share import link_text

pytestmark = pytest.mark.browser

MEASURED = re.compile("against the original|no likelihood")
SAME = """() => {
  const [before, after] = ['before', 'after'].map(
    name => document.querySelector(`.compare .${name} canvas`).toDataURL());
  return before === after;
}"""
HOLD_PREVIEWS = """() => {
  const real = window.fetch;
  window.__held = [];
  window.fetch = (...sent) => {
    const asks = String(sent[0]?.url ?? sent[0]).includes('component_server');
    if (!asks) return real(...sent);
    return new Promise(done => window.__held.push(() => done(real(...sent))));
  };
  window.__release = () => { window.fetch = real; window.__held.splice(0).forEach(go => go()); };
}"""


def show(page, name):
    """Open a tab; on a narrow screen it is in the menu behind the three dots."""
    tab = page.get_by_role("tab", name=name, exact=True)
    more = page.locator(".overflow-menu").first
    tab.or_(more).first.wait_for()
    if tab.count():
        tab.click()
    else:
        more.locator("button").first.click()
        more.get_by_role("button", name=name, exact=True).click()


def select_on_map(page, left, right):
    """Draw a rectangle on the map with Alt held, from top to bottom; shares of its width."""
    page.wait_for_function("() => window.__map.complete")
    before = page.evaluate("() => window.__map.selection")
    x, y, w, h = page.evaluate(
        "() => { const r = document.querySelector('.map').getBoundingClientRect();"
        " return [r.left, r.top, r.width, r.height]; }"
    )
    page.keyboard.down("Alt")
    page.mouse.move(x + left * w, y + 0.03 * h)
    page.mouse.down()
    for u, v in ((right, 0.03), (right, 0.97), (left, 0.97)):
        page.mouse.move(x + u * w, y + v * h, steps=6)
    page.mouse.up()
    page.keyboard.up("Alt")
    page.wait_for_function(
        "before => window.__map.selection > 0 && window.__map.selection !== before", arg=before
    )


@pytest.fixture
def opened(visit):
    """The tab with all sliders at 0, and its page."""

    def open_tab(**context):
        page = visit(**context)
        show(page, "Attributes")
        panel = page.locator(".sliders[data-state='ready']")
        panel.wait_for()
        page.get_by_role("button", name="Reset all").click()
        panel.locator(".changes", has_text="Nothing moved yet").wait_for()
        return page, panel

    return open_tab


def test_a_slider_moves_by_keyboard_and_is_measured_when_it_rests(opened):
    _, panel = opened()
    slider = panel.get_by_role("slider").nth(1)
    slider.focus()
    slider.press("ArrowRight")
    panel.locator(".changes li", has_text="+0.05").wait_for()
    panel.locator(".sliders-verdict[data-state='new']", has_text=MEASURED).wait_for()
    panel.locator(".class-row[data-state='new'] canvas").first.wait_for()
    assert panel.locator(".class-row canvas").count() == 10
    assert slider.get_attribute("aria-valuetext") == "+0.05"


def test_a_number_moves_the_picture_and_reset_gives_it_back(opened):
    page, panel = opened()
    panel.locator(".sliders-verdict[data-state='new']").wait_for()
    page.wait_for_function(SAME)
    panel.get_by_role("spinbutton").first.fill("1.5")
    page.wait_for_function(SAME.replace("===", "!=="))
    panel.get_by_role("spinbutton").first.fill("99")
    panel.get_by_role("spinbutton").first.press("Tab")
    expect(panel.get_by_role("spinbutton").first).to_have_value("3.00")
    page.get_by_role("button", name="Reset all").click()
    page.wait_for_function(SAME)


def test_the_last_of_many_quick_changes_is_measured_and_repeated_in_the_row(opened):
    _, panel = opened()
    box = panel.get_by_role("spinbutton").first
    for number in ("0.5", "0.9", "0.2", "0.7", "0.4"):
        box.fill(number)
        box.press("Tab")
    panel.locator(".sliders-verdict[data-state='new']", has_text=MEASURED).wait_for()
    panel.locator(".class-row[data-state='new'] canvas").first.wait_for()
    expect(box).to_have_value("0.40")


def test_what_is_locked_stays_at_reset_and_random(opened):
    page, panel = opened()
    boxes = panel.get_by_role("spinbutton")
    boxes.nth(0).fill("0.70")
    boxes.nth(1).fill("0.30")
    panel.locator(".slider-lock").first.click()
    for name in ("Random", "Reset all"):
        page.get_by_role("button", name=name, exact=True).click()
        expect(boxes.nth(0)).to_have_value("0.70")
    expect(boxes.nth(1)).to_have_value("0.00")


def test_every_track_shows_its_evidence_and_beyond_it_the_picture_is_marked(opened):
    _, panel = opened()
    panel.locator(".slider-track.known .evidence").first.wait_for()
    rows = panel.locator(".slider-row")
    assert panel.locator(".slider-track.known").count() == rows.count()
    box = panel.get_by_role("spinbutton").first
    box.fill("3")
    box.press("Tab")
    marked = panel.locator(".slider-row").first.get_attribute("data-support")
    assert marked in ("own", "borrowed", "none")
    expect(panel.locator(".after")).to_have_attribute(
        "data-support", "" if marked == "own" else marked
    )
    assert panel.locator(".cautions li").count() == (marked != "own")


def test_the_row_marks_what_no_image_supports(opened):
    page, panel = opened()
    box = panel.get_by_role("spinbutton").first
    box.fill("3")
    box.press("Tab")
    panel.locator(".class-row[data-state='new'] canvas.unsupported").first.wait_for()
    cells = panel.locator(".class-row .unsupported")
    assert cells.evaluate_all("all => all.every(one => one.title.startsWith('no evidence'))")
    expect(panel.get_by_text("framed: no image of the data")).to_be_visible()
    page.get_by_role("button", name="Reset all").click()
    panel.locator(".class-row[data-state='new']").wait_for()
    expect(cells).to_have_count(0)
    expect(panel.get_by_text("framed: no image of the data")).to_be_hidden()


def test_the_list_fades_until_its_last_row_is_seen(opened):
    _, panel = opened()
    rows = panel.locator(".sliders-list")
    expect(rows).to_have_class("sliders-list more")
    rows.evaluate("list => list.scrollTo(0, list.scrollHeight)")
    expect(rows).to_have_class("sliders-list")


def test_a_late_preview_does_not_overwrite_the_exact_picture(opened):
    page, panel = opened()
    panel.locator(".sliders-verdict[data-state='new']").wait_for()
    page.evaluate(HOLD_PREVIEWS)
    box = panel.get_by_role("spinbutton").first
    box.fill("1.5")
    panel.locator(".sliders-verdict[data-state='new']", has_text=MEASURED).wait_for()
    page.wait_for_function(SAME.replace("===", "!=="))
    drawn = int(panel.get_attribute("data-drawn"))
    assert page.evaluate("() => window.__held.length") >= 1
    page.evaluate("() => window.__release()")
    box.fill("0")
    box.press("Tab")
    page.wait_for_function(SAME)
    panel.locator(".sliders-verdict[data-state='new']", has_text="Drag a slider").wait_for()
    assert int(panel.get_attribute("data-drawn")) - drawn <= 2  # the held one was not drawn


def test_an_image_that_was_picked_meanwhile_is_shown_in_the_end(opened):
    page, panel = opened()
    for number in ("7", "11", "23"):
        show(page, "Map")
        page.get_by_text("Choose A").locator("visible=true").first.click()
        field = page.get_by_label("Number or source of image A").locator("visible=true").first
        field.fill(number)
        field.press("Enter")
        show(page, "Attributes")
    panel.locator(".sliders-title", has_text="#23 ").wait_for()


def test_a_lasso_drawn_before_the_tab_was_opened_can_be_changed_and_taught(own_page, browser):
    from explorer.benchmarks.chromium import Visit

    visit = Visit(browser.new_context(viewport={"width": 1440, "height": 1000}), own_page[0])
    page = visit.page
    select_on_map(page, left=0.03, right=0.5)
    show(page, "Attributes")
    panel = page.locator(".sliders[data-state='ready']")
    panel.wait_for()
    panel.get_by_role("button", name="the selected images").click()
    panel.locator(".class-row[data-of='selection'][data-state='new'] canvas").first.wait_for()
    page.get_by_role("tab", name="Teach a new one").click()
    page.get_by_role("button", name="Take the selection as images with it").click()
    page.get_by_text(re.compile(r"[1-9]\d* images with it, 0 without it")).wait_for()
    show(page, "Map")
    select_on_map(page, left=0.5, right=0.97)
    show(page, "Attributes")
    page.get_by_role("button", name="Take the selection as images without it").click()
    page.get_by_text(re.compile(r"[1-9]\d* images with it, [1-9]\d* without it")).wait_for()
    page.get_by_label("Name of the attribute").fill("left side")
    page.get_by_role("button", name="Learn", exact=True).click()
    panel.locator(".slider-row", has_text="Left side").wait_for()
    assert visit.complaints == []
    visit.close()


def taken_along(page):
    """Return what the picture below the sliders says of itself once it is saved."""
    page.locator(".sheet summary", has_text="Share").click()
    with page.expect_download() as download:
        page.locator(".sheet").get_by_role("button", name="Picture with labels").click()
    return read_stamp(Path(download.value.path()).read_bytes())


def test_a_grid_is_drawn_as_one_picture_and_comes_back_with_its_settings(opened):
    page, _ = opened()
    page.get_by_label("Strengths").fill("-1, 0.5")
    page.get_by_role("button", name="Draw the grid").click()
    page.locator(".sheet img").wait_for()
    shown = page.locator(".sheet img").get_attribute("src")
    view = taken_along(page)
    assert view.kind == "strengths" and view.strengths == (-1.0, 0.5)
    page.get_by_label("Strengths").fill("0")
    page.evaluate("link => { location.hash = link; }", link_text(view))
    expect(page.get_by_label("Strengths")).to_have_value("-1, 0.5")
    expect(page.locator(".sheet img")).to_have_attribute("src", shown)


def test_a_link_to_compared_directions_shows_them_with_the_page(visit, workbench):
    name = workbench.attributes(GLOW)[1].name
    view = KindsView(model=GLOW, a="3", attribute=name, strength=-1.0)
    page = visit(link=link_text(view))
    page.locator(".sheet img").wait_for()
    expect(page.locator("#attribute-panels")).to_be_in_viewport()  # scrolled to, below the sliders
    assert taken_along(page).model_copy(update={"weights": "", "version": ""}) == view
    assert page.get_by_label("Strengths").input_value()  # other panels stay as they are


def test_a_link_to_a_transfer_shows_it_with_the_page(visit, workbench):
    classes = workbench.card(GLOW).class_names
    name = workbench.open(GLOW).data.attribute_names[0]
    lesson = {"attribute": name, "learn_on": classes, "apply_to": classes[:2], "strength": 0.5}
    view = TransferView(model=GLOW, **lesson)
    page = visit(link=link_text(view))
    page.locator(".sheet img").wait_for()
    assert taken_along(page).model_copy(update={"weights": "", "version": ""}) == view


def test_a_wrong_wish_is_answered_by_a_notice(opened):
    page, _ = opened()
    page.get_by_label("Strengths").fill("1, two")
    page.get_by_role("button", name="Draw the grid").click()
    page.get_by_text("'two' is no strength").wait_for()


def test_a_phone_needs_no_sideways_scrolling(opened):
    page, panel = opened(viewport={"width": 390, "height": 844}, color_scheme="dark")
    panel.locator(".slider-track.known").first.wait_for()
    assert page.evaluate("() => document.documentElement.scrollWidth") <= 390
