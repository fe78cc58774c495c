"""Graded attributes that any picture has: read from its pixels, so that no label is needed."""

__all__ = ["PROPERTIES", "image_properties"]

from collections.abc import Callable

import numpy as np
from jaxtyping import Float64, UInt8

Pixels = Float64[np.ndarray, "n height width channel"]
Property = Float64[np.ndarray, " n"]

_FOREGROUND = 0.1
"""How far a pixel differs from the border to belong to the thing shown; 1 is the whole range."""


def brightness(pixels: Pixels) -> Property:
    """Return the mean of all values; [0, 1]."""
    result: Property = pixels.mean((1, 2, 3))
    return result


def contrast(pixels: Pixels) -> Property:
    """Return the standard deviation of the grey values; [0, 0.5]."""
    result: Property = pixels.mean(3).std((1, 2))
    return result


def size(pixels: Pixels) -> Property:
    """Return the share of pixels that differ from the picture's border; [0, 1]."""
    result: Property = _thing(pixels).mean((1, 2))
    return result


def tilt(pixels: Pixels) -> Property:
    """Return how the pixels of the thing shown slant: correlation of column and row; [-1, 1].

    Above 0 it falls to the right. 0 where there is nothing to see.
    """
    thing = _thing(pixels)
    weight = thing / thing.sum((1, 2), keepdims=True).clip(min=1)
    rows, columns = np.mgrid[0 : thing.shape[1], 0 : thing.shape[2]].astype(float)
    down = rows - (weight * rows).sum((1, 2))[:, None, None]
    right = columns - (weight * columns).sum((1, 2))[:, None, None]
    joint, across, along = (
        (weight * product).sum((1, 2)) for product in (down * right, down**2, right**2)
    )
    scale = np.sqrt(across * along)
    result: Property = np.where(scale > 0, joint / np.maximum(scale, 1e-12), 0.0)
    return result


PROPERTIES: dict[str, Callable[[Pixels], Property]] = {
    "brightness": brightness,
    "contrast": contrast,
    "size": size,
    "tilt": tilt,
}
"""Properties by the name people choose."""

_CHUNK = 2048


def image_properties(
    images: UInt8[np.ndarray, "n height width channel"],
) -> Float64[np.ndarray, "n property"]:
    """Return every property of every image, in the order of `PROPERTIES`."""
    parts = []
    for first in range(0, len(images), _CHUNK):
        pixels = images[first : first + _CHUNK] / 255.0
        parts.append(np.stack([measure(pixels) for measure in PROPERTIES.values()], axis=1))
    return np.concatenate(parts)


def _thing(pixels: Pixels) -> Float64[np.ndarray, "n height width"]:
    """Return 1 where a pixel differs from the median of the picture's border, else 0."""
    border = np.concatenate(
        [pixels[:, 0], pixels[:, -1], pixels[:, :, 0], pixels[:, :, -1]], axis=1
    )
    ground = np.median(border, axis=1)[:, None, None]
    thing: Float64[np.ndarray, "n height width"] = (
        np.abs(pixels - ground).max(3) > _FOREGROUND
    ).astype(float)
    return thing
