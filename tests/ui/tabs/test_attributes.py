"""Sliders: strength 0 is the image itself, requests of a browser are checked, texts compare."""

import json
import shutil

import numpy as np
import pytest
from tiny_models import GLICO, GLOW

from explorer.errors import ConfigError
from explorer.service.prepare import seal
from explorer.service.workbench import Workbench
from explorer.ui.convert import picture_uri
from explorer.ui.shared import Picked
from explorer.ui.tabs.attributes import (
    class_row,
    outcome,
    preview,
    read_strengths,
    stale_message,
    subject,
)

SAME = """() => {
  const [before, after] = ['before', 'after'].map(
    name => document.querySelector(`.compare .${name} canvas`).toDataURL());
  return before === after;
}"""


@pytest.fixture(scope="module")
def plain(tiny_root, tmp_path_factory):
    """A workbench with a model of data without attributes beside one with."""
    root = tmp_path_factory.mktemp("plain") / "checkpoints"
    shutil.copytree(tiny_root, root)
    (root / GLICO / "directions.npz").unlink()
    seal(root / GLICO)
    return Workbench(root)


@pytest.fixture(scope="module")
def attribute(workbench):
    return workbench.attributes(GLOW)[0].name


def request(**changed):
    return {"token": "t", "model": GLOW, "index": 0, "strengths": {}} | changed


def test_the_subject_is_image_a_with_one_slider_an_attribute(workbench):
    message = subject(workbench, Picked(GLOW, 2, 5))
    picture = workbench.picture(GLOW, 2)
    cards = workbench.attributes(GLOW)
    assert message["token"] == stale_message(Picked(GLOW, 2, 7))["token"]
    assert message["picture"] == picture_uri(picture.pixels) and message["drawn"] == ""
    assert [slider["name"] for slider in message["attributes"]] == [card.name for card in cards]
    assert {s["name"] for s in message["attributes"] if s["has"]} == set(picture.attributes)
    assert f"{cards[0].positives:,} with" in message["attributes"][0]["counts"]
    json.dumps(message, allow_nan=False)


def test_a_model_that_does_not_encode_exactly_compares_with_its_own_drawing(workbench):
    message = subject(workbench, Picked(GLICO, 2, 5))
    assert message["picture"] != picture_uri(workbench.picture(GLICO, 2).pixels)
    assert message["picture"] == preview(workbench, request(model=GLICO, index=2))["picture"]
    assert message["drawn"] == "as the model draws it"
    row = workbench.edit_row(GLICO, 2, {})
    np.testing.assert_array_equal(row.before, row.after)


def test_strength_0_previews_the_image_itself(workbench, attribute):
    answer = preview(workbench, request(strengths={attribute: 0.0}))
    assert answer == {"ok": True, "picture": picture_uri(workbench.picture(GLOW, 0).pixels)}


def test_a_strength_changes_the_preview(workbench, attribute):
    still = preview(workbench, request())
    moved = preview(workbench, request(strengths={attribute: 1.5}))
    assert moved["ok"] and moved["picture"] != still["picture"]


@pytest.mark.parametrize(
    ("bad", "said"),
    [
        (None, "Reload"),
        ([1], "Reload"),
        (request(model=3), "Reload"),
        (request(model="nothing"), "nothing"),
        (request(index=True), "Reload"),
        (request(index=10**9), str(10**9)),
        (request(strengths="x"), "Reload"),
        (request(strengths={"nose": 1}), "nose"),
        (request(strengths={"nose": "1"}), "is no strength"),
        (request(strengths={"nose": float("nan")}), "nan"),
    ],
)
def test_a_wrong_request_is_answered_in_words(workbench, bad, said):
    answer = preview(workbench, bad)
    assert answer["ok"] is False and said in answer["error"]


def test_a_strength_out_of_range_is_answered_in_words(workbench, attribute):
    answer = preview(workbench, request(strengths={attribute: 40}))
    assert answer["ok"] is False and "40" in answer["error"]


