"""Drawn faces: independent factors, labels as they can be seen, a cache that can be trusted."""

import dataclasses
from itertools import combinations

import numpy as np
import pytest

from explorer.data import avatars
from explorer.data.avatars import ATTRIBUTES, FAMILIES, draw_face, render
from explorer.data.load import load_data
from explorer.errors import ConfigError
from explorer.settings import DataSettings

COUNT = 20_000
FACE = draw_face(0, "train", 0)
PLAIN = dict.fromkeys(FACE.flags, False)


def face(**changes):
    """A bare face without any extra, in the middle of every colour scale."""
    plain = {
        "family": "short",
        "style": "SHORT_FLAT",
        "hair_name": "brown",
        "skin": 0.3,
        "background": 0.3,
        "shirt": 0.3,
        "eyewear": "NONE",
        "facial_hair": "NONE",
        "flags": PLAIN,
    }
    return dataclasses.replace(FACE, **(plain | changes))


def settings(folder, size=32, count=4, seed=0):
    return DataSettings(name="avatars", root=str(folder), image_size=size, count=count, seed=seed)


@pytest.fixture(scope="module")
def drawn():
    """Attributes and families of many faces, which need no rendering."""
    faces = [draw_face(0, "train", index) for index in range(COUNT)]
    rows = [one.attributes() for one in faces]
    table = np.array([[row[name] for name in ATTRIBUTES] for row in rows])
    return table, np.array([one.family for one in faces])


def test_twelve_attributes_are_independent_of_one_another(drawn):
    """A correlation of independent bits has the deviation 1 / sqrt(n); 66 pairs, five of them."""
    table, _ = drawn
    for one, other in combinations(range(12), 2):
        correlation = np.corrcoef(table[:, one], table[:, other])[0, 1]
        assert abs(correlation) < 5 / np.sqrt(COUNT), (ATTRIBUTES[one], ATTRIBUTES[other])


def test_no_attribute_but_hat_tells_the_family(drawn):
    table, families = drawn
    for column, name in enumerate(ATTRIBUTES[:11]):
        whole = table[:, column].mean()
        for family in FAMILIES:
            part = table[families == family, column]
            error = np.sqrt(whole * (1 - whole) / len(part))
            assert abs(part.mean() - whole) < 5 * error, (name, family)


def test_every_attribute_is_neither_rare_nor_everywhere(drawn):
    table, _ = drawn
    shares = dict(zip(ATTRIBUTES, table.mean(0), strict=True))
    assert len(shares) == 20
    assert all(0.07 < share < 0.93 for share in shares.values()), shares


def test_families_have_their_shares(drawn):
    _, families = drawn
    assert sum(share for share, _ in FAMILIES.values()) == pytest.approx(1)
    for family, (share, _) in FAMILIES.items():
        found = (families == family).mean()
        assert abs(found - share) < 5 * np.sqrt(share * (1 - share) / COUNT), family


def test_values_of_one_factor_exclude_one_another(drawn):
    table, _ = drawn
    column = {name: table[:, ATTRIBUTES.index(name)] for name in ATTRIBUTES}
    for one, other in [
        ("glasses", "sunglasses"),
        ("beard", "moustache"),
        ("hat", "bald"),
        ("hat", "long_hair"),
        ("blond", "black_hair"),
        ("blond", "grey_hair"),
    ]:
        assert not (column[one] & column[other]).any(), (one, other)


@pytest.mark.parametrize("family", FAMILIES)
def test_the_colour_of_hair_is_known_only_where_hair_can_be_seen(family):
    known = face(family=family, hair_name="blond").attributes()
    assert known["blond"] == (family not in ("hat", "bald"))


@pytest.mark.parametrize("eyewear", ["NONE", "PRESCRIPTION_2", "WAYFARERS"])
def test_closed_eyes_are_known_only_where_eyes_can_be_seen(eyewear):
    known = face(eyewear=eyewear, flags=PLAIN | {"eyes_closed": True}).attributes()
    assert known["eyes_closed"] == (eyewear != "WAYFARERS")


def test_the_same_place_gives_the_same_face_and_another_place_another():
    assert draw_face(3, "train", 5) == draw_face(3, "train", 5)
    others = [draw_face(4, "train", 5), draw_face(3, "test", 5), draw_face(3, "train", 6)]
    assert all(other != draw_face(3, "train", 5) for other in others)


