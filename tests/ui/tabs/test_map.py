"""The map tab: whatever a browser sends, and what is shown of the pair."""

import base64
import io

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from tiny_models import GLOW

from explorer.errors import ConfigError
from explorer.ui.shared import Picked
from explorer.ui.tabs.map import pair_value, picked_by_map, picked_by_number

PICKED = Picked(GLOW, 3, 8)
JUNK = st.one_of(
    st.none(),
    st.booleans(),
    st.floats().filter(lambda value: not value.is_integer()),
    st.text(),
    st.integers(max_value=-1),
    st.integers(min_value=10**6),
    st.lists(st.integers()),
)


def test_a_click_replaces_the_pair(workbench):
    token = workbench.open(GLOW).token
    assert picked_by_map(workbench, PICKED, token=token, a=5, b=6) == Picked(GLOW, 5, 6)


@given(junk=JUNK, slot=st.sampled_from(["a", "b"]))
def test_anything_that_is_no_image_number_is_refused(workbench, junk, slot):
    sent = {"token": workbench.open(GLOW).token, "a": 0, "b": 1, slot: junk}
    with pytest.raises(ConfigError):
        picked_by_map(workbench, PICKED, **sent)


@pytest.mark.parametrize("token", [None, "", 5, "0123456789abcdef"])
def test_a_click_on_another_models_map_is_refused(workbench, token):
    with pytest.raises(ConfigError, match="Reload the page"):
        picked_by_map(workbench, PICKED, token=token, a=0, b=1)


def test_an_empty_number_leaves_its_image(workbench):
    assert picked_by_number(workbench, PICKED, None, 4) == Picked(GLOW, 3, 4)
    assert picked_by_number(workbench, PICKED, 4.0, None) == Picked(GLOW, 4, 8)


@pytest.mark.parametrize("number", [-1, 10**6, 1.5, float("nan")])
def test_a_number_that_is_no_image_is_refused(workbench, number):
    with pytest.raises(ConfigError):
        picked_by_number(workbench, PICKED, number, None)


def test_the_pair_is_shown_as_its_very_pixels_with_words(workbench):
    value = pair_value(workbench, PICKED)
    for slot, index in (("a", 3), ("b", 8)):
        picture = workbench.picture(GLOW, index)
        shown = Image.open(io.BytesIO(base64.b64decode(value[slot]["uri"].split(",")[1])))
        np.testing.assert_array_equal(np.asarray(shown), picture.pixels)
        assert value[slot]["number"] == index
        assert value[slot]["class_name"] == picture.class_name
        assert len(value[slot]["attributes"]) == len(picture.attributes)
        assert not any("_" in name for name in value[slot]["attributes"])
    assert pair_value(workbench, None) is None
