"""Pictures made of pictures: rows with labels, and a map of thumbnails."""

__all__ = ["enlarged", "labelled_sheet", "map_sheet", "same_size", "titled"]

from collections.abc import Collection, Sequence

import numpy as np
from jaxtyping import Float32, UInt8
from PIL import Image, ImageDraw, ImageFont

CELL = 96
"""Pixels a picture is enlarged to, at least, where there is text beside it."""

GAP = 4
FONT_SIZE = 13
LINE = 20
TITLE = 30
TITLE_SIZE = 16
ROW_LABEL = 110
FRAME = "#c2410c"
FRAME_WIDTH = 2
FRAMED = "framed: no image of the data supports this change"
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


def same_size(
    rows: Sequence[UInt8[np.ndarray, "columns height width channel"]],
) -> list[UInt8[np.ndarray, "columns high wide channel"]]:
    """Return rows of pictures at the size of the largest, each pixel as a block."""
    high, wide = (max(row.shape[axis] for row in rows) for axis in (1, 2))
    made = []
    for row in rows:
        down, right = (
            np.arange(side) * row.shape[axis] // side for axis, side in ((1, high), (2, wide))
        )
        made.append(row[:, down][:, :, right])
    return made


def labelled_sheet(
    rows: Sequence[tuple[str, UInt8[np.ndarray, "columns height width channel"]]],
    headings: Sequence[str],
    framed: Collection[tuple[int, int]] = (),
) -> UInt8[np.ndarray, "sheet_height sheet_width 3"]:
    """Return rows of pictures on white, a label left of each row and a heading over each column.

    Args:
        rows: Label and pictures; all rows have as many pictures as there are headings.
        headings: One a column; a text too long for its place is cut.
        framed: (row, column) of pictures that nothing in the data supports. They get a frame
            around them, which covers none of their pixels, and a line below says what it means.
    """
    pictures = [enlarged(row, CELL) for _, row in rows]
    high, wide = pictures[0].shape[1:3]
    below = LINE if framed else 0
    size = (ROW_LABEL + len(headings) * (wide + GAP), LINE + len(rows) * (high + GAP) + below)
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
            left = ROW_LABEL + column * (wide + GAP)
            sheet.paste(_as_image(picture), (left, top))
            if (row, column) in framed:
                _frame(pen, left, top, wide, high)
    if framed:
        text = _cut(FRAMED, font, size[0] - 2 * GAP)
        pen.text((GAP, size[1] - LINE / 2), text, fill=FRAME, font=font, anchor="lm")
    return np.array(sheet)


def titled(
    sheet: UInt8[np.ndarray, "height width 3"], title: str
) -> UInt8[np.ndarray, "higher width 3"]:
    """Return a sheet with a title over it; a title too long for the sheet is cut."""
    whole = Image.new("RGB", (sheet.shape[1], TITLE + sheet.shape[0]), "white")
    pen, font = ImageDraw.Draw(whole), ImageFont.load_default(TITLE_SIZE)
    text = _cut(title, font, sheet.shape[1] - 2 * GAP)
    pen.text((GAP, TITLE / 2), text, fill="black", font=font, anchor="lm")
    whole.paste(Image.fromarray(sheet), (0, TITLE))
    return np.array(whole)


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


def _frame(pen: ImageDraw.ImageDraw, left: int, top: int, wide: int, high: int) -> None:
    """Draw a frame around a picture, in the gaps beside it."""
    near, far = (left - FRAME_WIDTH, top - FRAME_WIDTH), (left + wide, top + high)
    corners = (*near, *(edge + FRAME_WIDTH - 1 for edge in far))
    pen.rectangle(corners, outline=FRAME, width=FRAME_WIDTH)


def _as_image(pixels: UInt8[np.ndarray, "height width channel"]) -> Image.Image:
    return Image.fromarray(pixels[:, :, 0] if pixels.shape[2] == 1 else pixels)


def _cut(text: str, font: ImageFont.FreeTypeFont | ImageFont.ImageFont, width: int) -> str:
    """Return the text, shortened with dots where it is wider than `width` pixels."""
    if font.getlength(text) <= width:
        return text
    while text and font.getlength(text + "..") > width:
        text = text[:-1]
    return text + ".."
