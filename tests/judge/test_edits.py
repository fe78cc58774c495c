from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from planted import ATTRIBUTES, CLASSES, PixelModel, squares

from explorer.data.images import to_images
from explorer.judge.edits import (
    ENOUGH_FLIPS,
    EditJudge,
    EditResult,
    choose_edits,
    compare_edits,
    confirm_edits,
    forced_labels,
)
from explorer.latent.direction_fit import fit_directions
from explorer.latent.direction_sums import DirectionSums


@pytest.fixture(scope="module")
def judge(classifier):
    model, train = PixelModel(), squares(300, seed=5)
    sums = DirectionSums(len(ATTRIBUTES), model.traits.latent_dim, len(CLASSES))
    sums.update(
        model.encode(to_images(train.images)),
        torch.from_numpy(train.attributes),
        torch.from_numpy(train.labels),
    )
    directions = fit_directions(sums, ATTRIBUTES, CLASSES)
    return EditJudge.of(model, classifier, directions, squares(200, seed=6), {"top": ("lid",)})


def result(attribute="top", *, strength=1.0, flips=0.5, leakage=0.0, blown=0.0):
    return EditResult(attribute, "ridge", strength, 100, flips, leakage, blown)


# which labels an attribute forces


@given(st.integers(1, 40), st.integers(1, 5), st.integers(0, 2**31 - 1))
def test_a_label_is_forced_where_all_images_with_the_attribute_agree_on_it(count, width, seed):
    marks = np.random.default_rng(seed).random((count, width)) < 0.4
    forced = forced_labels(torch.from_numpy(marks))
    for a in range(width):
        for b in range(width):
            assert bool(forced[a, b]) == (len(set(marks[marks[:, a], b].tolist())) < 2)


def test_hiding_forces_one_way_only():
    forced = forced_labels(torch.tensor([[True, False], [False, True], [False, False]] * 2))
    assert forced[0, 1] and forced[1, 0], "each excludes the other"
    implies = forced_labels(torch.tensor([[True, True], [False, True], [False, False]]))
    assert implies[0, 1] and not implies[1, 0], "the first implies the second, not back"


# what an edit did


@pytest.mark.parametrize("kind", ["pooled", "ridge", "conditional"])
def test_a_planted_direction_flips_its_attribute_and_no_other(judge, kind):
    found = judge.measure("bottom", kind, 1.0)
    assert (found.attribute, found.kind, found.strength) == ("bottom", kind, 1.0)
    assert found.flips > 0.97
    assert found.leakage < 0.03
    assert found.blown == 0


def test_strength_zero_flips_and_changes_nothing(judge):
    found = judge.measure("bottom", "pooled", 0.0)
    assert (found.leakage, found.blown) == (0, 0)
    assert found.flips < 0.03


def test_another_attributes_direction_is_all_leakage(judge):
    wrong = judge.directions.ridge.clone()
    wrong[ATTRIBUTES.index("top")] = judge.directions.ridge[ATTRIBUTES.index("bottom")]
    crossed = replace(judge, directions=replace(judge.directions, ridge=wrong), hidden_by={})
    found = crossed.measure("top", "ridge", 1.0)
    had_not = ~judge.data.attributes[crossed.without("top", 100)][:, 1]
    assert found.flips < 0.05
    assert found.leakage == pytest.approx(had_not.mean(), abs=0.03)


def test_an_attribute_that_is_hidden_by_the_edit_is_no_leakage(judge):
    hidden = judge.measure("lid", "conditional", 1.0)
    assert hidden.flips > 0.9
    assert hidden.leakage < 0.03, "top vanishes under the lid, bottom stays"


def test_only_images_without_the_attribute_are_edited(judge):
    chosen = judge.without("lid", 1000)
    assert not judge.data.attributes[chosen, 2].any()
    assert len(chosen) == (~judge.data.attributes[:, 2]).sum()
    assert judge.measure("lid", "ridge", 0.0, count=7).count == 7


def test_images_that_could_not_show_the_attribute_are_not_judged(judge):
    chosen = judge.without("top", 1000)
    assert not judge.data.attributes[chosen][:, [0, 2]].any(), "neither a top nor a lid over it"
    blind = replace(judge, hidden_by={}).without("top", 1000)
    assert set(chosen) < set(blind)
    assert judge.data.attributes[sorted(set(blind) - set(chosen)), 2].all()


def test_an_edit_goes_no_farther_than_its_images_limit(judge):
    full = judge.measure("bottom", "ridge", 1.0, count=50)
    held = judge.measure("bottom", "ridge", 1.0, count=50, limits=np.zeros(50))
    half = judge.measure("bottom", "ridge", 1.0, count=50, limits=np.repeat([0.0, 9.0], 25))
    assert full.flips > 0.9
    assert (held.flips, held.leakage) == (0, 0)
    assert half.flips == pytest.approx(0.5, abs=0.05)


