"""Pictures made of pictures: rows with labels, and a map of thumbnails."""

__all__ = ["enlarged", "labelled_sheet", "map_sheet"]

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float32, UInt8
from PIL import Image, ImageDraw, ImageFont

CELL = 96
"""Pixels a picture is enlarged to, at least, where there is text beside it."""

GAP = 4
FONT_SIZE = 13
LINE = 20
ROW_LABEL = 110
MAP_SIZE = 1024
THUMBNAILS = (16, 64)
MAP_SHARE = 1.5
"""Area of all thumbnails together, as a share of the map: most stay visible."""


def enlarged(
    pixels: UInt8[np.ndarray, "batch height width channel"], at_least: int
) -> UInt8[np.ndarray, "batch high wide channel"]:
    """Return pictures with each pixel repeated a whole number of times.

    Args:
        pixels: The pictures.
        at_least: Height that is reached by the smallest such number, pixels.
    """
    factor = -(-at_least // pixels.shape[1])
    return pixels.repeat(factor, axis=1).repeat(factor, axis=2)


def labelled_sheet(
    rows: Sequence[tuple[str, UInt8[np.ndarray, "columns height width channel"]]],
    headings: Sequence[str],
) -> UInt8[np.ndarray, "sheet_height sheet_width 3"]:
    """Return rows of pictures on white, a label left of each row and a heading over each column.

    Args:
        rows: Label and pictures; all rows have as many pictures as there are headings.
        headings: One a column; a text too long for its place is cut.
    """
    pictures = [enlarged(row, CELL) for _, row in rows]
    high, wide = pictures[0].shape[1:3]
    size = (ROW_LABEL + len(headings) * (wide + GAP), LINE + len(rows) * (high + GAP))
    sheet = Image.new("RGB", size, "white")
    pen, font = ImageDraw.Draw(sheet), ImageFont.load_default(FONT_SIZE)
    for column, heading in enumerate(headings):
        text = _cut(heading, font, wide)
        left = ROW_LABEL + column * (wide + GAP)
        pen.text((left + wide / 2, LINE / 2), text, fill="black", font=font, anchor="mm")
    for row, (label, _) in enumerate(rows):
        top = LINE + row * (high + GAP)
        text = _cut(label, font, ROW_LABEL - 2 * GAP)
        pen.text((GAP, top + high / 2), text, fill="black", font=font, anchor="lm")
        for column, picture in enumerate(pictures[row]):
            sheet.paste(_as_image(picture), (ROW_LABEL + column * (wide + GAP), top))
    return np.array(sheet)


def map_sheet(
    coordinates: Float32[np.ndarray, "n 2"],
    pixels: UInt8[np.ndarray, "n height width channel"],
) -> UInt8[np.ndarray, "1024 1024 3"]:
    """Return a map with each picture's thumbnail at its coordinates, the second axis upwards.

    Args:
        coordinates: Where the pictures lie, any range.
        pixels: The pictures in the same order; later ones cover earlier ones.
    """
    low, high = THUMBNAILS
    side = int(np.clip(MAP_SIZE * (MAP_SHARE / len(pixels)) ** 0.5, low, high))
    span = max(float(np.ptp(coordinates, axis=0).max()), 1e-12)
    middle = (coordinates.min(axis=0) + coordinates.max(axis=0)) / 2
    places = ((coordinates - middle) * (1, -1) / span + 0.5) * (MAP_SIZE - side)
    sheet = Image.new("RGB", (MAP_SIZE, MAP_SIZE), "white")
    for picture, (left, top) in zip(pixels, places.round().astype(int).tolist(), strict=True):
        thumbnail = _as_image(picture).resize((side, side), Image.Resampling.BOX)
        sheet.paste(thumbnail, (left, top))
    return np.array(sheet)


def _as_image(pixels: UInt8[np.ndarray, "height width channel"]) -> Image.Image:
    return Image.fromarray(pixels[:, :, 0] if pixels.shape[2] == 1 else pixels)


def _cut(text: str, font: ImageFont.FreeTypeFont | ImageFont.ImageFont, width: int) -> str:
    """Return the text, shortened with dots where it is wider than `width` pixels."""
    if font.getlength(text) <= width:
        return text
    while text and font.getlength(text + "..") > width:
        text = text[:-1]
    return text + ".."
