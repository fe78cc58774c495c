"""Arrays become pictures without loss, and a sheet can be cut into what it was made of."""

import base64
import io

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from explorer.ui.convert import picture_uri, sheet

PREFIX = "data:image/png;base64,"


def pixels_of(uri):
    assert uri.startswith(PREFIX)
    with Image.open(io.BytesIO(base64.b64decode(uri.removeprefix(PREFIX)))) as picture:
        array = np.asarray(picture)
    return array if array.ndim == 3 else array[:, :, None]


def noise(shape, seed=0):
    return np.random.default_rng(seed).integers(0, 256, shape, dtype=np.uint8)


@pytest.mark.parametrize("channels", [1, 3])
def test_a_picture_comes_back_exactly(channels):
    pixels = noise((5, 7, channels))
    np.testing.assert_array_equal(pixels_of(picture_uri(pixels)), pixels)


@given(st.integers(1, 3), st.integers(1, 5), st.integers(1, 4), st.integers(1, 4))
def test_a_sheet_holds_every_cell_where_the_page_cuts_it(rows, columns, height, width):
    given_rows = [noise((columns, height, width, 3), seed) for seed in range(rows)]
    made = sheet(given_rows)
    whole = pixels_of(made["uri"])
    assert (made["rows"], made["columns"]) == (rows, columns)
    for row in range(rows):
        for column in range(columns):
            top, left = row * made["height"], column * made["width"]
            cell = whole[top : top + made["height"], left : left + made["width"]]
            np.testing.assert_array_equal(cell, given_rows[row][column])
