"""Pictures of every mode become what the table says; hostile ones become one sentence."""

import io
import os
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, strategies
from PIL import Image
from tiny_sets import random_pixels

from explorer.data.intake import MAX_BYTES, MAX_SIDE, centre_box, decode, fit, read_image
from explorer.errors import DataError

ALLOWED_FORMATS = "Allowed are PNG, JPEG, WEBP, BMP, TIFF"


def encoded(image: Image.Image, kind: str = "PNG", **options) -> bytes:
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def grey(values: list[list[float]], dtype: type) -> Image.Image:
    return Image.fromarray(np.array(values, dtype=dtype))


def png_header(width: int, height: int) -> bytes:
    """Return a PNG that announces a size and holds one empty line of pixels."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        body = kind + content
        return struct.pack(">I", len(content)) + body + struct.pack(">I", zlib.crc32(body))

    size = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    parts = chunk(b"IHDR", size) + chunk(b"IDAT", zlib.compress(b"\0")) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + parts


def refusal(source: Path | bytes, name: str = "") -> str:
    with pytest.raises(DataError) as caught:
        read_image(source, 8, name=name)
    text = str(caught.value)
    assert ALLOWED_FORMATS in text
    assert "\n" not in text
    return text


@pytest.mark.parametrize("kind", ["PNG", "WEBP", "BMP", "TIFF"])
def test_lossless_formats_return_the_very_pixels(kind):
    pixels = random_pixels(0, 8, 8)
    options = {"lossless": True} if kind == "WEBP" else {}
    result = read_image(encoded(Image.fromarray(pixels), kind, **options), 8)
    np.testing.assert_array_equal(result, pixels)


def test_a_jpeg_keeps_its_colour():
    image = Image.new("RGB", (64, 48), (200, 100, 50))
    result = read_image(encoded(image, "JPEG", quality=95), 8)
    np.testing.assert_allclose(result, np.full((8, 8, 3), (200, 100, 50)), atol=4)


def test_a_large_jpeg_decoded_at_a_fraction_is_close_to_the_whole():
    ramp = np.tile(np.linspace(0, 255, 1024, dtype=np.uint8), (1024, 1))
    content = encoded(Image.fromarray(ramp), "JPEG", quality=95)
    whole = fit(decode(content), 16)
    assert decode(content, enough=32).size == (128, 128)
    np.testing.assert_allclose(read_image(content, 16).astype(int), whole.astype(int), atol=4)


def test_a_wide_picture_is_cut_to_its_centre():
    pixels = np.zeros((8, 24, 3), dtype=np.uint8)
    pixels[:, 8:16] = 255
    assert read_image(encoded(Image.fromarray(pixels)), 8).min() == 255


@given(strategies.integers(1, 300), strategies.integers(1, 300), strategies.integers(1, 300))
def test_the_centre_box_is_a_square_inside_the_picture(width, height, side):
    left, top, right, bottom = centre_box((width, height), side)
    assert right - left == bottom - top == min(width, height, side)
    assert left >= 0 and top >= 0 and right <= width and bottom <= height
    assert abs(left - (width - right)) <= 1 and abs(top - (height - bottom)) <= 1


@given(strategies.integers(1, 40), strategies.integers(1, 40), strategies.sampled_from([1, 3]))
def test_any_size_becomes_the_wanted_one(width, height, channels):
    result = read_image(encoded(Image.new("RGB", (width, height), "red")), 9, channels)
    assert result.shape == (9, 9, channels)
    assert result.dtype == np.uint8


def test_one_channel_is_grey():
    result = read_image(encoded(Image.new("RGB", (4, 4), (255, 0, 0))), 4, 1)
    assert set(result.ravel()) == {76}  # ITU-R 601-2: 0.299 of 255


def test_sixteen_bits_become_eight_by_rounding():
    image = grey([[0, 257, 65535], [128, 129, 32896], [0, 0, 0]], np.uint16)
    for kind in ("PNG", "TIFF"):
        result = read_image(encoded(image, kind), 3, 1)
        assert result[:2, :, 0].tolist() == [[0, 1, 255], [0, 1, 128]]


def test_thirty_two_bit_integers_up_to_65535_are_read_as_sixteen_bits():
    assert read_image(encoded(grey([[65535]], np.int32), "TIFF"), 1).tolist() == [[[255] * 3]]
    assert "70000" in refusal(encoded(grey([[70000]], np.int32), "TIFF"))


def test_floats_of_either_range_become_eight_bits():
    assert read_image(encoded(grey([[1.0]], np.float32), "TIFF"), 1)[0, 0, 0] == 255
    assert read_image(encoded(grey([[128.4]], np.float32), "TIFF"), 1)[0, 0, 0] == 128


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -1.0, 300.0])
def test_floats_outside_both_ranges_are_refused(value):
    content = encoded(grey([[0.5, value], [0.5, 0.5]], np.float32), "TIFF")
    assert "0 to 1 or 0 to 255" in refusal(content)


def test_one_bit_becomes_black_and_white():
    image = Image.new("1", (2, 2), 0)
    image.putpixel((0, 0), 1)
    assert read_image(encoded(image), 2, 1)[:, :, 0].tolist() == [[255, 0], [0, 0]]


def test_grey_with_alpha_is_laid_over_white():
    image = Image.new("LA", (2, 2), (0, 128))
    assert set(read_image(encoded(image), 2).ravel()) == {127}


def test_colour_under_full_transparency_leaves_no_trace():
    image = Image.new("RGBA", (8, 8), (255, 0, 0, 0))
    image.paste((0, 0, 255, 255), (0, 0, 4, 8))
    small = read_image(encoded(image), 2)
    np.testing.assert_array_equal(small[:, :, 0], small[:, :, 1])  # no red that white has not
    assert small[0, 1].min() > 200 > small[0, 0].min()


def test_a_palette_with_transparency_is_laid_over_white():
    image = Image.new("P", (2, 2), 1)
    image.putpalette([9, 9, 9, 0, 200, 0])
    image.putpixel((0, 0), 0)
    result = read_image(encoded(image, transparency=0), 2)
    assert result[0, 0].tolist() == [255, 255, 255]
    assert result[1, 1].tolist() == [0, 200, 0]


def test_cmyk_becomes_rgb():
    image = Image.new("CMYK", (8, 8), (255, 0, 0, 0))
    assert read_image(encoded(image, "TIFF"), 1)[0, 0].tolist() == [0, 255, 255]
    assert read_image(encoded(image, "JPEG"), 1)[0, 0, 0] <= 4


@pytest.mark.parametrize("kind", ["GIF", "TIFF", "WEBP", "PNG"])
def test_of_several_frames_the_first_is_taken(kind):
    frames = [Image.new("RGB", (8, 8), colour) for colour in ("white", "black")]
    content = encoded(frames[0], kind, save_all=True, append_images=frames[1:])
    assert read_image(content, 1)[0, 0].tolist() == [255, 255, 255]


@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_orientation_is_applied_once(orientation):
    upright = np.zeros((16, 16, 3), dtype=np.uint8)
    upright[:8, :8] = 255
    upright[:8, 8:] = 128
    # What a camera stores for each value: the upright picture turned the other way.
    stored = {
        1: lambda image: image,
        2: lambda image: image[:, ::-1],
        3: lambda image: image[::-1, ::-1],
        4: lambda image: image[::-1],
        5: lambda image: image.transpose(1, 0, 2),
        6: lambda image: np.rot90(image, 1),
        7: lambda image: np.rot90(image, 2).transpose(1, 0, 2),
        8: lambda image: np.rot90(image, -1),
    }[orientation](upright)
    exif = Image.Exif()
    exif[0x0112] = orientation
    content = encoded(Image.fromarray(np.ascontiguousarray(stored)), "PNG", exif=exif)
    np.testing.assert_array_equal(read_image(content, 16), upright)


def test_a_broken_exif_block_does_not_lose_the_picture():
    content = encoded(Image.new("RGB", (8, 8), "white"), "JPEG", exif=b"Exif\0\0MM\0*\xff\xff")
    assert read_image(content, 1)[0, 0].tolist() == [255, 255, 255]


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "BMP", "TIFF", "GIF"])
@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
def test_a_truncated_file_is_refused(kind, share):
    content = encoded(Image.fromarray(random_pixels(0, 64, 64)), kind)
    refusal(content[: int(share * len(content))])


@given(strategies.binary(max_size=300))
def test_no_bytes_at_all_raise_another_error(content):
    refusal(content)


@given(strategies.integers(0, 2000), strategies.integers(0, 255))
def test_a_changed_byte_gives_a_picture_or_the_sentence(place, value):
    content = bytearray(encoded(Image.fromarray(random_pixels(0, 16, 16))))
    content[place % len(content)] = value
    try:
        assert read_image(bytes(content), 8).shape == (8, 8, 3)
    except DataError as error:
        assert ALLOWED_FORMATS in str(error)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "is empty"),
        (b"<!DOCTYPE html><html><body>404</body></html>", "HTML page"),
        (b"\n <HTML>", "HTML page"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:00\n", "Git LFS pointer"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "SVG drawing"),
        (b"PK\x03\x04" + bytes(60), "ZIP archive"),
        (b"%PDF-1.7", "PDF file"),
        (b"hello", "not a picture in an allowed format"),
    ],
)
def test_what_only_carries_the_name_of_a_picture_is_called_what_it_is(content, words, tmp_path):
    path = tmp_path / "rose.png"
    path.write_bytes(content)
    text = refusal(path)
    assert words in text
    assert "rose.png" in text


@pytest.mark.parametrize("kind", ["PPM", "ICO", "PCX", "TGA", "EPS", "PDF", "ICNS"])
def test_other_formats_of_the_decoder_are_refused(kind):
    refusal(encoded(Image.new("RGB", (32, 32)), kind))


@pytest.mark.parametrize(("width", "height"), [(4097, 4096), (MAX_SIDE + 1, 1), (1, 1_000_000)])
def test_a_size_over_the_limit_is_refused_from_the_header(width, height):
    assert "too large" in refusal(png_header(width, height))


@pytest.mark.parametrize("side", [12_000, 40_000])  # Pillow's warning, and its error
def test_a_decompression_bomb_is_refused(side):
    assert "far too many pixels" in refusal(png_header(side, side))


def test_a_size_at_the_limit_is_not_refused_for_its_size():
    assert "damaged or cut off" in refusal(png_header(4096, 4096))


def test_a_file_over_the_limit_is_refused_without_being_read_whole(tmp_path):
    path = tmp_path / "large.png"
    with path.open("wb") as file:
        file.truncate(100 * MAX_BYTES)  # sparse: takes no room on the disk
    assert "more than 32 MB" in refusal(path)


def test_a_missing_file_a_folder_and_a_pipe_are_named(tmp_path):
    pipe = tmp_path / "pipe.png"
    os.mkfifo(pipe)
    assert "does not exist" in refusal(tmp_path / "gone.png")
    assert "is a folder" in refusal(tmp_path)
    assert "not a regular file" in refusal(pipe)


def test_names_are_shown_short_and_printable():
    text = refusal(b"", name="a\x1b[31m\n" + "b" * 500 + ".png")
    assert "\x1b" not in text
    assert text.index(ALLOWED_FORMATS) < 150
