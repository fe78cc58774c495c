"""Squares between four images: exact corners, edges that are walks, corners chosen to a pair."""

import numpy as np
import pytest
from tiny_models import GLICO, GLOW

from explorer.errors import ConfigError
from explorer.service.plane import fitting_corners, plane
from explorer.service.walks import walk
from explorer.service.workbench import Workbench


@pytest.fixture(scope="module")
def bench(tiny_root):
    return Workbench(tiny_root)


def test_the_corners_are_the_images_themselves(bench):
    made = plane(bench, GLOW, [3, 9, 4, 5], size=3, method="bilinear")
    gallery = bench.open(GLOW).gallery
    found = made.pixels[[0, 0, -1, -1], [0, -1, 0, -1]]
    assert np.array_equal(found, gallery.pixels[[3, 9, 4, 5]])


def test_the_upper_edge_is_the_walk_from_a_to_b(bench):
    made = plane(bench, GLICO, [3, 9, 4, 5], size=4, method="bilinear")
    (row,) = walk(bench, GLICO, 3, 9, num_points=4, methods=["lerp"]).rows
    np.testing.assert_allclose(made.latents[0], row.latents, atol=1e-6)
    assert abs(made.pixels[0].astype(int) - row.frames).max() <= 1
    np.testing.assert_allclose(made.norms[0], row.norms, rtol=1e-5)


@pytest.mark.parametrize(
    ("corners", "size", "message"),
    [([1, 2, 3], 3, "3 were given"), ([1, 2, 3, 4], 1, "2 to 9"), ([1, 2, 3, 4], 10, "2 to 9")],
)
def test_other_squares_are_refused(bench, corners, size, message):
    with pytest.raises(ConfigError, match=message):
        plane(bench, GLOW, corners, size=size, method="bilinear")


def test_lower_corners_are_of_the_classes_of_the_pair(bench):
    opened = bench.open(GLOW)
    for seed in range(5):
        c, d = fitting_corners(bench, GLOW, 3, 9, "class", seed)
        assert len({3, 9, c, d}) == 4
        assert opened.label(c) == opened.label(3) and opened.label(d) == opened.label(9)
    assert len({fitting_corners(bench, GLOW, 3, 9, "random", seed) for seed in range(5)}) > 1
    with pytest.raises(ConfigError, match="'class' or 'random'"):
        fitting_corners(bench, GLOW, 3, 9, "nearest", 0)
