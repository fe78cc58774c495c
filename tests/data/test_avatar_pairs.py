import numpy as np
import pytest

from explorer.data.avatar_pairs import PAIRED, draw_pairs, with_attribute
from explorer.data.avatars import ATTRIBUTES, draw_face, render
from explorer.errors import DataError
from explorer.settings import DataSettings

SETTINGS = DataSettings(name="avatars", image_size=32)
FACES = [draw_face(0, "test", index) for index in range(60)]
ENTAILED = {
    "glasses": {"sunglasses", "eyes_closed"},
    "sunglasses": {"glasses", "eyes_closed"},
    "beard": {"moustache"},
    "moustache": {"beard"},
    "blond": {"black_hair", "grey_hair"},
    "black_hair": {"blond", "grey_hair"},
    "grey_hair": {"blond", "black_hair"},
    "eyes_closed": {"sunglasses"},
}
"""Other values of the same factor, and what sunglasses hide."""


@pytest.mark.parametrize("attribute", PAIRED)
def test_a_counterpart_has_the_attribute_and_keeps_every_other(attribute):
    hair = attribute in ("blond", "black_hair", "grey_hair")
    for face in [f for f in FACES if not hair or f.family not in ("hat", "bald")]:
        for present in (False, True):
            known = with_attribute(face, attribute, present=present).attributes()
            assert known[attribute] == present
            free = set(ATTRIBUTES) - {attribute} - ENTAILED.get(attribute, set())
            assert {name: known[name] for name in free} == {
                name: face.attributes()[name] for name in free
            }


@pytest.mark.parametrize("attribute", ["dark_skin", "warm_background", "red_shirt"])
def test_a_graded_attribute_keeps_its_rank(attribute):
    factor = {"dark_skin": "skin", "warm_background": "background", "red_shirt": "shirt"}
    for face in FACES:
        there = with_attribute(face, attribute, present=True)
        back = with_attribute(there, attribute, present=False)
        again = with_attribute(back, attribute, present=True)
        name = factor[attribute]
        assert getattr(again, name) == pytest.approx(getattr(there, name))
        own = face.attributes()[attribute]
        same = there if own else back
        assert getattr(same, name) == pytest.approx(getattr(face, name))


def test_pairs_are_the_first_faces_of_the_split_drawn_twice():
    pairs = draw_pairs(SETTINGS, "test", "glasses", 6)
    assert pairs.indices.tolist() == list(range(6))
    for position, (without, with_it) in enumerate(zip(pairs.without, pairs.with_it, strict=True)):
        face = FACES[position]
        own = with_it if face.attributes()["glasses"] else without
        if not face.attributes()["sunglasses"]:
            assert np.array_equal(own, render(face, 32))
        assert not np.array_equal(without, with_it)


def test_hair_colour_pairs_leave_out_faces_whose_hair_is_hidden():
    pairs = draw_pairs(SETTINGS, "test", "blond", 10)
    families = {FACES[index].family for index in pairs.indices}
    assert families <= {"short", "long", "curly"}
    assert len(pairs) == 10


def test_an_attribute_of_many_shapes_has_no_counterpart():
    with pytest.raises(DataError, match="one counterpart by 'hat'"):
        draw_pairs(SETTINGS, "test", "hat", 2)
    with pytest.raises(DataError, match="Did you mean 'glasses'"):
        draw_pairs(SETTINGS, "test", "glases", 2)
