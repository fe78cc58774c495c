"""What the panels below the sliders say, and what they make of what a browser sends."""

import json
import re
import shutil
from dataclasses import replace

import numpy as np
import pytest
from tiny_models import GLOW

from explorer.errors import ConfigError
from explorer.judge.intervals import Interval
from explorer.judge.transfer import TransferError, TransferResult
from explorer.service.edit_grid import EditedPictures
from explorer.service.honesty import Honesty
from explorer.service.render import render
from explorer.service.result import of_grid
from explorer.service.transfer import Lesson, transfer
from explorer.service.view import EditView, RowView, StripView, TransferView
from explorer.service.workbench import Workbench
from explorer.ui.attributes.desk import Choices, Sliders, is_of
from explorer.ui.attributes.fragments import picture_html, table_html, words_html
from explorer.ui.attributes.grid_panel import grid_of, read_steps, view_of_grid
from explorer.ui.attributes.honesty_panel import (
    judge_words,
    leakage_figure,
    summary_html,
    words_of,
)
from explorer.ui.attributes.kinds_panel import MEASURED, chosen_kind, comparison_html
from explorer.ui.attributes.matrices import error_bars, heatmap
from explorer.ui.attributes.teach_panel import Examples, examples_words, taken
from explorer.ui.attributes.transfer_panel import error_words, lesson_of, transfer_html
from explorer.ui.shared import Picked, Selection

PICKED = Picked(GLOW, 0, 1)
NAN = float("nan")


# ---- fragments


def test_texts_are_never_read_as_html():
    bad = "<img src=x onerror=alert(1)>"
    pixels = np.zeros((2, 2, 3), dtype=np.uint8)
    for made in (
        words_html(bad),
        table_html([bad], [[bad, bad]]),
        picture_html(pixels, alt=f'"{bad}', view=EditView(model=bad, a=bad, strengths={})),
    ):
        assert bad not in made and "onerror" in made


# ---- grid


def test_strengths_are_typed_with_commas():
    assert read_steps(" -2, 0.5 ,−1 ") == (-2.0, 0.5, -1.0)


@pytest.mark.parametrize("text", ["", "a", "1, nan", "inf", ",".join("1" * 14), None])
def test_what_is_no_list_of_strengths_is_refused(text):
    with pytest.raises(ConfigError):
        read_steps(text)


def test_one_attribute_is_drawn_by_classes_and_several_by_strengths(workbench):
    names = list(Sliders.of(workbench, PICKED).names[:2])
    kept = EditedPictures()
    one = grid_of(workbench, kept, PICKED, Choices(), names[:1], "0, 1")
    several = grid_of(workbench, kept, PICKED, Choices(), names, "0, 1, 2")
    assert one.pixels.shape[:2] == (2, 5) and several.pixels.shape[:2] == (2, 3)


@pytest.mark.parametrize("attributes", [None, [], "glasses", ["nose"], [["glasses"]]])
def test_a_grid_of_nothing_is_refused(workbench, attributes):
    with pytest.raises(ConfigError):
        grid_of(workbench, EditedPictures(), PICKED, Choices(), attributes, "0, 1")


@pytest.mark.parametrize("several", [False, True])
def test_the_settings_of_a_grid_make_its_pixels_again(workbench, several):
    names = list(Sliders.of(workbench, PICKED).names[: 2 if several else 1])
    choices = Choices().changed(GLOW, names[0], "pooled").changed("other", names[0], "ridge")
    drawn = grid_of(workbench, EditedPictures(), PICKED, choices, names, "0, 1")
    view = view_of_grid(workbench, PICKED, choices, names, (0.0, 1.0))
    assert np.array_equal(render(workbench, view).sheet(), of_grid(drawn).sheet())
    assert view.kinds == {names[0]: "pooled"}


def test_a_view_is_of_the_image_it_was_made_of_alone(workbench):
    names = list(Sliders.of(workbench, PICKED).names[:2])
    view = view_of_grid(workbench, PICKED, Choices(), names, (0.0, 1.0))
    assert is_of(workbench, view, PICKED)
    assert not is_of(workbench, view, Picked(GLOW, 3, 1))
    assert not is_of(workbench, view, Picked("other", 0, 1))
    taught = {"attribute": names[0], "learn_on": ("x",), "apply_to": ("y",), "strength": 1.0}
    assert is_of(workbench, TransferView(model=GLOW, **taught), Picked(GLOW, 3, 1))


