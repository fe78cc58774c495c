"""The closer look: panel and chart show the same walk."""

import pytest
from tiny_models import GLOW

from explorer.errors import ConfigError
from explorer.ui.shared import Picked
from explorer.ui.tabs.interpolate import STEPS, closer_look


def test_panel_and_chart_show_the_same_walk(workbench):
    message, figure = closer_look(workbench, Picked(GLOW, 0, 1), 5)
    assert len(message["positions"]) == 5
    assert [line.name for line in figure.data] == [row["method"] for row in message["rows"]]
    assert all(len(line.y) == 5 for line in figure.data)


def test_without_a_pair_there_is_no_chart(workbench):
    message, figure = closer_look(workbench, None, 5)
    assert message["kind"] == "stale" and figure is None


@pytest.mark.parametrize("steps", STEPS)
def test_both_ends_of_the_slider_are_allowed(workbench, steps):
    message, _ = closer_look(workbench, Picked(GLOW, 0, 1), steps)
    assert message["sheet"]["columns"] == steps


@pytest.mark.parametrize("steps", [1, 34])
def test_other_numbers_of_steps_are_refused_by_name(workbench, steps):
    with pytest.raises(ConfigError, match=str(steps)):
        closer_look(workbench, Picked(GLOW, 0, 1), steps)


@pytest.mark.browser
def test_the_frames_the_stage_and_the_chart_appear_when_the_tab_is_opened(visit):
    page = visit()
    page.get_by_role("tab", name="Interpolate").click()
    closer = page.locator("#walk-closer .walk[data-state='ready']")
    closer.wait_for()
    assert closer.locator(".walk-frames canvas").count() == 22
    assert closer.locator(".walk-stage canvas").count() == 4
    page.locator(".walk-chart .js-plotly-plot").wait_for()
    rail = closer.get_by_label("Position on the walk from A to B")
    rail.focus()
    rail.press("Home")
    closer.locator(".walk-stage figcaption", has_text="slerp at t = 0.00").wait_for()
    rail.press("ArrowRight")
    closer.locator(".walk-stage figcaption", has_text="lerp at t = 0.10").first.wait_for()


@pytest.mark.browser
def test_another_number_of_steps_shows_as_many_frames(visit):
    page = visit()
    page.get_by_role("tab", name="Interpolate").click()
    closer = page.locator("#walk-closer .walk[data-state='ready']")
    closer.wait_for()
    number = page.get_by_label("number input for Steps")
    number.fill("5")
    number.press("Enter")
    page.wait_for_function(
        "() => document.querySelectorAll('#walk-closer .walk-frames canvas').length === 10"
    )
