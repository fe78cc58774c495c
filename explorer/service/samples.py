"""New images of a model as a later judge or training takes them, wherever they came from."""

__all__ = ["Samples"]

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64, Int64, UInt8

from explorer.protocol import Latents


@dataclass(frozen=True, slots=True, eq=False)
class Samples:
    """Images made from gallery images of a class, with all it takes to make them again.

    Attributes:
        model: Name of the model.
        origin: How they were made, e.g. "completion".
        seed: Of the draw.
        latents: Float32, shape (n, dim).
        labels: Class numbers, int64, shape (n,).
        parents: Gallery positions of the images each was made from, int64, shape (n, parents).
        attributes: Attributes whose positions were chosen; may be none.
        targets: The chosen positions, float64, shape (n, attribute).
        positions: The positions that were reached, same shape.
        pixels: uint8, shape (n, height, width, channel).
    """

    model: str
    origin: str
    seed: int
    latents: Latents
    labels: Int64[np.ndarray, " n"]
    parents: Int64[np.ndarray, "n parents"]
    attributes: tuple[str, ...]
    targets: Float64[np.ndarray, "n attribute"]
    positions: Float64[np.ndarray, "n attribute"]
    pixels: UInt8[np.ndarray, "n height width channel"]

    def __len__(self) -> int:
        """Return the number of images."""
        return len(self.labels)
