"""Photo stamps: cut-outs in the middle of a white square."""

import shutil

import numpy as np
import pytest
from hypothesis import given, strategies
from PIL import Image
from tiny_sets import stamps

from explorer.data.load import load_data
from explorer.data.stamps import CLASSES, centred
from explorer.errors import DataError


@given(
    strategies.integers(1, 60),
    strategies.integers(1, 60),
    strategies.integers(0, 30),
    strategies.integers(0, 30),
)
def test_the_object_is_centred_with_a_margin_whatever_is_around_it(width, height, left, top):
    pixels = np.zeros((height + top + 5, width + left + 5, 4), dtype=np.uint8)
    pixels[top : top + height, left : left + width] = (0, 0, 0, 255)
    dark = centred(Image.fromarray(pixels), 64).min(axis=2) < 250
    rows, columns = np.flatnonzero(dark.any(axis=1)), np.flatnonzero(dark.any(axis=0))
    assert max(len(rows), len(columns)) == 56  # 64 less 6 % on both sides
    for line, side in ((rows, height), (columns, width)):
        assert abs(line[0] - (63 - line[-1])) <= 1
        assert abs(len(line) - 56 * side / max(width, height)) <= 1


def test_the_ground_is_white_and_the_object_keeps_its_colour():
    pixels = np.zeros((50, 50, 4), dtype=np.uint8)
    pixels[10:40, 10:40] = (200, 30, 0, 255)
    result = centred(Image.fromarray(pixels), 32)
    assert result[0, 0].tolist() == [255, 255, 255]
    assert result[16, 16].tolist() == [200, 30, 0]


def test_a_picture_without_transparency_is_the_object():
    result = centred(Image.new("RGB", (10, 10), "black"), 50)
    assert result[25, 25].max() == 0
    assert result[0, 0].min() == 255


def test_an_invisible_stamp_is_a_white_square():
    assert centred(Image.new("RGBA", (10, 10), (9, 9, 9, 0)), 8).min() == 255


def test_drawings_are_left_out(tmp_path):
    settings = stamps(tmp_path)
    train, test = load_data(settings, "train"), load_data(settings, "test")
    folders = sum(len(folders[:1]) for folders in CLASSES.values())
    assert len(train) + len(test) == 4 * folders


def test_missing_stamps_tell_the_package_to_install(tmp_path):
    settings = stamps(tmp_path)
    shutil.rmtree(tmp_path / "plants")
    with pytest.raises(DataError, match=r"class 'flowers'.*apt install tuxpaint-stamps-default"):
        load_data(settings, "train")
