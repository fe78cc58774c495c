"""New latents of one class whose attribute positions follow a wished-for distribution."""

__all__ = ["draw_targets", "moved_to", "positions_along"]

from collections.abc import Sequence

import numpy as np
import torch
from jaxtyping import Float64
from torch import Tensor

from explorer.errors import DataError
from explorer.protocol import Latents

Axes = Float64[Tensor, "attribute dim"]
Offsets = Float64[Tensor, " attribute"]
Positions = Float64[Tensor, "batch attribute"]

ROUNDS_ON_SPHERE = 50
CLOSE = 1e-9


def draw_targets(
    pools: Sequence[Float64[np.ndarray, " _"]], count: int, generator: np.random.Generator
) -> Float64[np.ndarray, "count attribute"]:
    """Draw positions, each attribute from its own pool and independently of the others.

    Args:
        pools: For each attribute a sample of the wished-for distribution, at least one number.
        count: Rows to draw.
        generator: Says which.
    """
    return np.stack([generator.choice(pool, size=count) for pool in pools], axis=1)


def positions_along(latents: Latents, axes: Axes, offsets: Offsets) -> Positions:
    """Return where latents lie along each direction: `<z, d> / |d|^2 - offset`."""
    return latents.to(torch.float64) @ (axes / axes.square().sum(1, keepdim=True)).T - offsets


def moved_to(
    latents: Latents, axes: Axes, offsets: Offsets, targets: Positions, *, sphere: bool
) -> Latents:
    """Return latents moved, by the shortest way, to where their positions are the targets.

    Directions that are not orthogonal drift each other's positions; all are solved for at once.

    Args:
        latents: Float, shape (batch, dim).
        axes: Linearly independent directions, at most dim.
        offsets: As in `positions_along`.
        targets: Wished-for positions, shape (batch, attribute).
        sphere: Whether latents are unit rows and have to stay so. Targets beyond the sphere are
            approached, not reached.

    Raises:
        DataError: The directions depend on each other, so that not every target can be reached.
    """
    lengths = axes.square().sum(1)
    gram = axes @ axes.T
    if len(axes) and torch.linalg.matrix_rank(gram / torch.outer(lengths, lengths).sqrt()) < len(
        axes
    ):
        raise DataError(
            "These attributes' directions depend on each other, so their positions cannot be "
            "chosen apart. Choose fewer attributes."
        )
    moved = latents.to(torch.float64)
    for _ in range(ROUNDS_ON_SPHERE if sphere else 1):
        missing = targets - positions_along(moved, axes, offsets)
        if not len(axes) or missing.abs().max() < CLOSE:
            break
        strengths = torch.linalg.solve(gram, (missing * lengths).T).T
        moved = moved + strengths @ axes
        if sphere:
            moved = torch.nn.functional.normalize(moved)
    return moved.to(latents)
