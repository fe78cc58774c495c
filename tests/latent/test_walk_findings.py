"""Sentences about a walk: the right answer first, with the right numbers."""

import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from explorer.errors import DataError
from explorer.latent.walk_findings import (
    LEAST_JUMP,
    bits_finding,
    change_finding,
    class_finding,
    inside_shell,
    jumps,
    norm_finding,
    percent,
)

SHELL = np.linspace(0.95, 1.05, 101, dtype=np.float32)
NAMES = ("cat", "dog", "fox")


def row(*values):
    return np.array(values, dtype=np.float32)


def test_lerp_leaves_the_shell_and_slerp_stays():
    found = norm_finding({"slerp": row(1, 1, 1), "lerp": row(1, 0.71, 1)}, SHELL)
    assert found.headline == (
        "Where this model's latents live: slerp. Outside on the way: lerp at t = 0.50."
    )
    assert found.good is False
    assert "slerp 100 %, lerp 71 % to 100 %; at the ends 100 % and 100 %" in found.detail
    assert "95 % of the training latents have 95 % to 105 %" in found.detail


def test_all_paths_may_stay_and_all_may_leave():
    stays = norm_finding({"lerp": row(1, 1, 1)}, SHELL)
    assert stays.good and stays.headline == "Every path stays where this model's latents live."
    alone = norm_finding({"lerp": row(1, 0.9, 0.5, 1)}, SHELL)
    assert alone.headline == (
        "No path stays where this model's latents live; outside: lerp from t = 0.33 to 0.67."
    )


def test_a_path_that_is_back_in_the_middle_has_left_all_the_same():
    found = norm_finding({"slerp": row(1, 1, 1, 1, 1), "lerp": row(1, 0.9, 1, 1.2, 1)}, SHELL)
    assert found.good is False
    assert found.headline.endswith("Outside on the way: lerp at t = 0.25, lerp at t = 0.75.")


@pytest.mark.parametrize(
    ("norms", "said"),
    [
        ((1, 1, 1.44), "B itself lies outside: 144 %."),
        ((0.5, 1, 1), "A itself lies outside: 50 %."),
        ((0.5, 1, 1.44), "A and B themselves lie outside: 50 % and 144 %."),
    ],
)
def test_an_end_that_lies_outside_is_told_apart_from_the_path(norms, said):
    found = norm_finding({"slerp": row(*norms)}, SHELL)
    assert found.good is False
    assert found.headline == (
        f"Between the ends every path stays where this model's latents live. {said}"
    )


def test_both_a_path_and_an_end_may_be_outside():
    found = norm_finding({"slerp": row(1, 1, 1.2, 1.44), "lerp": row(1, 1, 1, 1.44)}, SHELL)
    assert found.headline == (
        "Where this model's latents live: lerp. Outside on the way: slerp at t = 0.67. "
        "B itself lies outside: 144 %."
    )


def test_a_walk_of_its_ends_alone_is_judged_by_them():
    assert norm_finding({"slerp": row(1, 1)}, SHELL).good
    assert "B itself lies outside" in norm_finding({"slerp": row(1, 2)}, SHELL).headline


@given(st.lists(st.floats(0.75, 1.25, width=32), min_size=2, max_size=33))
def test_a_walk_is_good_exactly_where_no_frame_is_outside(norms):
    values = row(*norms)
    inside = inside_shell(values, SHELL)
    found = norm_finding({"slerp": values}, SHELL)
    assert found.good is bool(inside.all())
    assert ("slerp" in found.headline) is not bool(inside[1:-1].all())
    assert ("itself" in found.headline or "themselves" in found.headline) is not bool(
        inside[[0, -1]].all()
    )


@given(st.lists(st.booleans(), min_size=1, max_size=31))
def test_the_named_stretches_are_the_frames_outside(outside):
    values = row(1, *(0.5 if out else 1 for out in outside), 1)
    headline = norm_finding({"slerp": values}, SHELL).headline
    last = len(values) - 1
    named = set()
    for start, end in re.findall(r"t = ([\d.]+\d)(?: to ([\d.]+\d))?", headline):
        named |= set(range(round(float(start) * last), round(float(end or start) * last) + 1))
    assert named == {frame + 1 for frame, out in enumerate(outside) if out}


