r"""The nearest other latents of each latent, exactly, at the speed of single precision.

Squared distances from a product of matrices, `|z|^2 - 2 <z, q> + |q|^2`, are quick but rounded.
So the product in float32 only chooses candidates, a few more than are wanted; these are compared
in float64. A latent that is no candidate lies, by the bound on the rounding, farther than the
k-th nearest one; where the bound is too wide to say so, the row is searched in float64.
"""

__all__ = ["nearest_of_each"]

from collections.abc import Callable

import torch
from jaxtyping import Float
from torch import Tensor

from explorer.errors import ConfigError
from explorer.latent.interpolate import angles
from explorer.latent.nearest import Neighbours, nearest

CHUNK = 256
"""Rows compared with all others at a time: 51 MB of distances for 50,000 latents."""

SPARE = 24
"""Candidates more than are wanted."""


def nearest_of_each(
    latents: Float[Tensor, "n dim"], k: int, progress: Callable[[float], None]
) -> Neighbours:
    """Return the `k` nearest other latents of each latent by Euclidean distance.

    Args:
        latents: Finite, shape (n, dim).
        k: How many, 1 to n - 1.
        progress: Told the share of the rows that is done.

    Returns:
        Neighbours on the CPU, nearest first; of equal distances the lower row comes first.

    Raises:
        ConfigError: `k` is not in 1 to n - 1.
    """
    count, dim = latents.shape
    if not 1 <= k < count:
        raise ConfigError(f"k is {k}; each of {count} latents has 1 to {count - 1} others.")
    values = latents.detach().float()
    centred = values - values.mean(0)  # small numbers round less
    squares = centred.square().sum(1)
    # Twice the bound of the inner product's rounding error, gamma_n |z| |q|, and of the sums'.
    unit = torch.finfo(torch.float32).eps
    slack = 4 * (dim + 2) * unit * squares.max()
    wanted = min(k + SPARE, count - 1)
    parts = []
    for first in range(0, count, CHUNK):
        progress(first / count)
        rows = torch.arange(first, min(first + CHUNK, count))
        rough = squares - 2 * centred[rows] @ centred.T + squares[rows][:, None]
        rough[torch.arange(len(rows)), rows] = torch.inf  # no latent is its own neighbour
        near, candidates = torch.topk(rough, wanted, largest=False)
        candidates = candidates.sort(1).values
        gaps = values[candidates].double() - values[rows].double()[:, None]
        distances, order = torch.linalg.vector_norm(gaps, dim=2).sort(dim=1, stable=True)
        indices, distances = candidates.gather(1, order)[:, :k], distances[:, :k]
        if wanted < count - 1:
            unsure = near[:, -1] - slack < distances[:, -1].square()
            for row in torch.nonzero(unsure).flatten().tolist():
                found = _others(values, int(rows[row]), k)
                indices[row], distances[row] = found.indices[0], found.distances[0]
        turned = angles(
            values[indices].flatten(0, 1), values[rows].repeat_interleave(k, dim=0)
        ).reshape(-1, k)
        parts.append((indices, distances, turned))
    columns = [torch.cat(column) for column in zip(*parts, strict=True)]
    return Neighbours(*columns)


def _others(latents: Tensor, row: int, k: int) -> Neighbours:
    """The nearest other latents of one row, searched in float64."""
    found = nearest(latents, latents[row : row + 1], k + 1)
    others = found.indices[0] != row
    if bool(others.all()):  # k + 1 equal latents of lower rows
        others[-1] = False
    return Neighbours(
        found.indices[:, others], found.distances[:, others], found.angles[:, others]
    )
