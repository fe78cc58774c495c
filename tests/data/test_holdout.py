"""The held-out part of a set without a split of its own."""

import numpy as np
from hypothesis import given, strategies

from explorer.data.holdout import held_out


@given(strategies.lists(strategies.integers(0, 60), min_size=1, max_size=5))
def test_each_class_of_two_or_more_gives_a_tenth_and_keeps_one(counts):
    labels = np.repeat(np.arange(len(counts)), counts).astype(np.int64)
    keys = [f"{label}/{row}.png" for row, label in enumerate(labels)]
    test = held_out(keys, labels)
    for number, count in enumerate(counts):
        given_away = int(test[labels == number].sum())
        expected = max(1, round(count / 10)) if count > 1 else 0
        assert given_away == expected


def test_the_side_of_a_file_depends_on_its_name_and_not_on_the_order():
    keys = [f"a/{number}.png" for number in range(50)]
    labels = np.zeros(50, dtype=np.int64)
    forward = {key for key, test in zip(keys, held_out(keys, labels), strict=True) if test}
    keys.reverse()
    backward = {key for key, test in zip(keys, held_out(keys, labels), strict=True) if test}
    assert forward == backward
    assert len(forward) == 5


def test_a_name_that_is_no_valid_text_has_a_side_too():
    assert held_out(["a/\udcff.png", "a/b.png"], np.zeros(2, dtype=np.int64)).sum() == 1
