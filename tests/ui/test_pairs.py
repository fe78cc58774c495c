"""Choosing pairs without the map."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tiny_models import GLOW

from explorer.ui.pairs import of_one_class, other_class, random_pair, same_class, swapped
from explorer.ui.shared import Picked

PICKED = Picked(GLOW, 3, 8)
SEEDS = st.integers(0, 2**32 - 1)


def test_swapping_twice_changes_nothing():
    assert swapped(PICKED) == Picked(GLOW, 8, 3)
    assert swapped(swapped(PICKED)) == PICKED


@given(seed=SEEDS)
def test_a_random_pair_is_two_images_of_the_gallery(workbench, seed):
    picked = random_pair(workbench, PICKED, np.random.default_rng(seed))
    count = len(workbench.open(GLOW).gallery)
    assert picked.a != picked.b
    assert 0 <= picked.a < count and 0 <= picked.b < count


@given(seed=SEEDS)
def test_a_pair_of_one_class_is_two_images_of_it(workbench, seed):
    labels = workbench.open(GLOW).gallery.labels
    picked = of_one_class(workbench, PICKED, np.random.default_rng(seed))
    assert picked.a != picked.b
    assert labels[picked.a] == labels[picked.b]


@given(seed=SEEDS)
@pytest.mark.parametrize(("choose", "same"), [(same_class, True), (other_class, False)])
def test_b_is_chosen_for_a(workbench, seed, choose, same):
    labels = workbench.open(GLOW).gallery.labels
    picked = choose(workbench, PICKED, np.random.default_rng(seed))
    assert picked.a == PICKED.a
    assert picked.b not in (PICKED.a, PICKED.b)
    assert (labels[picked.a] == labels[picked.b]) == same
