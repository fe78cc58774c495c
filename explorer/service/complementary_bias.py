"""Hypothesis 2: with few images the classes are off in different ways, and fill each other's gaps.

Small samples of each class are drawn, completed by those of the other classes, and compared with
the images of the class that are left. See `explorer.latent.complement` for what is measured, and
why the correlation of independent biases says nothing.
"""

__all__ = ["ClassFit", "ComplementaryBias", "SampleSize", "complementary_bias"]

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from jaxtyping import Float64, Int64

from explorer.errors import DataError
from explorer.latent.complement import (
    LEAST_REFERENCE,
    SIZES,
    Completion,
    bias_correlation,
    completions,
    conditioned_biases,
    interval,
    shape_fits,
)
from explorer.service.progress import Report

State = Literal["supported", "undecided", "refuted"]

DRAWS = 200
RANDOM_DIRECTIONS = 99
RANDOM_DRAWS = 20
PRIMARY = 10
"""Images a class of the samples on which the verdict rests, chosen beforehand."""

FEW = 100
"""Images of a reference below which every number is called an estimate."""


@dataclass(frozen=True, slots=True)
class SampleSize:
    """Means over classes and draws at one sample size; distances in pooled standard deviations.

    Attributes:
        size: Images a class, n.
        classes: Classes that take part.
        reference: Images of the smallest reference.
        bias: Root mean square of the bias of the mean.
        spread: Mean ratio of the sample's standard deviation to the reference's.
        alone: Mean W1 of the sample.
        completed: Mean W1 of the sample completed by the other classes.
        smoothed: Mean W1 of the normal of the sample's own mean and deviation.
        gain: `alone - completed`, with its 95 % interval `gain_low`, `gain_high`.
        gain_low: Lower end.
        gain_high: Upper end.
        beyond: `smoothed - completed`: what the other classes add to mere smoothing.
        beyond_low: Lower end of its 95 % interval.
        beyond_high: Upper end.
        gaining: Share of single small samples that gain.
        coverage_alone: Mean share of the reference's 95 % range inside the sample's range.
        coverage_completed: The same of the completed sample.
        state: "supported" where the gain's interval is above 0, "refuted" where it is below.
    """

    size: int
    classes: int
    reference: int
    bias: float
    spread: float
    alone: float
    completed: float
    smoothed: float
    gain: float
    gain_low: float
    gain_high: float
    beyond: float
    beyond_low: float
    beyond_high: float
    gaining: float
    coverage_alone: float
    coverage_completed: float
    state: State


@dataclass(frozen=True, slots=True)
class ClassFit:
    """How one class fares with the others' help.

    Attributes:
        gain: Mean gain at the primary size; NaN where the class has too few images.
        gain_low: Lower end of its 95 % interval over draws.
        gain_high: Upper end.
        shape: W1 of all its images, centred, to the pool of the other classes, centred.
        shape_expected: What samples of its size from that pool give.
        shape_limit: What 95 % of them do not pass.
        state: "supported" where it gains, "refuted" where it loses, else "undecided".
    """

    gain: float
    gain_low: float
    gain_high: float
    shape: float
    shape_expected: float
    shape_limit: float
    state: State


@dataclass(frozen=True, slots=True)
class ComplementaryBias:
    """What completing small samples by other classes does.

    Attributes:
        sizes: One entry a sample size, ascending.
        primary: The size the verdict rests on.
        estimate: Whether the references are so small that all numbers are estimates.
        draws: Draws of each size.
        random_gain: Mean gain along random directions at the primary size.
        random_low: 2.5 % quantile over random directions.
        random_high: 97.5 % quantile.
        random_count: Random directions.
        p_value: Two-sided: how far out the gain lies among those of random directions.
        independent: Correlation of biases of independent draws, with 95 % interval; 0 by
            construction, a check.
        conditioned: The same of draws under one condition, the same for all classes; NaN where
            there is no condition.
        fits: One entry a class, in the order of the groups.
        state: The verdict.
        verdict: One sentence with its numbers.
        beyond: One sentence on the controls.
        correlation: One sentence on the biases.
    """

    sizes: tuple[SampleSize, ...]
    primary: int
    estimate: bool
    draws: int
    random_gain: float
    random_low: float
    random_high: float
    random_count: int
    p_value: float
    independent: tuple[float, float, float]
    conditioned: tuple[float, float, float]
    fits: tuple[ClassFit, ...]
    state: State
    verdict: str
    beyond: str
    correlation: str


