"""Change the size of a whole array of small pictures."""

__all__ = ["resized"]

import numpy as np
from jaxtyping import UInt8
from PIL import Image


def resized(
    pixels: UInt8[np.ndarray, "n height width channel"], image_size: int
) -> UInt8[np.ndarray, "n image_size image_size channel"]:
    """Return the pictures at another size (Lanczos), 1 or 3 channels; the array itself if equal.

    Args:
        pixels: Square pictures.
        image_size: Wanted height and width, pixels.
    """
    if pixels.shape[1] == pixels.shape[2] == image_size:
        return pixels
    channels = pixels.shape[3]
    result = np.empty((len(pixels), image_size, image_size, channels), dtype=np.uint8)
    for row, picture in zip(result, pixels, strict=True):
        image = Image.fromarray(picture[:, :, 0] if channels == 1 else picture)
        image = image.resize((image_size, image_size), Image.Resampling.LANCZOS)
        row[:] = np.asarray(image).reshape(row.shape)
    return result
