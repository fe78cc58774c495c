"""How well a run's pictures come back: measured on the sheets that it wrote of them."""

__all__ = ["sheet_psnr"]

import math
from functools import lru_cache
from pathlib import Path

import numpy as np
from PIL import Image

_GAP = 2
"""White pixels between two pictures of a row."""


@lru_cache(maxsize=4096)
def sheet_psnr(path: Path, stamp: int, image_size: int) -> float:
    """Return the PSNR of the reconstructions on a sheet against the originals above them, dB.

    Args:
        path: A `restored` sheet: rows of originals, each with its reconstructions below.
        stamp: Of the file's last change; another one is measured anew.
        image_size: Height of a picture, pixels.

    Returns:
        PSNR over all pictures together; infinity where every one comes back exactly.

    Raises:
        OSError: The file cannot be read.
    """
    with Image.open(path) as image:
        drawn = np.asarray(image.convert("RGB"), dtype=np.float64)
    sheet = drawn[::2, ::2]  # pictures are drawn twice as large
    columns = (sheet.shape[1] + _GAP) // (image_size + _GAP)
    squares, pictures = 0.0, 0
    for top in range(0, len(sheet) - 2 * image_size + 1, 2 * image_size):
        for column in range(columns):
            left = column * (image_size + _GAP)
            pair = sheet[top : top + 2 * image_size, left : left + image_size]
            if (pair == 255).all():
                continue  # the last row may have fewer pictures
            squares += float(np.square(pair[:image_size] - pair[image_size:]).sum())
            pictures += 1
    mean = squares / max(1, pictures * 3 * image_size**2)
    return math.inf if mean == 0 else 10 * math.log10(255**2 / mean)
