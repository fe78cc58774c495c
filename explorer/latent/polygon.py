"""Which points lie inside a polygon."""

__all__ = ["inside_polygon"]

import numpy as np
from jaxtyping import Bool, Float


def inside_polygon(
    points: Float[np.ndarray, "n 2"], corners: Float[np.ndarray, "m 2"]
) -> Bool[np.ndarray, " n"]:
    """Return which points lie inside, by the even-odd rule.

    Args:
        points: Finite.
        corners: Finite, in order around the polygon; the last is joined to the first. The line
            may cross itself: what it encloses twice is outside.

    Returns:
        bool, shape (n,). Of a point exactly on an edge, either may be said.
    """
    order = np.argsort(points[:, 1], kind="stable")
    xs, ys = points[order].astype(np.float64).T
    odd = np.zeros(len(points), dtype=bool)
    ends = corners.astype(np.float64)
    for (x0, y0), (x1, y1) in zip(ends, np.roll(ends, -1, axis=0), strict=True):
        first, last = np.searchsorted(ys, sorted((y0, y1)))  # only these can meet the edge
        if first < last:
            crossing = x0 + (ys[first:last] - y0) * ((x1 - x0) / (y1 - y0))
            odd[first:last] ^= xs[first:last] < crossing
    inside = np.empty_like(odd)
    inside[order] = odd
    return inside