def test_the_conditional_direction_is_that_of_each_images_own_class(judge):
    positions = np.array([0, 1, 2, 3], dtype=np.int64)
    assert len(set(judge.data.labels[positions])) == 2
    raw, _ = judge.edited("bottom", "conditional", np.ones(4), positions)
    row = ATTRIBUTES.index("bottom")
    for image, position in zip(raw, positions, strict=True):
        axis = judge.directions.conditional[row, judge.data.labels[position]]
        expected = (judge.latents[position] + axis).clamp(0, 1)
        torch.testing.assert_close(image.flatten(), expected)


def test_images_driven_to_white_count_as_blown(judge):
    found = judge.measure("bottom", "ridge", 50.0)
    assert found.blown == 1
    assert not found.is_clean


# choosing on some images, reporting on others


def test_every_attribute_and_kind_is_tried_from_the_weakest_strength_up(judge):
    tried = list(compare_edits(judge, count=5, kinds=("pooled", "ridge"), strengths=(0.1, 0.0)))
    keys = [(r.attribute, r.kind, r.strength) for r in tried]
    assert keys == [(a, k, s) for a in ATTRIBUTES for k in ("pooled", "ridge") for s in (0.0, 0.1)]


def test_stronger_edits_are_not_tried_where_one_flips_enough_or_blows_up(judge):
    def tried(strengths):
        rows = compare_edits(judge, count=20, kinds=("ridge",), strengths=strengths)
        return [r.strength for r in rows if r.attribute == "bottom"]

    assert tried((0.0, 1.0, 1.5)) == [0.0, 1.0]
    assert tried((-50.0, 0.0, 1.0)) == [-50.0]


def test_an_attribute_that_every_image_has_is_left_out(judge):
    full = judge.part(slice(0, 60))
    full.data.attributes[:, 1] = True
    assert {r.attribute for r in compare_edits(full, count=2)} == {"top", "lid"}


def strength_chosen(*rows):
    chosen = choose_edits(rows)
    assert choose_edits(rows[::-1]) == chosen
    return chosen["top"].strength


def test_of_those_with_enough_flips_the_one_that_leaks_visibly_less_is_chosen():
    assert (
        strength_chosen(
            result(strength=1.0, flips=0.5, leakage=0.0),
            result(strength=1.5, flips=1.0, leakage=0.03),
            result(strength=2.0, flips=ENOUGH_FLIPS, leakage=0.02),
            result(strength=4.0, flips=1.0, leakage=0.06),
            result(strength=5.0, flips=1.0, leakage=0.0, blown=0.5),
        )
        == 2.0
    )


def test_within_the_noise_the_weaker_edit_is_chosen():
    assert (
        strength_chosen(
            result(strength=1.25, flips=1.0, leakage=0.001),
            result(strength=2.0, flips=1.0, leakage=0.0),
        )
        == 1.25
    )
    assert (
        strength_chosen(
            result(strength=1.0, flips=0.76),
            result(strength=2.0, flips=0.80),
        )
        == 1.0
    ), "0.80 of 100 has a standard error of 0.04"
    assert (
        strength_chosen(
            result(strength=1.0, flips=0.75),
            result(strength=2.0, flips=0.80),
        )
        == 2.0
    )


def test_each_attribute_has_its_own_choice():
    chosen = choose_edits([result(strength=2.0), result("lid", strength=6.0, flips=0.2)])
    assert {name: row.strength for name, row in chosen.items()} == {"top": 2.0, "lid": 6.0}


def test_where_none_is_clean_the_least_leakage_is_chosen():
    rows = [result(flips=1.0, leakage=0.5), result(flips=0.1, leakage=0.1)]
    assert choose_edits(rows)["top"] is rows[1]


def test_a_part_of_the_judge_sees_its_own_images_with_their_latents(judge):
    part = judge.part(slice(100, None))
    assert len(part.data) == 100
    torch.testing.assert_close(part.latents, to_images(part.data.images).flatten(1))
    assert np.array_equal(part.data.images, judge.data.images[100:])


def test_the_choice_is_confirmed_on_the_judges_images(judge):
    first = compare_edits(judge.part(slice(0, 100)), count=20, kinds=("pooled", "class"))
    chosen = choose_edits(first)
    other = judge.part(slice(100, None))
    for found in confirm_edits(other, chosen, count=20):
        assert found == other.measure(found.attribute, found.kind, found.strength, count=20)
        assert chosen[found.attribute].kind == found.kind
