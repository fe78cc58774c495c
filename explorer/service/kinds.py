"""Every kind of direction an attribute has for one image, side by side with what it would do."""

__all__ = ["KindCard", "compare_kinds"]

import json
import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from jaxtyping import UInt8

from explorer.service.axes import directions_of, kind_in_use
from explorer.service.moves import check_strengths, on_prior
from explorer.service.workbench import Workbench

EVALUATION = "evaluation.json"


@dataclass(frozen=True, slots=True, eq=False)
class KindCard:
    """One kind of direction and the picture it makes.

    Attributes:
        kind: See `explorer.latent.directions`.
        in_use: Whether the slider moves along this one.
        length: Of the step of strength 1, in the latent's own units.
        cosine: To the direction in use, [-1, 1].
        spread_cosine: Mean cosine of resampled directions to this one; NaN if not known.
        spread_error: Relative standard error over draws of the images; NaN if not known.
        positives: Images with the attribute behind it; 0 for a variation.
        negatives: Images without it behind it.
        flips: Share of unseen images that had the attribute after a step of strength 1 along
            this kind; NaN where nobody measured it. See `explorer.service.evaluate`.
        tried: The same at every strength that was measured, (strength, share), weakest first.
            The kind in use was chosen by all of them; see `explorer.judge.edits.choose_edits`.
        pixels: The image moved along it, uint8, shape (height, width, channel).
    """

    kind: str
    in_use: bool
    length: float
    cosine: float
    spread_cosine: float
    spread_error: float
    positives: int
    negatives: int
    flips: float
    tried: tuple[tuple[float, float], ...]
    pixels: UInt8[np.ndarray, "height width channel"]


@torch.no_grad()
def compare_kinds(
    workbench: Workbench, model: str, position: int, attribute: str, strength: float = 1.0
) -> tuple[KindCard, ...]:
    """Return every kind of direction there is for an image, the one in use among them.

    Args:
        workbench: Where the model lies.
        model: Its name.
        position: Of the image.
        attribute: One of the sliders.
        strength: How far each moves the image, [-3, 3].

    Raises:
        NotSupportedError: The model has no sliders.
        ConfigError: An argument is unknown or out of its range.
    """
    opened = workbench.open(model)
    check_strengths(opened, {attribute: strength})
    label = opened.label(position)
    directions = directions_of(opened, attribute)
    used = kind_in_use(opened, attribute, label)
    used_axis = directions.axis(attribute, used, label)
    kinds = directions.kinds(attribute, label)
    axes = torch.stack([directions.axis(attribute, kind, label) for kind in kinds])
    moved = workbench.latents(model, [position]) + strength * axes
    pictures = workbench.decode(model, on_prior(opened, moved), as_sample=True)
    measured = _measured_flips(opened.folder, attribute)
    cards = []
    for kind, axis, pixels in zip(kinds, axes, pictures, strict=True):
        spread = directions.spread(attribute, kind, label)
        positives, negatives = directions.group(attribute, kind, label)
        flips = measured.get(kind, {})
        cards.append(
            KindCard(
                kind=kind,
                in_use=kind == used,
                length=float(axis.norm()),
                cosine=float(torch.cosine_similarity(axis, used_axis, dim=0)),
                spread_cosine=spread.cosine,
                spread_error=spread.error,
                positives=positives,
                negatives=negatives,
                flips=flips.get(1.0, math.nan),
                tried=tuple(sorted(flips.items())),
                pixels=pixels,
            )
        )
    return tuple(cards)


def _measured_flips(folder: Path, attribute: str) -> dict[str, dict[float, float]]:
    """Return by kind and strength what an evaluation found along an attribute; nothing if none."""
    path = folder / EVALUATION
    if not path.exists():
        return {}
    edits = json.loads(path.read_text(encoding="utf-8")).get("edits", {})
    found: dict[str, dict[float, float]] = {}
    for tried in edits.get("tried", ()):
        if tried["attribute"] == attribute:
            strengths = found.setdefault(tried["kind"], {})
            strengths[float(tried["strength"])] = float(tried["flips"])
    return found
