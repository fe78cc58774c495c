"""Points of a map moved apart: nearer ones give way, the shape of the map stays."""

import numpy as np
import pytest
from scipy.spatial import cKDTree

from explorer.latent.spread import CROWDED, moved_apart


def gaps(points):
    """Distance of each point to its nearest neighbour."""
    return cKDTree(points).query(points, 2)[0][:, 1]


def clusters(count, seed=0):
    chance = np.random.default_rng(seed)
    centres = chance.normal(0, 8, (6, 2))
    places = centres[chance.integers(0, 6, count)] + chance.normal(0, 0.5, (count, 2))
    return places.astype(np.float32)


def test_crowded_points_get_nearly_the_wanted_gap():
    points = clusters(400)
    gap = np.sqrt(CROWDED * np.prod(np.ptp(points, axis=0)) / len(points))
    before, after = np.median(gaps(points)), np.median(gaps(moved_apart(points)))
    assert before < 0.2 * gap
    assert after > 0.7 * gap


def test_clusters_stay_where_they_are():
    points = clusters(400)
    size = np.ptp(points, axis=0).max()
    assert np.abs(moved_apart(points) - points).max() < 0.25 * size


def test_points_that_have_room_do_not_move():
    grid = np.stack(np.meshgrid(np.arange(7.0), np.arange(5.0)), -1).reshape(-1, 2)
    points = grid.astype(np.float32)
    np.testing.assert_array_equal(moved_apart(points), points)


def test_equal_points_come_apart_the_same_way_each_time():
    points = np.zeros((40, 2), dtype=np.float32)
    points[0], points[1] = (-1, -1), (1, 1)
    moved = moved_apart(points)
    np.testing.assert_array_equal(moved, moved_apart(points))
    assert gaps(moved).min() > 0


@pytest.mark.parametrize(
    "points", [np.zeros((0, 2)), np.ones((1, 2)), np.zeros((9, 2)), np.eye(2)[[0, 0, 0]]]
)
def test_points_without_an_area_stay(points):
    places = points.astype(np.float32)
    np.testing.assert_array_equal(moved_apart(places), places)
