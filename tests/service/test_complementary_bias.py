"""Verdicts on hypothesis 2 where the answer is known."""

import numpy as np
import pytest

from explorer.errors import DataError
from explorer.service.complementary_bias import RANDOM_DIRECTIONS, complementary_bias
from explorer.service.progress import unreported

CLASSES, EACH = 5, 250
LABELS = np.repeat(np.arange(CLASSES), EACH)


def judged(positions, labels=LABELS, conditions=None, seed=0, random=None):
    rng = np.random.default_rng(50)
    if random is None:
        random = rng.normal(size=(len(labels), RANDOM_DIRECTIONS))
    return complementary_bias(
        positions,
        labels,
        random=random,
        conditions=np.zeros((len(labels), 0)) if conditions is None else conditions,
        generator=np.random.default_rng(seed),
        report=unreported,
    )


def test_classes_of_one_shape_support_it():
    rng = np.random.default_rng(0)
    found = judged(rng.gamma(2, 1, len(LABELS)) + 10 * LABELS)
    assert found.state == "supported" and found.primary == 10 and not found.estimate
    sizes = {one.size: one for one in found.sizes}
    assert list(sizes) == [2, 5, 10, 20, 50, 100]
    assert sizes[2].gain > sizes[20].gain > 0
    assert sizes[10].gain_low > 0 and sizes[10].gaining > 0.5
    assert sizes[10].coverage_completed > sizes[10].coverage_alone
    assert all(fit.shape < 2 * fit.shape_limit for fit in found.fits)


def test_skewed_classes_gain_more_than_a_normal_would_give():
    rng = np.random.default_rng(1)
    found = judged(rng.exponential(1, len(LABELS)))
    at = next(one for one in found.sizes if one.size == 20)
    assert at.beyond_low > 0


def test_classes_of_different_shapes_refute_it():
    rng = np.random.default_rng(2)
    widths = np.array([0.05, 0.1, 0.2, 0.1, 5])[LABELS]
    found = judged(widths * rng.normal(size=len(LABELS)))
    at = next(one for one in found.sizes if one.size == 50)
    assert at.gain < 0 and at.gaining < 0.5
    assert sum(fit.state == "refuted" for fit in found.fits) >= 3
    assert sum(fit.shape > fit.shape_limit for fit in found.fits) >= 4


def test_a_shape_like_the_random_directions_is_not_called_different_from_them():
    rng = np.random.default_rng(3)
    found = judged(rng.normal(size=len(LABELS)))
    assert found.p_value > 0.05 and "not distinguishable" in found.beyond
    assert found.random_low < found.random_gain < found.random_high


def test_biases_correlate_under_a_shared_condition_only():
    rng = np.random.default_rng(4)
    light = rng.normal(size=len(LABELS))
    found = judged(light + 0.3 * rng.normal(size=len(LABELS)), conditions=light[:, None])
    assert found.conditioned[1] > 0.5 and "err alike" in found.correlation
    assert found.independent[1] < 0 < found.independent[2]
    assert np.isnan(judged(light).conditioned[0])


def test_few_images_give_an_estimate():
    labels = np.repeat([0, 1, 2], 25)
    found = judged(np.random.default_rng(5).normal(size=75), labels=labels)
    assert found.estimate and found.primary == 10
    assert "estimate" in found.verdict


def test_a_seed_repeats_every_number():
    positions = np.random.default_rng(6).normal(size=len(LABELS))
    assert judged(positions, seed=4).sizes == judged(positions, seed=4).sizes


def test_classes_too_small_are_refused():
    with pytest.raises(DataError, match="10 images"):
        judged(np.arange(14.0), labels=np.repeat([0, 1], 7))
