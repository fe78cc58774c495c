"""The lasso: what a line on the drawn map encloses."""

import numpy as np
import pytest
from tiny_models import GLOW

from explorer.errors import ConfigError
from explorer.service.lasso import MOST_CORNERS, enclosed
from explorer.service.places import drawn_places
from explorer.service.workbench import Workbench

LAYOUT = "pca"


@pytest.fixture(scope="module")
def workbench(tiny_root):
    return Workbench(tiny_root)


@pytest.fixture(scope="module")
def places(workbench):
    return drawn_places(workbench.open(GLOW), LAYOUT)


def around(places, room=1.0):
    """Corners of a rectangle around points."""
    (x0, y0), (x1, y1) = places.min(axis=0) - room, places.max(axis=0) + room
    return np.array([[x0, y0], [x1, y0], [x1, y1], [x0, y1]])


def test_a_line_around_everything_selects_everything(workbench, places):
    found = enclosed(workbench, GLOW, LAYOUT, around(places))
    assert found == tuple(range(len(places)))


def test_a_line_around_one_image_as_it_is_drawn_selects_it_alone(workbench, places):
    gaps = np.linalg.norm(places - places[7], axis=1)
    room = np.sort(gaps)[1] / 3
    assert enclosed(workbench, GLOW, LAYOUT, around(places[7:8], room)) == (7,)


def test_half_of_the_map_is_one_half(workbench, places):
    corners = around(places)
    corners[[1, 2], 0] = np.median(places[:, 0])
    expected = np.flatnonzero(places[:, 0] < np.median(places[:, 0]))
    assert enclosed(workbench, GLOW, LAYOUT, corners) == tuple(expected)


def test_what_is_greyed_out_is_left_out(workbench, places):
    labels = workbench.open(GLOW).gallery.labels
    found = enclosed(workbench, GLOW, LAYOUT, around(places), colour="class", greyed=[0, 2])
    assert found == tuple(np.flatnonzero((labels != 0) & (labels != 2)))


@pytest.mark.parametrize("corners", [0, 2, MOST_CORNERS + 1])
def test_too_few_and_too_many_corners_are_refused_with_the_limit(workbench, corners):
    with pytest.raises(ConfigError, match="4,096"):
        enclosed(workbench, GLOW, LAYOUT, np.zeros((corners, 2)))


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_a_corner_that_is_no_number_is_refused(workbench, bad):
    with pytest.raises(ConfigError, match="finite"):
        enclosed(workbench, GLOW, LAYOUT, np.array([[0, 0], [1, 0], [bad, 1]]))


def test_an_unknown_layout_and_colour_are_refused_by_name(workbench, places):
    with pytest.raises(ConfigError, match="tsne"):
        enclosed(workbench, GLOW, "tsne", around(places))
    with pytest.raises(ConfigError, match="hue"):
        enclosed(workbench, GLOW, LAYOUT, around(places), colour="hue", greyed=[1])
