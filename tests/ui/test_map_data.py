"""The data behind the map: what the routes answer, and that what is forged is not there."""

import json
import math
from dataclasses import replace

import numpy as np
import pytest
from asking import get
from tiny_models import GLICO, GLOW

from explorer.service.colours import colours
from explorer.service.layouts import layouts_of
from explorer.service.neighbours import neighbour_table, neighbours
from explorer.service.progress import unreported
from explorer.ui.map_data import about_bytes, data_address, layout_cards
from explorer.ui.server import build_app


@pytest.fixture(scope="module")
def app(workbench):
    return build_app(workbench)


def about_of(app, opened):
    return json.loads(get(app, f"{data_address(opened)}about.json")[2])


@pytest.mark.parametrize("name", [GLOW, GLICO])
def test_every_colour_that_is_named_can_be_had(app, workbench, name):
    opened = workbench.open(name)
    about = about_of(app, opened)
    expected = {colour.name: colour for colour in colours(opened)}
    assert [colour["name"] for colour in about["colours"]] == list(expected)
    for colour in about["colours"]:
        status, headers, body = get(app, f"{data_address(opened)}colour-{colour['name']}.bin")
        assert status == 200
        assert b"immutable" in headers[b"cache-control"]
        values = np.frombuffer(body, "<f4")
        np.testing.assert_array_equal(values, expected[colour["name"]].values)
        if colour["kind"] == "number":
            assert math.isfinite(colour["low"]) and colour["low"] <= colour["high"]
        else:
            assert values.max() < len(colour["labels"])


def test_the_page_is_told_why_colours_are_missing(workbench):
    opened = workbench.open(GLOW)
    assert json.loads(about_bytes(opened))["unmeasured"] == ""
    told = json.loads(about_bytes(replace(opened, measures=None)))
    assert f"measure --model {GLOW}" in told["unmeasured"]
    assert {"bits", "error"}.isdisjoint(colour["name"] for colour in told["colours"])


def test_neighbours_come_as_one_table(app, workbench):
    opened = workbench.open(GLICO)
    k = about_of(app, opened)["neighbours"]
    status, _, body = get(app, f"{data_address(opened)}neighbours.bin")
    assert status == 200
    table = np.frombuffer(body, "<f4").reshape(len(opened.gallery), k, 3)
    expected = neighbour_table(opened, unreported)
    np.testing.assert_array_equal(table[:, :, 0], expected.positions)
    np.testing.assert_array_equal(table[:, :, 1], expected.distances)
    np.testing.assert_array_equal(table[:, :, 2], expected.angles)


def test_neighbours_of_one_image_come_alone(app, workbench):
    opened = workbench.open(GLICO)
    status, headers, body = get(app, f"{data_address(opened)}neighbours-7.json")
    assert (status, headers[b"cache-control"]) == (200, b"no-store")
    found = neighbours(workbench, GLICO, 7).records
    assert [row["position"] for row in json.loads(body)] == [one.position for one in found]
    assert json.loads(body)[0]["degrees"] == pytest.approx(math.degrees(found[0].angle))


def test_each_map_says_how_many_images_it_has(workbench):
    opened = workbench.open(GLOW)
    cards = layout_cards(opened)
    assert [card["name"] for card in cards] == list(layouts_of(opened))
    assert all("60 of 60 images" in card["note"] for card in cards)
    assert cards[0]["title"] == "PCA 1 / 2"


@pytest.mark.parametrize(
    "path",
    [
        "colour-none.bin",
        "colour-attribute-999.bin",
        "colour-..%2Fabout.bin",
        "points-..%2F..%2Fpca.bin",
        "points-umap-30-0.1-cosine.bin",
        "neighbours-60.json",
        "neighbours--1.json",
        "neighbours-1e3.json",
        "neighbours-nan.json",
        "neighbours-\u0663.json",
        f"neighbours-{'9' * 5000}.json",
    ],
)
def test_what_is_not_there_is_not_found(app, workbench, path):
    assert get(app, f"{data_address(workbench.open(GLICO))}{path}")[0] == 404


@pytest.mark.parametrize("what", ["colour-class.bin", "neighbours.bin", "neighbours-1.json"])
def test_another_token_finds_nothing(app, what):
    assert get(app, f"explore/{GLICO}/{'0' * 16}/{what}")[0] == 404
