r"""How far samples are from normal, and how that changes as classes are pooled.

Three distances of a sample of `n` values to the normal with the sample's own mean and standard
deviation; all are free of shift and scale, so that directions of any length compare:

.. math::
    A^2 &= -n - \tfrac1n \sum_i (2i-1)\,[\ln\Phi(y_i) + \ln(1-\Phi(y_{n+1-i}))] \\
    D &= \sup_y |F_n(y) - \Phi(y)| \\
    W &= \Bigl(\sum_i a_i y_i\Bigr)^2 / \sum_i (y_i - \bar y)^2

with `y` the sorted standardised values. `A` is Anderson-Darling's, `D` Kolmogorov's with fitted
parameters (Lilliefors), `W` Shapiro and Wilk's with the weights of Royston, *Applied Statistics*
44 (1995), R94. 0 (for `W`: 1) is exactly normal.

Each depends on the size of the sample: of a distribution that is not normal, `A` grows like `n`.
So a curve over the number of pooled classes `m` is drawn with the *same total* for each `m`, in
equal parts a class. The spread comes from half-samples: half of each class without replacement,
which for a mean has exactly the variance of the whole. A bootstrap with replacement would repeat
values, and ties alone push all three away from normal.
"""

__all__ = [
    "LARGEST_SAMPLE",
    "SMALLEST_CLASS",
    "STATISTICS",
    "Draws",
    "anderson_darling",
    "distances",
    "draw_pools",
    "kolmogorov_smirnov",
    "normal_floor",
    "shapiro_wilk",
]

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64, Int64
from scipy.special import log_ndtr, ndtr, ndtri

from explorer.errors import DataError

SMALLEST_CLASS = 16
"""Images below which a class is left out: half of them, 8, say little about a shape."""

LARGEST_SAMPLE = 500
"""Values of one pooled sample, at most."""

MOST_SIZES = 12
"""Numbers of classes at which a curve is computed, at most."""

FLOOR_SAMPLES = 2000

Samples = Float64[np.ndarray, "sample n"]
PerRow = Float64[np.ndarray, " sample"]


def anderson_darling(samples: Samples) -> PerRow:
    """Return the Anderson-Darling statistic of each row; 0 and more."""
    y = _standardised(samples)
    n = y.shape[1]
    weights = 2 * np.arange(1, n + 1) - 1
    terms = log_ndtr(y) + log_ndtr(-y[:, ::-1])
    result: PerRow = -n - terms @ weights / n
    return result


def kolmogorov_smirnov(samples: Samples) -> PerRow:
    """Return the largest distance of each row's distribution function to the normal; [0, 1]."""
    expected = ndtr(_standardised(samples))
    n = expected.shape[1]
    above = (np.arange(1, n + 1) / n - expected).max(1)
    below = (expected - np.arange(n) / n).max(1)
    result: PerRow = np.maximum(above, below)
    return result


def shapiro_wilk(samples: Samples) -> PerRow:
    """Return Shapiro and Wilk's W of each row; 1 is normal, less is further from it."""
    y = _standardised(samples)
    squares = np.square(y - y.mean(1, keepdims=True)).sum(1)
    result: PerRow = np.square(y @ _royston_weights(y.shape[1])) / squares
    return result


STATISTICS: dict[str, Callable[[Samples], PerRow]] = {
    "anderson_darling": anderson_darling,
    "kolmogorov_smirnov": kolmogorov_smirnov,
    "shapiro_wilk": shapiro_wilk,
}
"""The distances by name, in the order of every array that has an axis of them."""


def normal_floor(size: int, seed: int = 0) -> Float64[np.ndarray, "statistic 2"]:
    """Return what samples of a true normal give: mean, and the end that 95 % do not pass.

    The end is the 95 % quantile; for W, where less is further from normal, the 5 % quantile.
    """
    samples = np.random.default_rng(seed).normal(size=(FLOOR_SAMPLES, size))
    rows = []
    for name, statistic in STATISTICS.items():
        values = statistic(samples)
        rows.append([values.mean(), np.quantile(values, 0.05 if name == "shapiro_wilk" else 0.95)])
    return np.array(rows)


@dataclass(frozen=True, slots=True, eq=False)
class Draws:
    """Which images make up each pooled sample: the same for every direction that is compared.

    Attributes:
        sizes: Numbers of pooled classes m, ascending, the first 1 and the last all classes.
        rows: Image rows, int64, shape (size, half, draw, total).
    """

    sizes: tuple[int, ...]
    rows: Int64[np.ndarray, "size half draw total"]

    @property
    def total(self) -> int:
        """Values of each sample, whatever the number of classes."""
        return int(self.rows.shape[3])

    def thinned(self) -> "Draws":
        """Return the first two half-samples alone: enough for a control and what meets it."""
        return Draws(self.sizes, self.rows[:, :2])

    def ends(self) -> "Draws":
        """Return the draws of one class and of all classes alone."""
        return Draws((self.sizes[0], self.sizes[-1]), self.rows[[0, -1]])