@pytest.mark.parametrize(
    ("name", "changes"),
    [
        ("glasses", {"eyewear": "PRESCRIPTION_2"}),
        ("sunglasses", {"eyewear": "WAYFARERS"}),
        ("beard", {"facial_hair": "BEARD_MEDIUM"}),
        ("moustache", {"facial_hair": "MOUSTACHE_MAGNUM"}),
        ("dark_skin", {"skin": 0.9}),
        ("warm_background", {"background": 0.9}),
        ("red_shirt", {"shirt": 0.9}),
        ("hat", {"family": "hat", "style": "TURBAN"}),
        ("bald", {"family": "bald", "style": "NONE"}),
        ("long_hair", {"family": "long", "style": "BOB"}),
        ("blond", {"hair_name": "blond", "hair": "#D2A85C"}),
        *[(name, {"flags": PLAIN | {name: True}}) for name in PLAIN],
    ],
)
def test_every_attribute_can_be_seen_at_32_pixels(name, changes):
    with_it, without = face(**changes), face(hair="#4A312C")
    assert with_it.attributes()[name] and not without.attributes()[name]
    pictures = [render(one, 32).astype(int) for one in (with_it, without)]
    changed = np.abs(pictures[0] - pictures[1]).max(2) > 12  # a step that an eye can see
    assert changed.sum() >= 4, name


@pytest.mark.parametrize("size", [16, 32, 64])
def test_a_set_is_pixels_labels_and_attributes_of_the_asked_size(tmp_path, size):
    data = load_data(settings(tmp_path, size), "train")
    assert data.images.shape == (4, size, size, 3)
    assert data.class_names == tuple(FAMILIES)
    assert data.attribute_names == ATTRIBUTES
    for index in range(4):
        one = draw_face(0, "train", index)
        assert data.class_names[data.labels[index]] == one.family
        assert dict(zip(ATTRIBUTES, data.attributes[index].tolist(), strict=True)) == {
            name: one.attributes()[name] for name in ATTRIBUTES
        }
        np.testing.assert_array_equal(data.images[index], render(one, size))


def test_64_pixels_show_the_same_face_as_32(tmp_path):
    one = draw_face(0, "train", 1)
    small, large = render(one, 32).astype(float), render(one, 64).astype(float)
    averaged = large.reshape(32, 2, 32, 2, 3).mean((1, 3))
    assert np.abs(averaged - small).mean() < 0.5  # rounding, and Pillow at the exact middle


def test_the_splits_share_no_face(tmp_path):
    train, test = (load_data(settings(tmp_path, 16), split) for split in ("train", "test"))
    pictures = {picture.tobytes() for data in (train, test) for picture in data.images}
    assert len(pictures) == 8


def test_more_faces_begin_with_the_same_faces(tmp_path):
    few, more = (load_data(settings(tmp_path, 16, count), "train") for count in (2, 4))
    np.testing.assert_array_equal(more.images[:2], few.images)


def test_a_second_load_takes_the_drawn_pixels(tmp_path, monkeypatch):
    first = load_data(settings(tmp_path, 16), "train")
    monkeypatch.setattr(avatars, "render", None)
    second = load_data(settings(tmp_path, 16), "train")
    assert second.digest() == first.digest()


@pytest.mark.parametrize("share", [0.0, 0.3, 0.99])
def test_a_truncated_cache_is_drawn_anew(tmp_path, share):
    first = load_data(settings(tmp_path, 16), "train")
    (path,) = tmp_path.iterdir()
    content = path.read_bytes()
    path.write_bytes(content[: int(share * len(content))])
    assert load_data(settings(tmp_path, 16), "train").digest() == first.digest()
    assert path.read_bytes() == content


def test_a_cache_with_other_pixels_is_drawn_anew(tmp_path):
    first = load_data(settings(tmp_path, 16), "train")
    (path,) = tmp_path.iterdir()
    with np.load(path) as stored:
        damaged = dict(stored)
    damaged["pixels"][0, 3, 3, 0] ^= 1
    np.savez(path, **damaged)
    assert load_data(settings(tmp_path, 16), "train").digest() == first.digest()


def test_without_a_folder_the_cache_is_where_caches_are(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    load_data(DataSettings(name="avatars", image_size=16, count=2), "train")
    assert len(list((tmp_path / "latent-explorer").glob("avatars-*.npz"))) == 1


@pytest.mark.parametrize("size", [8, 17, 48, 100])
def test_another_size_is_refused_with_the_allowed_ones(tmp_path, size):
    with pytest.raises(ConfigError, match=f"{size}; avatars are drawn at 16, 32, 64"):
        load_data(settings(tmp_path, size), "train")
    assert not list(tmp_path.iterdir())
