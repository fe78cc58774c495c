"""Draws by seed: reproducible, nested, class by class, independent of any random generator."""

import numpy as np
import pytest
import torch
from hypothesis import given, strategies

from explorer.data.fewshot import draw_count, draw_shots
from explorer.data.labelled import LabelledImages
from explorer.errors import DataError


def labelled(counts: tuple[int, ...], first_index: int = 0) -> LabelledImages:
    labels = np.repeat(np.arange(len(counts)), counts).astype(np.int64)
    total = len(labels)
    return LabelledImages(
        name="toy",
        images=np.arange(total, dtype=np.uint8).reshape(total, 1, 1, 1),
        labels=labels,
        class_names=tuple(f"kind {number}" for number in range(len(counts))),
        indices=np.arange(total, dtype=np.int64) + first_index,
    )


counts_of_classes = strategies.lists(strategies.integers(3, 20), min_size=1, max_size=5)


@given(counts_of_classes, strategies.integers(1, 3), strategies.integers(0, 2**31))
def test_each_class_gets_exactly_the_shots_with_its_own_pixels(counts, shots, seed):
    data = labelled(tuple(counts), first_index=1000)
    drawn = draw_shots(data, shots, seed)
    assert drawn.class_counts == (shots,) * len(counts)
    assert (np.diff(drawn.indices) > 0).all()
    np.testing.assert_array_equal(drawn.images, data.images[drawn.indices - 1000])
    np.testing.assert_array_equal(drawn.labels, data.labels[drawn.indices - 1000])


@given(counts_of_classes, strategies.integers(0, 2**31))
def test_fewer_shots_are_among_more_shots_of_the_same_seed(counts, seed):
    data = labelled(tuple(counts))
    two, three = draw_shots(data, 2, seed), draw_shots(data, 3, seed)
    assert set(two.indices) < set(three.indices)
    np.testing.assert_array_equal(draw_shots(three, 2, seed).indices, two.indices)


def test_a_draw_uses_and_changes_no_random_generator():
    data = labelled((50, 50))
    states = []
    for seed in (1, 2):
        np.random.seed(seed)
        torch.manual_seed(seed)
        before = np.random.get_state()[1].tolist(), torch.get_rng_state().tolist()
        states.append(draw_shots(data, 5, 0).indices.tolist())
        after = np.random.get_state()[1].tolist(), torch.get_rng_state().tolist()
        assert before == after
    assert states[0] == states[1]


def test_a_draw_never_changes_between_versions():
    assert draw_shots(labelled((10, 10)), 2, 0).indices.tolist() == [4, 7, 15, 18]
    assert draw_count(labelled((10, 10)), 3, 0).indices.tolist() == [7, 15, 18]


def test_other_seeds_give_other_draws_that_cover_the_class_evenly():
    data = labelled((20,))
    drawn = np.concatenate([draw_shots(data, 5, seed).indices for seed in range(400)])
    share = np.bincount(drawn, minlength=20) / 400
    assert abs(share - 0.25).max() < 0.1  # 4.6 standard deviations of a fair draw


def test_a_class_does_not_change_when_another_gains_images():
    small, large = labelled((10, 5)), labelled((10, 9))
    first = draw_shots(small, 3, 7).indices
    second = draw_shots(large, 3, 7).indices
    assert first[first < 10].tolist() == second[second < 10].tolist()


def test_a_class_with_too_few_images_is_named():
    with pytest.raises(DataError, match=r"class 'kind 1' has 2 images, but 3 a class"):
        draw_shots(labelled((5, 2)), 3, 0)


def test_less_than_one_shot_is_refused():
    with pytest.raises(DataError, match="at least 1"):
        draw_shots(labelled((5, 5)), 0, 0)


@given(strategies.integers(1, 40), strategies.integers(0, 2**31))
def test_a_count_takes_so_many_or_all(count, seed):
    data = labelled((10, 10))
    drawn = draw_count(data, count, seed)
    assert len(drawn) == min(count, 20)
    assert (np.diff(drawn.indices) > 0).all()
