import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from explorer.latent.separation import FOLDS, cross_validated_auc, position_auc


@given(st.integers(2, 40), st.integers(0, 2**31 - 1))
def test_the_area_is_the_share_of_pairs_in_the_right_order(count, seed):
    rng = np.random.default_rng(seed)
    marks = rng.random(count) < 0.5
    marks[:2] = [True, False]
    positions = rng.integers(0, 5, count).astype(float)
    pairs = [(a > b) + 0.5 * (a == b) for a in positions[marks] for b in positions[~marks]]
    assert position_auc(positions, marks) == pytest.approx(np.mean(pairs))


def test_one_kind_of_image_has_no_area():
    assert math.isnan(position_auc(np.zeros(3), np.ones(3, dtype=bool)))
    assert math.isnan(position_auc(np.zeros(3), np.zeros(3, dtype=bool)))


def test_a_planted_direction_is_found_again_on_other_images():
    rng = np.random.default_rng(0)
    marks = rng.random(200) < 0.3
    latents = rng.normal(size=(200, 20))
    latents[:, 3] += 6.0 * marks
    assert cross_validated_auc(latents, marks) > 0.98


def test_shuffled_labels_are_not_told_apart():
    rng = np.random.default_rng(1)
    found = [
        cross_validated_auc(rng.normal(size=(120, 30)), rng.random(120) < 0.5, seed=draw)
        for draw in range(40)
    ]
    assert np.mean(found) == pytest.approx(0.5, abs=3 * np.std(found) / math.sqrt(40))


def test_too_few_images_have_no_area():
    marks = np.arange(30) < FOLDS - 1
    assert math.isnan(cross_validated_auc(np.zeros((30, 2)), marks))
    assert math.isnan(cross_validated_auc(np.zeros((30, 2)), ~marks))
