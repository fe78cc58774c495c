"""Squares of pictures between four images."""

__all__ = ["SIZES", "Plane", "fitting_corners", "plane"]

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Bool, Float, Float32, UInt8
from torch import Tensor

from explorer.errors import ConfigError
from explorer.latent.interpolate import norms
from explorer.latent.plane import plane_points
from explorer.latent.walk_findings import inside_shell
from explorer.service.workbench import Workbench

SIZES = (2, 9)
"""Fewest and most pictures a side."""


@dataclass(frozen=True, slots=True, eq=False)
class Plane:
    """Pictures between four corners, row by row from the top.

    Attributes:
        model: The model.
        corners: Positions: top left, top right, bottom left, bottom right.
        method: One of `explorer.latent.plane.PLANE_METHODS`.
        latents: Shape (size, size, dim).
        pixels: uint8, shape (size, size, height, width, channel); corners as the model has them.
        norms: Length of each latent, float32, shape (size, size).
        typical: Whether each norm lies in the range of 95 % of the training latents.
    """

    model: str
    corners: tuple[int, int, int, int]
    method: str
    latents: Float[Tensor, "size size dim"]
    pixels: UInt8[np.ndarray, "size size height width channel"]
    norms: Float32[np.ndarray, "size size"]
    typical: Bool[np.ndarray, "size size"]


@torch.no_grad()
def plane(
    workbench: Workbench, model: str, corners: Sequence[int], *, size: int, method: str
) -> Plane:
    """Fill the square between four images.

    Args:
        workbench: Where the model lies.
        model: The model.
        corners: Positions: top left (A), top right (B), bottom left (C), bottom right (D).
        size: Pictures a side, 2 to 9.
        method: One of `explorer.latent.plane.PLANE_METHODS`.

    Raises:
        ConfigError: There are not four corners, one does not exist, the size or the method is not
            allowed, or the corners lie too far apart for the method.
    """
    if len(corners) != 4:
        raise ConfigError(f"A square has 4 corners; {len(corners)} were given.")
    low, high = SIZES
    if not low <= size <= high:
        raise ConfigError(f"A square of {size} pictures a side; {low} to {high} are shown.")
    opened = workbench.open(model)
    points = plane_points(workbench.latents(model, corners), size, method)
    flat = points.flatten(0, 1)
    ends = [0, size - 1, size * (size - 1), size * size - 1]
    inner = np.setdiff1d(np.arange(size * size), ends)
    channels, height, width = opened.data.image_shape
    pixels = np.zeros((size * size, height, width, channels), dtype=np.uint8)
    pixels[ends] = workbench.drawn(model, corners)
    if len(inner):
        pixels[inner] = workbench.decode(model, flat[inner], as_sample=True)
    lengths = norms(flat).numpy()
    a, b, c, d = corners
    return Plane(
        model=model,
        corners=(a, b, c, d),
        method=method,
        latents=points,
        pixels=pixels.reshape(size, size, height, width, channels),
        norms=lengths.reshape(size, size),
        typical=inside_shell(lengths, opened.gallery.norms).reshape(size, size),
    )


def fitting_corners(
    workbench: Workbench, model: str, a: int, b: int, choice: str, seed: int
) -> tuple[int, int]:
    """Choose the two lower corners to a pair.

    Args:
        workbench: Where the model lies.
        model: The model.
        a: Position of A.
        b: Position of B.
        choice: "class": another image of A's class and one of B's; "random": any two.
        seed: Of the draw.

    Raises:
        ConfigError: The choice is unknown or the gallery too small.
    """
    opened = workbench.open(model)
    chance = np.random.default_rng(seed)
    free = np.setdiff1d(np.arange(len(opened.gallery)), [a, b])
    if len(free) < 2:
        raise ConfigError(f"'{model}' has too few images for four corners; 4 are needed.")
    if choice == "random":
        c, d = chance.choice(free, 2, replace=False).tolist()
        return c, d
    if choice != "class":
        raise ConfigError(f"Corners by '{choice}'; choose 'class' or 'random'.")
    found: list[int] = []
    for end in (a, b):
        rest = np.setdiff1d(free, found)
        same = rest[opened.gallery.labels[rest] == opened.label(end)]
        found.append(int(chance.choice(same if len(same) else rest)))
    return found[0], found[1]
