import dataclasses
import math
from itertools import permutations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from explorer.errors import ConfigError, DataError
from explorer.latent.direction_fit import fit_directions
from explorer.latent.direction_sums import DirectionSums
from explorer.latent.directions import Directions, edit, position

seeds = st.integers(0, 2**31 - 1)
strengths = st.floats(-3, 3)


def drawn(seed: int, *shape: int) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def record(seed: int = 0) -> Directions:
    """Of 40 images in 3 classes; nobody of class "bald" has a moustache."""
    generator = torch.Generator().manual_seed(seed)
    marks = torch.rand(40, 2, generator=generator) < 0.5
    labels = torch.arange(40) % 3
    marks[:, 1] &= labels != 2
    sums = DirectionSums(2, 6, 3)
    sums.update(drawn(seed + 1, 40, 6) + marks.float() @ drawn(seed + 2, 2, 6), marks, labels)
    found = fit_directions(sums, ("smile", "moustache"), ("short", "long", "bald"))
    principal = drawn(seed + 3, 2, 6)
    offsets = {**found.offsets, "principal": torch.tensor([0.5, -0.5]).double()}
    return dataclasses.replace(
        found, principal=principal, offsets=offsets, refused={"scar": (2, 38)}
    )


def bits(values: Tensor) -> list[int]:
    whole = torch.int64 if values.dtype == torch.float64 else torch.int32
    return values.view(whole).flatten().tolist()


def offset_of(direction: Tensor, middle: Tensor) -> float:
    d, middle = direction.double(), middle.double()
    return float(middle @ d / (d @ d))


@given(seed=seeds)
def test_strength_zero_returns_the_input_bit_by_bit(seed):
    latents = drawn(seed, 3, 5)
    latents[0, 0] = -0.0
    moved = edit(latents, drawn(seed + 1, 2, 5), [0.0, -0.0])
    assert bits(moved) == bits(latents)
    moved += 1
    assert latents[0, 0] == 0


@given(seed=seeds, amounts=st.lists(strengths, min_size=4, max_size=4))
def test_the_order_of_edits_makes_no_difference_to_the_last_bit(seed, amounts):
    latents, rows = drawn(seed, 2, 6).double(), drawn(seed + 1, 4, 6).double()
    results = {
        tuple(bits(edit(latents, rows[list(order)], [amounts[i] for i in order])))
        for order in permutations(range(4))
    }
    assert len(results) == 1


@given(seed=seeds, amount=strengths)
def test_an_edit_adds_strength_times_direction(seed, amount):
    latents, rows = drawn(seed, 3, 5), drawn(seed + 1, 2, 5)
    expected = latents + 0.5 * rows[0] + amount * rows[1]
    torch.testing.assert_close(edit(latents, rows, [0.5, amount]), expected, rtol=0, atol=1e-5)


def test_an_idle_slider_changes_no_bit():
    latents, rows = drawn(0, 3, 5), drawn(1, 3, 5)
    assert bits(edit(latents, rows, [0.3, 0.0, 0.7])) == bits(
        edit(latents, rows[[0, 2]], [0.3, 0.7])
    )


@pytest.mark.parametrize("strength", [math.nan, math.inf])
def test_a_strength_that_is_not_finite_is_refused(strength):
    with pytest.raises(ConfigError, match="not finite"):
        edit(drawn(0, 1, 3), drawn(1, 1, 3), [strength])


def test_a_strength_is_needed_for_each_direction():
    with pytest.raises(ConfigError, match="1 strengths for 2 directions"):
        edit(drawn(0, 1, 3), drawn(1, 2, 3), [1.0])


@given(seed=seeds, amount=strengths)
def test_an_edit_moves_the_position_by_its_strength(seed, amount):
    latents, row, middle = drawn(seed, 3, 8).double(), drawn(seed + 1, 1, 8), drawn(seed + 2, 8)
    before = position(latents, row[0], offset_of(row[0], middle))
    after = position(edit(latents, row, [amount]), row[0], offset_of(row[0], middle))
    torch.testing.assert_close(after - before, torch.full_like(before, amount))


def test_the_means_lie_at_plus_and_minus_one_half():
    positive, negative = drawn(0, 1, 6), drawn(1, 1, 6)
    direction, middle = (positive - negative)[0], ((positive + negative) / 2)[0]
    places = position(torch.cat([positive, negative]), direction, offset_of(direction, middle))
    assert places.tolist() == pytest.approx([0.5, -0.5], abs=1e-6)


