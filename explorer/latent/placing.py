r"""Put new latents on a map that was laid out without them.

On a map along principal axes a latent has a place of its own: its projection. The axes come back
from the map itself. With `Z` the centred latents and `y` their coordinates along one axis,

.. math:: v = Z^\top y \,/\, |y|^2

is the axis, because `y = Z v` with `v` a unit eigenvector of `Z^T Z`.

On a UMAP a new latent gets the place that UMAP's own transform starts from: the mean of its
neighbours' places, weighted by the strengths of fuzzy membership,

.. math::
    w_j = \exp(-d_j / \sigma), \qquad
    \sigma \text{ such that } \sum_{j=1}^{k} \exp(-d_j / \sigma) = \log_2 k

with `d_j` the distances to the k nearest latents, in the metric and among the principal
components that the map was made with. What transform does afterwards, moving the new points by
the same forces as the map's, is left out: it takes seconds, needs the fitted object, and moves
points little (the tests compare). A latent of the map itself gets its own place.

Source:
    McInnes, Healy, Melville, UMAP, 2018 (arXiv 1802.03426), sections 3.1 and 4.
"""

__all__ = ["Frame", "frame_of", "on_axes", "on_umap"]

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Float32, Float64
from torch import Tensor

from explorer.latent.projection import PCA_DIM, Projection, pca

METRIC_NAMES = {"manhattan": "cityblock"}
"""What scipy calls a metric, where it is not umap's name."""

SAME = 1e-3
"""A latent nearer than this share of its second distance to one of the map is that one."""

OPPOSITE = 2.0
"""The largest distance by angle or correlation."""

HALVINGS = 50
DEFAULT_NEIGHBOURS = 15


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """The principal axes of a map's latents.

    Attributes:
        mean: Of the latents, float32, shape (dim,).
        axes: One a row, float32, shape (m, dim); zero where the latents do not vary.
        coordinates: Of the latents along the axes, float32, shape (n, m).
    """

    mean: Float32[np.ndarray, " dim"]
    axes: Float32[np.ndarray, "m dim"]
    coordinates: Float32[np.ndarray, "n m"]

    def project(self, latents: Float[Tensor, "k dim"]) -> Float32[np.ndarray, "k m"]:
        """Return the coordinates of latents along the axes."""
        values: np.ndarray = latents.detach().cpu().float().numpy()
        projected: np.ndarray = (values - self.mean) @ self.axes.T
        return projected


def frame_of(latents: Float[Tensor, "n dim"], layout: Projection) -> Frame:
    """Return the axes of a map along principal axes, or those that its UMAP was made from.

    Args:
        latents: Those of the map, in its order.
        layout: The map.
    """
    coordinates = (
        layout.coordinates
        if layout.method == "pca"
        else pca(latents, min(PCA_DIM, *latents.shape))
    )
    values: np.ndarray = latents.detach().cpu().float().numpy()
    mean = values.mean(axis=0, dtype=np.float64).astype(np.float32)
    # The coordinates' columns sum to zero, so the mean need not be taken off every latent.
    sums = coordinates.T.astype(np.float32) @ values
    squares = np.square(coordinates, dtype=np.float64).sum(axis=0)[:, None]
    axes = np.divide(sums, squares, out=np.zeros(sums.shape), where=squares > 0)
    return Frame(mean, axes.astype(np.float32), coordinates)


def on_axes(frame: Frame, latents: Float[Tensor, "k dim"]) -> Float32[np.ndarray, "k 2"]:
    """Return the places of latents on the map along principal axes that the frame is of."""
    return frame.project(latents)


def on_umap(
    frame: Frame, layout: Projection, latents: Float[Tensor, "k dim"]
) -> Float32[np.ndarray, "k 2"]:
    """Return the places of latents on a UMAP: placed, not laid out.

    Args:
        frame: Of the principal components that the map was made from.
        layout: The map.
        latents: Any of the same model.
    """
    from scipy.spatial.distance import cdist  # noqa: PLC0415  (slow to import)

    wanted = int(layout.settings.get("n_neighbors", DEFAULT_NEIGHBOURS))
    k = min(wanted, layout.count)
    metric = str(layout.settings.get("metric", "euclidean"))
    gaps = cdist(frame.project(latents), frame.coordinates, METRIC_NAMES.get(metric, metric))
    gaps = np.nan_to_num(gaps, nan=OPPOSITE)  # a latent in the very middle has no angle
    order = np.argpartition(gaps, k - 1, axis=1)[:, :k]
    near = np.take_along_axis(gaps, order, axis=1)
    order = np.take_along_axis(order, near.argsort(axis=1), axis=1)
    near = np.sort(near, axis=1)
    weights = _memberships(near)
    places = np.einsum("kj,kjc->kc", weights, layout.coordinates[order].astype(np.float64))
    is_known = near[:, 0] <= SAME * near[:, -1]
    places[is_known] = layout.coordinates[order[is_known, 0]]
    placed: Float32[np.ndarray, "k 2"] = places.astype(np.float32)
    return placed


def _memberships(near: Float64[np.ndarray, "k j"]) -> Float64[np.ndarray, "k j"]:
    """Return the strengths of fuzzy membership, shares of each row's sum.

    The width is found by halving an interval on a logarithmic scale. Distances beyond the nearest
    one's give the same weights, and no row of which all vanish.
    """
    target = np.log2(near.shape[1])
    scale = np.where(near[:, -1:] > 0, near[:, -1:], 1.0)
    low, high = np.full(scale.shape, -12.0), np.full(scale.shape, 12.0)
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        total = np.exp(-near / (scale * np.exp(middle))).sum(axis=1, keepdims=True)
        low, high = np.where(total < target, middle, low), np.where(total < target, high, middle)
    width = scale * np.exp(high)
    strengths = np.exp(-(near - near[:, :1]) / width)
    shares: Float64[np.ndarray, "k j"] = strengths / strengths.sum(axis=1, keepdims=True)
    return shares
