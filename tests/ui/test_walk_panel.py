"""What the walk panel is told: frames, numbers with their references, and verdicts."""

import json

import pytest
from tiny_models import GLICO, GLOW

from explorer.service.view import WalkView, parse_view
from explorer.service.walks import walk
from explorer.ui.shared import Picked
from explorer.ui.walk_panel import stale_message, walk_message


def test_without_a_pair_nothing_is_wanted():
    assert stale_message(None, 11) == {"kind": "stale", "key": ""}


def test_another_pair_and_another_number_of_steps_are_other_walks():
    keys = {
        stale_message(Picked(model, a, b), points)["key"]
        for model in ("x", "y")
        for a in (0, 1)
        for b in (2, 3)
        for points in (3, 11)
    }
    assert len(keys) == 16


@pytest.mark.parametrize("model", [GLOW, GLICO])
def test_the_message_answers_the_key_that_was_wanted(workbench, model):
    picked = Picked(model, 0, 1)
    made = walk(workbench, model, 0, 1, num_points=4)
    message = walk_message(workbench, picked, made)
    assert message["key"] == stale_message(picked, 4)["key"]
    assert (message["sheet"]["rows"], message["sheet"]["columns"]) == (3, 4)
    assert message["positions"] == pytest.approx([0, 1 / 3, 2 / 3, 1], abs=1e-3)
    assert message["verdict"] == made.findings[0].detail
    assert message["tone"] == ("good" if made.findings[0].good else "warm")
    assert message["charts"][0]["good"] is made.findings[0].good
    assert [row["method"] for row in message["rows"]] == ["slerp", "nlerp", "lerp"]
    assert all(len(row["shares"]) == len(row["typical"]) == 4 for row in message["rows"])
    assert "#0" in message["ends"][0]["title"] and "#1" in message["ends"][1]["title"]
    assert [chart["measure"] for chart in message["charts"]] == ["norm", "change", "bits", "class"]
    assert all(chart["headline"] and chart["detail"] for chart in message["charts"])
    json.dumps(message, allow_nan=False)


def test_the_message_says_how_to_make_the_walk_again(workbench):
    made = walk(workbench, GLOW, 0, 1, num_points=3, methods=["lerp"])
    message = walk_message(workbench, Picked(GLOW, 0, 1), made)
    view = parse_view(json.dumps(message["view"]))
    assert view == WalkView(model=GLOW, a="0", b="1", steps=3, methods=("lerp",))


def test_every_fact_has_a_reference(workbench):
    made = walk(workbench, GLOW, 0, 1, num_points=3)
    message = walk_message(workbench, Picked(GLOW, 0, 1), made)
    assert [fact["name"] for fact in message["facts"]] == ["Angle", "Distance"]
    assert all(fact["reference"] for fact in message["facts"])
