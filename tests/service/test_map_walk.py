"""Walks on the map: they begin and end where their images are drawn, with their own pictures."""

import numpy as np
import pytest
from tiny_models import GLICO, GLOW

from explorer.errors import ConfigError
from explorer.service.drawn_latents import placed
from explorer.service.map_walk import FRAMES, walk_on_map
from explorer.service.places import drawn_places
from explorer.service.workbench import Workbench


@pytest.fixture(scope="module")
def workbench(tiny_root):
    return Workbench(tiny_root)


@pytest.mark.parametrize("model", [GLOW, GLICO])
def test_a_walk_joins_the_drawn_places_of_its_ends(workbench, model):
    walk = walk_on_map(workbench, model, "pca", "slerp", 3, 8)
    drawn = drawn_places(workbench.open(model), "pca")
    assert walk.points.shape == (FRAMES, 2)
    np.testing.assert_array_equal(walk.points[[0, -1]], drawn[[3, 8]])
    for frame, position in ((0, 3), (-1, 8)):
        picture = workbench.picture(model, position).pixels
        np.testing.assert_array_equal(walk.frames[frame], picture)
    low, high = drawn.min(axis=0), drawn.max(axis=0)
    assert ((walk.points >= low - np.ptp(drawn)) & (walk.points <= high + np.ptp(drawn))).all()


def test_an_attribute_walk_has_its_image_in_the_middle(workbench):
    name = workbench.attributes(GLOW)[0].name
    walk = walk_on_map(workbench, GLOW, "pca", f"attribute:{name}", 5, 0)
    picture = workbench.picture(GLOW, 5).pixels
    np.testing.assert_array_equal(walk.frames[FRAMES // 2], picture)
    assert np.ptp(walk.points, axis=0).max() > 0


@pytest.mark.parametrize("along", ["", "walk", "attribute:", "attribute:nose"])
def test_an_unknown_walk_is_refused(workbench, along):
    with pytest.raises(ConfigError):
        walk_on_map(workbench, GLOW, "pca", along, 0, 1)


def test_latents_of_gallery_images_fall_where_these_are_drawn(workbench):
    latents = workbench.latents(GLICO, [2, 9, 30])
    drawn = drawn_places(workbench.open(GLICO), "pca")
    np.testing.assert_allclose(
        placed(workbench, GLICO, "pca", latents), drawn[[2, 9, 30]], atol=1e-3 * np.ptp(drawn)
    )
