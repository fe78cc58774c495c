"""Arrays to what a page can show: pictures and sheets of pictures as data URIs."""

__all__ = ["Sheet", "picture_uri", "sheet"]

import base64
from collections.abc import Sequence
from typing import TypedDict

import numpy as np
from jaxtyping import UInt8

from explorer.data.images import tile, to_png


class Sheet(TypedDict):
    """Rows of equally large pictures as one PNG; the page cuts it into its cells.

    One picture of many cells reaches the page several times faster than many pictures do.
    """

    uri: str
    rows: int
    columns: int
    width: int
    height: int


def picture_uri(pixels: UInt8[np.ndarray, "height width channel"]) -> str:
    """Return one picture as a PNG data URI, without loss."""
    return "data:image/png;base64," + base64.b64encode(to_png(pixels)).decode("ascii")


def sheet(rows: Sequence[UInt8[np.ndarray, "columns height width channel"]]) -> Sheet:
    """Compose rows of pictures into one.

    Args:
        rows: At least one, all of the same shape.

    Returns:
        The sheet without gaps; `width` and `height` are those of one cell in pixels.
    """
    columns, height, width, _ = rows[0].shape
    return Sheet(
        uri=picture_uri(tile(np.concatenate(list(rows)), columns, gap=0)),
        rows=len(rows),
        columns=columns,
        width=width,
        height=height,
    )
