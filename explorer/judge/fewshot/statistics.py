"""Differences of two arms over the same seeds, and what may be concluded from them."""

__all__ = ["MIN_SEEDS", "Difference", "paired_difference"]

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import stats

from explorer.errors import DataError

LEVEL = 0.95

MIN_SEEDS = 16
"""Fewer paired seeds carry no claim."""


@dataclass(frozen=True, slots=True)
class Difference:
    """A mean difference over paired seeds, in percentage points.

    Attributes:
        mean: Over the seeds.
        low: Lower end of the 95 % t interval; equal to the mean for one seed.
        high: Upper end.
        seeds: Number of pairs.
        positive: In how many of them the first arm is better.
    """

    mean: float
    low: float
    high: float
    seeds: int
    positive: int


def paired_difference(first: Sequence[float], second: Sequence[float]) -> Difference:
    """Return by how much the first arm is better, with the 95 % interval of Student's t.

    Args:
        first: Shares of right answers, one a seed, [0, 1].
        second: Those of the other arm, the same seeds in the same order.

    Raises:
        DataError: There is no seed, or the two are not as many.
    """
    if not first or len(first) != len(second):
        raise DataError(
            f"{len(first)} and {len(second)} results cannot be compared seed by seed; "
            "both arms need the same seeds, at least one."
        )
    points = 100 * (np.asarray(first, dtype=np.float64) - np.asarray(second, dtype=np.float64))
    mean = float(points.mean())
    half = 0.0
    if len(points) > 1:
        error = float(points.std(ddof=1)) / len(points) ** 0.5
        half = error * float(stats.t.ppf(0.5 + LEVEL / 2, len(points) - 1))
    return Difference(mean, mean - half, mean + half, len(points), int((points > 0).sum()))
