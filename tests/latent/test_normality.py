"""Distances to normal equal scipy's; pooled samples have equal totals and no image twice."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from explorer.errors import DataError
from explorer.latent.normality import (
    LARGEST_SAMPLE,
    SMALLEST_CLASS,
    STATISTICS,
    anderson_darling,
    distances,
    draw_pools,
    kolmogorov_smirnov,
    normal_floor,
    shapiro_wilk,
)

SHAPES = {
    "normal": lambda rng, n: rng.normal(3, 2, n),
    "exponential": lambda rng, n: rng.exponential(1, n),
    "two modes": lambda rng, n: rng.normal(0, 0.3, n) + rng.choice([-2, 2], n),
    "uniform": lambda rng, n: rng.uniform(-1, 5, n),
}


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("n", [8, 21, 150, 500])
def test_the_statistics_are_scipys(shape, n):
    rng = np.random.default_rng(n)
    samples = np.stack([SHAPES[shape](rng, n) for _ in range(3)])
    for row, a, d, w in zip(
        samples,
        anderson_darling(samples),
        kolmogorov_smirnov(samples),
        shapiro_wilk(samples),
        strict=True,
    ):
        fitted = (row.mean(), row.std(ddof=1))
        assert a == pytest.approx(
            stats.goodness_of_fit(
                stats.norm,
                row,
                known_params={"loc": fitted[0], "scale": fitted[1]},
                statistic="ad",
                n_mc_samples=1,
            ).statistic,
            rel=1e-9,
        )
        assert d == pytest.approx(stats.kstest(row, "norm", fitted).statistic, rel=1e-9)
        assert w == pytest.approx(stats.shapiro(row).statistic, abs=2e-6)


@given(st.integers(0, 2**32 - 1), st.floats(0.01, 100), st.floats(-100, 100))
def test_the_statistics_know_neither_order_nor_shift_nor_scale(seed, scale, shift):
    rng = np.random.default_rng(seed)
    samples = rng.exponential(1, (2, 40))
    moved = rng.permuted(samples, axis=1) * scale + shift
    for statistic in STATISTICS.values():
        np.testing.assert_allclose(statistic(moved), statistic(samples), rtol=1e-6)


def test_the_floor_is_what_normal_samples_reach():
    floor = normal_floor(100)
    (a, a_end), (d, d_end), (w, w_end) = floor
    # Stephens (1974), both parameters fitted: 5 % points 0.752 / (1 + 0.75/n + 2.25/n^2), 0.886
    assert a < a_end == pytest.approx(0.746, abs=0.05)
    assert d < d_end == pytest.approx(0.0886, abs=0.004)
    assert w > w_end > 0.95


def test_equal_values_have_no_distribution():
    with pytest.raises(DataError, match="equal"):
        anderson_darling(np.ones((1, 20)))


@pytest.fixture
def labels():
    return np.repeat(np.arange(4), [60, 100, 41, SMALLEST_CLASS - 1])


def test_pools_have_the_same_total_in_equal_parts_and_no_image_twice(labels):
    draws = draw_pools(labels, halves=3, draws=6, generator=np.random.default_rng(0))
    assert draws.sizes == (1, 2, 3)  # the fourth class is too small
    assert draws.rows.shape == (3, 3, 6, 20)
    for at, size in enumerate(draws.sizes):
        for rows in draws.rows[at].reshape(-1, draws.total):
            assert len(np.unique(rows)) == draws.total
            counts = np.bincount(labels[rows], minlength=4)
            assert (counts > 0).sum() == size
            assert np.ptp(counts[counts > 0]) <= 1 and counts[3] == 0


def test_every_class_comes_equally_often_over_the_draws(labels):
    draws = draw_pools(labels, halves=1, draws=6, generator=np.random.default_rng(0))
    firsts = np.bincount(labels[draws.rows[0, 0, :, 0]], minlength=3)
    assert firsts.tolist() == [2, 2, 2, 0][: len(firsts)]


def test_a_half_sample_takes_at_most_half_of_a_class(labels):
    draws = draw_pools(labels, halves=2, draws=40, generator=np.random.default_rng(0))
    for half in range(2):
        used = np.unique(draws.rows[:, half])
        assert (np.bincount(labels[used], minlength=3)[:3] <= [30, 50, 20]).all()


def test_large_classes_do_not_make_larger_samples_than_needed():
    draws = draw_pools(
        np.repeat([0, 1], 4 * LARGEST_SAMPLE),
        halves=1,
        draws=1,
        generator=np.random.default_rng(0),
    )
    assert draws.total == LARGEST_SAMPLE


def test_one_class_cannot_be_pooled():
    with pytest.raises(DataError, match="two"):
        draw_pools(np.zeros(50, int), halves=1, draws=1, generator=np.random.default_rng(0))


def curve(positions, labels):
    draws = draw_pools(labels, halves=10, draws=8, generator=np.random.default_rng(1))
    return distances(positions[:, None], draws)[0, 0].mean((1, 2))


def test_classes_that_are_one_normal_stay_at_the_floor():
    labels = np.repeat(np.arange(6), 300)
    values = np.random.default_rng(2).normal(size=len(labels))
    floor, end = normal_floor(150)[0]
    assert (curve(values, labels) < end).all()
    assert curve(values, labels)[-1] == pytest.approx(floor, abs=0.15)


def test_many_scattered_skewed_classes_come_nearer_to_normal():
    rng = np.random.default_rng(3)
    labels = np.repeat(np.arange(12), 300)
    side = np.where(np.arange(12) % 2, 1.0, -1.0)[labels]
    values = side * (rng.exponential(1, len(labels)) - 1)
    found = curve(values, labels)
    assert found[-1] < 0.5 * found[0]


def test_few_separated_classes_are_further_from_normal_than_one():
    rng = np.random.default_rng(4)
    labels = np.repeat(np.arange(2), 300)
    values = rng.normal(size=len(labels)) + 8 * labels
    found = curve(values, labels)
    assert found[-1] > 5 * found[0]


def test_a_seed_repeats_the_draws(labels):
    one, two = (
        draw_pools(labels, halves=2, draws=2, generator=np.random.default_rng(9)) for _ in range(2)
    )
    np.testing.assert_array_equal(one.rows, two.rows)
    assert one.thinned().rows.shape == (3, 2, 2, 20)
    assert one.ends().sizes == (1, 3)