@pytest.mark.parametrize("bad", [None, [], {"a": None}, {"a": True}, {"a": float("inf")}])
def test_only_finite_numbers_are_strengths(bad):
    with pytest.raises(ConfigError):
        read_strengths(bad)


def test_more_strengths_than_sliders_are_refused():
    with pytest.raises(ConfigError):
        read_strengths({str(number): 1 for number in range(100)})


def test_the_outcome_compares_with_the_original(workbench, attribute):
    picked = Picked(GLOW, 0, 1)
    message = outcome(workbench, picked, {attribute: 1.0})
    assert message["likelihood"].endswith("bits/dim")
    assert "against the original" in message["verdict"]
    before = subject(workbench, picked)["attributes"][0]["position"]
    assert message["positions"][attribute] != pytest.approx(before, abs=0.01)
    json.dumps(message, allow_nan=False)


def test_a_model_without_likelihood_says_so(workbench, attribute):
    message = outcome(workbench, Picked(GLICO, 0, 1), {attribute: 1.0})
    assert message["likelihood"] == "" and "no likelihood" in message["verdict"]


def test_a_picture_beyond_the_unseen_images_is_called_unusual(tiny_root, tmp_path, attribute):
    root = shutil.copytree(tiny_root, tmp_path / "checkpoints")
    facts = root / GLOW / "facts.json"
    measured = {"bits_per_dim": 0.5, "bits_high": 0.75}
    facts.write_text(json.dumps(json.loads(facts.read_text()) | measured))
    seal(root / GLOW)
    judged, picked = Workbench(root), Picked(GLOW, 0, 1)
    message = outcome(judged, picked, {attribute: 1.0})
    assert message["tone"] == "warm" and "unusual" in message["verdict"]
    reference = subject(judged, picked)["reference"]
    assert "0.50" in reference and "0.75" in reference


def test_the_row_has_one_image_a_class_before_and_after(workbench, attribute):
    message = class_row(workbench, Picked(GLOW, 0, 1), {attribute: 1.0})
    assert message["sheet"]["rows"] == 2
    assert message["sheet"]["columns"] == len(message["classes"]) == 5


def test_a_model_without_attributes_says_what_to_do(plain):
    message = subject(plain, Picked(GLICO, 0, 1))
    assert message["kind"] == "nothing"
    assert "attributes.csv" in message["text"]
    assert plain.card(GLOW).title in message["others"]
    assert plain.card(GLICO).title not in message["others"]


@pytest.mark.browser
def test_a_slider_moves_by_keyboard_and_is_measured_when_it_rests(visit):
    page = visit()
    page.get_by_role("tab", name="Attributes").click()
    panel = page.locator(".sliders[data-state='ready']")
    panel.wait_for()
    page.get_by_role("button", name="Reset all").click()
    panel.locator(".changes", has_text="Nothing moved yet").wait_for()
    slider = panel.get_by_role("slider").nth(1)
    slider.focus()
    slider.press("ArrowRight")
    panel.locator(".changes li", has_text="+0.05").wait_for()
    panel.locator(".sliders-verdict[data-state='new']", has_text="likelihood").wait_for()
    panel.locator(".class-row[data-state='new'] canvas").first.wait_for()
    assert panel.locator(".class-row canvas").count() == 10
    assert slider.get_attribute("aria-valuetext") == "+0.05"


@pytest.mark.browser
def test_reset_gives_the_image_back(visit):
    page = visit()
    page.get_by_role("tab", name="Attributes").click()
    panel = page.locator(".sliders[data-state='ready']")
    panel.wait_for()
    page.get_by_role("button", name="Reset all").click()
    panel.locator(".sliders-verdict[data-state='new']").wait_for()
    page.wait_for_function(SAME)
    box = panel.get_by_role("spinbutton").first
    box.fill("1.5")
    page.wait_for_function(SAME.replace("===", "!=="))
