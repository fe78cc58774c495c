"""Pictures that are the same or nearly so."""

import io

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from explorer.data.avatars import SOURCE
from explorer.data.duplicates import fingerprint, near_pairs, same_groups
from explorer.settings import DataSettings


@pytest.fixture(scope="module")
def faces():
    pixels = SOURCE.load(DataSettings(name="avatars", image_size=128, count=12), "train").images
    return [Image.fromarray(one) for one in pixels]


def jpeg(image: Image.Image) -> Image.Image:
    content = io.BytesIO()
    image.save(content, "JPEG", quality=60)
    return Image.open(content)


def test_different_faces_are_neither(faces):
    prints = [fingerprint(face) for face in faces]
    assert same_groups(prints) == [] and near_pairs(prints) == []


@pytest.mark.parametrize(
    "changed",
    [
        jpeg,
        lambda image: image.resize((60, 60), Image.Resampling.BICUBIC),
        lambda image: image.point(lambda value: min(255, int(1.05 * value))),
    ],
    ids=["JPEG", "smaller", "brighter"],
)
def test_a_copy_that_was_changed_is_near(faces, changed):
    prints = [fingerprint(face) for face in [*faces, changed(faces[5])]]
    assert [(pair.first, pair.second) for pair in near_pairs(prints)] == [(5, len(faces))]
    assert same_groups(prints) == []


def test_the_same_picture_is_the_same_and_not_near_too(faces):
    prints = [fingerprint(face) for face in [*faces[:4], faces[2].copy(), faces[2].copy()]]
    assert same_groups(prints) == [(2, 4, 5)]
    assert near_pairs(prints) == []


def test_other_sizes_and_modes_are_not_the_same():
    flat = Image.new("RGB", (20, 20), "red")
    others = [
        Image.new("RGB", (10, 40), "red"),
        Image.new("L", (20, 20)),
        Image.new("RGB", (20, 20)),
    ]
    assert same_groups([fingerprint(image) for image in [flat, *others]]) == []


@given(st.integers(0, 2**32 - 1), st.integers(0, 63))
def test_one_bit_is_found_wherever_it_is(seed, bit):
    from dataclasses import replace

    pixels = np.random.default_rng(seed).integers(0, 256, (32, 32, 3), dtype=np.uint8)
    one = fingerprint(Image.fromarray(pixels))
    other = replace(one, content="other", bits=one.bits ^ (1 << bit))
    far = replace(one, content="far", bits=one.bits ^ 0x7F)
    assert [(pair.second, pair.bits) for pair in near_pairs([one, other])] == [(1, 1)]
    assert near_pairs([one, far]) == []


def test_pairs_of_different_blocks_are_found(faces, monkeypatch):
    from explorer.data import duplicates

    prints = [fingerprint(face) for face in [*faces, jpeg(faces[0])]]
    monkeypatch.setattr(duplicates, "_BLOCK", 3)
    assert [(pair.first, pair.second) for pair in near_pairs(prints)] == [(0, len(faces))]