def complementary_bias(
    positions: Float64[np.ndarray, " n"],
    labels: Int64[np.ndarray, " n"],
    *,
    random: Float64[np.ndarray, "n direction"],
    conditions: Float64[np.ndarray, "n condition"],
    generator: np.random.Generator,
    report: Report,
) -> ComplementaryBias:
    """Draw small samples of every class, complete them, and compare.

    Args:
        positions: Along the attribute's direction.
        labels: Class of each image, of at least two classes.
        random: Positions along random directions, at least `RANDOM_DIRECTIONS`.
        conditions: Graded values of each image under which classes may be sampled together.
        generator: Source of all draws.
        report: Told how far it is.

    Raises:
        DataError: No two classes have images for the smallest sample and a reference.
    """
    numbers = np.unique(labels)
    rows = [np.flatnonzero(labels == number) for number in numbers]
    groups = [positions[own] for own in rows]
    report(0.05, "Drawing small samples")
    found = completions(groups, SIZES, draws=DRAWS, generator=generator)
    if not found:
        raise DataError(
            f"No two classes have {SIZES[0] + LEAST_REFERENCE} images, so no small sample can be "
            "compared with the rest of its class. Choose a model with more images a class."
        )
    main = [one for one in found if one.size <= PRIMARY][-1]
    report(0.4, "Completing along random directions")
    own, others = _random_gains(groups, rows, random, main.size, generator, report)
    report(0.85, "Sampling under one condition")
    taking = [groups[number] for number in main.classes]
    conditioned = (np.nan, np.nan, np.nan)
    if conditions.shape[1]:
        together = [conditions[rows[number]].T for number in main.classes]
        biases = conditioned_biases(taking, together, main.size, draws=DRAWS, generator=generator)
        conditioned = bias_correlation(biases, generator)
    sizes = tuple(_summary(one, generator) for one in found)
    at = sizes[found.index(main)]
    low, high = (float(end) for end in np.quantile(others, (0.025, 0.975)))
    beaten = min(int((others <= own).sum()), int((others >= own).sum()))
    p_value = min(1.0, 2 * (1 + beaten) / (1 + len(others)))
    estimate = main.reference < FEW
    independent = bias_correlation(main.bias, generator)
    return ComplementaryBias(
        sizes=sizes,
        primary=main.size,
        estimate=estimate,
        draws=DRAWS,
        random_gain=float(others.mean()),
        random_low=low,
        random_high=high,
        random_count=len(others),
        p_value=p_value,
        independent=independent,
        conditioned=conditioned,
        fits=_class_fits(groups, main, generator),
        state=at.state,
        verdict=_verdict(at, sizes, estimate=estimate),
        beyond=_beyond(at, float(others.mean()), (low, high), p_value),
        correlation=_correlation(independent, conditioned),
    )


def _summary(one: Completion, generator: np.random.Generator) -> SampleSize:
    gain, beyond = one.gain, one.smoothed - one.completed
    gain_low, gain_high = interval(gain, generator)
    beyond_low, beyond_high = interval(beyond, generator)
    return SampleSize(
        size=one.size,
        classes=len(one.classes),
        reference=one.reference,
        bias=float(np.sqrt(np.square(one.bias).mean())),
        spread=float(one.spread.mean()),
        alone=float(one.alone.mean()),
        completed=float(one.completed.mean()),
        smoothed=float(one.smoothed.mean()),
        gain=float(gain.mean()),
        gain_low=gain_low,
        gain_high=gain_high,
        beyond=float(beyond.mean()),
        beyond_low=beyond_low,
        beyond_high=beyond_high,
        gaining=float((gain > 0).mean()),
        coverage_alone=float(one.coverage_alone.mean()),
        coverage_completed=float(one.coverage_completed.mean()),
        state=_state(gain_low, gain_high),
    )


