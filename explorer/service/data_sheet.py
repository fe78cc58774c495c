"""The pictures of a data check as one sheet."""

__all__ = ["data_sheet"]

import numpy as np
from jaxtyping import UInt8

from explorer.data.images import tile
from explorer.service.data_check import SHOWN, DataCheck


def data_sheet(found: DataCheck) -> UInt8[np.ndarray, "height width 3"]:
    """Return one row of pictures a class, then the duplicates, on white.

    Args:
        found: With at least one picture.
    """
    rows = []
    for row in found.pictures:
        blank = np.full((SHOWN - len(row.pixels), *row.pixels.shape[1:]), 255, dtype=np.uint8)
        rows.append(np.concatenate([row.pixels, blank]))
    return tile(np.concatenate(rows), SHOWN)
