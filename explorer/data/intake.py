"""The one decoder of pictures that people bring: checked from the header, refused in one sentence.

What every mode becomes, so that no picture is turned into values by accident:

| in the file | becomes |
|---|---|
| 8-bit grey, RGB | itself |
| 1-bit | 0 or 255 |
| palette, grey or RGB with transparency | laid over white |
| 16-bit grey (also stored as 32-bit integers up to 65535) | `round(value / 257)` |
| 16-bit RGB | the high byte (Pillow's own rule) |
| float | [0, 1] scaled by 255; [0, 255] rounded; anything else, NaN included, is refused |
| CMYK, YCbCr, HSV | RGB by Pillow's formulas, without colour profiles |
| several frames or pages | the first |
| EXIF orientation | applied; an unreadable EXIF block is passed over |
"""

__all__ = [
    "MAX_BYTES",
    "MAX_PIXELS",
    "MAX_SIDE",
    "SUFFIXES",
    "centre_box",
    "decode",
    "decode_sized",
    "fit",
    "read_image",
    "shrunk",
]

import io
import os
import stat
import warnings
from pathlib import Path

import numpy as np
from jaxtyping import UInt8
from PIL import Image

from explorer.errors import DataError

MAX_BYTES = 32 * 2**20
MAX_SIDE = 8192
MAX_PIXELS = 4096 * 4096
STRIP = 256
SUFFIXES = frozenset({".png", ".jpg", ".jpeg", ".jfif", ".webp", ".bmp", ".tif", ".tiff", ".gif"})
"""Names that promise an allowed format; the content alone decides."""

