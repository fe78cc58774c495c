"""The map tab: whatever a browser sends, as a click."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tiny_models import GLOW

from explorer.errors import ConfigError
from explorer.ui.shared import Picked
from explorer.ui.tabs.map import picked_by_map

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
