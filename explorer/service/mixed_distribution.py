"""Hypothesis 1: an attribute pooled over classes tends to a normal distribution.

The distance to normal of one class is compared with that of all classes together, at equal totals.
Projections of many-dimensional data tend to normal whatever the direction, and pooling smooths
anything, so the same images are measured along control directions too:

| control | what it is |
|---|---|
| random | directions drawn evenly over the sphere |
| shuffled | directions found like the attribute's own, from its values in random order |
| parametric | no direction: each class a normal of its own observed mean and deviation |

Every statistic is free of scale, so the length of a control direction does not matter. The verdict
rests on Anderson-Darling alone: one statistic, chosen beforehand, not picked by its result.
"""

__all__ = ["Curve", "MixedDistribution", "mixed_distribution"]

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from jaxtyping import Float64, Int64
from scipy.special import ndtri

from explorer.latent.normality import (
    SMALLEST_CLASS,
    STATISTICS,
    Draws,
    distances,
    draw_pools,
    normal_floor,
)
from explorer.service.progress import Report

State = Literal["supported", "indistinguishable", "normal", "refuted"]

HALVES = 40
MOST_DRAWS = 20
CURVES = 40
"""Control directions of each kind whose whole curve is drawn; further ones only give the ends."""

QQ_POINTS = 60
SIGNIFICANT = 0.05
FEW = 50
"""Values of a pooled sample below which the verdict says that they are few."""

CENTRAL = (0.025, 0.975)

Columns = Float64[np.ndarray, "n _"]


@dataclass(frozen=True, slots=True, eq=False)
class Curve:
    """One distance to normal against the number of pooled classes.

    Attributes:
        mean: Over draws; for a control over its directions too. Shape (size,).
        low: 2.5 % quantile over half-samples of the images; for a control over its directions.
        high: 97.5 % quantile.
    """

    mean: Float64[np.ndarray, " size"]
    low: Float64[np.ndarray, " size"]
    high: Float64[np.ndarray, " size"]


@dataclass(frozen=True, slots=True, eq=False)
class MixedDistribution:
    """What pooling does to the distance to normal.

    Attributes:
        sizes: Numbers of pooled classes m.
        total: Values of each pooled sample, the same for every m.
        curves: By statistic, then by "attribute", "random", "shuffled" or "parametric". There is
            no "shuffled" where no label found the direction.
        floor: By statistic: what a true normal of this total gives, mean and 95 % end.
        change: Anderson-Darling of all classes less that of one.
        change_low: 2.5 % quantile of the change over half-samples.
        change_high: 97.5 % quantile.
        random_change: Mean change along random directions.
        p_value: Share of random directions that fall at least as much, the attribute counted in:
            a one-sided permutation test, uncorrected.
        random_count: Random directions behind it.
        quantiles: Of the pooled standardised positions, for a QQ plot, shape (point,).
        normal_quantiles: What a normal has there.
        state: The verdict.
        verdict: One sentence with its numbers.
    """

    sizes: tuple[int, ...]
    total: int
    curves: Mapping[str, Mapping[str, Curve]]
    floor: Mapping[str, tuple[float, float]]
    change: float
    change_low: float
    change_high: float
    random_change: float
    p_value: float
    random_count: int
    quantiles: Float64[np.ndarray, " point"]
    normal_quantiles: Float64[np.ndarray, " point"]
    state: State
    verdict: str


