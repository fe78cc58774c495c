"""Points in polygons: against areas that are known, and against a second way to tell."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from explorer.latent.polygon import inside_polygon

SQUARE = np.array([[0.0, 0.0], [1.0, 0.0], [1.0, 1.0], [0.0, 1.0]])
GRID = np.stack(np.meshgrid(np.linspace(-0.45, 1.55, 21), np.linspace(-0.45, 1.55, 21)), -1)
POINTS = GRID.reshape(-1, 2)


def winding(point, corners):
    """Turns of the polygon around a point."""
    ways = corners - point
    angles = np.arctan2(ways[:, 1], ways[:, 0])
    steps = (np.diff(np.append(angles, angles[0])) + np.pi) % (2 * np.pi) - np.pi
    return round(steps.sum() / (2 * np.pi))


def test_a_square_holds_what_lies_between_its_sides():
    expected = ((POINTS > 0) & (POINTS < 1)).all(axis=1)
    np.testing.assert_array_equal(inside_polygon(POINTS, SQUARE), expected)


@pytest.mark.parametrize("turn", range(4))
def test_neither_the_first_corner_nor_the_direction_matters(turn):
    expected = inside_polygon(POINTS, SQUARE)
    np.testing.assert_array_equal(inside_polygon(POINTS, np.roll(SQUARE, turn, 0)), expected)
    np.testing.assert_array_equal(inside_polygon(POINTS, SQUARE[::-1]), expected)


def test_what_a_line_encloses_twice_is_outside():
    angles = np.deg2rad(90 + 144 * np.arange(5))
    star = np.stack([np.cos(angles), np.sin(angles)], 1)
    found = inside_polygon(np.array([[0.0, 0.0], [0.0, 0.6]]), star)
    assert found.tolist() == [False, True]


@given(
    corners=st.lists(st.tuples(st.integers(-8, 8), st.integers(-8, 8)), min_size=3, max_size=12),
    point=st.tuples(st.integers(-8, 8), st.integers(-8, 8)),
)
def test_it_agrees_with_the_winding_number(corners, point):
    polygon = np.array(corners, dtype=float)
    off_edges = np.array([point]) + np.array([0.31415, 0.17321])
    odd = bool(winding(off_edges[0], polygon) % 2)
    assert inside_polygon(off_edges, polygon).tolist() == [odd]
