"""Real files of each kind: what is said about them, and what they become."""

import io

import numpy as np
import pytest
from PIL import Image

from explorer.data.conversions import conversions
from explorer.data.intake import decode, read_image
from explorer.errors import DataError

SIDE = 8


def as_file(image, form, **options):
    content = io.BytesIO()
    image.save(content, form, **options)
    return content.getvalue()


def grey_16(value):
    return Image.fromarray(np.full((SIDE, SIDE), value, dtype=np.uint16))


def rgb_16(value):
    """A 16-bit colour PNG, which Pillow reads and does not write."""
    import struct
    import zlib

    def chunk(kind, data):
        check = zlib.crc32(kind + data)
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", check)

    rows = (b"\0" + struct.pack(">H", value) * 3 * SIDE) * SIDE
    header = struct.pack(">IIBBBBB", SIDE, SIDE, 16, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(rows))
        + chunk(b"IEND", b"")
    )


def animated(form):
    frames = [Image.new("RGB", (SIDE, SIDE), colour) for colour in ("red", "blue", "green")]
    return as_file(frames[0], form, save_all=True, append_images=frames[1:])


def turned():
    image = Image.new("RGB", (SIDE, SIDE), "red")
    exif = image.getexif()
    exif[0x0112] = 6
    return as_file(image, "JPEG", exif=exif)


PLAIN = {
    "grey PNG": as_file(Image.new("L", (SIDE, SIDE), 7), "PNG"),
    "RGB PNG": as_file(Image.new("RGB", (SIDE, SIDE), "red"), "PNG"),
    "JPEG": as_file(Image.new("RGB", (SIDE, SIDE), "red"), "JPEG"),
    "1x1": as_file(Image.new("RGB", (1, 1), "red"), "PNG"),
}
CHANGED = {
    "animated GIF": (animated("GIF"), "3 frames", (255, 0, 0)),
    "animated WEBP": (animated("WEBP"), "3 frames", (255, 0, 0)),
    "TIFF of 3 pages": (animated("TIFF"), "3 frames or pages", (255, 0, 0)),
    "16-bit grey": (as_file(grey_16(65535), "PNG"), "16 bits", (255, 255, 255)),
    "16-bit colour": (rgb_16(0x8000), "16 bits", (128, 128, 128)),
    "CMYK": (as_file(Image.new("CMYK", (SIDE, SIDE)), "JPEG"), "CMYK", (255, 255, 255)),
    "transparent": (
        as_file(Image.new("RGBA", (SIDE, SIDE), (255, 0, 0, 0)), "PNG"),
        "transparent lies on white",
        (255, 255, 255),
    ),
    "turned": (turned(), "turned upright", (254, 0, 0)),
}


@pytest.mark.parametrize("kind", PLAIN)
def test_a_plain_picture_is_not_remarked_on(kind):
    assert conversions(PLAIN[kind]) == ()


@pytest.mark.parametrize("kind", CHANGED)
def test_what_is_changed_is_said_and_done(kind):
    content, words, colour = CHANGED[kind]
    said = conversions(content)
    assert len(said) == 1
    assert words in said[0]
    assert read_image(content, 4)[2, 2].tolist() == pytest.approx(colour, abs=2)


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"", "is empty"),
        (b"just some words\n", "not a picture"),
        (b"<!DOCTYPE html><html>", "HTML page"),
        (PLAIN["RGB PNG"][:-30], "damaged or cut off"),
        (as_file(Image.new("1", (10_000, 10_000)), "PNG"), "10000 x 10000|too many pixels"),
    ],
)
def test_what_is_no_picture_is_refused_in_one_sentence(content, problem):
    with pytest.raises(DataError, match=problem) as caught:
        decode(content, name="file")
    assert "Allowed are PNG" in str(caught.value)
