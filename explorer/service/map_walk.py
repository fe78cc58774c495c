"""A walk drawn on a map: where its latents fall, and their pictures."""

__all__ = ["FRAMES", "MapWalk", "walk_on_map"]

from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float32, UInt8

from explorer.errors import ConfigError
from explorer.latent.interpolate import METHODS, path
from explorer.protocol import Latents
from explorer.service.drawn_latents import placed
from explorer.service.places import drawn_places
from explorer.service.progress import Report, unreported
from explorer.service.workbench import Workbench

FRAMES = 9
REACH = 2.0
"""An attribute walk goes from strength -2 to 2."""

ATTRIBUTE = "attribute:"


@dataclass(frozen=True, slots=True, eq=False)
class MapWalk:
    """Frames of a walk and their places.

    Attributes:
        points: Where each frame falls on the map, in the layout's own units, float32, shape
            (frame, 2).
        frames: uint8, shape (frame, height, width, channel).
    """

    points: Float32[np.ndarray, "frame 2"]
    frames: UInt8[np.ndarray, "frame height width channel"]


def walk_on_map(
    workbench: Workbench,
    model: str,
    layout: str,
    along: str,
    a: int,
    b: int,
    report: Report = unreported,
) -> MapWalk:
    """Place a walk on a map; its ends are where their images are drawn.

    Args:
        workbench: Where the model lies.
        model: The model.
        layout: Name of the layout.
        along: A kind of path from A to B, or "attribute:NAME" to move A along an attribute, from
            strength -`REACH` to `REACH`.
        a: Position of A.
        b: Position of B.
        report: Takes the progress.

    Raises:
        ConfigError: The layout, a position, the kind of path or the attribute is unknown.
        NotSupportedError: The model's data has no attributes.
    """
    if along.startswith(ATTRIBUTE):
        latents = _along_attribute(workbench, model, along.removeprefix(ATTRIBUTE), a)
        ends = {FRAMES // 2: a}
    elif along in METHODS:
        first, last = workbench.latents(model, [a, b])
        latents, ends = path(first, last, FRAMES, along), {0: a, FRAMES - 1: b}
    else:
        raise ConfigError(
            f"No walk '{along[:60]}'. Choose one of {', '.join(METHODS)}, or {ATTRIBUTE}NAME."
        )
    points = placed(workbench, model, layout, latents, report)
    frames = workbench.decode(model, latents, as_sample=True)
    opened = workbench.open(model)
    for frame, position in ends.items():
        frames[frame] = workbench.picture(model, position).pixels
        if position < len(opened.gallery):
            points[frame] = drawn_places(opened, layout)[position]
    return MapWalk(points, frames)


def _along_attribute(workbench: Workbench, model: str, attribute: str, a: int) -> Latents:
    strengths = np.linspace(-REACH, REACH, FRAMES).tolist()
    rows = [workbench.edited_latents(model, [a], {attribute: one}) for one in strengths]
    return torch.cat(rows)
