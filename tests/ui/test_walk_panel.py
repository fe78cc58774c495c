"""What the walk panel is told: frames, numbers with their references, and a verdict."""

import json

import numpy as np
import pytest
from tiny_models import GLOW

from explorer.service.records import Walk, WalkRow
from explorer.ui.shared import Picked
from explorer.ui.walk_panel import headline, stale_message, walk_message


def walk(**inside):
    frames = np.zeros((3, 2, 2, 3), dtype=np.uint8)
    rows = tuple(WalkRow(name, frames, np.float32([1, 1, 1]), to) for name, to in inside.items())
    return Walk(0, 1, rows, (0.9, 1.0, 1.1), 1.0, 1.0, "verdict")


@pytest.mark.parametrize(
    ("inside", "text"),
    [
        (
            {"slerp": True, "lerp": False},
            "Slerp stays where this model's latents live; lerp leaves.",
        ),
        (
            {"slerp": True, "lerp": True},
            "Slerp and lerp both stay where this model's latents live.",
        ),
        (
            {"slerp": False, "lerp": False},
            "Slerp and lerp both leave where this model's latents live.",
        ),
        ({"lerp": True}, "Lerp stays where this model's latents live."),
    ],
)
def test_the_headline_says_which_walk_stays(inside, text):
    assert headline(walk(**inside)) == text


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


def test_the_message_answers_the_key_that_was_wanted(workbench):
    picked = Picked(GLOW, 0, 1)
    made = workbench.walk(GLOW, 0, 1, num_points=4)
    message = walk_message(workbench, picked, made)
    assert message["key"] == stale_message(picked, 4)["key"]
    assert (message["sheet"]["rows"], message["sheet"]["columns"]) == (2, 4)
    assert message["positions"] == pytest.approx([0, 1 / 3, 2 / 3, 1], abs=1e-3)
    assert message["verdict"] == made.verdict
    assert {row["method"] for row in message["rows"]} == {"slerp", "lerp"}
    assert all(len(row["shares"]) == len(row["typical"]) == 4 for row in message["rows"])
    assert "#0" in message["ends"][0]["title"] and "#1" in message["ends"][1]["title"]
    json.dumps(message, allow_nan=False)


def test_every_fact_has_a_reference(workbench):
    message = walk_message(workbench, Picked(GLOW, 0, 1), workbench.walk(GLOW, 0, 1, num_points=3))
    assert [fact["name"] for fact in message["facts"]] == ["Angle", "Distance"]
    assert all(fact["reference"] for fact in message["facts"])
