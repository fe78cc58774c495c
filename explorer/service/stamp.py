"""Settings inside a PNG file: written when it is exported, read when it comes back.

The chunk also holds the SHA-256 of the pixels, so that a picture that was changed since is told
from one that shows what its settings say.

Source:
    PNG Specification (Third Edition), 11.3.3.4: iTXt, international textual data.
"""

__all__ = ["KEYWORD", "read_stamp", "stamped_png"]

import hashlib
import io
import json
import warnings

import numpy as np
from jaxtyping import UInt8
from PIL import Image, PngImagePlugin

from explorer.errors import DataError
from explorer.service.view import View, parse_view, view_text

KEYWORD = "latent-explorer"
"""The chunk's keyword."""

MOST_PIXELS = 60_000_000
"""Of a picture that is read; the largest one exported has about a sixth of it."""


def stamped_png(pixels: UInt8[np.ndarray, "height width channel"], view: View) -> bytes:
    """Return a picture as a PNG file that says what it was made with."""
    content = io.BytesIO()
    chunks = PngImagePlugin.PngInfo()
    stamp = {"pixels": _digest(pixels), "view": json.loads(view_text(view))}
    chunks.add_itxt(KEYWORD, json.dumps(stamp, ensure_ascii=False))
    picture = Image.fromarray(pixels[:, :, 0] if pixels.shape[2] == 1 else pixels)
    picture.save(content, "PNG", pnginfo=chunks)
    return content.getvalue()


def read_stamp(content: bytes) -> View:
    """Return what a PNG file was made with.

    Raises:
        DataError: It is no PNG file, has no settings of ours, or was changed since its export.
        ConfigError: Its settings are not ones this version knows.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(io.BytesIO(content), formats=["PNG"]) as picture:
                if picture.width * picture.height > MOST_PIXELS:
                    raise DataError(
                        f"The picture has {picture.width} x {picture.height} pixels, more than "
                        "any that was exported here."
                    )
                picture.load()
                text = picture.info.get(KEYWORD)
                pixels = np.asarray(picture)
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError, Warning):
        raise DataError("This file is no readable PNG picture.") from None
    if not isinstance(text, str):
        raise DataError(
            "This picture holds no settings of Latent Explorer. Drop one that was exported here, "
            "with its settings still inside: many programs remove them."
        )
    try:
        stamp = json.loads(text)
        digest, view = stamp["pixels"], json.dumps(stamp["view"])
    except (ValueError, KeyError, TypeError):
        raise DataError("The settings inside this picture are damaged. Export it again.") from None
    if digest != _digest(pixels if pixels.ndim == 3 else pixels[:, :, None]):
        raise DataError(
            "This picture was changed after it was exported, so its settings may not be its own. "
            "Drop the picture as it was exported."
        )
    return parse_view(view)


def _digest(pixels: UInt8[np.ndarray, "height width channel"]) -> str:
    shape = "x".join(map(str, pixels.shape))
    return hashlib.sha256(shape.encode() + np.ascontiguousarray(pixels).tobytes()).hexdigest()
