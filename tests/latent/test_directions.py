import dataclasses
import math
from itertools import permutations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from explorer.errors import CheckpointError, ConfigError, DataError
from explorer.latent.directions import (
    Directions,
    edit,
    load_directions,
    position,
    save_directions,
)

seeds = st.integers(0, 2**31 - 1)
strengths = st.floats(-3, 3)


def drawn(seed: int, *shape: int) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def record(a: int = 2, c: int = 3, d: int = 4) -> Directions:
    """Values that half precision, the file's, can hold."""
    return Directions(
        names=("smile", "Schnurrbart ä")[:a],
        class_names=("short", "long", "bald")[:c],
        pooled=drawn(0, a, d).half().float(),
        ridge=drawn(1, a, d).half().float(),
        conditional=drawn(2, a, c, d).half().float(),
        midpoints=drawn(3, a, d).half().float(),
        positives=torch.arange(a),
        negatives=torch.arange(a) + 7,
        class_positives=torch.arange(a * c).reshape(a, c),
        class_negatives=torch.arange(a * c).reshape(a, c) + 7,
    )


def bits(values: Tensor) -> list[int]:
    whole = torch.int64 if values.dtype == torch.float64 else torch.int32
    return values.view(whole).flatten().tolist()


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
    before = position(latents, row[0].double(), middle.double())
    after = position(edit(latents, row, [amount]), row[0].double(), middle.double())
    torch.testing.assert_close(after - before, torch.full_like(before, amount))


def test_the_means_lie_at_plus_and_minus_one_half():
    positive, negative = drawn(0, 1, 6), drawn(1, 1, 6)
    direction, middle = (positive - negative)[0], ((positive + negative) / 2)[0]
    places = position(torch.cat([positive, negative]), direction, middle)
    assert places.tolist() == pytest.approx([0.5, -0.5], abs=1e-6)


def test_a_direction_of_length_zero_has_no_positions():
    with pytest.raises(DataError, match="length 0"):
        position(drawn(0, 2, 3), torch.zeros(3), torch.zeros(3))


def test_a_saved_record_comes_back_bit_by_bit(tmp_path):
    before = record()
    save_directions(tmp_path / "folder" / "directions.npz", before)
    after = load_directions(tmp_path / "folder" / "directions.npz")
    for field in dataclasses.fields(Directions):
        old, new = getattr(before, field.name), getattr(after, field.name)
        if isinstance(old, Tensor):
            assert old.dtype == new.dtype
            assert torch.equal(old, new)
        else:
            assert old == new


def test_equal_records_give_equal_files(tmp_path):
    save_directions(tmp_path / "one.npz", record())
    save_directions(tmp_path / "two.npz", record())
    assert (tmp_path / "one.npz").read_bytes() == (tmp_path / "two.npz").read_bytes()


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("ridge", drawn(0, 2, 5), r"ridge is float16 of shape \(2, 5\); expected .*\(2, 4\)"),
        ("pooled", torch.zeros(2, 4, dtype=torch.int64), "pooled is int64"),
        ("positives", torch.zeros(3, dtype=torch.int64), "positives"),
        ("midpoints", torch.full((2, 4), math.nan), "midpoints is not finite"),
    ],
)
def test_a_file_whose_arrays_do_not_fit_is_refused(tmp_path, name, value, message):
    damaged = record()
    object.__setattr__(damaged, name, value)
    save_directions(tmp_path / "directions.npz", damaged)
    with pytest.raises(CheckpointError, match=message):
        load_directions(tmp_path / "directions.npz")
