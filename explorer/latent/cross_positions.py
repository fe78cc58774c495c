r"""Positions of images along directions that they had no part in finding.

A direction found from `n` latents of thousands of numbers points a little towards each of them, so
an image that helped to find it lies too far along it. Here each image is left out of its own
direction. With a trait `y` (0 or 1 for an attribute, any number for a graded one) and a bar for a
mean, the direction is the least-squares slope of the latents on the trait:

.. math::
    d = \frac{\sum_i (y_i - \bar y)(z_i - \bar z)}{\sum_i (y_i - \bar y)^2}, \qquad
    s_i = \frac{\langle z_i - z_0, d \rangle}{|d|^2}, \qquad
    z_0 = \bar z + (y_0 - \bar y)\,d

For a 0/1 trait `d` is the difference of means, and with `y_0 = 1/2` the zero `z_0` is half way
between them: the usual position, +1/2 at the mean positive. For a graded one `s` is in the trait's
own unit, counted from `y_0`. Leaving image `i` out changes each sum by one term, so all positions
follow from `Z (y - ybar)` and `|z|^2`: two matrix products for any number of traits.
"""

__all__ = ["cross_positions", "principal_positions", "random_positions"]

from collections.abc import Iterator

import numpy as np
from jaxtyping import Bool, Float32, Float64, Int64
from sklearn.decomposition import PCA

from explorer.errors import DataError

Rows = Float32[np.ndarray, "n dim"]
Columns = Float64[np.ndarray, "n trait"]

_CHUNK = 2048


def cross_positions(
    latents: Rows, traits: Columns, zeros: Float64[np.ndarray, " trait"]
) -> Columns:
    """Return the position of each image along each trait's direction, found without that image.

    Args:
        latents: float32, shape (n, dim), n at least 3.
        traits: float64, shape (n, trait).
        zeros: The trait `y_0` at which the position is 0, shape (trait,).

    Returns:
        Dimensionless, float64, shape (n, trait).

    Raises:
        DataError: A trait is constant, also after one image is left out.
    """
    n = len(latents)
    y = traits - traits.mean(0)
    grow = n / (n - 1)  # a sum about the mean loses this much more than the term itself
    centre = latents.mean(0, dtype=np.float64)
    sums = np.zeros((latents.shape[1], traits.shape[1]))
    for z, rows in _centred(latents, centre):
        sums += z.T @ y[rows]
    along = np.concatenate([z @ sums for z, _ in _centred(latents, centre)])
    norms = [np.square(z).sum(1) for z, _ in _centred(latents, centre)]
    squares = np.concatenate(norms)[:, None]
    spread = np.square(y).sum(0) - grow * np.square(y)
    if (spread <= 1e-12 * np.square(y).sum(0)).any() or not np.isfinite(along).all():
        raise DataError(
            "An attribute is the same for all images, or for all but one, so it has no direction. "
            "Take more images, or choose another attribute."
        )
    weight = grow * y
    inner = (along - weight * squares) / spread
    length = (np.square(sums).sum(0) - 2 * weight * along + weight**2 * squares) / spread**2
    result: Columns = grow * inner / length - (zeros - traits.mean(0) + y / (n - 1))
    return result


def principal_positions(
    latents: Rows, labels: Int64[np.ndarray, " n"], count: int, seed: int = 0
) -> tuple[Columns, Bool[np.ndarray, " n"]]:
    """Return positions along principal directions of the scatter within classes.

    Every second image of each class finds the directions, with the class means removed; the others
    are measured. 0 is the mean of the images that were used to find them, and 1 one standard
    deviation within their classes.

    Args:
        latents: float32, shape (n, dim).
        labels: Class of each image.
        count: Directions wanted; fewer come back where the finding half is smaller.
        seed: Of the randomised decomposition.

    Returns:
        Positions of all images, float64, shape (n, direction), and which of them were measured
        along directions that they did not help to find.
    """
    finding = np.zeros(len(labels), dtype=bool)
    for label in np.unique(labels):
        finding[np.flatnonzero(labels == label)[::2]] = True
    found, own = latents[finding].astype(np.float64), labels[finding]
    means = {label: found[own == label].mean(0) for label in np.unique(own)}
    within = found - np.stack([means[label] for label in own])
    model = PCA(min(count, min(within.shape) - 1), svd_solver="randomized", random_state=seed)
    model.fit(within)
    deviations = np.sqrt(model.explained_variance_)
    positions = (latents - found.mean(0)) @ (model.components_ / deviations[:, None]).T
    return positions, ~finding


def random_positions(latents: Rows, count: int, generator: np.random.Generator) -> Columns:
    """Return projections on random directions, evenly spread over the sphere.

    Every statistic of a shape is free of scale, so the directions need no common length.
    """
    directions = generator.normal(size=(latents.shape[1], count))
    centre = latents.mean(0, dtype=np.float64)
    return np.concatenate([z @ directions for z, _ in _centred(latents, centre)])


def _centred(
    latents: Rows, centre: Float64[np.ndarray, " dim"]
) -> Iterator[tuple[Float64[np.ndarray, "rows dim"], slice]]:
    """Yield the latents less their centre in double precision, a part at a time."""
    for first in range(0, len(latents), _CHUNK):
        rows = slice(first, first + _CHUNK)
        yield latents[rows] - centre, rows
