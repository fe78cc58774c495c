"""Charts show the numbers they were given, at the place of their frame."""

import numpy as np
import pytest

from explorer.service.records import Walk, WalkRow
from explorer.ui.figures import LABEL_WIDTH, METHOD_COLOURS, norm_figure, norm_strip, steps

POINTS = 5


def row(method, norms, inside=True):
    frames = np.zeros((len(norms), 2, 2, 3), dtype=np.uint8)
    return WalkRow(method, frames, np.float32(norms), inside)


@pytest.fixture
def walk():
    return Walk(
        start=0,
        end=1,
        rows=(row("slerp", [10, 10, 10, 10, 10]), row("lerp", [10, 8, 7, 8, 10], inside=False)),
        typical=(9.0, 10.0, 11.0),
        angle=1.5,
        distance=14.0,
        verdict="At the midpoint lerp falls to 70 % of the typical norm.",
    )


def test_the_positions_run_evenly_from_0_to_1():
    assert steps(POINTS) == [0, 0.25, 0.5, 0.75, 1]


def test_each_line_has_the_norms_and_the_colour_of_its_walk(walk):
    figure = norm_figure(walk)
    assert [line.name for line in figure.data] == ["slerp", "lerp"]
    for line, given in zip(figure.data, walk.rows, strict=True):
        np.testing.assert_array_equal(line.y, given.norms)
        assert list(line.x) == steps(POINTS)
        assert line.line.color == METHOD_COLOURS[given.method]


def test_each_point_stands_below_the_middle_of_its_frame(walk):
    figure = norm_figure(walk)
    left, right = figure.layout.xaxis.range
    middles = [(t - left) / (right - left) for t in steps(POINTS)]
    assert middles == pytest.approx([(column + 0.5) / POINTS for column in range(POINTS)])
    assert (figure.layout.margin.l, figure.layout.margin.r) == (LABEL_WIDTH, 0)


def test_the_band_is_the_typical_range_and_in_sight(walk):
    figure = norm_figure(walk)
    (band,) = figure.layout.shapes
    low, high = figure.layout.yaxis.range
    assert (band.y0, band.y1) == (9.0, 11.0)
    assert low < 7 and high > 11


def test_the_labels_compare_with_the_median(walk):
    texts = [note.text for note in norm_figure(walk).layout.annotations]
    assert any("lerp" in text and "70 %" in text for text in texts)
    assert any("slerp" in text and "100 %" in text for text in texts)


def test_the_strip_keeps_the_order_of_the_norms_upside_down(walk):
    strip = norm_strip(walk)
    flat, bent = strip["lines"]
    assert strip["high"] < flat[0] < strip["low"] < bent[2] < 1
    assert flat == [flat[0]] * POINTS
    assert bent[0] == flat[0] and strip["high"] > 0


def test_norms_that_are_all_equal_are_drawn_too():
    sphere = Walk(0, 1, (row("slerp", [1, 1, 1]),), (1.0, 1.0, 1.0), 1.0, 1.0, "fine")
    strip = norm_strip(sphere)
    assert np.isfinite([*strip["lines"][0], strip["low"], strip["high"]]).all()
    low, high = norm_figure(sphere).layout.yaxis.range
    assert low < 1 < high
