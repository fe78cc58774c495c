"""Which generated images are kept: limits on their numbers, and why one is left out."""

__all__ = ["REASONS", "Limits", "checked_limits", "rejections"]

from collections.abc import Mapping
from typing import Any

import numpy as np
from jaxtyping import Bool
from pydantic import BaseModel, Field, ValidationError

from explorer.errors import ConfigError, near_match
from explorer.service.judgement import Judgement
from explorer.settings import config_error, setting_names

ANY_DISTANCE = 3.0
"""The end of the scale of "unlike", where every distance will do."""


class Limits(BaseModel, frozen=True, extra="forbid"):
    """Between which numbers an image is kept.

    Distances are shares of the typical one from a real image to its nearest other; what is in
    percent is so of the real images' numbers. So a setting means the same for all data.
    """

    memorised: float = Field(
        0.2, ge=0, le=2, description="least distance to a training image, 1 is that of real ones"
    )
    # Of 400 held-out faces the farthest is at 1.6, of the training images themselves at 1.56.
    unlike: float = Field(
        1.75,
        ge=0,
        le=ANY_DISTANCE,
        description="greatest distance to a training image, as above; 3 for any",
    )
    twin: float = Field(
        0.1, ge=0, le=2, description="least distance to an earlier new image, as above"
    )
    agreement: float = Field(
        0.5, ge=0, le=1, description="least share of the label that the classifier sees"
    )
    pretrained: float = Field(
        0.0, ge=0, le=1, description="least share that the pretrained classifier sees"
    )
    # No stricter than this, so that of real images at most 1 in 100 would be left out.
    blurred: float = Field(
        1.0, ge=0, le=50, description="left out if fewer % of real images are more blurred"
    )
    plain: float = Field(
        1.0, ge=0, le=50, description="left out if fewer % of real images show less"
    )
    unlikely: float = Field(
        100.0, ge=50, le=100, description="left out if more % of real images are likelier"
    )


REASONS: dict[str, tuple[str, str]] = {
    "memorised": ("novelty", "almost a training image"),
    "unlike": ("novelty", "unlike any training image"),
    "twin": ("twin", "almost an earlier new image"),
    "agreement": ("agreement", "the classifier sees another class"),
    "pretrained": ("pretrained", "the pretrained classifier sees another class"),
    "blurred": ("sharpness", "blurred"),
    "plain": ("information", "almost plain"),
    "unlikely": ("bits", "unlikely to the flow"),
}
"""Measure and reason by limit."""


def checked_limits(raw: Mapping[str, Any]) -> Limits:
    """Return limits of plain values.

    Raises:
        ConfigError: A limit is unknown or out of range; the text names it.
    """
    for name in raw:
        if name not in Limits.model_fields:
            hint = near_match(name, Limits.model_fields)
            known = ", ".join(Limits.model_fields)
            raise ConfigError(f"No limit '{name}'.{hint} Known: {known}.")
    try:
        return Limits.model_validate(dict(raw))
    except ValidationError as error:
        raise config_error(error, where="The limits", known=setting_names(Limits)) from None


def rejections(judged: Judgement, limits: Limits) -> list[tuple[str, ...]]:
    """Return for each image why it is left out; nothing where it is kept."""
    found: list[list[str]] = [[] for _ in range(judged.count)]
    for name, (measure, reason) in REASONS.items():
        if measure not in judged.values:
            continue
        out = _outside(judged, name, measure, float(getattr(limits, name)))
        for row in np.flatnonzero(out):
            found[row].append(reason)
    return [tuple(reasons) for reasons in found]


def _outside(judged: Judgement, name: str, measure: str, limit: float) -> Bool[np.ndarray, " n"]:
    values, percent = judged.values[measure], 100 * judged.shares[measure]
    if name in ("memorised", "twin"):
        return np.asarray(values < limit * judged.typical)
    if name == "unlike":
        return np.asarray((values > limit * judged.typical) & (limit < ANY_DISTANCE))
    if name in ("blurred", "plain"):
        return np.asarray(percent < limit)
    return np.asarray(percent > limit if name == "unlikely" else values < limit)