def test_a_direction_of_length_zero_has_no_positions():
    with pytest.raises(DataError, match="length 0"):
        position(drawn(0, 2, 3), torch.zeros(3), 0.0)


def test_each_kind_is_found_by_name():
    found = record()
    assert found.sliders == ("smile", "moustache", "variation 1", "variation 2")
    assert torch.equal(found.axis("moustache", "pooled"), found.pooled[1])
    assert torch.equal(found.axis("moustache", "ridge"), found.ridge[1])
    assert torch.equal(found.axis("smile", "conditional", 2), found.conditional[0, 2])
    assert torch.equal(found.axis("smile", "class", 2), found.within[0, 2])
    assert torch.equal(found.axis("variation 2", "principal"), found.principal[1])


def test_kinds_of_one_class_need_a_class_with_enough_images():
    found = record()
    assert found.kinds("moustache") == ("pooled", "ridge")
    assert found.kinds("moustache", 0) == ("pooled", "class", "conditional", "ridge")
    assert found.kinds("moustache", 2) == ("pooled", "conditional", "ridge")
    assert found.kinds("variation 1", 2) == ("principal",)
    assert found.without_classes().kinds("smile", 2) == ("pooled", "ridge")
    with pytest.raises(ConfigError, match="'class' for 'moustache' from class 'bald'"):
        found.axis("moustache", "class", 2)
    with pytest.raises(ConfigError, match="Choose one of pooled, ridge"):
        found.axis("smile", "conditional")
    with pytest.raises(ConfigError, match="Class 3; 3 classes"):
        found.axis("smile", "conditional", 3)


@pytest.mark.parametrize(("kind", "label"), [("pooled", None), ("ridge", None), ("class", 1)])
def test_a_position_is_zero_half_way_between_the_means(kind, label):
    found = record()
    generator = torch.Generator().manual_seed(0)
    marks = torch.rand(40, 2, generator=generator) < 0.5
    labels = torch.arange(40) % 3
    marks[:, 1] &= labels != 2
    latents = drawn(1, 40, 6) + marks.float() @ drawn(2, 2, 6)
    chosen = torch.ones(40, dtype=torch.bool) if label is None else labels == label
    with_it = latents[chosen & marks[:, 0]].mean(0, keepdim=True)
    without = latents[chosen & ~marks[:, 0]].mean(0, keepdim=True)
    places = found.position(torch.cat([with_it, without]), "smile", kind, label)
    assert float(places.sum()) == pytest.approx(0, abs=1e-5)
    assert float(places[0]) > 0
    if kind != "ridge":
        assert places.tolist() == pytest.approx([0.5, -0.5], abs=1e-5)


def test_a_direction_says_how_many_images_it_rests_on():
    found = record()
    everyone = found.counts("moustache")
    assert sum(everyone) == 40
    assert found.group("moustache", "pooled") == everyone
    own = found.group("moustache", "class", 0)
    assert own == (int(found.class_positives[1, 0]), int(found.class_negatives[1, 0]))
    # Nobody bald has one, so everybody's moustaches stand in; 13 bald faces are without.
    assert found.group("moustache", "conditional", 2) == (everyone[0], 13)
    assert found.counts("variation 1") == found.group("variation 1", "principal") == (0, 0)


def test_an_unknown_attribute_is_named_with_what_there_is():
    with pytest.raises(ConfigError, match=r"No attribute 'smlie'\. Did you mean 'smile'"):
        record().axis("smlie", "pooled")
    with pytest.raises(ConfigError, match="'scar' has 2 images with it and 38 without"):
        record().axis("scar", "pooled")


def test_a_spread_that_was_not_measured_is_not_a_number():
    found = dataclasses.replace(
        record(),
        cosines={"pooled": torch.tensor([0.9, 0.8])},
        errors={"pooled": torch.tensor([0.4, 0.7])},
    )
    spread = found.spread("moustache", "pooled")
    assert (spread.cosine, spread.error) == pytest.approx((0.8, 0.7))
    assert math.isnan(found.spread("moustache", "ridge").error)


def test_some_attributes_can_be_taken_out():
    found = record()
    one = found.only(["moustache"])
    assert one.sliders == ("moustache",)
    for kind in ("pooled", "ridge", "conditional", "class"):
        label = None if kind in ("pooled", "ridge") else 1
        same = found.axis("moustache", kind, label)
        assert torch.equal(one.axis("moustache", kind, label), same)
        expected = found.offset("moustache", kind, label)
        assert one.offset("moustache", kind, label) == expected
