"""What a browser may ask of the map: everything else is refused in one sentence."""

from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tiny_models import GLICO, GLOW

from explorer.errors import ConfigError
from explorer.ui.map_events import kept_selection, selected_by_lasso
from explorer.ui.map_questions import (
    ArrangeQuestion,
    LassoQuestion,
    MapQuestion,
    WalkQuestion,
    read_question,
)
from explorer.ui.shared import Picked, Selection

PICKED = Picked(GLOW, 3, 8)
SQUARE = [-1e9, -1e9, 1e9, -1e9, 1e9, 1e9, -1e9, 1e9]
LASSO = {"ask": 1, "layout": "pca", "polygon": SQUARE, "by": "class", "off": []}
WALK = {"ask": 2, "layout": "pca", "along": "slerp", "a": 0, "b": 1}
ARRANGE = {"ask": 3, "n_neighbors": 5, "min_dist": 0.1, "metric": "cosine"}
KINDS = [(LassoQuestion, LASSO), (WalkQuestion, WALK), (ArrangeQuestion, ARRANGE)]
JUNK = st.recursive(
    st.none() | st.booleans() | st.floats(allow_nan=True) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=4,
)


def event(workbench, **sent):
    return SimpleNamespace(_data={"token": workbench.open(GLOW).token, **sent})


def ask(workbench, kind, sent):
    return read_question(kind, workbench, GLOW, event(workbench, **sent))


@pytest.mark.parametrize(("kind", "sent"), KINDS)
def test_what_the_map_asks_is_understood_and_repeated_in_the_answer(workbench, kind, sent):
    question = ask(workbench, kind, sent)
    echo = question.echo("t")
    assert echo["token"] == "t" and echo["ask"] == sent["ask"]
    assert "polygon" not in echo


@pytest.mark.parametrize(("kind", "sent"), KINDS)
@given(data=st.data())
def test_junk_in_any_field_is_refused_or_harmless(workbench, kind, sent, data):
    field = data.draw(st.sampled_from(sorted(set(sent) - {"ask"})))
    junk = data.draw(JUNK)
    try:
        question = ask(workbench, kind, {**sent, field: junk})
    except ConfigError as error:
        assert len(str(error)) < 400
    else:
        assert type(getattr(question, field)) is type(getattr(ask(workbench, kind, sent), field))


@pytest.mark.parametrize("token", [None, 5, "", "0123456789abcdef", ["x"]])
def test_a_question_about_other_files_is_refused(workbench, token):
    with pytest.raises(ConfigError, match="Reload the page"):
        read_question(MapQuestion, workbench, GLOW, event(workbench, layout="pca", token=token))


@pytest.mark.parametrize("data", [None, 7, "pick", [1, 2]])
def test_an_event_that_is_no_message_is_refused(workbench, data):
    with pytest.raises(ConfigError):
        read_question(MapQuestion, workbench, GLOW, SimpleNamespace(_data=data))


def test_a_line_of_a_million_corners_is_refused_with_its_number(workbench):
    with pytest.raises(ConfigError, match="1,000,000 corners"):
        ask(workbench, LassoQuestion, {**LASSO, "polygon": [0.5] * 2_000_000})


@pytest.mark.parametrize("bad", [float("nan"), float("inf"), None, "x"])
def test_a_corner_that_is_no_number_is_refused(workbench, bad):
    with pytest.raises(ConfigError):
        ask(workbench, LassoQuestion, {**LASSO, "polygon": [*SQUARE, bad, 1]})


def test_a_lasso_selects_and_one_around_nothing_selects_nothing(workbench):
    everything = selected_by_lasso(workbench, PICKED, ask(workbench, LassoQuestion, LASSO))
    assert everything == Selection(GLOW, tuple(range(len(workbench.open(GLOW).gallery))))
    far = ask(workbench, LassoQuestion, {**LASSO, "polygon": [9e8, 9e8, 9.1e8, 9e8, 9e8, 9.1e8]})
    assert selected_by_lasso(workbench, PICKED, far) is None


def test_a_selection_goes_with_its_model():
    selection = Selection(GLOW, (1, 2))
    assert kept_selection(PICKED, selection) is selection
    assert kept_selection(Picked(GLICO, 0, 1), selection) is None
    assert kept_selection(None, selection) is None
