"""Where the training images of a model lie, as a reference for a number on the page."""

__all__ = ["Histogram", "bits_reference", "histogram", "norm_reference"]

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Float64

from explorer.errors import DataError
from explorer.service.shelf import OpenModel

BINS = 40


@dataclass(frozen=True, slots=True, eq=False)
class Histogram:
    """How a number is distributed.

    Attributes:
        edges: Of the bins, ascending, float64, shape (bins + 1,).
        shares: Of the values in each bin; they sum to 1, float64, shape (bins,).
        low: 2.5 % quantile.
        median: 50 % quantile.
        high: 97.5 % quantile.
        count: Values.
    """

    edges: Float64[np.ndarray, " edges"]
    shares: Float64[np.ndarray, " bins"]
    low: float
    median: float
    high: float
    count: int


def histogram(values: Float[np.ndarray, " n"], *, bins: int = BINS) -> Histogram:
    """Return the distribution of the values that are finite, in bins of equal width.

    Raises:
        DataError: No value is finite.
    """
    known = values[np.isfinite(values)].astype(np.float64)
    if not len(known):
        raise DataError("There is no finite value to draw a distribution of.")
    counts, edges = np.histogram(known, bins=bins)
    low, median, high = np.quantile(known, [0.025, 0.5, 0.975]).tolist()
    return Histogram(edges, counts / len(known), low, median, high, len(known))


def bits_reference(opened: OpenModel) -> Histogram | None:
    """Return the bits per dimension of the training images in the gallery.

    None where the model has no likelihood or its images were not measured.
    """
    if opened.measures is None or not opened.measures.has_density:
        return None
    return histogram(opened.measures.bits_per_dim[~opened.gallery.held_out])


def norm_reference(opened: OpenModel) -> Histogram:
    """Return the lengths of the training images' latents."""
    return histogram(opened.gallery.norms)
