"""What the measures of a set amount to: one sentence, by the ranges of real sets beside them."""

__all__ = ["SetVerdict", "outside", "set_verdict"]

import math
from dataclasses import dataclass
from typing import Literal

from explorer.service.set_measures import SET_MEASURES, SetMeasure, SetMeasures

BETTER = {"kid": "below", "precision": "above", "recall": "above", "coverage": "above"}
"""On which side of the real range a number is no fault; for the others both sides are."""

LOOKS = ("precision", "density", "coverage")
"""What says whether images look real, the plainest first."""

FOREIGN = 0.5
"""Below this share of the least that real sets have, images do not look like real ones."""


@dataclass(frozen=True, slots=True)
class SetVerdict:
    """What a set's measures say.

    Attributes:
        text: One sentence for people.
        tone: "good": no number is off; "fair": some are, or too little was measured; "warm": the
            images do not look real.
    """

    text: str
    tone: Literal["good", "fair", "warm"]


def outside(one: SetMeasure) -> Literal["", "below", "above"]:
    """Return where a number lies that is worse than those of real sets, both as they are shown.

    >>> outside(SetMeasure("precision", 0.04, 0.9, 0.93, 0.96))
    'below'
    >>> outside(SetMeasure("precision", 1.0, 0.9, 0.93, 0.96))
    ''
    """
    value, low, high = _shown(one)
    if value < low and BETTER.get(one.name) != "below":
        return "below"
    return "above" if value > high and BETTER.get(one.name) != "above" else ""


def set_verdict(subject: str, measures: SetMeasures) -> SetVerdict | None:
    """Return what the measures of a set say; None where there are none.

    Args:
        subject: Which images they are, e.g. "The kept images".
        measures: Theirs.
    """
    found = [one for one in measures.found if all(map(math.isfinite, _shown(one)))]
    if not found:
        return None
    off = sorted((one for one in found if outside(one)), key=_gap, reverse=True)
    foreign = [one for one in off if _looks_foreign(one)]
    if foreign:
        plainest = min(foreign, key=lambda one: LOOKS.index(one.name))
        return SetVerdict(f"{subject} do not look like your images: {_fact(plainest)}.", "warm")
    if off:
        worst = _fact(off[0])
        if len(off) > 1:
            worst = f"{len(off)} of {len(found)} numbers are off, most of all {worst}"
        return SetVerdict(f"{subject} are not quite like your images: {worst}.", "fair")
    if not any(one.name in LOOKS for one in found):
        text = f"{subject} are as varied as real ones; whether they look like yours is not known."
        return SetVerdict(text, "fair")
    text = f"{subject} look like your images: all {len(found)} numbers lie among real ones."
    return SetVerdict(text, "good")


def _looks_foreign(one: SetMeasure) -> bool:
    return one.name in LOOKS and one.value < FOREIGN * one.low


def _gap(one: SetMeasure) -> float:
    """Return how far a number is off, in widths of the real range."""
    value, low, high = _shown(one)
    least = 10.0 ** -SET_MEASURES[one.name].digits
    return max(low - value, value - high) / max(high - low, least)


def _shown(one: SetMeasure) -> tuple[float, float, float]:
    """Return value and range rounded as they are shown, so that no sentence belies a table."""
    digits = SET_MEASURES[one.name].digits
    return round(one.value, digits), round(one.low, digits), round(one.high, digits)


def _fact(one: SetMeasure) -> str:
    measure = SET_MEASURES[one.name]
    title = measure.title if measure.title.isupper() else measure.title.lower()
    value, low, high = (f"{number:.{measure.digits}f}" for number in _shown(one))
    return f"{title} {value}, where real images have {low} to {high}"
