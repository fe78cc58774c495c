"""Resizing an array of small pictures."""

import numpy as np
import pytest
from tiny_sets import random_pixels

from explorer.data.resize import resized


def test_the_same_size_is_the_same_array():
    pixels = random_pixels(0, 8, 8)[None]
    assert resized(pixels, 8) is pixels


@pytest.mark.parametrize("channels", [1, 3])
def test_flat_pictures_stay_flat(channels):
    pixels = np.full((2, 8, 8, channels), 77, dtype=np.uint8)
    pixels[1] = 200
    result = resized(pixels, 13)
    assert result.shape == (2, 13, 13, channels)
    assert set(result[0].ravel()) == {77}
    assert set(result[1].ravel()) == {200}
