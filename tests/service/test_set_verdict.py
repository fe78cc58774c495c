"""One sentence on a set: what it names, in which tone, and when it says nothing."""

import math

import pytest

from explorer.service.set_measures import SetMeasure, SetMeasures
from explorer.service.set_verdict import outside, set_verdict

REAL = {
    "kid": (-0.029, 0.015),
    "precision": (0.9, 0.96),
    "recall": (0.94, 0.97),
    "density": (0.92, 1.11),
    "coverage": (0.42, 0.49),
    "diversity": (29.46, 30.5),
}
USUAL = {"kid": 0, "precision": 0.93, "recall": 0.95, "density": 1, "coverage": 0.45}


def measures(**values):
    found = [
        SetMeasure(name, float(value), REAL[name][0], sum(REAL[name]) / 2, REAL[name][1])
        for name, value in values.items()
    ]
    return SetMeasures(tuple(found), 50, "a note")


def verdict(**values):
    return set_verdict("The new images", measures(**USUAL | {"diversity": 30} | values))


def test_numbers_among_the_real_ones_are_good():
    told = verdict()
    assert told.tone == "good"
    assert told.text == "The new images look like your images: all 6 numbers lie among real ones."


def test_images_that_do_not_lie_among_real_ones_are_named_so_by_the_plainest_number():
    told = verdict(kid=1.126, precision=0.04, recall=0.47, density=0.01, coverage=0)
    assert told.tone == "warm"
    assert told.text == (
        "The new images do not look like your images: precision 0.04, where real images have "
        "0.90 to 0.96."
    )


def test_in_between_the_farthest_off_is_named():
    told = verdict(recall=0.9, kid=0.06)
    assert told.tone == "fair"
    assert told.text == (
        "The new images are not quite like your images: 2 of 6 numbers are off, most of all "
        "recall 0.90, where real images have 0.94 to 0.97."
    )
    assert "images: KID 0.060, where" in verdict(kid=0.06).text


def test_diversity_alone_does_not_tell_whether_images_look_real():
    told = set_verdict("They", measures(diversity=30))
    assert told.tone == "fair"
    assert (
        told.text == "They are as varied as real ones; whether they look like yours is not known."
    )
    assert "diversity 20.62, where real" in set_verdict("They", measures(diversity=20.62)).text


@pytest.mark.parametrize("values", [{}, {"diversity": math.nan}])
def test_without_a_number_nothing_is_said(values):
    assert set_verdict("They", measures(**values)) is None


@pytest.mark.parametrize(
    ("name", "value", "side"),
    [
        ("kid", -0.5, ""),
        ("kid", 0.0151, ""),
        ("kid", 0.016, "above"),
        ("precision", 1, ""),
        ("recall", 0.9, "below"),
        ("coverage", 0.6, ""),
        ("density", 1.2, "above"),
        ("density", 0.2, "below"),
        ("diversity", 31, "above"),
        ("diversity", 29, "below"),
        ("diversity", math.nan, ""),
    ],
)
def test_a_number_is_off_on_its_worse_side_alone_and_as_it_is_shown(name, value, side):
    assert outside(measures(**{name: value}).found[0]) == side
