"""Moving apart what would lie on top of one another on a map."""

__all__ = ["moved_apart"]

import numpy as np
from jaxtyping import Float32

CROWDED = 0.7
"""Share of the map's rectangle that the wanted gaps would fill if they were squares."""

NEIGHBOURS = 12
SHARE = 0.28
ROUNDS_AT_ONCE = 6
_LEAST_ROUNDS, _MOST_ROUNDS, _ROUND_POINTS = 6, 60, 200_000


def moved_apart(coordinates: Float32[np.ndarray, "n 2"]) -> Float32[np.ndarray, "n 2"]:
    r"""Return map coordinates with points that are too near to one another moved apart a little.

    The wanted gap g is such that n squares of side g fill `CROWDED` of the rectangle around all
    points. In each round every point gives way to its nearest neighbours j with distance d_j < g:

    .. math:: x_i \leftarrow x_i + \sum_j 0.28\,(g - d_j)\,\frac{x_i - x_j}{d_j}

    Args:
        coordinates: Finite, shape (n, 2).

    Returns:
        New coordinates, shape (n, 2), the same for the same input. Points that are apart by the
        gap already, and all points where they lie on a line, stay.
    """
    from scipy.spatial import cKDTree  # noqa: PLC0415  (slow to import)

    places = coordinates.astype(np.float64)
    count = len(places)
    area = float(np.prod(np.ptp(places, axis=0))) if count else 0.0
    if count < 2 or area == 0:
        return coordinates.copy()
    gap = float(np.sqrt(CROWDED * area / count))
    near = min(NEIGHBOURS, count - 1)
    rounds = max(_LEAST_ROUNDS, min(_MOST_ROUNDS, _ROUND_POINTS // count))
    turns = (
        np.arange(count)[:, None] * 2.4 + np.arange(near)[None, :]
    )  # where d is 0: any direction
    anywhere = np.stack([np.cos(turns), np.sin(turns)], axis=2)  # where d is 0: any direction
    for first in range(0, rounds, ROUNDS_AT_ONCE):
        _, found = cKDTree(places).query(places, near + 1)
        others = _without_itself(found)
        for _ in range(min(ROUNDS_AT_ONCE, rounds - first)):
            lines = places[:, None] - places[others]
            distances = np.linalg.norm(lines, axis=2)
            ways = np.where(
                distances[..., None] > gap * 1e-3,
                lines / np.maximum(distances, gap * 1e-3)[..., None],
                anywhere,
            )
            lacks = np.maximum(gap - distances, 0)
            places = places + SHARE * (ways * lacks[..., None]).sum(axis=1)
    moved: Float32[np.ndarray, "n 2"] = places.astype(np.float32)
    return moved


def _without_itself(found: np.ndarray) -> np.ndarray:
    """Each row's point leaves its own row; where equal points hid it, the farthest leaves."""
    own = found == np.arange(len(found))[:, None]
    own[~own.any(axis=1), -1] = True
    others: np.ndarray = found[~own].reshape(len(found), -1)
    return others
