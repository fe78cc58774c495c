"""A picture that a person brings: decoded once, cropped as they choose, added as a point."""

__all__ = ["OwnImage", "Square", "Tray", "add_own_image", "read_own_image"]

import hashlib
import math
import threading
from collections import OrderedDict
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import UInt8
from PIL import Image

from explorer.data.conversions import conversions
from explorer.data.intake import MAX_BYTES, decode, fit
from explorer.errors import ConfigError, DataError
from explorer.service.points import add_image
from explorer.service.progress import Report, unreported
from explorer.service.workbench import Workbench

KEPT = 4
"""Pictures that wait for their crop; a decoded one may take 64 MB."""


@dataclass(frozen=True, slots=True, eq=False)
class OwnImage:
    """A decoded picture.

    Attributes:
        key: Changes with the file's content.
        image: Upright, 8-bit `L`, `RGB` or `RGBA`.
        notes: What decoding changed, one sentence each.
        name: Of its file, without folders; empty where it is not known.
    """

    key: str
    image: Image.Image
    notes: tuple[str, ...]
    name: str = ""


@dataclass(frozen=True, slots=True)
class Square:
    """Which square of a picture becomes the image.

    Attributes:
        left: Of the square, as a share of the picture's width.
        top: As a share of its height.
        side: As a share of its shorter side, above 0.
        pad: Take the whole picture instead, with white beside it; the others do not count.
    """

    left: float
    top: float
    side: float
    pad: bool = False


class Tray:
    """The pictures that were brought last; safe to use from several threads."""

    def __init__(self) -> None:
        self._images: OrderedDict[str, OwnImage] = OrderedDict()
        self._lock = threading.Lock()

    def put(self, image: OwnImage) -> None:
        """Keep a picture; the oldest makes room."""
        with self._lock:
            self._images[image.key] = image
            self._images.move_to_end(image.key)
            while len(self._images) > KEPT:
                self._images.popitem(last=False)

    def get(self, key: object) -> OwnImage:
        """Return a picture.

        Raises:
            ConfigError: It is not there.
        """
        with self._lock:
            found = self._images.get(key) if isinstance(key, str) else None
        if found is None:
            raise ConfigError("This picture is not kept any more. Choose its file again.")
        return found


def read_own_image(source: Path | bytes, *, name: str = "") -> OwnImage:
    """Decode a picture of any allowed kind.

    Raises:
        DataError: The file is missing, too large, damaged or of another kind; the text names it.
    """
    image = decode(source, name=name)
    if isinstance(source, Path):
        name = name or source.name
        with source.open("rb") as file:
            source = file.read(MAX_BYTES)
    key = hashlib.sha256(source).hexdigest()[:16]
    return OwnImage(key, image, conversions(source), name)


def add_own_image(
    workbench: Workbench,
    model: str,
    own: OwnImage,
    square: Square | None = None,
    report: Report = unreported,
) -> int:
    """Crop a picture, resize it as the model's data were, and return its position as a point.

    Args:
        workbench: Where the model lies.
        model: The model.
        own: The picture.
        square: Which part; the largest centred square if not given.
        report: Takes the progress of the search for its latent.

    Raises:
        ConfigError: The square does not lie in the picture.
        DataError: The model's images are not square.
        Cancelled: The person has cancelled.
    """
    channels, height, width = workbench.open(model).data.image_shape
    if height != width:
        raise DataError(
            f"'{model}' has images of {width} x {height} pixels; own images need a square model."
        )
    pixels = _pixels(own.image, square, height, channels)
    return add_image(workbench, model, pixels, report, file_name=own.name)


def _pixels(
    image: Image.Image, square: Square | None, size: int, channels: int
) -> UInt8[np.ndarray, "height width channel"]:
    if square is None:
        return fit(image, size, channels)
    if square.pad:
        return fit(_padded(image), size, channels)
    return fit(image, size, channels, box=_box(image.size, square))


def _box(size: tuple[int, int], square: Square) -> tuple[int, int, int, int]:
    """Return the square in whole pixels, inside the picture.

    >>> _box((200, 100), Square(left=0.25, top=0.0, side=1.0))
    (50, 0, 150, 100)
    """
    width, height = size
    shares = (square.left, square.top, square.side)
    if not all(math.isfinite(share) and 0 <= share <= 1 for share in shares) or not square.side:
        raise ConfigError(
            f"The crop square is at {square.left:g}, {square.top:g} with side {square.side:g}; "
            "all are shares of the picture, 0 to 1. Move the square again."
        )
    side = max(1, round(square.side * min(size)))
    left = min(round(square.left * width), width - side)
    top = min(round(square.top * height), height - side)
    return left, top, left + side, top + side


def _padded(image: Image.Image) -> Image.Image:
    side = max(image.size)
    sheet = Image.new("RGBA", (side, side), "white")
    left, top = (side - image.width) // 2, (side - image.height) // 2
    sheet.paste(image.convert("RGBA"), (left, top))
    return sheet