def mixed_distribution(
    positions: Float64[np.ndarray, " n"],
    labels: Int64[np.ndarray, " n"],
    *,
    random: Columns,
    shuffled: Columns | None,
    generator: np.random.Generator,
    report: Report,
) -> MixedDistribution:
    """Measure the distance to normal of 1 to all classes, of the attribute and of the controls.

    Args:
        positions: Along the attribute's direction.
        labels: Class of each image; classes with fewer than `SMALLEST_CLASS` images are left out.
        random: Positions along random directions, at least `CURVES`.
        shuffled: Positions along directions of shuffled values; None where there are none.
        generator: Source of all draws.
        report: Told how far it is.

    Raises:
        DataError: Fewer than two classes are large enough.
    """
    classes = int((np.bincount(labels) >= SMALLEST_CLASS).sum())
    draws = draw_pools(
        labels, halves=HALVES, draws=min(2 * classes, MOST_DRAWS), generator=generator
    )
    report(0.1, "Pooling the attribute")
    own = distances(positions[:, None], draws)[0].mean(3)  # statistic, size, half
    controls = {"random": random[:, :CURVES]}
    if shuffled is not None:
        controls["shuffled"] = shuffled[:, :CURVES]
    controls["parametric"] = _normal_classes(positions, labels, generator)
    few = draws.thinned()
    found = {}
    for number, (name, columns) in enumerate(controls.items()):
        report(0.25 + 0.2 * number, f"Pooling the controls: {name}")
        found[name] = distances(columns, few).mean((3, 4))
    report(0.85, "Comparing with random directions")
    falls = _changes(random, few)
    fall = float(_changes(positions[:, None], few)[0])
    p_value = (1 + int((falls <= fall).sum())) / (1 + len(falls))
    curves = {
        name: {"attribute": _curve(own[at].T)}
        | {control: _curve(values[:, at]) for control, values in found.items()}
        for at, name in enumerate(STATISTICS)
    }
    floors = normal_floor(draws.total)
    change = own[0, -1] - own[0, 0]
    low, high = (float(end) for end in np.quantile(change, CENTRAL))
    floor = {name: (float(a), float(b)) for name, (a, b) in zip(STATISTICS, floors, strict=True)}
    ends = curves["anderson_darling"]["attribute"].mean[[0, -1]]
    quantiles, normal_quantiles = _qq(positions, draws)
    result = MixedDistribution(
        sizes=draws.sizes,
        total=draws.total,
        curves=curves,
        floor=floor,
        change=float(change.mean()),
        change_low=low,
        change_high=high,
        random_change=float(falls.mean()),
        p_value=p_value,
        random_count=len(falls),
        quantiles=quantiles,
        normal_quantiles=normal_quantiles,
        state=_state(high, ends, floor["anderson_darling"][1], p_value),
        verdict="",
    )
    return replace(result, verdict=_verdict(result))


def _normal_classes(
    positions: Float64[np.ndarray, " n"],
    labels: Int64[np.ndarray, " n"],
    generator: np.random.Generator,
) -> Columns:
    """Return positions where each class is a normal of its own mean and deviation."""
    columns = generator.normal(size=(len(labels), CURVES))
    for label in np.unique(labels):
        own = labels == label
        columns[own] = positions[own].mean() + positions[own].std() * columns[own]
    return columns


def _changes(columns: Columns, draws: Draws) -> Float64[np.ndarray, " direction"]:
    """Return Anderson-Darling of all classes less that of one, along each direction."""
    means = distances(columns, draws.ends(), ["anderson_darling"])[:, 0].mean((2, 3))
    change: Float64[np.ndarray, " direction"] = means[:, 1] - means[:, 0]
    return change


def _curve(values: Float64[np.ndarray, "repeat size"]) -> Curve:
    low, high = np.quantile(values, CENTRAL, axis=0)
    return Curve(values.mean(0), low, high)


def _qq(positions: np.ndarray, draws: Draws) -> tuple[np.ndarray, np.ndarray]:
    """Return quantiles of pooled standardised positions, equal parts a class, and a normal's."""
    pooled = positions[draws.rows[-1].ravel()]
    shares = (np.arange(QQ_POINTS) + 0.5) / QQ_POINTS
    quantiles = np.quantile((pooled - pooled.mean()) / pooled.std(), shares)
    return quantiles, ndtri(shares)


def _state(high: float, ends: np.ndarray, floor_end: float, p_value: float) -> State:
    if high < 0:
        return "supported" if p_value <= SIGNIFICANT else "indistinguishable"
    return "normal" if (ends <= floor_end).all() else "refuted"


def _verdict(found: MixedDistribution) -> str:
    first, last = found.curves["anderson_darling"]["attribute"].mean[[0, -1]]
    mean, end = found.floor["anderson_darling"]
    remarks = " So few values hardly tell a shape from a normal." if found.total < FEW else ""
    if found.state in ("supported", "indistinguishable"):
        remarks += (
            " Pooled it passes for a normal." if last <= end else " Pooled it is no normal yet."
        )
    return (
        f"{_WORDS[found.state]} Anderson-Darling {first:.2f} in one class, {last:.2f} in "
        f"{found.sizes[-1]} classes pooled ({found.total} values each; a normal gives {mean:.2f}, "
        f"95 % below {end:.2f}); change {found.change:+.2f} [{found.change_low:+.2f}, "
        f"{found.change_high:+.2f}], along random directions {found.random_change:+.2f}, "
        f"p = {found.p_value:.3f}.{remarks}"
    )


_WORDS: dict[State, str] = {
    "supported": "Supported: pooling brings it nearer to normal, more than random directions.",
    "indistinguishable": "Not distinguishable from a random direction: pooling brings it nearer "
    "to normal, but not more.",
    "normal": "Nothing to test: it is normal within the classes already, and pooled.",
    "refuted": "Refuted: pooling classes does not bring it nearer to normal.",
}
