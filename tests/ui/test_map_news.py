"""What the map is told: selections as bits, guests and walks with their places."""

import base64

import numpy as np
import pytest
from tiny_models import GLICO, GLOW

from explorer.service.map_walk import walk_on_map
from explorer.service.points import add_sample
from explorer.service.progress import unreported
from explorer.service.view import EditView, MapView
from explorer.ui.map_news import (
    guests_news,
    refused_news,
    selection_news,
    view_news,
    walk_news,
)
from explorer.ui.map_questions import MapQuestion, WalkQuestion
from explorer.ui.shared import Picked, Selection


def test_a_selection_is_one_bit_an_image(workbench):
    chosen = (0, 7, 8, 31, 59)
    said = selection_news(workbench, Picked(GLOW, 0, 1), Selection(GLOW, chosen))["said"]
    bits = np.frombuffer(base64.b64decode(said["mask"]), np.uint8)
    assert tuple(np.flatnonzero(np.unpackbits(bits, bitorder="little"))) == chosen
    assert said["count"] == len(chosen)


@pytest.mark.parametrize("selection", [None, Selection(GLICO, (1,))])
def test_no_selection_of_this_model_is_none(workbench, selection):
    assert selection_news(workbench, Picked(GLOW, 0, 1), selection)["said"] is None


def test_guests_are_told_with_a_place_on_the_layout(workbench):
    position = add_sample(workbench, GLICO, seed=11)
    token = workbench.open(GLICO).token
    question = MapQuestion(token=token, ask=4, layout="pca")
    said = guests_news(workbench, GLICO, question, unreported)["said"]
    assert (said["token"], said["ask"], said["layout"]) == (token, 4, "pca")
    (guest,) = [one for one in said["guests"] if one["position"] == position]
    assert guest["origin"] == "generated" and guest["source"] == "sample:11"
    assert guest["uri"].startswith("data:image/png")
    assert np.isfinite([guest["x"], guest["y"]]).all()


def test_a_walk_is_told_with_one_sheet_and_its_question(workbench):
    question = WalkQuestion(token="t", ask=9, layout="pca", along="lerp", a=1, b=2)
    walk = walk_on_map(workbench, GLOW, "pca", "lerp", 1, 2)
    said = walk_news(workbench, GLOW, question, walk)["said"]
    assert {name: said[name] for name in ("ask", "layout", "along", "a", "b")} == {
        "ask": 9,
        "layout": "pca",
        "along": "lerp",
        "a": 1,
        "b": 2,
    }
    assert len(said["points"]) == len(walk.frames)
    assert (said["width"], said["height"]) == walk.frames.shape[2:0:-1]


def test_only_a_shared_map_says_how_the_map_was_looked_at(workbench):
    view = MapView(model=GLOW, layout="pca", mode="dots", a="1", b="2", window=(0, 0, 1, 1))
    said = view_news(workbench, view)["said"]
    assert (said["layout"], said["mode"], said["window"]) == ("pca", "dots", [0, 0, 1, 1])
    assert view_news(workbench, EditView(model=GLOW, a="1", strengths={}))["said"] is None
    assert view_news(workbench, None)["said"] is None


def test_a_refused_click_is_told_with_the_pair_that_stays(workbench):
    numbers = iter((1, 2))
    news = [refused_news(workbench, Picked(GLOW, 3, 5), numbers)["said"] for _ in range(2)]
    assert [(one["a"], one["b"]) for one in news] == [(3, 5), (3, 5)]
    assert news[0] != news[1]  # else the second one would not arrive
    assert refused_news(workbench, None, numbers)["said"] is None
