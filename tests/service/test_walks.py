"""Walks between images: exact ends, aligned rows, and measures of what is shown."""

import numpy as np
import pytest
from tiny_models import GLICO, GLOW

from explorer.errors import ConfigError
from explorer.service.points import add_sample
from explorer.service.walks import walk
from explorer.service.workbench import Workbench

METHODS = ["slerp", "nlerp", "lerp"]


@pytest.fixture(scope="module")
def bench(tiny_root):
    return Workbench(tiny_root)


def test_a_walk_begins_and_ends_at_the_images(bench):
    made = walk(bench, GLOW, 2, 9, num_points=5)
    gallery = bench.open(GLOW).gallery
    assert [row.method for row in made.rows] == METHODS
    for row in made.rows:
        assert row.frames.shape == (5, 32, 32, 3)
        assert np.array_equal(row.frames[0], gallery.pixels[2])
        assert np.array_equal(row.frames[-1], gallery.pixels[9])
        assert row.latents.shape == (5, bench.open(GLOW).generative.traits.latent_dim)


def test_walking_back_shows_the_same_frames(bench):
    there = walk(bench, GLICO, 2, 9, num_points=4)
    back = walk(bench, GLICO, 9, 2, num_points=4)
    for one, other in zip(there.rows, back.rows, strict=True):
        difference = one.frames.astype(int) - other.frames[::-1]
        assert abs(difference).max() <= 1


def test_slerp_and_nlerp_stay_on_the_sphere_where_lerp_leaves_it(bench):
    slerp, nlerp, lerp = walk(bench, GLICO, 0, 30, num_points=9).rows
    assert np.allclose(slerp.norms, 1, atol=1e-5) and np.allclose(nlerp.norms, 1, atol=1e-5)
    assert slerp.typical.all() and nlerp.typical.all()
    assert lerp.norms[4] < 0.999 and not lerp.typical[4]


def test_each_measure_is_of_the_frames_that_are_shown(bench):
    made = walk(bench, GLOW, 2, 9, num_points=4)
    opened = bench.open(GLOW)
    for row in made.rows:
        np.testing.assert_allclose(row.bits, bench.bits_per_dim(GLOW, row.frames), atol=1e-3)
        steps = np.diff(row.frames.astype(np.float64), axis=0)
        expected = np.sqrt((steps**2).mean(axis=(1, 2, 3)))
        np.testing.assert_allclose(row.changes, expected, rtol=1e-5)
        assert row.classes.shape == (4, len(opened.data.class_names))
        np.testing.assert_allclose(row.classes.sum(1), 1, atol=1e-5)
    assert [finding.measure for finding in made.findings] == ["norm", "change", "bits", "class"]


def test_a_frame_measures_the_same_alone_and_among_others(bench):
    frames = walk(bench, GLOW, 2, 9, num_points=4).rows[0].frames
    together = bench.bits_per_dim(GLOW, frames)
    alone = [bench.bits_per_dim(GLOW, frame[None])[0] for frame in frames]
    np.testing.assert_allclose(together, alone, atol=1e-3)


def test_a_model_without_likelihood_says_so(bench):
    made = walk(bench, GLICO, 0, 1, num_points=3)
    assert all(np.isnan(row.bits).all() for row in made.rows)
    assert "no likelihood" in made.findings[2].headline


def test_added_points_can_be_ends(bench):
    guest = add_sample(bench, GLOW, seed=7)
    made = walk(bench, GLOW, guest, 1, num_points=3, methods=["lerp"])
    assert np.array_equal(made.rows[0].frames[0], bench.picture(GLOW, guest).pixels)


@pytest.mark.parametrize("num_points", [1, 34])
def test_a_walk_of_too_few_or_too_many_frames_is_refused(bench, num_points):
    with pytest.raises(ConfigError, match="2 to 33"):
        walk(bench, GLOW, 0, 1, num_points=num_points)


@pytest.mark.parametrize(
    ("methods", "message"),
    [([], "at least one"), (["lerp", "lerp"], "each once"), (["slurp"], "Did you mean 'slerp'")],
)
def test_other_paths_are_refused(bench, methods, message):
    with pytest.raises(ConfigError, match=message):
        walk(bench, GLOW, 0, 1, num_points=3, methods=methods)
