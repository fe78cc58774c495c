r"""Whether classes fill each other's gaps: small samples completed by other classes.

`P_c` are the positions of a class, `S_c` a sample of `n` of them. In units of the pooled standard
deviation within classes:

.. math::
    b_c &= \overline{S_c} - \overline{P_c} && \text{bias} \\
    W_1(S, P) &= \int |F_S(x) - F_P(x)|\,dx && \text{Wasserstein-1: how far the shape is off} \\
    C_c &= S_c \cup \bigcup_{k \ne c} (S_k - \overline{S_k} + \overline{S_c})
        && \text{completed} \\
    g_c &= W_1(S_c, P_c) - W_1(C_c, P_c) && \text{gain}

**The reference holds none of the sample.** In each draw the sample is taken out of the class, and
`P_c` is what is left of it. With the sample inside the reference both distances would fall to 0 as
`n` grows, and the gain with them. All centring uses sample means, so that nothing of `P_c` reaches
`C_c`.

**Smoothing is a control.** Any smooth guess of the right width beats a handful of points. So the
same sample is also completed by the normal of its own mean and deviation; other classes add
something only where they gain more than that.

**What the correlation of biases can mean.** Samples drawn independently err independently: the
correlation of `b_c` between classes is 0 by construction, whatever the classes are, and is
reported as a check only. Real small sets are not drawn like that: all their classes come from one
photographer, one camera, one room. So a second set of draws takes every class *under the same
condition*: from the half of its images that is brighter, or darker, or larger, ... Above 0 the
classes then err alike and cannot make up for each other; below 0 they compensate.
"""

__all__ = [
    "MOST_REFERENCE",
    "SIZES",
    "Completion",
    "bias_correlation",
    "complete_samples",
    "completions",
    "conditioned_biases",
    "interval",
    "pooled_deviation",
    "shape_fits",
    "wasserstein",
]

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64
from scipy.special import ndtri

SIZES = (2, 5, 10, 20, 50, 100)
"""Images a class of the small samples."""

LEAST_REFERENCE = 8
"""Images that must be left of a class as its reference."""

MOST_REFERENCE = 400
"""Images of a reference, at most; more would change W1 by less than its spread over draws."""

MOST_POOL = 2000
NORMAL_POINTS = 99
RESAMPLES = 1000
CENTRAL = (0.025, 0.975)

Samples = Float64[np.ndarray, "draw _"]


def wasserstein(
    ones: Float64[np.ndarray, "draw n"], others: Float64[np.ndarray, "draw k"]
) -> Float64[np.ndarray, " draw"]:
    """Return the Wasserstein-1 distance of two samples, row by row, in their unit; exact."""
    values = np.concatenate([ones, others], axis=1)
    order = np.argsort(values, axis=1)
    steps = np.repeat([1 / ones.shape[1], -1 / others.shape[1]], [ones.shape[1], others.shape[1]])
    apart = np.abs(np.cumsum(steps[order], axis=1)[:, :-1])
    result: Float64[np.ndarray, " draw"] = (
        apart * np.diff(np.take_along_axis(values, order, axis=1), axis=1)
    ).sum(1)
    return result


def pooled_deviation(groups: Sequence[np.ndarray]) -> float:
    """Return the standard deviation within groups: root of the mean variance, weighted by size."""
    squares = sum(float(np.square(group - group.mean()).sum()) for group in groups)
    return float(np.sqrt(squares / (sum(map(len, groups)) - len(groups))))


def complete_samples(samples: Sequence[Samples], number: int) -> Samples:
    """Return one class's samples with those of all others moved onto their means.

    Args:
        samples: One array a class, shape (draw, n).
        number: The class to complete.

    Returns:
        Shape (draw, n * classes), its own images first.
    """
    own = samples[number]
    middle = own.mean(1, keepdims=True)
    others = [
        other - other.mean(1, keepdims=True) + middle
        for at, other in enumerate(samples)
        if at != number
    ]
    return np.concatenate([own, *others], axis=1)


