"""One value range and one pair of conversions for the whole package."""

__all__ = ["tile", "to_images", "to_pixels", "to_png"]

import io

import numpy as np
import torch
from jaxtyping import UInt8
from PIL import Image

from explorer.protocol import Images


def to_images(pixels: UInt8[np.ndarray, "batch height width channel"]) -> Images:
    """Return 8-bit pixels as float32 images in [0, 1], channels first."""
    return torch.from_numpy(pixels).permute(0, 3, 1, 2).to(torch.float32).div(255)


def to_pixels(images: Images) -> UInt8[np.ndarray, "batch height width channel"]:
    """Return images as 8-bit pixels, channels last; values outside [0, 1] are clipped."""
    scaled = images.detach().mul(255).round().clamp(0, 255).to(torch.uint8)
    return np.ascontiguousarray(scaled.permute(0, 2, 3, 1).cpu().numpy())


def tile(
    pixels: UInt8[np.ndarray, "batch height width channel"], columns: int, gap: int = 2
) -> UInt8[np.ndarray, "sheet_height sheet_width channel"]:
    """Return pictures side by side on white, row by row.

    Args:
        pixels: The pictures.
        columns: Pictures a row.
        gap: White pixels between two pictures.
    """
    count, height, width, channels = pixels.shape
    rows = -(-count // columns)
    shape = (rows * (height + gap) - gap, columns * (width + gap) - gap, channels)
    sheet = np.full(shape, 255, dtype=np.uint8)
    for k, picture in enumerate(pixels):
        top, left = (k // columns) * (height + gap), (k % columns) * (width + gap)
        sheet[top : top + height, left : left + width] = picture
    return sheet


def to_png(pixels: UInt8[np.ndarray, "height width channel"]) -> bytes:
    """Return one picture as a PNG file's bytes."""
    content = io.BytesIO()
    Image.fromarray(pixels[:, :, 0] if pixels.shape[2] == 1 else pixels).save(content, "PNG")
    return content.getvalue()
