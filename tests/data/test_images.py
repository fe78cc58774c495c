"""Pixels and images are the same pictures in two forms."""

import numpy as np
import torch
from hypothesis import given, strategies
from hypothesis.extra import numpy as arrays

from explorer.data.images import to_images, to_pixels


@given(arrays.arrays(np.uint8, strategies.tuples(*[strategies.integers(1, 4)] * 4)))
def test_there_and_back_changes_no_pixel(pixels):
    np.testing.assert_array_equal(to_pixels(to_images(pixels)), pixels)


def test_images_are_floats_in_the_unit_range_with_channels_first():
    images = to_images(np.array([[[[0, 255, 51]]]], dtype=np.uint8))
    assert images.shape == (1, 3, 1, 1)
    assert images.dtype == torch.float32
    torch.testing.assert_close(images.flatten(), torch.tensor([0.0, 1.0, 0.2]))


def test_values_outside_the_range_are_clipped():
    pixels = to_pixels(torch.tensor([-1.0, 0.5, 2.0]).reshape(1, 3, 1, 1))
    assert pixels.ravel().tolist() == [0, 128, 255]
