"""The page in headless Chromium: real pixels are clicked, and nothing may go wrong unnoticed."""

import pytest
from playwright.sync_api import expect
from tiny_models import BROKEN, UNPREPARED

from explorer.benchmarks.chromium import PATIENCE

pytestmark = pytest.mark.browser

PICKS = "() => window.__map.picks()"
PICTURED = (
    "() => window.__map.pictured().filter(i => window.__map.nearest(...window.__map.xy(i)) === i)"
)


def sources(page):
    """What stands in the two slots beside the map."""
    return [page.locator(f"#ends-map .end-slot-{slot} img").get_attribute("src") for slot in "ab"]


def settle(page, a, b):
    """Wait until the map, the panel beside it and the server say that this pair is picked."""
    page.wait_for_function(
        "([a, b]) => { const p = window.__map.picks(); return p.a === a && p.b === b; }",
        arg=[a, b],
    )
    page.locator("#ends-map .end-slot-a figcaption", has_text=f"#{a}").wait_for()
    page.locator("#ends-map .end-slot-b figcaption", has_text=f"#{b}").wait_for()
    page.locator(f"#ends-map .ends[data-pair='{a}/{b}']").wait_for()


def others(page, count):
    """Images that can be seen on the map, none of them picked."""
    page.wait_for_function("() => window.__map.complete")
    picked = page.evaluate(PICKS)
    seen = [i for i in page.evaluate(PICTURED) if i not in (picked["a"], picked["b"])]
    assert len(seen) >= count
    return seen[:count]


def click(page, index, **options):
    page.mouse.click(*page.evaluate("i => window.__map.xy(i)", index))


def test_a_visitor_sees_a_pair_and_its_walk_without_touching_anything(visit):
    page = visit()
    picked = page.evaluate(PICKS)
    settle(page, picked["a"], picked["b"])
    assert all(source.startswith("data:image/png") for source in sources(page))
    page.locator("#walk-glance .walk-frames .still").first.wait_for()
    header = page.locator("#about").inner_text()
    assert "60 images" in header and "5 classes" in header and "32 × 32" in header


def test_a_click_picks_a_and_the_next_one_b(visit):
    page = visit()
    before = page.evaluate(PICKS)
    settle(page, before["a"], before["b"])
    first = sources(page)
    one, two = others(page, 2)
    click(page, one)
    settle(page, one, before["b"])
    assert page.evaluate("() => window.__map.turn") == "b"
    click(page, two)
    settle(page, one, two)
    assert all(new != old for new, old in zip(sources(page), first, strict=True))
    page.locator("#walk-glance .walk[data-state='ready']").wait_for()


def test_a_shift_click_always_sets_b(visit):
    page = visit()
    before = page.evaluate(PICKS)
    one, two = others(page, 2)
    for index in (one, two):
        page.keyboard.down("Shift")
        click(page, index)
        page.keyboard.up("Shift")
        settle(page, before["a"], index)


def test_a_drag_moves_the_map_and_picks_nothing(visit):
    page = visit()
    before = page.evaluate(PICKS)
    index = others(page, 1)[0]
    x, y = page.evaluate("i => window.__map.xy(i)", index)
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + 30, y + 20, steps=4)
    page.mouse.up()
    moved = page.evaluate("i => window.__map.xy(i)", index)
    assert moved == pytest.approx([x + 30, y + 20], abs=1)
    assert page.evaluate(PICKS) == before


def test_the_wheel_zooms_about_the_pointer_and_fit_shows_all_again(visit):
    page = visit()
    index = others(page, 1)[0]
    x, y = page.evaluate("i => window.__map.xy(i)", index)
    page.mouse.move(x, y)
    far = page.evaluate("i => window.__map.xy(i)", page.evaluate(PICKS)["a"])
    page.mouse.wheel(0, -400)
    page.wait_for_function(
        "([i, x]) => Math.abs(window.__map.xy(i)[0] - x) > 20",
        arg=[page.evaluate(PICKS)["a"], far[0]],
    )
    assert page.evaluate("i => window.__map.xy(i)", index) == pytest.approx([x, y], abs=1)
    page.get_by_role("button", name="Fit", exact=True).click()
    assert page.evaluate("i => window.__map.xy(i)", index) == pytest.approx([x, y], abs=1)