def test_a_view_brings_its_directions_and_takes_others_back():
    before = Choices().changed("m", "hat", "ridge").changed("m", "smile", "ridge")
    view = RowView(
        model="m", a="0", strengths={"hat": 1.0, "beard": 1.0}, kinds={"beard": "class"}
    )
    assert before.of_view(view).of("m") == {"smile": "ridge", "beard": "class"}
    same = StripView(
        model="m", a="0", attributes=("hat",), strengths=(1.0,), kinds={"hat": "ridge"}
    )
    assert before.of_view(same) is before
    assert before.of_view(None) is before


# ---- directions


def test_every_kind_is_shown_with_the_one_in_use(workbench):
    name = Sliders.of(workbench, PICKED).names[0]
    made, kinds = comparison_html(workbench, PICKED, Choices(), name, 1.0)
    assert "pooled" in kinds and "ridge" in kinds
    assert made.count("(in use)") == 1
    chosen = chosen_kind(workbench, PICKED, Choices(), name, "ridge")
    made, _ = comparison_html(workbench, PICKED, chosen, name, 1.0)
    assert re.search(r"freed of the other attributes \(in use\)", made)
    assert chosen_kind(workbench, PICKED, chosen, name, MEASURED).of(GLOW) == {}


def test_each_kind_says_at_which_strengths_it_was_measured(tiny_root, tmp_path):
    own = Workbench(shutil.copytree(tiny_root, tmp_path / "checkpoints"))
    name = Sliders.of(own, PICKED).names[0]
    steps = {1.0: 0.72, 1.25: 0.96}
    tried = [
        {"attribute": name, "kind": "pooled", "strength": strength, "flips": share}
        for strength, share in steps.items()
    ]
    (own.root / GLOW / "evaluation.json").write_text(json.dumps({"edits": {"tried": tried}}))
    made, _ = comparison_html(own, PICKED, Choices(), name, 1.0)
    assert "72 % at 1, 96 % at 1.25" in made and "not measured" in made


def test_a_kind_that_does_not_exist_is_not_chosen(workbench):
    name = Sliders.of(workbench, PICKED).names[0]
    with pytest.raises(ConfigError, match="magic"):
        chosen_kind(workbench, PICKED, Choices(), name, "magic")


def test_choices_are_kept_by_model_and_can_be_a_state():
    chosen = Choices().changed("one", "hat", "ridge").changed("two", "hat", "pooled")
    chosen = chosen.changed("one", "hat", "logistic")
    assert chosen.of("one") == {"hat": "logistic"} and chosen.of("two") == {"hat": "pooled"}
    assert chosen.edition == 3 and hash(chosen) != hash(chosen.changed("two", "hat", None))


# ---- honesty


def measured(**changed):
    """Two attributes; moving the hat leaves the beard and bares the head, which is forced."""
    found = Honesty(
        attributes=("hat", "beard", "bald"),
        positives=np.array([30, 40, 5]),
        negatives=np.array([70, 60, 95]),
        spread=np.array([0.1, 0.3, NAN]),
        cosines=np.eye(3),
        changed=np.array([[0.9, 0.05, 0.4], [0.002, 0.8, 0.0], [0.0, 0.0, 0.5]]),
        drift=np.array([[0.9, -0.2, 0.4], [0.0, 0.8, 0.3], [0.0, 0.0, 0.5]]),
        forced=np.array([[False, False, True], [False] * 3, [False] * 3]),
        entanglement=np.array([[1.0, 0.02, -0.4], [0.02, 1.0, 0.0], [-0.4, 0.0, 1.0]]),
        judged_by="classifier",
        judged_count=np.array([60, 60, 20]),
        auc=np.array([0.97, NAN, 0.5]),
        auc_on="held-out",
        auc_count=400,
    )
    return replace(found, **changed)


def test_words_name_what_moves_along_but_not_what_is_forced():
    words = " ".join(words_of(measured(), "hat"))
    assert "30 images with it and 70 without" in words
    assert "works in 90 %" in words and "beard in 5 %" in words
    assert "bald in" not in words  # a hat leaves no choice
    assert "AUC 0.97" in words and "nearly the same direction" in words
    assert "goes with bald (correlation -0.40)" in words


def test_words_say_where_nothing_moves_along_or_nothing_is_known():
    beard = " ".join(words_of(measured(), "beard"))
    assert "changes nothing else" in beard and "AUC" not in beard
    assert "goes with no other attribute" in beard
    assert "is not known" in " ".join(words_of(measured(), "bald"))