def draw_pools(
    labels: Int64[np.ndarray, " n"], *, halves: int, draws: int, generator: np.random.Generator
) -> Draws:
    """Draw pooled samples of m = 1 ... C classes, all of the same total.

    Args:
        labels: Class of each image; classes with fewer than `SMALLEST_CLASS` are left out.
        halves: Half-samples of the images.
        draws: Samples of each half and each m. Over the draws each class comes equally often.
        generator: Source of the draws.

    Raises:
        DataError: Fewer than two classes are large enough.
    """
    members = [np.flatnonzero(labels == label) for label in np.unique(labels)]
    members = [own for own in members if len(own) >= SMALLEST_CLASS]
    if len(members) < 2:
        raise DataError(
            f"{len(members)} classes have {SMALLEST_CLASS} images or more; pooling needs two. "
            "Choose a model with more images a class."
        )
    total = min(min(len(own) for own in members) // 2, LARGEST_SAMPLE)
    sizes = _sizes(len(members), total)
    rows = np.empty((len(sizes), halves, draws, total), dtype=np.int64)
    for half in range(halves):
        own = [generator.permutation(every)[: len(every) // 2] for every in members]
        for at, size in enumerate(sizes):
            order = generator.permutation(len(own))
            for draw in range(draws):
                turns = (draw * size + np.arange(size)) % len(own)
                chosen = [own[order[turn]] for turn in turns]
                rows[at, half, draw] = _equal_parts(chosen, total, generator)
    return Draws(sizes, rows)


def distances(
    columns: Float64[np.ndarray, "n direction"],
    draws: Draws,
    names: Sequence[str] = tuple(STATISTICS),
) -> Float64[np.ndarray, "direction statistic size half draw"]:
    """Return the distances to normal of every pooled sample along every direction.

    Args:
        columns: Positions along each direction.
        draws: Which images make up the samples.
        names: Statistics wanted.
    """
    count = columns.shape[1]
    result = np.empty((count, len(names), *draws.rows.shape[:3]))
    for number in range(count):
        for at in range(len(draws.sizes)):
            samples = columns[:, number][draws.rows[at].reshape(-1, draws.total)]
            for which, name in enumerate(names):
                values = STATISTICS[name](samples)
                result[number, which, at] = values.reshape(draws.rows.shape[1:3])
    return result


def _sizes(classes: int, total: int) -> tuple[int, ...]:
    most = min(classes, total)
    spaced = np.round(np.geomspace(1, most, min(most, MOST_SIZES))).astype(int)
    return tuple(range(1, most + 1)) if most <= MOST_SIZES else tuple(np.unique(spaced).tolist())


def _equal_parts(
    chosen: list[np.ndarray], total: int, generator: np.random.Generator
) -> Int64[np.ndarray, " total"]:
    """Take `total` rows, equally many of each class; what is left over goes to the first ones."""
    each, left = divmod(total, len(chosen))
    parts = [
        generator.choice(rows, each + (number < left), replace=False)
        for number, rows in enumerate(chosen)
    ]
    return np.concatenate(parts)


def _standardised(samples: Samples) -> Samples:
    """Sort each row and give it mean 0 and standard deviation 1 (n - 1)."""
    deviation = samples.std(1, ddof=1, keepdims=True)
    if not (np.isfinite(deviation).all() and (deviation > 0).all()):
        raise DataError(
            "All positions of a sample are equal, or one is not a number, so they have no "
            "distribution. Choose another attribute, or more images."
        )
    ordered = np.sort(samples, axis=1)
    result: Samples = (ordered - samples.mean(1, keepdims=True)) / deviation
    return result


def _royston_weights(n: int) -> Float64[np.ndarray, " n"]:
    """Return Royston's approximation of the Shapiro-Wilk weights, for n of 8 and more."""
    m = ndtri((np.arange(1, n + 1) - 0.375) / (n + 0.25))
    squares = m @ m
    u = 1 / np.sqrt(n)
    last = m[-1] / np.sqrt(squares) + np.polyval(_LAST, u)
    second = m[-2] / np.sqrt(squares) + np.polyval(_SECOND, u)
    rest = (squares - 2 * m[-1] ** 2 - 2 * m[-2] ** 2) / (1 - 2 * last**2 - 2 * second**2)
    weights: Float64[np.ndarray, " n"] = m / np.sqrt(rest)
    weights[[0, 1, -2, -1]] = -last, -second, second, last
    return weights


_LAST = (-2.706056, 4.434685, -2.071190, -0.147981, 0.221157, 0.0)
_SECOND = (-3.582633, 5.682633, -1.752461, -0.293762, 0.042981, 0.0)
"""Royston's polynomials in 1 / sqrt(n), highest power first."""
