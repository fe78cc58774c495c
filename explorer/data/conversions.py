"""What happens to a person's picture when it becomes 8-bit pixels, in words.

The rules are those of `explorer.data.intake`; a picture that is taken as it is has none.
"""

__all__ = ["conversions"]

import io

from PIL import Image

ORIENTATION = 0x0112


def conversions(content: bytes) -> tuple[str, ...]:
    """Return one sentence for each thing that `decode` changes about a picture.

    Args:
        content: A file that `explorer.data.intake.decode` has accepted.
    """
    with Image.open(io.BytesIO(content)) as image:
        frames = getattr(image, "n_frames", 1)
        said = []
        if frames > 1:
            said.append(f"It has {frames} frames or pages; the first is taken.")
        if image.mode.startswith("I") or _has_16_bits(image):
            said.append("It has 16 bits a value; 8 are kept.")
        if image.mode == "F":
            said.append("It holds fractions; they become 8-bit values.")
        if image.mode in ("CMYK", "YCbCr", "LAB", "HSV"):
            said.append(f"Its colours are {image.mode}; they become RGB without a colour profile.")
        if image.has_transparency_data:
            said.append("What is transparent lies on white.")
        if _turned(image):
            said.append("It is turned upright as its EXIF data say.")
        return tuple(said)


def _has_16_bits(image: Image.Image) -> bool:
    """Whether Pillow drops bits of a colour picture: it has no mode for 16 bits a colour."""
    tiles = getattr(image, "tile", ())  # of files only: (decoder, box, offset, raw mode)
    return any(";16" in str(tile[-1]) for tile in tiles)


def _turned(image: Image.Image) -> bool:
    try:
        return image.getexif().get(ORIENTATION, 1) in range(2, 9)
    except Exception:  # a broken EXIF block raises anything; `decode` passes it over too
        return False
