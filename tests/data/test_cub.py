"""CUB-200-2011 from its own tables."""

import numpy as np
import pytest
from hypothesis import given, strategies
from PIL import Image
from tiny_sets import cub

from explorer.data.cub import bird_box
from explorer.data.load import load_data
from explorer.errors import DataError
from explorer.settings import DataSettings


def test_the_set_s_own_split_and_classes_are_kept(tmp_path):
    settings = cub(tmp_path)
    train, test = load_data(settings, "train"), load_data(settings, "test")
    assert train.class_names == ("Black footed Albatross", "Laysan Albatross")
    assert train.indices.tolist() == [1, 2, 3, 5, 6, 7]
    assert test.indices.tolist() == [0, 4]
    assert test.labels.tolist() == [0, 1]


def test_attributes_are_read_by_image_number(tmp_path):
    data = load_data(cub(tmp_path), "train")
    assert data.attribute_names == ("has_bill_shape::hooked", "has_wing_color::blue")
    np.testing.assert_array_equal(data.attributes[:, 0], (data.indices + 1) % 2 == 1)
    assert data.attributes[:, 1].all()


def test_without_the_file_of_attributes_there_are_none(tmp_path):
    settings = cub(tmp_path)
    (tmp_path / "CUB_200_2011" / "attributes" / "image_attribute_labels.txt").unlink()
    assert load_data(settings, "train").attribute_names == ()


def test_the_picture_is_cut_to_the_bird(tmp_path):
    settings = cub(tmp_path)
    pixels = np.zeros((60, 80, 3), dtype=np.uint8)
    left, top, right, bottom = bird_box((10.0, 5.0, 40.0, 20.0), (80, 60))
    pixels[top:bottom, left:right] = 255
    folder = tmp_path / "CUB_200_2011" / "images" / "001.Black_footed_Albatross"
    Image.fromarray(pixels).save(folder / "bird_1.jpg", "PNG")
    assert load_data(settings, "train").images[0].min() == 255


@given(
    strategies.tuples(*[strategies.floats(-50, 700)] * 2, *[strategies.floats(0, 700)] * 2),
    strategies.tuples(strategies.integers(1, 600), strategies.integers(1, 600)),
)
def test_the_cut_is_a_square_inside_any_photograph(bounds, size):
    left, top, right, bottom = bird_box(bounds, size)
    assert right - left == bottom - top >= 1
    assert left >= 0 and top >= 0 and right <= size[0] and bottom <= size[1]


@given(strategies.tuples(strategies.integers(60, 90), strategies.integers(60, 90)))
def test_a_bird_in_the_middle_is_cut_whole(corner):
    left, top, right, bottom = bird_box((*map(float, corner), 50.0, 30.0), (300, 300))
    assert left <= corner[0] and top <= corner[1]
    assert right >= corner[0] + 50 and bottom >= corner[1] + 30


@pytest.mark.parametrize(
    ("table", "text"),
    [
        ("images.txt", ""),
        ("images.txt", "1 a b\n"),
        ("image_class_labels.txt", "1 1\n"),
        ("image_class_labels.txt", "".join(f"{n} 9\n" for n in range(1, 9))),
        ("bounding_boxes.txt", "1 0 0 9 9\n"),
        ("bounding_boxes.txt", "".join(f"{n} 0 0 nan 9\n" for n in range(1, 9))),
        ("bounding_boxes.txt", "".join(f"{n} 0 0 wide 9\n" for n in range(1, 9))),
        ("attributes/image_attribute_labels.txt", "2 77 1 3 0\n"),
        ("attributes/image_attribute_labels.txt", "2 1\n"),
    ],
)
def test_a_damaged_table_is_named(tmp_path, table, text):
    settings = cub(tmp_path)
    (tmp_path / "CUB_200_2011" / table).write_text(text)
    with pytest.raises(DataError, match=table):
        load_data(settings, "train")


def test_no_root_is_told():
    with pytest.raises(DataError, match=r"data\.root is not set"):
        load_data(DataSettings(name="cub-200-2011"), "train")