def _random_gains(
    groups: Sequence[np.ndarray],
    rows: Sequence[np.ndarray],
    random: Float64[np.ndarray, "n direction"],
    size: int,
    generator: np.random.Generator,
    report: Report,
) -> tuple[float, Float64[np.ndarray, " taken"]]:
    """Return the gain of the attribute and of random directions, all from the same draws."""
    seed = int(generator.integers(2**32))

    def gain(values: Sequence[np.ndarray]) -> float:
        (one,) = completions(
            values, [size], draws=RANDOM_DRAWS, generator=np.random.default_rng(seed)
        )
        return float(one.gain.mean())

    gains = np.empty(RANDOM_DIRECTIONS)
    for number in range(RANDOM_DIRECTIONS):
        if number % 20 == 0:
            report(0.4 + 0.45 * number / RANDOM_DIRECTIONS, "Completing along random directions")
        gains[number] = gain([random[own, number] for own in rows])
    return gain(groups), gains


def _class_fits(
    groups: Sequence[np.ndarray], main: Completion, generator: np.random.Generator
) -> tuple[ClassFit, ...]:
    shapes = shape_fits(groups, draws=DRAWS, generator=generator)
    fits = []
    for number, (shape, expected, limit) in enumerate(shapes.tolist()):
        gain = low = high = float("nan")
        if number in main.classes:
            own = main.gain[[main.classes.index(number)]]
            gain, (low, high) = float(own.mean()), interval(own, generator)
        fits.append(ClassFit(gain, low, high, shape, expected, limit, _state(low, high)))
    return tuple(fits)


def _state(low: float, high: float) -> State:
    if low > 0:
        return "supported"
    return "refuted" if high < 0 else "undecided"


def _verdict(at: SampleSize, sizes: Sequence[SampleSize], *, estimate: bool) -> str:
    others = [f"{one.size}: {one.gain:+.3f}" for one in sizes if one.size != at.size]
    rest = f" Gain at other n: {', '.join(others)}." if others else ""
    label = " An estimate: each class has few images." if estimate else ""
    return (
        f"{_WORDS[at.state]} With {at.size} images a class, W1 to the rest of the class is "
        f"{at.alone:.3f} alone and {at.completed:.3f} completed: gain {at.gain:+.3f} "
        f"[{at.gain_low:+.3f}, {at.gain_high:+.3f}] standard deviations, in "
        f"{100 * at.gaining:.0f} % of single samples. Coverage rises from "
        f"{100 * at.coverage_alone:.0f} to {100 * at.coverage_completed:.0f} %.{rest}{label}"
    )


_WORDS: dict[State, str] = {
    "supported": "Supported: other classes fill the gaps.",
    "undecided": "Undecided: the gain's interval holds 0.",
    "refuted": "Refuted: completing by other classes hurts.",
}


def _beyond(at: SampleSize, gain: float, ends: tuple[float, float], p_value: float) -> str:
    smooth = f"{at.beyond:+.3f} [{at.beyond_low:+.3f}, {at.beyond_high:+.3f}]"
    if at.beyond_low > 0:
        first = f"Other classes add {smooth} to a normal of the sample's own mean and deviation."
    elif at.beyond_high < 0:
        first = f"A normal of the sample's own mean and deviation does better: {smooth}."
    else:
        first = f"A normal of the sample's own mean and deviation does as well: {smooth}."
    if p_value > 0.05:
        second = "The gain is not distinguishable from that of a random direction"
    elif at.gain > gain:
        second = "The gain is larger than along random directions"
    else:
        second = "The gain is smaller than along random directions"
    return f"{first} {second}: {gain:+.3f} [{ends[0]:+.3f}, {ends[1]:+.3f}], p = {p_value:.2f}."


def _correlation(
    independent: tuple[float, float, float], conditioned: tuple[float, float, float]
) -> str:
    mean, low, high = conditioned
    check = (
        f"Biases of independent samples correlate by {independent[0]:+.2f} "
        f"[{independent[1]:+.2f}, {independent[2]:+.2f}] (0 by construction)."
    )
    if np.isnan(mean):
        return check
    if low > 0:
        words = "classes err alike and cannot make up for each other's bias"
    elif high < 0:
        words = "classes compensate each other's bias"
    else:
        words = "classes err independently there too"
    return (
        f"Sampled under one condition for all classes (only bright images, only large ones, ...) "
        f"they correlate by {mean:+.2f} [{low:+.2f}, {high:+.2f}]: {words}. {check}"
    )
