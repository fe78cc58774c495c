"""The map's tools in headless Chromium: lasso, colours, search, walk, keys, pictures."""

import json

import pytest

pytestmark = pytest.mark.browser

RECT = (
    "() => { const r = document.querySelector('.map').getBoundingClientRect();"
    " return [r.left, r.top, r.width, r.height]; }"
)
MIDDLE = (
    "() => { const all = window.__map.pictured().filter(i =>"
    " window.__map.nearest(...window.__map.xy(i)) === i); return all[all.length >> 1]; }"
)
SELECTION = "() => window.__map.selection"


def whole(page):
    """Wait until the pictures are there too."""
    page.wait_for_function("() => window.__map.complete && window.__map.pictured().length > 0")


def draw_lasso(page, left=0.03, top=0.03, right=0.97, bottom=0.97):
    """Draw a rectangle with Alt held; the shares are of the card."""
    x, y, w, h = page.evaluate(RECT)
    corners = [(left, top), (right, top), (right, bottom), (left, bottom)]
    page.keyboard.down("Alt")
    page.mouse.move(x + left * w, y + top * h)
    page.mouse.down()
    for u, v in corners[1:]:
        page.mouse.move(x + u * w, y + v * h, steps=6)
    page.mouse.up()
    page.keyboard.up("Alt")


def test_the_lasso_selects_what_it_encloses_and_clear_takes_it_back(visit):
    page = visit()
    whole(page)
    picked = page.evaluate("() => window.__map.picks()")
    draw_lasso(page, right=0.5)
    page.wait_for_function("() => window.__map.selection > 0")
    inside = page.evaluate(
        "() => { const r = document.querySelector('.map').getBoundingClientRect();"
        " return [...Array(window.__map.count).keys()].filter(i =>"
        " Math.abs(window.__map.xy(i)[0] - r.left - r.width / 2) > 3 &&"
        " (window.__map.xy(i)[0] < r.left + r.width / 2) !== window.__map.selects(i)); }"
    )
    assert inside == []
    count = page.evaluate(SELECTION)
    page.get_by_text(f"{count} selected").wait_for()
    page.get_by_text("of 60 shown").wait_for()
    assert page.evaluate("() => window.__map.picks()") == picked
    page.get_by_role("button", name="Clear", exact=True).click()
    page.wait_for_function("() => window.__map.selection === null")


def test_escape_clears_selection_and_turn(visit):
    page = visit()
    whole(page)
    draw_lasso(page)
    page.wait_for_function("() => window.__map.selection > 0")
    index = page.evaluate(MIDDLE)
    page.mouse.click(*page.evaluate("i => window.__map.xy(i)", index))
    page.wait_for_function("() => window.__map.turn === 'b'")
    page.locator(".map").focus()
    page.keyboard.press("Escape")
    page.wait_for_function("() => window.__map.selection === null && window.__map.turn === 'a'")


def test_a_forged_lasso_is_explained_and_changes_nothing(visit):
    page = visit()
    whole(page)

    def forge(route):
        body = route.request.post_data_json
        data = body.get("event_data")
        if isinstance(data, dict) and "polygon" in data:
            body["event_data"] = {**data, "polygon": [None] * 9}
        route.continue_(post_data=json.dumps(body))

    page.route("**/queue/join*", forge)
    before = page.evaluate("() => window.__map.picks()")
    draw_lasso(page)
    page.get_by_role("alert").filter(has_text="cannot be").wait_for()
    assert page.evaluate(SELECTION) is None
    assert page.evaluate("() => window.__map.picks()") == before


def test_an_attribute_colours_the_map_and_its_legend_greys(visit):
    page = visit()
    whole(page)
    page.locator(".map-colour").select_option("attribute-0")
    page.wait_for_function("() => window.__map.colour === 'attribute-0'")
    legend = page.locator(".map-legend")
    legend.get_by_title("grey out with;").click()
    without = legend.get_by_title("grey out without;").inner_text()
    page.get_by_text(f"{without.split()[-1]} of 60 shown").wait_for()
    page.locator(".map-colour").select_option("error")
    page.get_by_role("img", name="Reconstruction error from").wait_for()


def test_search_finds_by_number_class_and_attribute(visit):
    page = visit()
    whole(page)
    page.locator(".map").focus()
    page.keyboard.press("/")
    page.keyboard.type("#7")
    page.wait_for_function("() => window.__map.hovered() === 7")
    page.get_by_label("Find images").fill("bald")
    page.wait_for_function("() => window.__map.found().length > 1")
    found = page.evaluate("() => window.__map.found()")
    for wanted in (found[0], found[1]):
        page.keyboard.press("Enter")
        page.wait_for_function("i => window.__map.hovered() === i", arg=wanted)
    page.keyboard.press("Escape")
    page.wait_for_function("() => window.__map.found().length === 0")


def test_the_card_shows_the_nearest_latents(visit):
    page = visit()
    whole(page)
    index = page.evaluate(MIDDLE)
    x, y = page.evaluate("i => window.__map.xy(i)", index)
    page.mouse.move(x, y)
    page.locator(".map-card-near canvas").nth(3).wait_for()
    assert page.locator(".map-card-near figcaption").count() == 4


def test_the_walk_is_drawn_and_the_page_says_what_a_map_cannot(visit):
    page = visit()
    whole(page)
    page.wait_for_function("() => window.__map.walked")
    page.get_by_text("A 2-D map distorts distance").wait_for()
    page.locator(".map-walk").select_option("")
    page.wait_for_function("() => !window.__map.walked")


def test_what_is_under_a_click_is_the_nearest_dot(visit):
    page = visit()
    whole(page)
    page.get_by_role("button", name="Dots", exact=True).click()
    page.wait_for_function("() => window.__map.pictured().length === 0")
    wrong = page.evaluate(
        """() => {
          const r = document.querySelector('.map').getBoundingClientRect(), n = window.__map.count;
          const places = Array.from({length: n}, (_, i) => window.__map.xy(i));
          let wrong = 0;
          for (let k = 0; k < 1000; k++) {
            const u = r.left + ((k * 0.754877666) % 1) * r.width;
            const v = r.top + ((k * 0.569840291) % 1) * r.height;
            const far = places.map(([p, q]) => Math.hypot(p - u, q - v));
            const least = Math.min(...far);
            const found = window.__map.nearest(u, v);
            if (found < 0 ? least < 13.9 : far[found] > least + 1e-3 || least > 14.1) wrong++;
          }
          return wrong;
        }"""
    )
    assert wrong == 0


def test_the_map_can_be_saved_as_a_picture(visit):
    page = visit()
    whole(page)
    size = page.evaluate(
        "async () => { const b = await window.__mapExport(1), m = await createImageBitmap(b);"
        " return [b.type, m.width, m.height]; }"
    )
    width, height = page.evaluate(RECT)[2:]
    assert size[0] == "image/png"
    assert size[1] == pytest.approx(width, abs=1) and size[2] > height
