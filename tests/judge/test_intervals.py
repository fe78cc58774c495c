import numpy as np
import pytest

from explorer.judge.intervals import mean_interval, ratio_interval


def test_the_interval_of_a_mean_is_that_of_the_normal_approximation():
    values = np.random.default_rng(0).normal(3.0, 2.0, 400)
    found = mean_interval(values)
    half = 1.96 * values.std() / np.sqrt(400)
    assert found.value == values.mean()
    assert (found.low, found.high) == pytest.approx(
        (found.value - half, found.value + half), abs=0.03
    )


def test_equal_numbers_have_no_spread_and_a_seed_repeats_itself():
    found = mean_interval(np.full(10, 0.5))
    assert (found.value, found.low, found.high) == (0.5, 0.5, 0.5)
    values = np.random.default_rng(1).random(20)
    assert mean_interval(values, seed=3) == mean_interval(values, seed=3)
    assert mean_interval(values, seed=3) != mean_interval(values, seed=4)


def test_a_ratio_draws_both_numbers_of_an_image_together():
    others = np.random.default_rng(2).uniform(0.1, 9.0, 50)
    found = ratio_interval(0.25 * others, others)
    assert (found.value, found.low, found.high) == pytest.approx((0.25, 0.25, 0.25))