def test_on_a_sphere_no_range_without_width_is_told():
    found = norm_finding({"slerp": row(1, 1 - 1e-6, 1)}, np.ones(50, dtype=np.float32))
    assert found.good and "they lie on a sphere" in found.detail
    assert "100 % to 100 %" not in found.detail


def test_ends_that_are_long_already_are_told():
    found = norm_finding({"lerp": row(1.03, 0.998, 1.04)}, SHELL)
    assert "lerp 99.8 % to 104 %; at the ends 103 % and 104 %" in found.detail


@pytest.mark.parametrize(
    ("share", "text"), [(0.714, "71 %"), (0.996, "99.6 %"), (1.0, "100 %"), (1.004, "100.4 %")]
)
def test_what_is_not_100_percent_is_not_called_so(share, text):
    assert percent(share) == text


@pytest.mark.parametrize("reference", [row(), row(np.inf), row(0, 0, 0)])
def test_a_reference_without_a_typical_norm_is_refused(reference):
    with pytest.raises(DataError, match="training latents"):
        norm_finding({"lerp": row(1, 1, 1)}, reference)


def test_the_shell_is_the_range_of_95_percent():
    inside = inside_shell(row(0.94, 0.96, 1.04, 1.06), SHELL)
    assert inside.tolist() == [False, True, True, False]


@given(st.lists(st.floats(0, 255, width=32), min_size=1, max_size=32))
def test_a_jump_is_more_than_the_median_and_more_than_nothing(changes):
    values = row(*changes)
    for step in jumps(values):
        assert values[step] > np.median(values)
        assert values[step] > LEAST_JUMP


def test_a_jump_is_named_with_its_place_and_size():
    found = change_finding({"slerp": row(10, 10, 10, 10), "lerp": row(10, 10, 40, 10)})
    assert found.headline == (
        "A jump on lerp from t = 0.50 to 0.75: 40 levels of 255, 4.0 times the median step."
    )
    assert "slerp 10 to 10, lerp 10 to 40" in found.detail
    assert change_finding({"slerp": row(10, 12, 9)}).good


def test_a_model_without_likelihood_says_why_there_are_no_bits():
    found = bits_finding({"slerp": row(np.nan, np.nan)}, row())
    assert found.good is None and "no likelihood" in found.headline


@pytest.mark.parametrize(
    ("inner", "words", "good"),
    [
        (5.02, "as likely as real images are", True),
        (5.5, "less likely than 97.5 % of real images: slerp", False),
        (4.5, "simpler than 97.5 % of real images: slerp", True),
    ],
)
def test_bits_are_compared_with_real_images(inner, words, good):
    reference = np.linspace(5.0, 5.1, 101, dtype=np.float32)
    found = bits_finding({"slerp": row(5.05, inner, 5.05)}, reference)
    assert words in found.headline and found.good is good
    assert "few is not better" in found.detail


def shares(*rows):
    return np.array(rows, dtype=np.float32)


def test_the_turn_from_one_class_to_the_other_is_dated():
    walk = shares([0.9, 0.1, 0], [0.6, 0.4, 0], [0.2, 0.8, 0])
    found = class_finding({"slerp": walk}, NAMES, (0, 1), "Right on 90 %.")
    assert found.headline == "From cat to dog, turning at t: slerp 1.00."
    assert found.detail == "In the middle: slerp cat 60 % (dog 40 %). Right on 90 %."


def test_a_third_class_on_the_way_is_the_answer():
    walk = shares([0.9, 0.1, 0], [0.2, 0.1, 0.7], [0.2, 0.8, 0])
    found = class_finding({"slerp": walk}, NAMES, (0, 1), "")
    assert found.headline == "On the way slerp becomes something else: 70 % fox at t = 0.50."
    assert found.good is False


@pytest.mark.parametrize(("least", "good"), [(0.8, True), (0.45, False)])
def test_a_walk_within_a_class_should_stay_there(least, good):
    walk = shares([1, 0, 0], [least, (1 - least) / 2, (1 - least) / 2], [1, 0, 0])
    found = class_finding({"slerp": walk}, NAMES, (0, 0), "")
    assert found.good is good and percent(least) in found.headline


def test_a_model_without_a_classifier_says_how_to_get_one():
    found = class_finding({"slerp": np.zeros((3, 0), dtype=np.float32)}, NAMES, (0, 1), "")
    assert found.good is None and "prepare" in found.detail