def test_arrow_keys_and_enter_pick_and_escape_starts_over(visit):
    page = visit()
    before = page.evaluate(PICKS)
    page.locator(".map").focus()
    for key in ("ArrowLeft", "ArrowRight", "ArrowUp", "ArrowDown"):
        page.keyboard.press(key)
        index = page.evaluate("() => window.__map.hovered()")
        if index >= 0 and index != before["a"]:
            break
    page.keyboard.press("Enter")
    settle(page, index, before["b"])
    assert page.evaluate("() => window.__map.turn") == "b"
    page.keyboard.press("Escape")
    assert page.evaluate("() => window.__map.turn") == "a"


def test_swap_and_numbers_change_the_pair(visit):
    page = visit()
    before = page.evaluate(PICKS)
    page.locator("#ends-map").get_by_role("button", name="Swap A and B").click()
    settle(page, before["b"], before["a"])
    field = page.locator("#ends-map").get_by_label("Number or source of image A")
    page.get_by_text("Choose A").first.click()
    field.fill("7")
    field.press("Enter")
    settle(page, 7, before["a"])
    page.get_by_text("Choose A").first.click()
    field.fill("100000")
    field.press("Enter")
    page.get_by_text("are there").wait_for()
    assert page.evaluate(PICKS) == {"a": 7, "b": before["a"]}


def test_a_greyed_class_cannot_be_picked_and_comes_back(visit):
    page = visit()
    index = others(page, 1)[0]
    page.mouse.move(*page.evaluate("i => window.__map.xy(i)", index))
    page.locator(".map-card b").wait_for()
    name = page.locator(".map-card b").inner_text().split(" #")[0].strip()
    entry = page.locator(".map-legend").get_by_title(f"grey out {name};")
    entry.click()
    assert entry.get_attribute("aria-pressed") == "false"
    page.wait_for_function("i => !window.__map.pictured().includes(i)", arg=index)
    entry.click()
    page.wait_for_function("i => window.__map.pictured().includes(i)", arg=index)


def test_every_tab_opens_and_shows_the_picked_pair(visit):
    page = visit(viewport={"width": 1440, "height": 1000})
    for name in ("Interpolate", "Attributes"):
        page.get_by_role("tab", name=name).click()
        panel = page.get_by_role("tabpanel").locator("visible=true").first
        panel.locator("canvas, img, input").locator("visible=true").first.wait_for()


def test_another_model_comes_with_its_own_map_and_pair(visit):
    page = visit()
    choose(page, "Faces by tiny-glow")
    page.get_by_text("Glow · avatars").wait_for()
    page.wait_for_function("() => window.__map.ready")
    picked = page.evaluate(PICKS)
    settle(page, picked["a"], picked["b"])


@pytest.mark.parametrize("name", [BROKEN, UNPREPARED])
def test_a_model_that_does_not_open_is_explained_and_the_last_one_stays(visit, name):
    page = visit()
    before = page.evaluate(PICKS)
    title = page.get_by_label("Model").input_value()
    assert page.evaluate("() => window.__map.ready")
    choose(page, f"Faces by {name}")
    notice = page.get_by_role("alert").filter(has_text=f"'{name}' cannot be opened")
    notice.wait_for()
    expect(page.get_by_label("Model")).to_have_value(title, timeout=PATIENCE)
    assert page.evaluate(PICKS) == before


def test_a_phone_and_a_dark_screen_show_the_same_page(visit):
    page = visit(viewport={"width": 390, "height": 844}, color_scheme="dark")
    wide = page.evaluate("() => document.documentElement.scrollWidth")
    assert wide <= 390
    assert page.evaluate("() => document.body.classList.contains('dark')")


def choose(page, text):
    picker = page.get_by_label("Model")
    picker.click()
    page.get_by_role("option", name=text).first.click()
