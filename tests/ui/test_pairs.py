"""Choosing ends without the map."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tiny_models import GLICO, GLOW

from explorer.errors import ConfigError, ExplorerError
from explorer.ui.pairs import chosen_end, position_of, random_pair, swapped, with_end
from explorer.ui.shared import Picked, Selection

PICKED = Picked(GLICO, 3, 8)
SEEDS = st.integers(0, 2**32 - 1)


def chosen(workbench, slot, how, selection=None, seed=0, **more):
    sent = {"slot": slot, "how": how, **more}
    return chosen_end(workbench, PICKED, selection, sent, np.random.default_rng(seed))


def test_swapping_twice_changes_nothing():
    assert swapped(PICKED) == Picked(GLICO, 8, 3)
    assert swapped(swapped(PICKED)) == PICKED


@given(seed=SEEDS)
def test_a_random_pair_is_two_images_of_the_gallery(workbench, seed):
    picked = random_pair(workbench, PICKED, np.random.default_rng(seed))
    count = len(workbench.open(GLICO).gallery)
    assert picked.a != picked.b
    assert 0 <= picked.a < count and 0 <= picked.b < count


@given(seed=SEEDS)
@pytest.mark.parametrize(("how", "same"), [("same", True), ("other", False)])
def test_an_end_is_chosen_by_the_class_of_the_other(workbench, seed, how, same):
    labels = workbench.open(GLICO).gallery.labels
    picked = chosen(workbench, "b", how, seed=seed)
    assert picked.a == PICKED.a
    assert picked.b not in (PICKED.a, PICKED.b)
    assert (labels[picked.a] == labels[picked.b]) == same


def test_the_nearest_end_is_the_nearest_code(workbench):
    codes = workbench.latents(GLICO, range(60))
    distances = (codes - codes[PICKED.b]).norm(dim=1)
    distances[PICKED.b] = float("inf")
    assert chosen(workbench, "a", "nearest") == Picked(GLICO, int(distances.argmin()), PICKED.b)


def test_an_end_can_be_a_sample_a_mean_or_what_a_text_names(workbench):
    sample = chosen(workbench, "b", "sample", temperature=0.5, label="hat").b
    assert workbench.picture(GLICO, sample).origin == "generated"
    assert workbench.picture(GLICO, sample).class_name == "hat"
    mean = chosen(workbench, "a", "mean", Selection(GLICO, (1, 2, 5))).a
    assert workbench.picture(GLICO, mean).source == "mean:1+2+5"
    assert chosen(workbench, "a", "source", value=" 12 ").a == 12


@pytest.mark.parametrize("selection", [None, Selection(GLOW, (1, 2))])
def test_without_a_selection_of_this_model_there_is_no_mean(workbench, selection):
    with pytest.raises(ConfigError, match="Nothing is selected"):
        chosen(workbench, "a", "mean", selection)


@pytest.mark.parametrize(
    "sent",
    [
        {},
        {"slot": "c", "how": "random"},
        {"slot": ["a"], "how": "random"},
        {"slot": "a", "how": "x" * 10_000},
        {"slot": "a", "how": {"random": 1}},
        {"slot": "a", "how": "source", "value": None},
        {"slot": "a", "how": "source", "value": "9" * 100_000},
        {"slot": "a", "how": "source", "value": [1, 2]},
        {"slot": "a", "how": "source", "value": "-1"},
        {"slot": "a", "how": "source", "value": "../../etc/passwd"},
        {"slot": "a", "how": "sample", "temperature": float("nan")},
        {"slot": "a", "how": "sample", "temperature": "hot"},
        {"slot": "a", "how": "sample", "temperature": True},
        {"slot": "a", "how": "sample", "temperature": 10**400},
        {"slot": "a", "how": "sample", "temperature": 1, "label": "<b>hut</b>"},
        {"slot": "a", "how": "sample", "temperature": 1, "label": {"x": 1}},
    ],
)
def test_forged_events_are_refused_in_words(workbench, sent):
    with pytest.raises(ExplorerError) as caught:
        chosen_end(workbench, PICKED, None, sent, np.random.default_rng(0))
    assert len(str(caught.value)) < 500


@pytest.mark.parametrize("value", [None, "3", 2.5, float("nan"), float("inf"), True, [3]])
def test_what_is_no_whole_number_is_no_position(value):
    with pytest.raises(ConfigError, match=r"is no image number"):
        position_of(value)


@pytest.mark.parametrize("value", [3, 3.0])
def test_browsers_may_send_whole_numbers_as_floats(value):
    assert position_of(value) == 3


def test_an_end_is_set_by_its_name():
    assert with_end(PICKED, "a", 5) == Picked(GLICO, 5, 8)
    assert with_end(PICKED, "b", 5) == Picked(GLICO, 3, 5)
    with pytest.raises(ConfigError, match="no slot"):
        with_end(PICKED, "A", 5)