@dataclass(frozen=True, slots=True, eq=False)
class Completion:
    """What small samples of one size miss of their classes, alone and completed.

    All but `spread` and the coverages are in units of the pooled standard deviation.

    Attributes:
        size: Images a class, n.
        classes: Which classes take part: those with enough images; rows of the other arrays.
        reference: Images of the smallest reference.
        bias: `b_c`, shape (class, draw).
        spread: Standard deviation of the sample over that of the reference, shape (class, draw).
        alone: `W_1` of the sample, shape (class, draw).
        completed: `W_1` of the completed sample, shape (class, draw).
        smoothed: `W_1` of the normal of the sample's own mean and deviation, shape (class, draw).
        coverage_alone: Share of the reference's 2.5-97.5 % range inside the sample's range, shape
            (class, draw).
        coverage_completed: The same of the completed sample.
    """

    size: int
    classes: tuple[int, ...]
    reference: int
    bias: Float64[np.ndarray, "cls draw"]
    spread: Float64[np.ndarray, "cls draw"]
    alone: Float64[np.ndarray, "cls draw"]
    completed: Float64[np.ndarray, "cls draw"]
    smoothed: Float64[np.ndarray, "cls draw"]
    coverage_alone: Float64[np.ndarray, "cls draw"]
    coverage_completed: Float64[np.ndarray, "cls draw"]

    @property
    def gain(self) -> Float64[np.ndarray, "cls draw"]:
        """`W_1` alone less `W_1` completed; above 0 where the other classes help."""
        gain: Float64[np.ndarray, "cls draw"] = self.alone - self.completed
        return gain


def completions(
    groups: Sequence[np.ndarray],
    sizes: Sequence[int],
    *,
    draws: int,
    generator: np.random.Generator,
) -> list[Completion]:
    """Draw small samples of each class, complete them, compare both with the rest of the class.

    Args:
        groups: Positions of each class.
        sizes: Images a class; a size for which fewer than two classes have as many images again,
            and at least `LEAST_REFERENCE`, is left out.
        draws: Samples of each class and size.
        generator: Source of the draws.
    """
    unit = pooled_deviation(groups)
    found = []
    for size in sizes:
        enough = size + max(size, LEAST_REFERENCE)
        classes = [number for number, group in enumerate(groups) if len(group) >= enough]
        if len(classes) > 1:
            taken = [groups[number] / unit for number in classes]
            found.append(_completion(taken, classes, size, draws, generator))
    return found


def interval(
    values: Float64[np.ndarray, "cls draw"], generator: np.random.Generator
) -> tuple[float, float]:
    """Return the 95 % interval of the mean, over other draws and other classes of the same kind.

    A bootstrap of both: classes are drawn with replacement, and draws are, and the mean is taken
    over what they have in common. Draws alone would say how well the mean over *these* classes is
    known, which any number of draws makes as narrow as one likes.
    """
    classes, draws = values.shape
    own = generator.multinomial(classes, np.full(classes, 1 / classes), RESAMPLES) / classes
    some = generator.multinomial(draws, np.full(draws, 1 / draws), RESAMPLES) / draws
    low, high = np.quantile(np.einsum("rc,cd,rd->r", own, values, some, optimize=True), CENTRAL)
    return float(low), float(high)


