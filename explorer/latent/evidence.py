r"""How far images support a change: the positions seen in a class, and those borrowed from others.

With `s` the position of an image along a direction (see `explorer.latent.directions.position`),
`c` a class, and a bar for the mean over a class:

.. math::
    own_c &= [q_{0.025}, q_{0.975}] \text{ of } s_i,\; i \in c \\
    borrowed_c &= [q_{0.025}, q_{0.975}] \text{ of }
        s_j - \bar s_{class(j)} + \bar s_c,\; j \notin c

Other classes are centred on their own mean and shifted to `c`'s, so that what they lend is how
far an attribute *varies*, not where a class lies. A change that no class varies by (a hat for a
class that wears none) therefore has no evidence, however many hats another class wears.
"""

__all__ = [
    "MIN_LENDER",
    "MIN_OWN",
    "QUANTILES",
    "Evidence",
    "Span",
    "Support",
    "completed",
    "evidence_of",
]

from dataclasses import dataclass
from typing import Literal

import numpy as np
from jaxtyping import Float64, Int64

Support = Literal["own", "borrowed", "none"]

QUANTILES = (0.025, 0.975)
MIN_OWN = 5
"""Images below which a class has no range of its own."""

MIN_LENDER = 2
"""Images below which another class shows no variation to borrow."""


@dataclass(frozen=True, slots=True)
class Span:
    """A closed interval of positions.

    Attributes:
        low: Lower end.
        high: Upper end, at least `low`.
    """

    low: float
    high: float

    def __contains__(self, position: float) -> bool:
        """Return whether a position lies in the interval, its ends included."""
        return bool(self.low <= position <= self.high)

    def joined(self, other: "Span | None") -> "Span":
        """Return the smallest interval that holds both."""
        if other is None:
            return self
        return Span(min(self.low, other.low), max(self.high, other.high))


@dataclass(frozen=True, slots=True)
class Evidence:
    """What is known of one class along one direction.

    Attributes:
        own: 2.5 % to 97.5 % of the class's own positions; None below `MIN_OWN` images.
        own_count: Images of the class.
        borrowed: `own` together with what other classes lend; None where there is neither.
        borrowed_count: Images of the classes that lend.
    """

    own: Span | None
    own_count: int
    borrowed: Span | None
    borrowed_count: int

    def at(self, position: float) -> Support:
        """Return what supports a position; a position that is not a number has no support."""
        if self.own is not None and position in self.own:
            return "own"
        if self.borrowed is not None and position in self.borrowed:
            return "borrowed"
        return "none"


def evidence_of(
    positions: Float64[np.ndarray, " n"], labels: Int64[np.ndarray, " n"], label: int
) -> Evidence:
    """Return what the images say of one class.

    Args:
        positions: Of every image along the direction by which that class is edited.
        labels: Class numbers.
        label: The class; one without any image has no mean to shift to, so nothing is borrowed.
    """
    own, lent = positions[labels == label], _lent(positions, labels, label)
    span = _span(own) if len(own) >= MIN_OWN else None
    borrowed = _span(lent).joined(span) if len(lent) else span
    return Evidence(span, len(own), borrowed, len(lent))


def completed(
    positions: Float64[np.ndarray, " n"], labels: Int64[np.ndarray, " n"], label: int
) -> Float64[np.ndarray, " m"]:
    """Return the completed distribution of a class, as a sample of it inside the evidence.

    The class's own positions and, shifted, those of all other classes, each once, so far as they
    lie in the borrowed range.

    Args:
        positions: Of every image along the direction by which that class is edited.
        labels: Class numbers.
        label: The class.

    Returns:
        Sorted positions; empty where the class has no evidence.
    """
    span = evidence_of(positions, labels, label).borrowed
    if span is None:
        return np.zeros(0)
    pool = np.concatenate([positions[labels == label], _lent(positions, labels, label)])
    return np.sort(pool[(pool >= span.low) & (pool <= span.high)])


def _lent(
    positions: Float64[np.ndarray, " n"], labels: Int64[np.ndarray, " n"], label: int
) -> Float64[np.ndarray, " m"]:
    """Return the other classes' positions, shifted from their own mean to that of the class."""
    own = positions[labels == label]
    if not len(own):
        return np.zeros(0)
    groups = [positions[labels == other] for other in np.unique(labels) if other != label]
    moved = [group - group.mean() + own.mean() for group in groups if len(group) >= MIN_LENDER]
    return np.concatenate(moved) if moved else np.zeros(0)


def _span(positions: Float64[np.ndarray, " n"]) -> Span:
    low, high = np.quantile(positions, QUANTILES)
    return Span(float(low), float(high))
