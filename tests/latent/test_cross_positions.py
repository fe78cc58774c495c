"""Positions along directions found without the image equal those of a loop that leaves it out."""

import numpy as np
import pytest

from explorer.errors import DataError
from explorer.latent.cross_positions import (
    cross_positions,
    principal_positions,
    random_positions,
)


def left_out(latents, trait, zero):
    """The definition, one image at a time."""
    places = []
    for i in range(len(latents)):
        z, y = np.delete(latents, i, 0).astype(float), np.delete(trait, i)
        d = (y - y.mean()) @ (z - z.mean(0)) / np.square(y - y.mean()).sum()
        middle = z.mean(0) + (zero - y.mean()) * d
        places.append((latents[i] - middle) @ d / (d @ d))
    return np.array(places)


@pytest.fixture
def latents():
    return np.random.default_rng(0).normal(size=(40, 7)).astype(np.float32) + 3


@pytest.mark.parametrize("kind", ["binary", "graded"])
def test_each_image_is_left_out_of_its_own_direction(latents, kind):
    rng = np.random.default_rng(1)
    trait = (
        rng.normal(2, 3, 40) if kind == "graded" else (rng.uniform(size=40) < 0.3).astype(float)
    )
    zero = 0.5 if kind == "binary" else trait.mean()
    found = cross_positions(latents, trait[:, None], np.array([zero]))
    np.testing.assert_allclose(found[:, 0], left_out(latents, trait, zero), rtol=1e-6, atol=1e-9)


def test_the_slope_on_a_mark_is_the_difference_of_means_and_its_zero_half_way():
    rng = np.random.default_rng(2)
    mark = np.arange(4000) % 2 == 1
    latents = (rng.normal(size=(4000, 3)) + 5 * mark[:, None] * [1, 0, 0]).astype(np.float32)
    found = cross_positions(latents, mark[:, None].astype(float), np.array([0.5]))[:, 0]
    assert found[mark].mean() == pytest.approx(0.5, abs=0.01)
    assert found[~mark].mean() == pytest.approx(-0.5, abs=0.01)


def test_marks_that_mean_nothing_give_positions_that_do_not_follow_them():
    rng = np.random.default_rng(3)
    latents = rng.normal(size=(100, 2000)).astype(np.float32)
    marks = np.stack([rng.permutation(np.arange(100) % 2) for _ in range(50)], 1).astype(float)
    found = cross_positions(latents, marks, np.full(50, 0.5))
    gaps = [found[m == 1, k].mean() - found[m == 0, k].mean() for k, m in enumerate(marks.T)]
    assert abs(np.mean(gaps)) < 0.05  # with the image in its direction it would be 1


@pytest.mark.parametrize("trait", [np.zeros(40), np.eye(40)[3]])
def test_a_constant_trait_has_no_direction(latents, trait):
    with pytest.raises(DataError, match="no direction"):
        cross_positions(latents, trait[:, None], np.array([0.5]))


def test_principal_directions_ignore_the_class_means_and_are_measured_on_other_images():
    rng = np.random.default_rng(4)
    labels = np.arange(2000) % 2
    latents = rng.normal(size=(2000, 5)) * [1, 4, 1, 1, 2]
    latents[:, 0] += 100 * labels
    found, measured = principal_positions(latents.astype(np.float32), labels, 2)
    assert measured.sum() == 1000 and measured[labels == 1].sum() == 500
    own = measured & (labels == 0)
    assert abs(np.corrcoef(found[own, 0], latents[own, 1])[0, 1]) > 0.99
    assert abs(np.corrcoef(found[own, 1], latents[own, 4])[0, 1]) > 0.97
    assert found[own, 0].std() == pytest.approx(1, abs=0.1)


def test_few_images_give_few_principal_directions():
    latents = np.random.default_rng(5).normal(size=(8, 5)).astype(np.float32)
    found, _ = principal_positions(latents, np.arange(8) % 2, 8)
    assert found.shape == (8, 3)


def test_random_projections_are_linear_and_repeat(latents):
    one, two = (random_positions(latents, 4, np.random.default_rng(6)) for _ in range(2))
    np.testing.assert_array_equal(one, two)
    moved = random_positions(latents + np.float32(1), 4, np.random.default_rng(6))
    np.testing.assert_allclose(one, moved, atol=1e-4)
    assert np.linalg.matrix_rank(one) == 4
