"""Verdicts on hypothesis 1 where the answer is known."""

import numpy as np
import pytest

from explorer.errors import DataError
from explorer.service.mixed_distribution import CURVES, mixed_distribution
from explorer.service.progress import unreported

CLASSES, EACH = 8, 200
LABELS = np.repeat(np.arange(CLASSES), EACH)


def judged(positions, random=None, shuffled=None, labels=LABELS, seed=0):
    rng = np.random.default_rng(100 + seed)
    if random is None:
        random = rng.normal(size=(len(labels), 199))
    return mixed_distribution(
        positions,
        labels,
        random=random,
        shuffled=shuffled,
        generator=np.random.default_rng(seed),
        report=unreported,
    )


def skewed(rng):
    """Classes skewed to alternating sides: each is far from normal, together they are not."""
    side = np.where(np.arange(CLASSES) % 2, 1.0, -1.0)[LABELS]
    return side * (rng.exponential(1, len(LABELS)) - 1)


def test_classes_of_one_normal_have_nothing_to_test():
    found = judged(np.random.default_rng(0).normal(3, 2, len(LABELS)))
    assert found.state == "normal"
    assert found.change_low < 0 < found.change_high
    assert found.sizes == tuple(range(1, CLASSES + 1)) and found.total == EACH // 2


def test_few_separated_classes_refute_it():
    rng = np.random.default_rng(1)
    labels = LABELS[LABELS < 2]
    found = judged(rng.normal(size=len(labels)) + 8 * labels, labels=labels)
    assert found.state == "refuted" and found.change_low > 5
    curves = found.curves["anderson_darling"]
    # normal classes with the same means are as far from normal: it is the means that do it
    assert (
        curves["parametric"].low[-1]
        < curves["attribute"].mean[-1]
        < 1.1 * curves["parametric"].high[-1]
    )
    assert curves["random"].mean[-1] < 1


def test_classes_skewed_to_both_sides_support_it():
    found = judged(skewed(np.random.default_rng(2)))
    assert found.state == "supported"
    assert found.change_high < 0 and found.p_value == pytest.approx(1 / 200)
    assert found.verdict.startswith("Supported") and f"{found.change:+.2f}" in found.verdict
    parametric = found.curves["anderson_darling"]["parametric"]
    assert parametric.mean[0] < 0.6  # a normal class is normal, which these are not


def test_what_random_directions_do_too_is_no_support():
    rng = np.random.default_rng(3)
    found = judged(skewed(rng), random=np.stack([skewed(rng) for _ in range(99)], axis=1))
    assert found.state == "indistinguishable" and found.change_high < 0
    assert found.p_value > 0.05


def test_the_p_values_of_a_random_direction_are_even():
    rng = np.random.default_rng(4)
    labels = np.repeat(np.arange(4), 40)
    values = [
        judged(rng.normal(size=160), random=rng.normal(size=(160, 40)), labels=labels).p_value
        for _ in range(8)
    ]
    assert 0.2 < np.mean(values) < 0.8


def test_every_statistic_has_every_curve():
    rng = np.random.default_rng(5)
    shuffled = rng.normal(size=(len(LABELS), CURVES))
    found = judged(skewed(rng), shuffled=shuffled)
    assert set(found.curves) == {"anderson_darling", "kolmogorov_smirnov", "shapiro_wilk"}
    for curves in found.curves.values():
        assert set(curves) == {"attribute", "random", "shuffled", "parametric"}
        for curve in curves.values():
            assert len(curve.mean) == CLASSES
            assert (curve.low <= curve.high).all()
    assert "shuffled" not in judged(skewed(rng)).curves["shapiro_wilk"]


def test_the_quantiles_of_a_normal_lie_on_the_diagonal():
    found = judged(np.random.default_rng(6).normal(5, 3, len(LABELS)))
    np.testing.assert_allclose(found.quantiles[5:-5], found.normal_quantiles[5:-5], atol=0.2)


def test_few_values_are_called_few():
    labels = np.repeat([0, 1, 2], 20)
    found = judged(np.random.default_rng(7).normal(size=60), labels=labels)
    assert found.total == 10 and "few values" in found.verdict


def test_a_seed_repeats_every_number():
    positions = skewed(np.random.default_rng(8))
    one, two = judged(positions, seed=3), judged(positions, seed=3)
    assert one.verdict == two.verdict
    np.testing.assert_array_equal(
        one.curves["shapiro_wilk"]["parametric"].mean,
        two.curves["shapiro_wilk"]["parametric"].mean,
    )


def test_one_class_is_refused():
    with pytest.raises(DataError, match="two"):
        judged(np.arange(50.0), labels=np.zeros(50, dtype=np.int64))
