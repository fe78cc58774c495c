"""Completion helps classes of one shape and hurts classes of different shapes; W1 is scipy's."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from explorer.latent.complement import (
    bias_correlation,
    complete_samples,
    completions,
    conditioned_biases,
    interval,
    pooled_deviation,
    shape_fits,
    wasserstein,
)


def random(seed=0):
    return np.random.default_rng(seed)


@given(st.integers(0, 2**32 - 1), st.integers(1, 30), st.integers(1, 30))
def test_the_distance_is_scipys(seed, n, k):
    rng = random(seed)
    ones, others = rng.normal(size=(3, n)), rng.exponential(size=(3, k)).round(1)
    expected = [stats.wasserstein_distance(a, b) for a, b in zip(ones, others, strict=True)]
    np.testing.assert_allclose(wasserstein(ones, others), expected, atol=1e-12)


def test_the_pooled_deviation_removes_the_class_means():
    groups = [np.array([0.0, 2.0]), np.array([10.0, 12.0, 14.0])]
    assert pooled_deviation(groups) == pytest.approx(np.sqrt((2 + 8) / 3))


def test_a_completed_sample_is_its_own_and_the_others_moved_onto_its_mean():
    samples = [np.array([[1.0, 3.0]]), np.array([[10.0, 20.0]]), np.array([[5.0, 5.0]])]
    assert complete_samples(samples, 0).tolist() == [[1, 3, -3, 7, 2, 2]]


def test_completing_never_moves_the_mean():
    samples = [random(k).exponential(size=(20, 6)) for k in range(4)]
    completed = complete_samples(samples, 2)
    np.testing.assert_allclose(completed.mean(1), samples[2].mean(1))


def mean_gain(groups, size=5, draws=200):
    (found,) = completions(groups, [size], draws=draws, generator=random(1))
    return found.gain.mean(), interval(found.gain, random(2)), found


def test_classes_of_one_shape_fill_each_others_gaps():
    rng = random()
    groups = [rng.gamma(2, 1, 400) + 10 * k for k in range(6)]
    gain, (low, high), found = mean_gain(groups)
    assert 0 < low < gain < high
    assert found.coverage_completed.mean() > found.coverage_alone.mean() + 0.2
    assert (found.gain.mean(1) > 0).all()


def test_classes_of_different_shapes_hurt_each_other():
    rng = random()
    widths = [0.05, 0.1, 5, 0.2]
    groups = [width * rng.normal(size=400) for width in widths]
    (found,) = completions(groups, [50], draws=100, generator=random(1))
    narrow = found.gain[[0, 1, 3]]
    assert interval(narrow, random(2))[1] < 0


def test_the_reference_holds_nothing_of_the_sample():
    groups = [np.arange(40.0), 100 + np.arange(40.0)]
    (found,) = completions(groups, [20], draws=50, generator=random())
    assert found.reference == 20
    # 20 of 40 different values have no common value with the other 20, so no distance is 0
    assert (found.alone > 0).all()


def test_biases_of_independent_draws_shrink_with_the_sample_and_do_not_correlate():
    rng = random()
    groups = [rng.normal(size=2000) for _ in range(5)]
    few, many = completions(groups, [5, 100], draws=400, generator=random(1))
    assert few.bias.std() == pytest.approx(1 / np.sqrt(5), rel=0.1)
    assert many.bias.std() == pytest.approx(np.sqrt(1 / 100 + 1 / 400), rel=0.1)
    mean, low, high = bias_correlation(few.bias, random(2))
    assert low < 0 < high and abs(mean) < 0.05


@pytest.mark.parametrize(("signs", "expected"), [((1, 1, 1), 1), ((1, -1, 0), -1)])
def test_a_common_condition_makes_biases_agree_or_compensate(signs, expected):
    rng = random()
    conditions = [rng.normal(size=(1, 500)) for _ in signs]
    groups = [
        sign * condition[0] + 0.1 * rng.normal(size=500)
        for sign, condition in zip(signs, conditions, strict=True)
    ]
    biases = conditioned_biases(groups, conditions, 10, draws=200, generator=random(3))
    _, low, high = bias_correlation(biases[:2], random(4))
    assert (low > 0.5) if expected > 0 else (high < -0.5)


def test_a_condition_that_has_nothing_to_do_with_the_attribute_leaves_biases_independent():
    rng = random()
    groups = [rng.normal(size=500) for _ in range(4)]
    conditions = [rng.normal(size=(3, 500)) for _ in groups]
    _, low, high = bias_correlation(
        conditioned_biases(groups, conditions, 10, draws=300, generator=random(3)), random(4)
    )
    assert low < 0.03 and high > -0.03


def test_the_gain_depends_on_neither_place_nor_unit():
    groups = [random(k).gamma(2, 1, 100) for k in range(3)]
    moved = [7 * group - 3 * k for k, group in enumerate(groups)]
    one, two = (mean_gain(each, draws=40)[0] for each in (groups, moved))
    assert one == pytest.approx(two)


def test_sizes_that_no_two_classes_can_fill_are_left_out():
    groups = [np.arange(40.0), np.arange(25.0), np.arange(12.0)]
    found = completions(groups, [2, 10, 20, 50], draws=3, generator=random())
    assert [(one.size, one.classes) for one in found] == [(2, (0, 1, 2)), (10, (0, 1))]


def test_a_seed_repeats_everything():
    groups = [random(k).normal(size=60) for k in range(3)]
    one, two = (mean_gain(groups, draws=20) for _ in range(2))
    assert one[:2] == two[:2]
    np.testing.assert_array_equal(one[2].completed, two[2].completed)


def test_the_interval_is_wider_than_that_of_the_draws_where_classes_differ():
    values = np.repeat(np.array([[0.0], [1.0], [2.0]]), 500, axis=1)
    low, high = interval(values, random())
    assert low < 0.5 and high > 1.5


def test_a_class_of_another_shape_does_not_fit_the_others():
    rng = random()
    groups = [rng.normal(size=80) + k for k in range(4)] + [rng.choice([-2.0, 2.0], 80)]
    found, expected, limit = shape_fits(groups, draws=100, generator=random(1)).T
    assert found[4] > 2 * limit[4]
    assert (expected < limit).all()
    alike = shape_fits(groups[:4], draws=100, generator=random(1))
    assert (alike[:, 0] < 1.5 * alike[:, 2]).all()