def test_without_a_classifier_the_words_go_by_positions():
    blind = measured(
        changed=np.full((3, 3), NAN), judged_by="positions", judged_count=np.zeros(3, dtype=int)
    )
    assert "moves beard most, by 0.20 steps" in " ".join(words_of(blind, "hat"))
    assert "Nobody looked" in judge_words(blind) and "classifier" in judge_words(measured())
    assert "beard by -0.20 steps" in summary_html(blind)
    moved = leakage_figure(blind).data[0]
    np.testing.assert_array_equal(moved.z, blind.drift)
    assert (moved.zmin, moved.zmax) == (-1, 1)
    np.testing.assert_array_equal(leakage_figure(measured()).data[0].z, measured().changed)


def test_the_summary_has_a_row_an_attribute():
    made = summary_html(measured())
    assert made.count('scope="row"') == 3 and "beard 5 %" in made


def test_heatmaps_name_rows_and_columns_and_leave_the_unknown_empty():
    values = np.array([[1.0, NAN], [0.04, -0.5]])
    figure = heatmap(values, ["long_hair", "hat"], signed=True, unit="")
    trace = figure.data[0]
    assert list(trace.x) == list(trace.y) == ["long hair", "hat"]
    assert trace.text.tolist() == [["1.0", ""], ["", "-.5"]]


# ---- transfer


def result(value, low, high):
    methods = ("within", "across", "image", "random", "untouched")
    same = Interval(0.1, 0.05, 0.2)
    errors = tuple(TransferError(method, same, same) for method in methods)
    ratio = Interval(value, low, high)
    return TransferResult("hat", ("a",), ("b",), 50, 1.0, 0, errors, ratio, ratio)


@pytest.mark.parametrize(
    ("interval", "said", "tone"),
    [
        ((0.4, 0.3, 0.5), "carries over", "good"),
        ((1.4, 1.3, 1.5), "does not carry over", "warm"),
        ((0.9, 0.8, 1.1), "Not decided", "warm"),
    ],
)
def test_the_verdict_follows_the_interval(interval, said, tone):
    words, told = error_words(result(*interval))
    assert said in words and told == tone and f"{interval[0]:.2f}" in words


def test_bars_carry_their_intervals():
    bar = error_bars(
        ["a", "b"], [Interval(2.0, 1.0, 4.0), Interval(3.0, 3.0, 3.0)], title="", marked=0
    ).data[0]
    assert list(bar.error_x.array) == [2, 0] and list(bar.error_x.arrayminus) == [1, 0]


@pytest.mark.parametrize(
    "sent",
    [
        (None, ["a"], ["b"], 1),
        ("hat", [], ["b"], 1),
        ("hat", ["a"], [], 1),
        ("hat", "a", ["b"], 1),
        ("hat", ["a"], ["b"], None),
        ("hat", ["a"], ["b"], True),
    ],
)
def test_an_unfinished_lesson_is_refused(sent):
    with pytest.raises(ConfigError):
        lesson_of(*sent)


def test_pictures_of_a_transfer_say_who_taught_it(workbench):
    names = workbench.card(GLOW).class_names
    taught = next(
        name
        for name in workbench.open(GLOW).data.attribute_names
        if _is_taught(workbench, Lesson(name, names, names[:1]))
    )
    made = transfer_html(GLOW, transfer(workbench, GLOW, Lesson(taught, names, names[:1])))
    assert "Learned from" in made and "no transfer" in made and "data:image/png" in made


def _is_taught(workbench, lesson):
    try:
        transfer(workbench, GLOW, lesson)
    except Exception:
        return False
    return True


# ---- teaching


def test_selections_become_examples():
    some = taken(PICKED, Selection(GLOW, (1, 2, 3)), Examples(), "positives")
    both = taken(PICKED, Selection(GLOW, (3, 4)), some, "negatives")
    assert both == Examples(GLOW, (1, 2, 3), (3, 4))
    assert "3 images with it, 2 without it. 1 are in both" in examples_words(PICKED, both)
    assert "0 images with it" in examples_words(Picked("other", 0, 1), both)


@pytest.mark.parametrize("selection", [None, Selection("other", (1, 2))])
def test_without_a_selection_nothing_is_taken(selection):
    with pytest.raises(ConfigError, match="lasso"):
        taken(PICKED, selection, Examples(), "positives")
