"""Settings of shown results as texts: what comes back, what is refused."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from explorer.errors import ConfigError
from explorer.service.view import (
    VIEW_LIMIT,
    EditView,
    KindsView,
    MapView,
    PlaneView,
    RowView,
    StrengthsView,
    StripView,
    TransferView,
    WalkView,
    parse_view,
    view_text,
)

VIEWS = [
    WalkView(model="m", a="1", b="sample:7@0.5/hat", steps=5, methods=("slerp", "lerp")),
    PlaneView(model="m", corners=("0", "1", "2", "mean:3+4"), size=5, method="spherical"),
    EditView(model="m", a="3", strengths={"glasses": 1.5}, kinds={"glasses": "ridge"}),
    RowView(model="m", a="3", strengths={"glasses": -1.0, "hat": 0.25}),
    StrengthsView(model="m", a="3", attribute="hat", strengths=(-1.0, 0.0, 1.0)),
    StripView(model="m", a="3", attributes=("hat", "smile"), strengths=(-1.0, 2.0)),
    KindsView(model="m", a="3", attribute="hat", strength=-0.5),
    TransferView(model="m", attribute="hat", learn_on=("x",), apply_to=("y", "z"), strength=1.0),
    MapView(model="m", layout="umap", colour="bits", a="1", b="2", window=(0.0, 0.0, 1.0, 2.0)),
]


@pytest.mark.parametrize("view", VIEWS, ids=lambda view: view.kind)
def test_a_view_comes_back_from_its_text(view):
    assert parse_view(view_text(view)) == view
    assert hash(parse_view(view_text(view))) == hash(view)


@given(st.dictionaries(st.text(min_size=1, max_size=20), st.floats(-3, 3), max_size=8))
def test_any_strengths_come_back_exactly(strengths):
    view = EditView(model="m", a="0", strengths=strengths)
    assert parse_view(view_text(view)) == view


def test_the_text_says_only_what_was_set():
    text = json.loads(view_text(VIEWS[3]))
    assert set(text) == {"model", "kind", "a", "strengths"}


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"steps": 1}, "steps"),
        ({"steps": 34}, "steps"),
        ({"steps": None}, "steps"),
        ({"a": ""}, "a"),
        ({"a": 7}, "a"),
        ({"methods": []}, "methods"),
        ({"colour": "class"}, "colour"),
        ({"weights": "../../etc"}, "weights"),
        ({"images": {"image:1": 3}}, "images"),
        ({"kind": "dance"}, "whole"),
    ],
)
def test_a_bad_setting_is_named(change, named):
    text = json.dumps({**json.loads(view_text(VIEWS[0])), **change})
    with pytest.raises(ConfigError, match=named):
        parse_view(text)


@pytest.mark.parametrize("text", ["", "null", "[]", "{", "NaN", '"walk"', "\x00"])
def test_what_is_no_view_is_refused(text):
    with pytest.raises(ConfigError, match="cannot be read"):
        parse_view(text)


@pytest.mark.parametrize("number", ["NaN", "Infinity", "1e999", "3.01", "-4"])
def test_strengths_that_are_no_strengths_are_refused(number):
    text = f'{{"kind":"edit","model":"m","a":"1","strengths":{{"hat":{number}}}}}'
    with pytest.raises(ConfigError, match="strengths"):
        parse_view(text)


def test_endless_settings_are_not_read():
    with pytest.raises(ConfigError, match="characters long"):
        parse_view("x" * (VIEW_LIMIT + 1))


@pytest.mark.parametrize("window", [[1, 2, 3], [1, 2, 3, float("inf")]])
def test_a_window_of_the_map_has_four_finite_numbers(window):
    with pytest.raises(ConfigError, match="window"):
        parse_view(json.dumps({**json.loads(view_text(VIEWS[5])), "window": window}))
