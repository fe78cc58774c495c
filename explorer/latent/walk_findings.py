"""What the numbers along a walk say, in words: each finding begins with its answer.

Numbers in, sentences out; nothing here knows a model. Shares of the typical norm are rounded to
whole per cent where they differ from 100 % by at least 1, else to tenths.
"""

__all__ = [
    "JUMP",
    "NORM_TOLERANCE",
    "Finding",
    "bits_finding",
    "change_finding",
    "class_finding",
    "inside_shell",
    "jumps",
    "norm_finding",
    "percent",
]

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from jaxtyping import Bool, Float

from explorer.errors import DataError

NORM_TOLERANCE = 1e-3
"""Relative slack of the typical range: on a sphere all norms are 1 up to rounding."""

JUMP = 2.5
"""A step is a jump where it changes the picture this many times as much as the median step."""

LEAST_JUMP = 6.0
"""Levels of 255: a smaller step is no jump, however small the others are."""

_QUANTILES = (0.025, 0.5, 0.975)

Numbers = Float[np.ndarray, " points"]
Measure = Literal["norm", "change", "bits", "class"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One verdict on a walk.

    Attributes:
        measure: What was measured.
        good: Whether every path does well by this measure; None where that is no question.
        headline: The answer, one short sentence.
        detail: Its numbers.
    """

    measure: Measure
    good: bool | None
    headline: str
    detail: str

    @property
    def sentence(self) -> str:
        """Headline and detail together."""
        return f"{self.headline} {self.detail}"


def inside_shell(
    norms: Numbers, reference: Float[np.ndarray, " reference"]
) -> Bool[np.ndarray, " points"]:
    """Return which norms lie in the range of 95 % of the training latents, 0.1 % slack.

    Raises:
        DataError: A norm is missing or not finite, or the typical norm is 0.
    """
    low, _, high = _typical(reference)
    return (norms >= low * (1 - NORM_TOLERANCE)) & (norms <= high * (1 + NORM_TOLERANCE))


def norm_finding(
    norms: Mapping[str, Numbers], reference: Float[np.ndarray, " reference"]
) -> Finding:
    """Say which paths leave the typical norms between the ends, and whether an end lies outside.

    Args:
        norms: Norms along each path, by the path's name; the ends are the same on all of them.
        reference: Norms of the training latents.

    Returns:
        A finding that is good where no frame is outside, neither of the ends included.

    Raises:
        DataError: A norm is missing or not finite, or the typical norm is 0.
    """
    for name, values in norms.items():
        _check_norms(values, name)
    low, typical, high = _typical(reference)
    outside = {name: ~inside_shell(values, reference) for name, values in norms.items()}
    leaving = {name: _stretches(frames) for name, frames in outside.items()}
    some = next(iter(norms))
    ends = [percent(float(norms[some][end]) / typical) for end in (0, -1)]
    far = {"AB"[end]: ends[end] for end in (0, -1) if outside[some][end]}
    spans = ", ".join(f"{name} {_span(values / typical)}" for name, values in norms.items())
    if high - low <= 2 * NORM_TOLERANCE * typical:
        home = "Every training latent has 100 %: they lie on a sphere"
    else:
        shell = f"{percent(low / typical)} to {percent(high / typical)}"
        home = f"95 % of the training latents have {shell}"
    return Finding(
        "norm",
        not far and not any(leaving.values()),
        f"{_staying(leaving, bool(far))}{_far_ends(far)}",
        f"Length along the path, as a share of the typical one: {spans}; "
        f"at the ends {ends[0]} and {ends[1]}. {home}.",
    )


def jumps(changes: Numbers) -> list[int]:
    """Return the steps that change the picture suddenly, by `JUMP` and `LEAST_JUMP`.

    Args:
        changes: Picture-to-picture change of each step, levels of 255.
    """
    threshold = max(JUMP * float(np.median(changes)), LEAST_JUMP)
    return np.flatnonzero(changes > threshold).tolist()


def change_finding(changes: Mapping[str, Numbers]) -> Finding:
    """Say whether the pictures change evenly.

    Args:
        changes: Root of the mean squared difference of neighbouring pictures along each path,
            levels of 255, at least one step.
    """
    sudden = {name: jumps(values) for name, values in changes.items()}
    named = [
        (name, step, float(changes[name][step]))
        for name, steps in sudden.items()
        for step in steps
    ]
    spans = ", ".join(
        f"{name} {values.min():.0f} to {values.max():.0f}" for name, values in changes.items()
    )
    detail = f"Change from frame to frame, in levels of 255: {spans}."
    if not named:
        return Finding("change", True, "The pictures change without a jump.", detail)
    count = len(next(iter(changes.values())))
    name, step, size = max(named, key=lambda one: one[2])
    usual = max(float(np.median(changes[name])), 0.1)
    headline = (
        f"A jump on {name} from t = {step / count:.2f} to {(step + 1) / count:.2f}: "
        f"{size:.0f} levels of 255, {size / usual:.1f} times the "
        "median step."
    )
    return Finding("change", False, headline, detail)


def bits_finding(
    bits: Mapping[str, Numbers], reference: Float[np.ndarray, " reference"]
) -> Finding:
    """Say whether the frames are as likely as real images, if the model can tell.

    Args:
        bits: Bits per dimension of each frame by path; NaN where the model has no likelihood.
        reference: The same of gallery images; empty where they were not measured.
    """
    if any(np.isnan(values).any() for values in bits.values()):
        return Finding(
            "bits",
            None,
            "Not measured: this model has no likelihood.",
            "Only models that are invertible, such as Glow, tell how likely a picture is.",
        )
    spans = ", ".join(
        f"{name} {values.min():.2f} to {values.max():.2f}" for name, values in bits.items()
    )
    caveat = "Simple pictures get few bits, so few is not better: read it beside the pictures."
    if not len(reference):
        return Finding(
            "bits",
            None,
            "Measured, but there is no histogram of real images to compare with.",
            f"Bits per dimension: {spans}. {caveat}",
        )
    low, _, high = np.quantile(reference, _QUANTILES).tolist()
    above = [
        name for name, values in bits.items() if values[1:-1].size and values[1:-1].max() > high
    ]
    below = [
        name for name, values in bits.items() if values[1:-1].size and values[1:-1].min() < low
    ]
    if above:
        headline = f"Frames less likely than 97.5 % of real images: {', '.join(above)}."
    elif below:
        headline = f"Frames simpler than 97.5 % of real images: {', '.join(below)}."
    else:
        headline = "Every frame is as likely as real images are."
    detail = (
        f"Bits per dimension: {spans}; 95 % of real images have {low:.2f} to {high:.2f}. {caveat}"
    )
    return Finding("bits", not above, headline, detail)


def class_finding(
    classes: Mapping[str, Float[np.ndarray, "points class_"]],
    names: Sequence[str],
    ends: tuple[int, int],
    accuracy: str,
) -> Finding:
    """Say what a classifier sees along the paths.

    Args:
        classes: Probability of every class along each path; 0 columns where there is no judge.
        names: Of the classes.
        ends: Class numbers of the two ends, as labelled.
        accuracy: How good the classifier is, one sentence.
    """
    if any(not values.shape[1] for values in classes.values()):
        return Finding(
            "class",
            None,
            "Not measured: this model has no classifier of its classes.",
            "Run `python -m explorer prepare` on it to train one.",
        )
    a, b = ends
    stray, share, place, other = max(
        ((name, *_strongest_other(values, ends)) for name, values in classes.items()),
        key=lambda found: found[1],
    )
    least = min(float(values[:, a].min()) for values in classes.values())
    if share > 0.5:
        good = False
        headline = (
            f"On the way {stray} becomes something else: {percent(share)} {names[other]} "
            f"at t = {place:.2f}."
        )
    elif a != b:
        good = True
        turns = ", ".join(f"{name} {_turn(values, a, b)}" for name, values in classes.items())
        headline = f"From {names[a]} to {names[b]}, turning at t: {turns}."
    elif least > 0.5:
        good = True
        headline = f"Every frame stays {names[a]}: never less than {percent(least)} sure."
    else:
        good = False
        headline = f"Not every frame is clearly {names[a]}: down to {percent(least)}."
    halves = ", ".join(
        f"{name} {_likeliest(values[len(values) // 2], names)}" for name, values in classes.items()
    )
    return Finding("class", good, headline, f"In the middle: {halves}. {accuracy}")


def percent(share: float) -> str:
    """Return a share in per cent: whole, but with a tenth where whole ones would say 100.

    >>> percent(0.712), percent(0.996), percent(1.0), percent(1.013)
    ('71 %', '99.6 %', '100 %', '101 %')
    """
    exact = 100 * share
    hides = round(exact) == 100 and abs(exact - 100) >= 0.05
    return f"{exact:.1f} %" if hides else f"{exact:.0f} %"


def _stretches(outside: Bool[np.ndarray, " points"]) -> list[str]:
    """Say from which t to which the frames between the ends are outside, stretch by stretch."""
    last = len(outside) - 1
    inner = np.concatenate([[False], outside[1:-1], [False]])
    turns = np.flatnonzero(inner[1:] != inner[:-1])
    return [
        f"at t = {end / last:.2f}"
        if end == start + 1
        else f"from t = {(start + 1) / last:.2f} to {end / last:.2f}"
        for start, end in turns.reshape(-1, 2).tolist()
    ]


def _staying(leaving: Mapping[str, Sequence[str]], an_end_is_far: bool) -> str:
    """Say which paths stay, and where the others leave."""
    staying = ", ".join(name for name, stretches in leaving.items() if not stretches)
    places = ", ".join(f"{name} {one}" for name, stretches in leaving.items() for one in stretches)
    if not places and an_end_is_far:
        return "Between the ends every path stays where this model's latents live."
    if not places:
        return "Every path stays where this model's latents live."
    if not staying:
        return f"No path stays where this model's latents live; outside: {places}."
    return f"Where this model's latents live: {staying}. Outside on the way: {places}."


def _far_ends(far: Mapping[str, str]) -> str:
    """Name the ends that lie outside themselves, with their shares."""
    if len(far) == 2:
        return f" A and B themselves lie outside: {far['A']} and {far['B']}."
    return "".join(f" {end} itself lies outside: {share}." for end, share in far.items())


def _span(shares: Numbers) -> str:
    low, high = percent(float(shares.min())), percent(float(shares.max()))
    return low if low == high else f"{low} to {high}"


def _strongest_other(
    values: Float[np.ndarray, "points class_"], ends: tuple[int, int]
) -> tuple[float, float, int]:
    """Return the largest probability of a class of neither end, its t, and the class."""
    rest = values.copy()
    rest[:, list(ends)] = 0
    rest[[0, -1]] = 0
    point, label = np.unravel_index(int(rest.argmax()), rest.shape)
    return float(rest[point, label]), float(point) / (len(values) - 1), int(label)


def _turn(values: Float[np.ndarray, "points class_"], a: int, b: int) -> str:
    """Return the first t at which b is likelier than a."""
    turned = np.flatnonzero(values[:, b] > values[:, a])
    return f"{turned[0] / (len(values) - 1):.2f}" if len(turned) else "never"


def _likeliest(values: Float[np.ndarray, " class_"], names: Sequence[str]) -> str:
    """Name the two most probable classes."""
    first, *others = np.argsort(-values)[:2].tolist()
    second = f" ({names[others[0]]} {percent(float(values[others[0]]))})" if others else ""
    return f"{names[first]} {percent(float(values[first]))}{second}"


def _typical(reference: Float[np.ndarray, " reference"]) -> tuple[float, float, float]:
    _check_norms(reference, "training latents")
    low, typical, high = np.quantile(reference.astype(np.float64), _QUANTILES).tolist()
    if typical == 0:
        raise DataError("The training latents have a typical norm of 0; encode them again.")
    return low, typical, high


def _check_norms(values: Float[np.ndarray, " values"], name: str) -> None:
    if not len(values) or not np.isfinite(values).all():
        problem = "not finite" if len(values) else "missing"
        raise DataError(
            f"The norms of the {name} are {problem}; at least one finite number is needed. "
            "Encode the images again."
        )
