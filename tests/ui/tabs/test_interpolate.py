"""The closer look at a walk: frames, charts, a second model, the square between four corners."""

import pytest
from playwright.sync_api import expect
from tiny_models import GLICO, GLOW

from explorer.errors import ConfigError
from explorer.ui.second_walk import second_walk
from explorer.ui.shared import Picked
from explorer.ui.tabs.interpolate import STEPS, closer_look


def test_without_a_pair_nothing_is_computed(workbench):
    assert closer_look(workbench, None, 5)["kind"] == "stale"


@pytest.mark.parametrize("steps", STEPS)
def test_both_ends_of_the_slider_are_allowed(workbench, steps):
    message = closer_look(workbench, Picked(GLOW, 0, 1), steps)
    assert message["sheet"]["columns"] == steps


@pytest.mark.parametrize("steps", [1, 34, None, "5", 5.5, float("nan")])
def test_other_numbers_of_steps_are_refused_by_name(workbench, steps):
    with pytest.raises(ConfigError, match=str(steps)):
        closer_look(workbench, Picked(GLOW, 0, 1), steps)


def test_the_second_model_says_which_image_stands_for_which(workbench):
    message = second_walk(workbench, Picked(GLOW, 3, 9), 4, GLICO)
    assert message["key"].endswith(f":{GLICO}")
    assert (
        message["note"]
        == "A is its image 3, the same picture. B is its image 9, the same picture."
    )
    assert message["view"]["model"] == GLICO
    assert GLICO in message["title"]


@pytest.mark.parametrize("other", ["nowhere", GLOW, None])
def test_a_second_model_of_other_images_is_refused(workbench, other):
    with pytest.raises(ConfigError, match="from the list"):
        second_walk(workbench, Picked(GLOW, 3, 9), 4, other)


@pytest.mark.browser
def test_frames_charts_and_stage_appear_and_follow_the_rail(visit):
    page = visit()
    page.get_by_role("tab", name="Interpolate").click()
    closer = page.locator("#walk-closer .walk[data-state='ready']")
    closer.wait_for()
    assert closer.locator(".walk-frames .still").count() == 33
    assert closer.locator(".walk-stage canvas").count() == 5
    assert closer.locator(".measure").count() == 4
    assert closer.locator(".chart-plot polyline").count() == 6  # this model has no likelihood
    expect(closer.locator("[data-measure=bits]")).to_contain_text("no likelihood")
    assert closer.locator(".stack-bar").count() == 33
    rail = closer.get_by_label("Position on the walk from A to B")
    rail.focus()
    rail.press("Home")
    closer.locator(".walk-stage figcaption", has_text="slerp at t = 0.00").wait_for()
    rail.press("ArrowRight")
    closer.locator(".walk-stage figcaption", has_text="lerp at t = 0.10").first.wait_for()
    expect(closer.locator(".measure-now").first).to_contain_text("t = 0.10")
    plots = closer.locator(".walk-frames .cell[data-column='4']").first.bounding_box()
    bar = closer.locator(".stack-bar[data-column='4']").first.bounding_box()
    assert plots["x"] + plots["width"] / 2 == pytest.approx(bar["x"] + bar["width"] / 2, abs=2)


@pytest.mark.browser
def test_another_number_of_steps_shows_as_many_frames(visit):
    page = visit()
    page.get_by_role("tab", name="Interpolate").click()
    page.locator("#walk-closer .walk[data-state='ready']").wait_for()
    number = page.get_by_label("number input for Steps")
    number.fill("5")
    number.press("Enter")
    page.wait_for_function(
        "() => document.querySelectorAll('#walk-closer .walk-frames .still').length === 15"
    )


@pytest.mark.browser
def test_of_quick_wishes_the_last_one_is_shown(visit):
    page = visit()
    page.get_by_role("tab", name="Interpolate").click()
    page.locator("#walk-closer .walk[data-state='ready']").wait_for()
    number = page.get_by_label("number input for Steps")
    for steps in ("33", "4", "21", "6"):
        number.fill(steps)
        number.press("Enter")
    page.locator("#walk-closer .walk-note", has_text="6 steps").wait_for()
    page.locator("#walk-closer .panel-busy").wait_for(state="hidden")
    assert page.locator("#walk-closer .walk-frames .still").count() == 18
    assert page.locator("#walk-closer .walk[data-state='ready']").count() == 1


@pytest.mark.browser
def test_a_second_model_and_the_square_are_shown_when_asked_for(visit):
    page = visit()
    page.get_by_role("tab", name="Interpolate").click()
    plane = page.locator("#plane-panel .plane[data-state='ready']")
    plane.wait_for()
    assert plane.locator(".cell .still").count() == 25
    assert page.locator("#walk-second .walk-frames .still").count() == 0
    page.get_by_label("The same pair in a second model").click()
    page.get_by_role("option", name=GLOW).click()
    second = page.locator("#walk-second .walk[data-state='ready']")
    second.wait_for()
    assert second.locator(".walk-frames .still").count() == 33
    expect(second.locator(".walk-note")).to_contain_text("the same picture")
    page.get_by_label("Bilinear").check()
    expect(plane.locator(".plane-verdict")).to_contain_text("Bilinear")


@pytest.mark.browser
def test_on_a_phone_nothing_is_wider_than_the_page(visit):
    page = visit(viewport={"width": 390, "height": 844})
    page.get_by_role("tab", name="Interpolate").click()
    page.locator("#walk-closer .walk[data-state='ready']").wait_for()
    page.locator("#plane-panel .plane[data-state='ready']").wait_for()
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    frame = page.locator("#walk-closer .walk-frames .still").first.bounding_box()
    assert frame["width"] >= 56


@pytest.mark.browser
@pytest.mark.parametrize(
    ("field", "typed", "words"),
    [
        ("Image C", "abc", "'abc' names no point"),
        ("number input for Steps", "99", "99 is greater than maximum value 33"),
        ("number input for Pictures a side", "77", "77 is greater than maximum value 9"),
    ],
)
def test_what_cannot_be_shown_is_refused_in_words(visit, field, typed, words):
    page = visit()
    page.get_by_role("tab", name="Interpolate").click()
    page.locator("#plane-panel .plane[data-state='ready']").wait_for()
    page.get_by_label(field).fill(typed)
    page.get_by_label(field).press("Enter")
    page.get_by_text(words).wait_for()
    assert page.locator("#walk-closer .walk[data-state='ready']").count() == 1
