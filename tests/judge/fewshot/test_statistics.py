import numpy as np
import pytest
from scipy import stats

from explorer.errors import DataError
from explorer.judge.fewshot.arms import BEST
from explorer.judge.fewshot.records import RunKey, RunRecord
from explorer.judge.fewshot.statistics import paired_difference
from explorer.judge.fewshot.summary import summarise, verdicts


def record(arm, seed, accuracy, steps=800):
    key = RunKey("toys", 5, steps, seed, arm, "test", False, "x")
    return RunRecord(key, accuracy, 100, 1.0, 0.0, 0.0, {})


def test_the_interval_is_that_of_scipys_paired_t_test():
    rng = np.random.default_rng(0)
    first, second = rng.uniform(0.6, 0.8, 16), rng.uniform(0.6, 0.8, 16)
    found = paired_difference(first.tolist(), second.tolist())
    wanted = stats.ttest_rel(100 * first, 100 * second).confidence_interval(0.95)
    assert (found.low, found.high) == pytest.approx((wanted.low, wanted.high))
    assert found.mean == pytest.approx(100 * (first - second).mean())
    assert (found.seeds, found.positive) == (16, int((first > second).sum()))


def test_one_seed_has_no_width_and_no_seed_is_refused():
    assert paired_difference([0.5], [0.4]).low == pytest.approx(10)
    with pytest.raises(DataError, match="same seeds"):
        paired_difference([0.5], [])


def runs(seeds, gain, steps=800):
    noise = np.random.default_rng(1).normal(0, 0.002, seeds)
    for seed in range(seeds):
        yield record("standard", seed, 0.7, steps)
        yield record(f"pixel-{BEST}", seed, 0.7, steps)
        yield record(BEST, seed, 0.7 + gain + noise[seed], steps)


@pytest.mark.parametrize(
    ("seeds", "gain", "recommended", "word"),
    [
        (16, 0.02, True, "Recommended"),
        (16, 0.0, False, "Not shown to help"),
        (16, -0.02, False, "Not shown to help"),
        (15, 0.02, False, "Too few seeds"),
    ],
)
def test_a_verdict_needs_both_intervals_and_enough_seeds(seeds, gain, recommended, word):
    (found,) = verdicts(summarise(runs(seeds, gain)))
    assert found.recommended is recommended
    assert found.text.startswith(word)


def test_the_largest_budget_with_enough_seeds_decides():
    rows = summarise([*runs(16, 0.02, 800), *runs(16, 0.0, 1600), *runs(3, 0.02, 3200)])
    (found,) = verdicts(rows)
    assert (found.steps, found.recommended) == (1600, False)


def test_only_seeds_that_both_arms_have_are_compared():
    rows = summarise(
        [record("standard", 0, 0.5), record("mixup", 0, 0.6), record("mixup", 1, 0.9)]
    )
    mixup = next(row for row in rows if row.arm == "mixup")
    assert mixup.seeds == 2
    assert mixup.over_standard.seeds == 1
    assert mixup.over_standard.mean == pytest.approx(10)