def conditioned_biases(
    groups: Sequence[np.ndarray],
    conditions: Sequence[np.ndarray],
    size: int,
    *,
    draws: int,
    generator: np.random.Generator,
) -> Float64[np.ndarray, "cls draw"]:
    """Return the bias of samples that all come under one condition, in the positions' unit.

    Args:
        groups: Positions of each class, at least 2 * size of each.
        conditions: For each class, shape (condition, image): e.g. how bright each image is.
        size: Images a class.
        draws: Each takes one condition and one side of it, the same for all classes.
        generator: Source of the draws.
    """
    result = np.empty((len(groups), draws))
    for draw in range(draws):
        which = generator.integers(len(conditions[0]))
        side = generator.choice([-1, 1])
        for number, (group, values) in enumerate(zip(groups, conditions, strict=True)):
            half = np.argsort(side * values[which], kind="stable")[: max(size, len(group) // 2)]
            sample = group[generator.choice(half, size, replace=False)]
            result[number, draw] = sample.mean() - group.mean()
    return result


def bias_correlation(
    biases: Float64[np.ndarray, "cls draw"], generator: np.random.Generator
) -> tuple[float, float, float]:
    """Return the mean correlation of the biases of two classes, and its 95 % interval.

    The interval is a bootstrap over the draws.
    """
    draws = biases.shape[1]
    again = [generator.integers(draws, size=draws) for _ in range(RESAMPLES // 5)]
    low, high = np.quantile([_mean_correlation(biases[:, rows]) for rows in again], CENTRAL)
    return _mean_correlation(biases), float(low), float(high)


def shape_fits(
    groups: Sequence[np.ndarray], *, draws: int, generator: np.random.Generator
) -> Float64[np.ndarray, "cls 3"]:
    """Return how well the other classes' shape fits each class, leaving that class out.

    What can be said without any reference: all images of a class against the pool of the others,
    all centred, and beside it what samples of the same size from that pool itself would show.

    Args:
        groups: Positions of each class, at least two classes.
        draws: Bootstrap samples of each pool.
        generator: Source of the draws.

    Returns:
        For each class, in units of the pooled standard deviation: `W_1` found, `W_1` expected of
        one common shape, and the value that 95 % of such samples do not pass.
    """
    unit = pooled_deviation(groups)
    rows = []
    for number, own in enumerate(groups):
        others = [group - group.mean() for at, group in enumerate(groups) if at != number]
        pool = generator.permutation(np.concatenate(others))[:MOST_POOL] / unit
        some = generator.choice((own - own.mean()) / unit, min(len(own), MOST_REFERENCE), False)
        alike = generator.choice(pool, (draws, len(some)))
        alike -= alike.mean(1, keepdims=True)
        expected = wasserstein(alike, np.broadcast_to(pool, (draws, len(pool))))
        found = float(wasserstein((some - some.mean())[None], pool[None])[0])
        rows.append([found, expected.mean(), np.quantile(expected, 0.95)])
    return np.array(rows)


def _completion(
    groups: Sequence[np.ndarray],
    classes: Sequence[int],
    size: int,
    draws: int,
    generator: np.random.Generator,
) -> Completion:
    pairs = [_sample_and_rest(group, size, draws, generator) for group in groups]
    samples = [sample for sample, _ in pairs]
    normal = ndtri((np.arange(NORMAL_POINTS) + 0.5) / NORMAL_POINTS)
    columns: dict[str, list[np.ndarray]] = {name: [] for name in _MEASURES}
    for number, (sample, rest) in enumerate(pairs):
        middle, deviation = sample.mean(1), sample.std(1, ddof=1)
        completed = complete_samples(samples, number)
        bounds = np.quantile(rest, CENTRAL, axis=1)
        columns["bias"].append(middle - rest.mean(1))
        columns["spread"].append(deviation / rest.std(1, ddof=1))
        columns["alone"].append(wasserstein(sample, rest))
        columns["completed"].append(wasserstein(completed, rest))
        guess = middle[:, None] + deviation[:, None] * normal
        columns["smoothed"].append(wasserstein(guess, rest))
        columns["coverage_alone"].append(_coverage(sample, bounds))
        columns["coverage_completed"].append(_coverage(completed, bounds))
    reference = min(rest.shape[1] for _, rest in pairs)
    arrays = {name: np.stack(rows) for name, rows in columns.items()}
    return Completion(size, tuple(classes), reference, **arrays)


_MEASURES = (
    "bias",
    "spread",
    "alone",
    "completed",
    "smoothed",
    "coverage_alone",
    "coverage_completed",
)


def _sample_and_rest(
    group: np.ndarray, size: int, draws: int, generator: np.random.Generator
) -> tuple[Samples, Samples]:
    every = generator.permuted(np.tile(group, (draws, 1)), axis=1)
    return every[:, :size], every[:, size : size + MOST_REFERENCE]


def _coverage(samples: Samples, bounds: Float64[np.ndarray, "2 draw"]) -> np.ndarray:
    low, high = bounds
    inside = np.minimum(samples.max(1), high) - np.maximum(samples.min(1), low)
    share: np.ndarray = inside.clip(min=0) / (high - low)
    return share


def _mean_correlation(biases: Float64[np.ndarray, "cls draw"]) -> float:
    between = np.corrcoef(biases)
    return float(between[np.triu_indices(len(between), 1)].mean())
