"""The square between four corners on the page: what is wanted, what is drawn, what is refused."""

import json

import numpy as np
import pytest
from tiny_models import GLOW

from explorer.errors import ConfigError
from explorer.service.view import PlaneView, parse_view
from explorer.ui.plane_panel import Wish, plane_message, stale_plane, wish, wish_of_view
from explorer.ui.shared import Picked


def test_without_a_pair_nothing_is_wanted(workbench):
    assert wish(workbench, None, 5, "spherical") is None
    assert stale_plane(None)["key"] == ""


def test_a_pair_gets_two_more_corners_and_another_draw_others(workbench):
    picked = Picked(GLOW, 3, 9)
    drawn = [wish(workbench, picked, 4, "bilinear", lower, 3) for lower in ("class", "random")]
    drawn += [wish(workbench, picked, 4, "bilinear", seed=seed) for seed in range(6)]
    assert all(one.corners[:2] == (3, 9) and one.size == 4 for one in drawn)
    assert drawn[2] == wish(workbench, picked, 4, "bilinear")
    assert len({one.key for one in drawn}) > 1


def test_the_message_draws_the_square_that_was_wanted(workbench):
    wanted = Wish(GLOW, (3, 9, 4, 5), 3, "bilinear")
    message = plane_message(workbench, wanted)
    assert message["key"] == stale_plane(wanted)["key"]
    assert (message["sheet"]["rows"], message["sheet"]["columns"]) == (3, 3)
    assert np.shape(message["shares"]) == np.shape(message["typical"]) == (3, 3)
    assert "A #3" in message["note"] and "D #5" in message["note"]
    view = parse_view(json.dumps(message["view"]))
    corners = ("3", "9", "4", "5")
    assert view == PlaneView(model=GLOW, corners=corners, size=3, method="bilinear")
    assert wish_of_view(workbench, view) == wanted


@pytest.mark.parametrize("size", [2, 10, None, "5", float("nan")])
def test_a_forged_size_is_refused(workbench, size):
    with pytest.raises(ConfigError, match="3 to 9"):
        wish(workbench, Picked(GLOW, 3, 9), size, "spherical")


@pytest.mark.parametrize("method", ["round", None, ["spherical"]])
def test_a_forged_method_is_refused(workbench, method):
    with pytest.raises(ConfigError, match="No square"):
        wish(workbench, Picked(GLOW, 3, 9), 5, method)
