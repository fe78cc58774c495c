import numpy as np
import pytest

from explorer.service.sheets import CELL, GAP, LINE, ROW_LABEL, enlarged, labelled_sheet, map_sheet


def pictures(count, size=8, channels=3):
    rng = np.random.default_rng(0)
    return rng.integers(0, 256, (count, size, size, channels), dtype=np.uint8)


@pytest.mark.parametrize(("size", "expected"), [(8, 64), (28, 84), (64, 64), (100, 100)])
def test_pictures_grow_by_a_whole_factor(size, expected):
    small = pictures(2, size)
    large = enlarged(small, 64)
    assert large.shape == (2, expected, expected, 3)
    factor = expected // size
    np.testing.assert_array_equal(large[:, ::factor, ::factor], small)


@pytest.mark.parametrize("channels", [1, 3])
def test_each_picture_stands_in_its_cell(channels):
    rows = [("first", pictures(3, 32, channels)), ("second", pictures(3, 32, channels)[::-1])]
    sheet = labelled_sheet(rows, ["A", "0.5", "B"])
    assert sheet.shape == (LINE + 2 * (CELL + GAP), ROW_LABEL + 3 * (CELL + GAP), 3)
    for row, (_, expected) in enumerate(rows):
        for column in range(3):
            top, left = LINE + row * (CELL + GAP), ROW_LABEL + column * (CELL + GAP)
            cell = sheet[top : top + CELL : 3, left : left + CELL : 3]
            np.testing.assert_array_equal(cell, np.broadcast_to(expected[column], cell.shape))


@pytest.mark.parametrize("channels", [1, 3])
def test_a_frame_covers_no_pixel_and_says_what_it_means(channels):
    rows = [(str(row), pictures(4, 32, channels)) for row in range(3)]
    plain = labelled_sheet(rows, [""] * 4)
    framed = labelled_sheet(rows, [""] * 4, framed={(1, 2), (1, 3)})
    assert framed.shape == (plain.shape[0] + LINE, plain.shape[1], 3)
    changed = (framed[: len(plain)] != plain).any(axis=2)
    for row in range(3):
        for column in range(4):
            top, left = LINE + row * (CELL + GAP), ROW_LABEL + column * (CELL + GAP)
            assert not changed[top : top + CELL, left : left + CELL].any()
            around = changed[top - 1 : top + CELL + 1, left - 1 : left + CELL + 1]
            ring = np.ones_like(around)
            ring[1:-1, 1:-1] = False
            assert around[ring].all() == ((row, column) in {(1, 2), (1, 3)})
    assert (framed[len(plain) :] < 200).any(), "the line below says what it means"


def test_labels_stay_within_their_place():
    white = np.full((2, 96, 96, 3), 255, dtype=np.uint8)
    sheet = labelled_sheet([("a very long name of a row " * 3, white)], ["wide " * 40, ""])
    dark = sheet.min(axis=2) < 128
    assert dark[:LINE, ROW_LABEL : ROW_LABEL + CELL].any(), "the heading is there"
    assert not dark[:, ROW_LABEL + CELL :].any(), "and ends with its column"
    assert dark[LINE:, :ROW_LABEL].any(), "the row's label is there"
    assert not dark[LINE:, ROW_LABEL:].any(), "and ends before the pictures"


def test_the_map_has_the_second_axis_upwards():
    colours = np.zeros((3, 8, 8, 3), dtype=np.uint8)
    colours[0, ..., 0] = colours[1, ..., 1] = colours[2, ..., 2] = 200
    places = np.array([[0, 0], [5, 5], [5, 0]], dtype=np.float32)
    sheet = map_sheet(places, colours)
    assert sheet.shape == (1024, 1024, 3)
    assert sheet[-5, 5].tolist() == [200, 0, 0]
    assert sheet[5, -5].tolist() == [0, 200, 0]
    assert sheet[-5, -5].tolist() == [0, 0, 200]
    assert sheet[5, 5].tolist() == [255, 255, 255]


@pytest.mark.parametrize("channels", [1, 3])
def test_a_map_of_one_place_is_drawn(channels):
    sheet = map_sheet(np.ones((2, 2), dtype=np.float32), pictures(2, 8, channels))
    assert (sheet < 255).any()
