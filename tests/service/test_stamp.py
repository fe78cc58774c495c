"""Settings inside PNG files: what comes back, what is told apart."""

import io

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from PIL import Image, PngImagePlugin

from explorer.errors import ConfigError, DataError
from explorer.service.stamp import KEYWORD, read_stamp, stamped_png
from explorer.service.view import WalkView

VIEW = WalkView(model="Gesichter", a="1", b="2", steps=5, methods=("slerp",))


def picture(height=5, width=7, channels=3):
    return np.random.default_rng(0).integers(0, 256, (height, width, channels), dtype=np.uint8)


def saved(image, text=None):
    content = io.BytesIO()
    chunks = PngImagePlugin.PngInfo()
    if text is not None:
        chunks.add_itxt(KEYWORD, text)
    image.save(content, "PNG", pnginfo=chunks)
    return content.getvalue()


@given(
    arrays.arrays(
        np.uint8, st.tuples(st.integers(1, 6), st.integers(1, 6), st.sampled_from([1, 3]))
    )
)
def test_view_and_pixels_come_back(pixels):
    content = stamped_png(pixels, VIEW)
    assert read_stamp(content) == VIEW
    with Image.open(io.BytesIO(content)) as image:
        assert np.array_equal(np.asarray(image).reshape(pixels.shape), pixels)


def test_one_changed_pixel_is_noticed():
    content = stamped_png(picture(), VIEW)
    with Image.open(io.BytesIO(content)) as image:
        text = image.info[KEYWORD]
        image.putpixel((3, 2), tuple(255 - value for value in image.getpixel((3, 2))))
        changed = saved(image, text)
    with pytest.raises(DataError, match="changed after it was exported"):
        read_stamp(changed)


def test_a_cropped_picture_is_noticed_even_where_its_bytes_agree():
    flat = np.zeros((4, 6, 3), dtype=np.uint8)
    with Image.open(io.BytesIO(stamped_png(flat, VIEW))) as image:
        turned = saved(image.transpose(Image.Transpose.ROTATE_90), image.info[KEYWORD])
    with pytest.raises(DataError, match="changed"):
        read_stamp(turned)


def test_a_foreign_picture_is_told_apart():
    with pytest.raises(DataError, match="no settings of Latent Explorer"):
        read_stamp(saved(Image.fromarray(picture())))


@pytest.mark.parametrize("text", ["", "{}", "[1]", '{"pixels": "x"}', "no json"])
def test_damaged_settings_are_told(text):
    with pytest.raises(DataError, match=r"damaged|no settings"):
        read_stamp(saved(Image.fromarray(picture()), text))


def test_settings_of_another_kind_are_named():
    pixels = picture()
    text = stamped_png(pixels, VIEW)
    with Image.open(io.BytesIO(text)) as image:
        other = image.info[KEYWORD].replace('"walk"', '"flight"')
        content = saved(image, other)
    with pytest.raises(ConfigError, match="cannot be read"):
        read_stamp(content)


@pytest.mark.parametrize("content", [b"", b"GIF89a", b"\x89PNG\r\n\x1a\n", b"x" * 100])
def test_what_is_no_png_is_refused(content):
    with pytest.raises(DataError, match="no readable PNG"):
        read_stamp(content)


def test_a_jpeg_with_the_right_name_is_refused():
    content = io.BytesIO()
    Image.fromarray(picture()).save(content, "JPEG")
    with pytest.raises(DataError, match="no readable PNG"):
        read_stamp(content.getvalue())


def test_a_half_file_is_refused():
    content = stamped_png(picture(80, 80), VIEW)
    with pytest.raises(DataError, match="no readable PNG"):
        read_stamp(content[: len(content) // 2])
