"""Charts show the numbers they were given, at the place of their frame."""

import numpy as np
import pytest
import torch

from explorer.latent.walk_findings import Finding
from explorer.service.references import histogram
from explorer.service.walks import Walk, WalkRow
from explorer.ui.figures import charts, norm_strip, steps

POINTS = 5


def row(method, norms, *, bits=(5.0, 5.1, 5.2, 5.1, 5.0), changes=(5, 5, 40, 5)):
    count = len(norms)
    shares = np.tile(np.float32([0.5, 0.3, 0.2]), (count, 1))
    return WalkRow(
        method=method,
        latents=torch.zeros(count, 2),
        frames=np.zeros((count, 2, 2, 3), dtype=np.uint8),
        norms=np.float32(norms),
        typical=np.ones(count, dtype=bool),
        changes=np.float32(changes[: count - 1]),
        bits=np.float32(bits[:count]),
        classes=shares,
    )


def walk(*rows, typical=(9.0, 10.0, 11.0), labels=(0, 1)):
    findings = tuple(
        Finding(measure, True, "Fine.", "Numbers.")
        for measure in ("norm", "change", "bits", "class")
    )
    return Walk("m", 0, 1, rows, typical, 1.5, 14.0, labels, findings)


NAMES = ("cat", "dog", "fox")
CHANCE = np.random.default_rng(0)
NORMS = histogram(CHANCE.normal(10, 0.5, 500))
BITS = histogram(CHANCE.normal(5.05, 0.05, 500))


def drawn(made, norms=NORMS):
    return charts(made, norms, BITS, NAMES)


@pytest.fixture
def made():
    return walk(row("slerp", [10, 10, 10, 10, 10]), row("lerp", [10, 8, 7, 8, 10]))


def test_the_positions_run_evenly_from_0_to_1():
    assert steps(POINTS) == [0, 0.25, 0.5, 0.75, 1]


def test_each_point_stands_below_the_middle_of_its_frame(made):
    norm, change, bits, _ = drawn(made)
    for chart in (norm, bits):
        for line in chart["lines"]:
            expected = [(column + 0.5) / POINTS for column in range(POINTS)]
            assert [x for x, _ in line["points"]] == pytest.approx(expected)
    between = [(column + 1) / POINTS for column in range(POINTS - 1)]
    assert [x for x, _ in change["lines"][0]["points"]] == pytest.approx(between)


def test_heights_keep_the_order_of_the_numbers_upside_down_and_in_sight(made):
    for chart in drawn(made)[:3]:
        for line in chart["lines"]:
            assert all(0 <= y <= 1 for _, y in line["points"])
    lerp = drawn(made)[0]["lines"][1]["points"]
    assert lerp[0][1] < lerp[1][1] < lerp[2][1]


def test_texts_tell_the_share_of_the_typical_norm(made):
    slerp, lerp = drawn(made, histogram(np.full(500, 10.0)))[0]["lines"]
    assert slerp["texts"] == ["100 %"] * POINTS
    assert lerp["texts"] == ["100 %", "80 %", "70 %", "80 %", "100 %"]


def test_the_histogram_and_the_band_lie_in_the_box(made):
    norm, change, bits, _ = drawn(made)
    for chart in (norm, bits):
        top, bottom = chart["band"]
        assert 0 < top < bottom < 1
        assert max(bar["length"] for bar in chart["bins"]) == 1
        assert all(0 <= bar["top"] < bar["bottom"] <= 1 for bar in chart["bins"])
    assert change["band"] == [] and change["bins"] == []


def test_ticks_are_few_and_at_their_value(made):
    for chart in drawn(made)[:3]:
        assert 2 <= len(chart["ticks"]) <= 5
        heights = [y for y, _ in chart["ticks"]]
        assert heights == sorted(heights, reverse=True)
    change = drawn(made)[1]
    assert change["ticks"][0] == (1.0, "0")


def test_a_jump_is_marked_where_it_is(made):
    change = drawn(made)[1]
    places = {(mark["x"], mark["y"]) for mark in change["marks"]}
    assert places == {tuple(line["points"][2]) for line in change["lines"]}


def test_shares_of_classes_sum_to_one(made):
    stacks = drawn(made)[3]["stacks"]
    assert [stack["name"] for stack in stacks] == ["slerp", "lerp"]
    assert all(part == [0.5, 0.2, 0.3] for stack in stacks for part in stack["parts"])
    assert stacks[0]["texts"][0] == "cat 50 %, dog 30 %"


def test_a_pair_of_one_class_has_two_parts(made):
    same = walk(*made.rows, labels=(0, 0))
    chart = drawn(same)[3]
    assert chart["stacks"][0]["parts"][0] == [0.5, 0.5, 0.0]
    assert "blue" not in chart["unit"]


def test_what_a_model_cannot_measure_has_no_lines(made):
    bare = walk(row("slerp", [1, 1, 1], bits=(np.nan,) * 3))
    assert drawn(bare)[2]["lines"] == []


def test_norms_that_are_all_equal_are_drawn_too():
    sphere = walk(row("slerp", [1, 1, 1]), typical=(1.0, 1.0, 1.0))
    strip = norm_strip(sphere)
    assert np.isfinite([*strip["lines"][0], strip["low"], strip["high"]]).all()
    norm = drawn(sphere, histogram(np.ones(500)))[0]
    assert all(0 < y < 1 for _, y in norm["lines"][0]["points"])
    assert all(bar["bottom"] > bar["top"] for bar in norm["bins"])


def test_the_strip_keeps_the_order_of_the_norms_upside_down(made):
    strip = norm_strip(made)
    flat, bent = strip["lines"]
    assert strip["high"] < flat[0] < strip["low"] < bent[2] < 1
    assert flat == [flat[0]] * POINTS
    assert bent[0] == flat[0] and strip["high"] > 0
