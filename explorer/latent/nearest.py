"""The nearest latents to a query, found exactly."""

__all__ = ["Neighbours", "nearest"]

from dataclasses import dataclass

import torch
from jaxtyping import Float, Float64, Int64
from torch import Tensor

from explorer.errors import ConfigError
from explorer.latent.interpolate import angles

CHUNK = 4096
"""Rows converted to float64 at a time: 100 MB at 3,072 dimensions."""


@dataclass(frozen=True, slots=True, eq=False)
class Neighbours:
    """The nearest latents to each query, nearest first.

    Attributes:
        indices: Rows of the searched latents, int64, shape (query, k).
        distances: Euclidean, float64, shape (query, k).
        angles: Radians in [0, pi], float64, shape (query, k); NaN where a row is zero.
    """

    indices: Int64[Tensor, "query k"]
    distances: Float64[Tensor, "query k"]
    angles: Float64[Tensor, "query k"]


def nearest(
    latents: Float[Tensor, "n dim"], query: Float[Tensor, "query dim"], k: int
) -> Neighbours:
    """Return the `k` nearest latents to each query by Euclidean distance, all compared.

    Args:
        latents: Where to search, shape (n, dim).
        query: What to search for, shape (query, dim); a row of `latents` finds itself first.
        k: How many, 1 to n.

    Returns:
        Neighbours on the CPU; of equal distances the lower row comes first.

    Raises:
        ConfigError: `k` is not in 1 to n.
    """
    if not 1 <= k <= len(latents):
        raise ConfigError(f"k is {k}; of {len(latents)} latents 1 to {len(latents)} can be found.")
    wanted = query.detach().to(device="cpu", dtype=torch.float64)
    order = torch.sort(_squared_distances(latents, wanted), dim=1, stable=True).indices[:, :k]
    order = order.sort(dim=1).values
    found = latents.detach().cpu()[order].to(torch.float64)
    # The product form of the distance loses digits near 0; the few that are shown are exact.
    distances = torch.linalg.vector_norm(found - wanted[:, None], dim=2)
    distances, ranks = torch.sort(distances, dim=1, stable=True)
    indices = order.gather(1, ranks)
    turned = [
        angles(latents.detach().cpu()[rows], row.expand(k, -1))
        for rows, row in zip(indices, wanted, strict=True)
    ]
    return Neighbours(indices, distances, torch.stack(turned))


def _squared_distances(latents: Tensor, query: Tensor) -> Tensor:
    """`|z|^2 - 2 <z, q> + |q|^2`, shape (query, n), in float64 by chunks of rows."""
    parts = []
    for rows in torch.split(latents.detach(), CHUNK):
        z = rows.to(device="cpu", dtype=torch.float64)
        parts.append(z.square().sum(1) - 2 * (query @ z.T) + query.square().sum(1, keepdim=True))
    return torch.cat(parts, dim=1)
