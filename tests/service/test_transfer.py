import numpy as np
import pytest
from tiny_models import GLICO, GLOW

from explorer.data.avatar_pairs import PAIRED
from explorer.data.pairs import draw_pairs, paired_attributes
from explorer.errors import ConfigError, DataError, NotSupportedError
from explorer.judge.transfer import METHODS
from explorer.service.transfer import Lesson, transfer, transfer_attributes, transfer_errors
from explorer.service.workbench import Workbench
from explorer.settings import DataSettings

TEACHERS, PUPILS = ("short", "long", "curly"), ("bald", "hat")


@pytest.fixture(scope="module")
def workbench(tiny_root):
    return Workbench(tiny_root)


@pytest.mark.parametrize("model", [GLOW, GLICO])
def test_what_some_classes_taught_is_shown_on_others(workbench, model):
    found = transfer(workbench, model, Lesson("smile", TEACHERS, PUPILS), count=2)
    opened = workbench.open(model)
    names = opened.data.class_names
    gallery = opened.gallery
    taught = np.isin(gallery.labels, [names.index(name) for name in TEACHERS]) & ~gallery.held_out
    column = opened.data.attribute_names.index("smile")
    assert found.positives == gallery.attributes[taught, column].sum()
    assert found.positives + found.negatives == taught.sum()
    assert [row.class_name for row in found.rows] == ["bald", "hat"], "in the order of the classes"
    for row in found.rows:
        assert not gallery.attributes[row.positions, column].any()
        assert {names[label] for label in gallery.labels[row.positions]} == {row.class_name}
        assert np.array_equal(row.before, workbench.drawn(model, row.positions.tolist()))
        assert row.after.shape == row.before.shape
        assert not np.array_equal(row.after, row.before)


def test_the_pupils_images_do_not_teach(workbench, monkeypatch):
    lesson = Lesson("smile", TEACHERS, PUPILS)
    opened = workbench.open(GLOW)
    before = transfer(workbench, GLOW, lesson, count=1).rows
    pupils = np.isin(opened.gallery.labels, [opened.data.class_names.index(n) for n in PUPILS])
    attributes = opened.gallery.attributes
    column = opened.data.attribute_names.index("smile")
    had = attributes[pupils, column].copy()
    first = [int(row.positions[0]) for row in before]
    try:
        attributes[pupils, column] = True
        attributes[first, column] = False
        after = transfer(workbench, GLOW, lesson, count=1).rows
    finally:
        attributes[pupils, column] = had
    for one, other in zip(before, after, strict=True):
        assert np.array_equal(one.after, other.after)


def test_the_error_is_measured_on_held_out_subjects_with_every_class_left_out_in_turn(workbench):
    everyone = workbench.open(GLOW).data.class_names
    small = Lesson("smile", everyone, ("short", "long"), strength=0.5)
    found = transfer_errors(workbench, GLOW, small, count=12, seed=3)
    again = transfer_errors(workbench, GLOW, small, count=12, seed=3)
    assert found == again
    assert (found.attribute, found.strength, found.seed) == ("smile", 0.5, 3)
    assert 0 < found.count < 12
    assert found.apply_to == ("short", "long")
    assert tuple(row.method for row in found.errors) == METHODS
    for row in found.errors:
        assert row.pixels.low <= row.pixels.value <= row.pixels.high


def test_the_truth_is_known_of_avatars_only(workbench):
    assert set(transfer_attributes(workbench, GLOW)) == set(PAIRED)
    assert paired_attributes("celeba") == ()
    with pytest.raises(NotSupportedError, match="'celeba' shows each subject once"):
        draw_pairs(DataSettings(name="celeba"), "test", "Smiling", 10)
    with pytest.raises(DataError, match="one counterpart by 'hat'"):
        transfer_errors(workbench, GLOW, Lesson("hat", TEACHERS, PUPILS))


def test_a_model_that_searches_its_latents_has_no_errors_of_edits(workbench):
    with pytest.raises(NotSupportedError, match="does not encode unseen images exactly"):
        transfer_errors(workbench, GLICO, Lesson("smile", TEACHERS, PUPILS))


@pytest.mark.parametrize(
    ("lesson", "message"),
    [
        (Lesson("smiel", TEACHERS, PUPILS), "Did you mean 'smile'"),
        (Lesson("smile", ("shrt",), PUPILS), "Did you mean 'short'"),
        (Lesson("smile", TEACHERS, ()), "No class is named"),
        (Lesson("smile", TEACHERS, PUPILS, 3.5), "must lie in"),
        (Lesson("smile", TEACHERS, PUPILS, float("nan")), "must lie in"),
    ],
)
def test_lessons_that_cannot_be_given_are_refused(workbench, lesson, message):
    for learn in (transfer, transfer_errors):
        with pytest.raises(ConfigError, match=message):
            learn(workbench, GLOW, lesson)


def test_an_attribute_that_the_teachers_never_show_is_refused_with_its_counts(workbench):
    with pytest.raises(DataError, match="'hat' has 0 images with it"):
        transfer(workbench, GLOW, Lesson("hat", TEACHERS, ("bald",)))


def test_a_class_whose_every_image_has_the_attribute_cannot_be_given_it(workbench):
    opened = workbench.open(GLOW)
    bald = opened.gallery.labels == opened.data.class_names.index("bald")
    column = opened.data.attribute_names.index("smile")
    had = opened.gallery.attributes[bald, column].copy()
    try:
        opened.gallery.attributes[bald, column] = True
        with pytest.raises(DataError, match="Every image of 'bald' has 'smile'"):
            transfer(workbench, GLOW, Lesson("smile", TEACHERS, PUPILS))
    finally:
        opened.gallery.attributes[bald, column] = had


@pytest.mark.parametrize("count", [0, 17])
def test_counts_out_of_range_are_refused(workbench, count):
    with pytest.raises(ConfigError, match=f"count is {count}"):
        transfer(workbench, GLOW, Lesson("smile", TEACHERS, PUPILS), count=count)