FORMATS = ("PNG", "JPEG", "WEBP", "BMP", "TIFF", "GIF")
ALLOWED = (
    "Allowed are PNG, JPEG, WEBP, BMP, TIFF (first page) and GIF (first frame), "
    "up to 32 MB, 8192 pixels a side and 16.8 million pixels in all."
)
ORIENTATION = 0x0112
TURNS = {  # EXIF 2.3, tag Orientation: what brings each value back to 1
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
LOOKALIKES = (
    (b"version https://git-lfs", "is a Git LFS pointer, not the picture itself"),
    (b"<!doctype html", "is an HTML page, not a picture"),
    (b"<html", "is an HTML page, not a picture"),
    (b"<svg", "is an SVG drawing, which is not decoded here"),
    (b"<?xml", "is an XML file, not a picture"),
    (b"pk\x03\x04", "is a ZIP archive, not a picture"),
    (b"%pdf", "is a PDF file, not a picture"),
)

# Set once for the process: changing filters around each call is not safe with several threads.
warnings.simplefilter("error", Image.DecompressionBombWarning)


def read_image(
    source: Path | bytes, image_size: int, channels: int = 3, *, name: str = ""
) -> UInt8[np.ndarray, "height width channel"]:
    """Return a person's picture as a square of pixels: centre crop, then resize.

    Args:
        source: A file, or the content of one.
        image_size: Height and width of the result, pixels, at least 1.
        channels: 1 for grey or 3 for RGB.
        name: What to call the picture in an error; a path names itself.

    Returns:
        uint8, shape (image_size, image_size, channels).

    Raises:
        DataError: The file is missing, too large, damaged or of another kind; the text names
            file, problem and allowed formats.
    """
    image = decode(source, name=name, enough=2 * image_size)
    return fit(image, image_size, channels)


def decode(source: Path | bytes, *, name: str = "", enough: int | None = None) -> Image.Image:
    """Return a picture, upright, as 8-bit `L`, `RGB` or `RGBA`; see the table of this module.

    Args:
        source: A file, or the content of one.
        name: What to call the picture in an error; a path names itself.
        enough: Shortest side that is needed, pixels. A JPEG may then be decoded at 1/2, 1/4 or
            1/8, which is several times faster for photographs; never below `enough`.

    Raises:
        DataError: As for `read_image`.
    """
    return decode_sized(source, name=name, enough=enough)[0]


def decode_sized(
    source: Path | bytes, *, name: str = "", enough: int | None = None
) -> tuple[Image.Image, tuple[int, int]]:
    """Return what `decode` returns, and the (width, height) that the file itself has, pixels."""
    name = _shown(name or (str(source) if isinstance(source, Path) else "the picture"))
    image = _opened(_content(source, name), name)
    size = image.size
    try:
        if enough is not None:
            image.draft(None, (enough, enough))
        image.load()
        return _eight_bit(_upright(image), name), size
    except DataError:
        raise
    except (
        Exception
    ) as error:  # decoders raise OSError, ValueError, SyntaxError, struct.error, ...
        raise _refused(name, f"is damaged or cut off ({_one_line(error)})") from None


def fit(
    image: Image.Image,
    image_size: int,
    channels: int = 3,
    *,
    box: tuple[int, int, int, int] | None = None,
) -> UInt8[np.ndarray, "height width channel"]:
    """Return a square part of a decoded picture at the wanted size, over white.

    Args:
        image: What `decode` returned.
        image_size: Height and width of the result, pixels.
        channels: 1 for grey or 3 for RGB.
        box: Square part to take: (left, top, right, bottom) in pixels; the largest centred
            square if not given.

    Returns:
        uint8, shape (image_size, image_size, channels).
    """
    box = box or centre_box(image.size)
    if box != (0, 0, *image.size):
        image = image.crop(box)  # resize's own `box` lets pixels from outside bleed in
    image = shrunk(image, (image_size, image_size))
    if image.mode == "RGBA":
        white = Image.new("RGBA", image.size, "white")
        image = Image.alpha_composite(white, image)
    pixels = np.asarray(image.convert("L" if channels == 1 else "RGB"))
    return pixels.reshape(image_size, image_size, channels).copy()


def shrunk(image: Image.Image, size: tuple[int, int]) -> Image.Image:
    """Return a picture at another (width, height): area average to 3 times that, then Lanczos."""
    return image.resize(size, Image.Resampling.LANCZOS, reducing_gap=3.0)


def centre_box(size: tuple[int, int], side: int | None = None) -> tuple[int, int, int, int]:
    """Return the centred square of a picture.

    Args:
        size: (width, height), pixels.
        side: Side of the square, pixels; the picture's shorter side if not given or smaller.

    Example:
        >>> centre_box((178, 218), 160)
        (9, 29, 169, 189)
    """
    width, height = size
    side = min(width, height, side or MAX_SIDE)
    left, top = (width - side) // 2, (height - side) // 2
    return left, top, left + side, top + side


def _content(source: Path | bytes, name: str) -> bytes:
    content = source if isinstance(source, bytes) else _file_content(source, name)
    if len(content) > MAX_BYTES:
        raise _refused(name, f"has more than {MAX_BYTES // 2**20} MB")
    if not content:
        raise _refused(name, "is empty")
    return content


def _file_content(path: Path, name: str) -> bytes:
    try:
        # A pipe would block the open for ever without O_NONBLOCK; files do not know the flag.
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
        with os.fdopen(descriptor, "rb") as file:
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                raise _refused(name, "is not a regular file")
            return file.read(MAX_BYTES + 1)
    except FileNotFoundError:
        raise _refused(name, "does not exist") from None
    except IsADirectoryError:
        raise _refused(name, "is a folder") from None
    except (OSError, ValueError) as error:
        raise _refused(name, f"cannot be read ({_one_line(error)})") from None


def _opened(content: bytes, name: str) -> Image.Image:
    try:
        image = Image.open(io.BytesIO(content), formats=FORMATS)
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise _refused(name, "has far too many pixels") from None
    except Exception:
        raise _refused(name, _kind(content)) from None
    width, height = image.size
    if max(width, height) > MAX_SIDE or width * height > MAX_PIXELS:
        raise _refused(name, f"is {width} x {height} pixels, which is too large")
    return image


def _kind(content: bytes) -> str:
    start = content[:512].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    for sign, problem in LOOKALIKES:
        if start.startswith(sign):
            return problem
    return "is not a picture in an allowed format, or its header is damaged"


def _upright(image: Image.Image) -> Image.Image:
    try:
        turn = TURNS.get(image.getexif().get(ORIENTATION, 1))
    except Exception:  # a broken EXIF block raises anything; the picture itself may be sound
        return image
    return image if turn is None else image.transpose(turn)


def _eight_bit(image: Image.Image, name: str) -> Image.Image:
    if image.mode.startswith("I"):
        return _scaled(image, name, limit=65535, scale=1 / 257)
    if image.mode == "F":
        largest = float(image.getextrema()[1])  # type: ignore[arg-type]  # one band: a number
        return _scaled(image, name, limit=255, scale=255.0 if largest <= 1 else 1.0)
    if image.has_transparency_data:
        return image.convert("RGBA")
    if image.mode in ("L", "1"):
        return image.convert("L")
    return image.convert("RGB")


def _scaled(image: Image.Image, name: str, *, limit: int, scale: float) -> Image.Image:
    """Return a one-channel picture times `scale`, rounded, in strips to spare memory."""
    width, height = image.size
    pixels = np.empty((height, width), dtype=np.uint8)
    for top in range(0, height, STRIP):
        bottom = min(top + STRIP, height)
        values = np.asarray(image.crop((0, top, width, bottom)), dtype=np.float64)
        low, high = values.min(), values.max()
        if not (low >= 0 and high <= limit):  # false for NaN as well
            allowed = "0 to 65535" if limit == 65535 else "0 to 1 or 0 to 255"
            raise _refused(name, f"has values from {low:g} to {high:g}, not {allowed}")
        pixels[top:bottom] = np.floor(values * scale + 0.5)
    return Image.fromarray(pixels)


def _refused(name: str, problem: str) -> DataError:
    return DataError(f"'{name}' {problem}. {ALLOWED}")


def _shown(name: str) -> str:
    """Return a file name that is safe to show: printable and at most 120 characters."""
    printable = "".join(letter if letter.isprintable() else "?" for letter in name)
    return printable if len(printable) <= 120 else "..." + printable[-117:]


def _one_line(error: Exception) -> str:
    lines = str(error).strip().splitlines()
    return lines[0][:120] if lines else type(error).__name__
