"""Properties of pictures drawn so that each is known."""

import numpy as np
import pytest

from explorer.data.properties import PROPERTIES, image_properties


def measured(picture):
    (row,) = image_properties(np.asarray(picture, dtype=np.uint8)[None])
    return dict(zip(PROPERTIES, row, strict=True))


def grey(value=0):
    return np.full((16, 16, 1), value)


def test_an_even_picture_is_as_bright_as_its_value_and_shows_nothing():
    found = measured(grey(51))
    assert found == pytest.approx({"brightness": 0.2, "contrast": 0, "size": 0, "tilt": 0})


@pytest.mark.parametrize("ground", [0, 200])
def test_size_is_the_share_that_differs_from_the_border(ground):
    picture = grey(ground)
    picture[4:8, 4:12] = 100
    assert measured(picture)["size"] == pytest.approx(32 / 256)


def test_half_black_half_white_has_the_largest_contrast():
    picture = grey()
    picture[:8] = 255
    assert measured(picture)["contrast"] == pytest.approx(0.5)


def test_tilt_is_the_sign_of_the_slope():
    falling = grey()
    falling[range(2, 14), range(2, 14)] = 255
    assert measured(falling)["tilt"] == pytest.approx(1)
    assert measured(falling[:, ::-1])["tilt"] == pytest.approx(-1)
    square = grey()
    square[4:10, 4:10] = 255
    assert measured(square)["tilt"] == pytest.approx(0, abs=1e-9)


def test_colour_pictures_are_measured_too():
    picture = np.zeros((16, 16, 3))
    picture[4:8, 4:8, 0] = 255
    assert measured(picture)["size"] == pytest.approx(16 / 256)


def test_an_image_counts_the_same_alone_and_among_many():
    pictures = np.random.default_rng(0).integers(0, 256, (5000, 8, 8, 1), dtype=np.uint8)
    np.testing.assert_array_equal(
        image_properties(pictures)[4000], image_properties(pictures[4000:4001])[0]
    )
