"""The slider panel's messages: strength 0 is the image, requests are checked, texts compare."""

import json
import shutil

import numpy as np
import pytest
from tiny_models import GLICO, GLOW

from explorer.errors import ConfigError
from explorer.service.edit_grid import EditedPictures
from explorer.service.evidence import slider_evidence
from explorer.service.prepare import seal
from explorer.service.workbench import Workbench
from explorer.ui.attributes import messages
from explorer.ui.attributes.desk import Choices, Sliders
from explorer.ui.attributes.messages import (
    MOST_SELECTED,
    outcome,
    preview,
    row,
    stale_message,
    subject,
    support,
)
from explorer.ui.attributes.requests import MOST_SLIDERS, read_kinds, read_strengths
from explorer.ui.convert import picture_uri
from explorer.ui.shared import Picked, Selection

CHOICES = Choices()


@pytest.fixture(scope="module")
def plain(tiny_root, tmp_path_factory):
    """A workbench with a model without directions beside one with."""
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


def sliders_of(message):
    return [slider for group in message["groups"] for slider in group["sliders"]]


def test_the_subject_is_image_a_with_every_slider_once(workbench):
    message = subject(workbench, Picked(GLOW, 2, 5), CHOICES)
    picture = workbench.picture(GLOW, 2)
    cards = workbench.attributes(GLOW)
    assert message["token"] == stale_message(Picked(GLOW, 2, 7), CHOICES)["token"]
    assert message["picture"] == picture_uri(picture.pixels) and message["drawn"] == ""
    sliders = sliders_of(message)
    assert sorted(s["name"] for s in sliders) == sorted(card.name for card in cards)
    assert {s["name"] for s in sliders if s["has"]} == set(picture.attributes)
    assert f"{cards[0].positives:,} with" in sliders[0]["counts"]
    assert all(s["counts"] == "" for s in sliders if not s["binary"])
    json.dumps(message, allow_nan=False)


def test_a_model_that_does_not_encode_exactly_compares_with_its_own_drawing(workbench):
    message = subject(workbench, Picked(GLICO, 2, 5), CHOICES)
    assert message["picture"] != picture_uri(workbench.picture(GLICO, 2).pixels)
    assert message["picture"] == preview(workbench, request(model=GLICO, index=2))["picture"]
    assert message["drawn"] == "as the model draws it"


def test_a_new_choice_of_direction_asks_for_the_sliders_anew(workbench, attribute):
    picked, chosen = Picked(GLOW, 2, 5), CHOICES.changed(GLOW, attribute, "ridge")
    assert stale_message(picked, chosen)["token"] != stale_message(picked, CHOICES)["token"]
    first, other = subject(workbench, picked, CHOICES), subject(workbench, picked, chosen)
    assert other["kinds"] == {attribute: "ridge"}
    assert sliders_of(first)[0]["position"] != sliders_of(other)[0]["position"]
    assert chosen.changed(GLOW, attribute, None).of(GLOW) == {}


def test_the_chosen_direction_moves_the_preview(workbench, attribute):
    moved = [
        preview(workbench, request(strengths={attribute: 2.0}, kinds={attribute: kind}))["picture"]
        for kind in ("pooled", "ridge")
    ]
    assert moved[0] != moved[1]


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
        (request(kinds=[1]), "Reload"),
        (request(kinds={"glasses": 3}), "3"),
        (request(strengths={"glasses": 1}, kinds={"glasses": "magic"}), "magic"),
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


def test_more_strengths_or_kinds_than_sliders_are_refused():
    many = {str(number): 1 for number in range(MOST_SLIDERS + 1)}
    with pytest.raises(ConfigError):
        read_strengths(many)
    with pytest.raises(ConfigError):
        read_kinds(dict.fromkeys(many, "ridge"))


def test_the_outcome_compares_with_the_original(workbench, attribute):
    message = outcome(workbench, Picked(GLOW, 0, 1), CHOICES, {attribute: 1.0})
    assert message["likelihood"].endswith("bits/dim")
    assert "against the original" in message["verdict"]
    json.dumps(message, allow_nan=False)


def test_a_change_that_two_digits_do_not_show_is_none(workbench, attribute):
    message = outcome(workbench, Picked(GLOW, 0, 1), CHOICES, {attribute: 1e-4})
    assert message["verdict"].startswith("No change in bits/dim against the original")


@pytest.mark.parametrize(
    ("after", "before", "said"),
    [
        (5.0751, 5.0849, "No change"),  # both are shown as 5.08
        (5.0851, 5.0749, "+0.02"),  # 5.09 and 5.07
        (5.0749, 5.0751, "-0.01"),
        (5.0, 5.0, "No change"),
    ],
)
def test_the_change_is_that_of_the_numbers_shown(after, before, said):
    assert messages._verdict(after, before, 6.0).startswith(said)


def test_a_model_without_likelihood_says_so(workbench, attribute):
    message = outcome(workbench, Picked(GLICO, 0, 1), CHOICES, {attribute: 1.0})
    assert message["likelihood"] == "" and "no likelihood" in message["verdict"]


def test_a_picture_beyond_the_unseen_images_is_called_unusual(tiny_root, tmp_path, attribute):
    root = shutil.copytree(tiny_root, tmp_path / "checkpoints")
    facts = root / GLOW / "facts.json"
    measured = {"bits_per_dim": 0.5, "bits_high": 0.75}
    facts.write_text(json.dumps(json.loads(facts.read_text()) | measured))
    seal(root / GLOW)
    judged, picked = Workbench(root), Picked(GLOW, 0, 1)
    message = outcome(judged, picked, CHOICES, {attribute: 1.0})
    assert message["tone"] == "warm" and "unusual" in message["verdict"]
    reference = subject(judged, picked, CHOICES)["reference"]
    assert "0.50" in reference and "0.75" in reference


def test_the_row_has_one_image_a_class_before_and_after(workbench, attribute):
    message = row(
        workbench, EditedPictures(), Picked(GLOW, 0, 1), CHOICES, None, {attribute: 1.0}, "classes"
    )
    assert message["sheet"]["rows"] == 2
    assert message["sheet"]["columns"] == len(message["names"]) == 5


def test_the_row_of_a_selection_shows_the_first_of_its_images(workbench, attribute):
    selection = Selection(GLOW, tuple(range(1, 41)))
    kept, picked = EditedPictures(), Picked(GLOW, 0, 1)
    message = row(workbench, kept, picked, CHOICES, selection, {attribute: 1.0}, "selection")
    assert message["sheet"]["columns"] == MOST_SELECTED and message["names"][0] == "#1"
    told = stale_message(picked, CHOICES, selection)
    assert told["selection"] == {"count": 40, "shown": MOST_SELECTED}


@pytest.mark.parametrize("selection", [None, Selection(GLICO, (1, 2))])
def test_a_selection_of_nothing_here_shows_nothing(workbench, attribute, selection):
    picked = Picked(GLOW, 0, 1)
    message = row(workbench, EditedPictures(), picked, CHOICES, selection, {}, "selection")
    assert message["sheet"] is None and message["names"] == []
    assert stale_message(picked, CHOICES, selection)["selection"] == {"count": 0, "shown": 0}


def test_support_is_told_for_every_slider(workbench, attribute):
    picked = Picked(GLOW, 0, 1)
    found = slider_evidence(workbench, GLOW, 0, {attribute: 1.0})
    message = support(found, ("own", "none"), picked, CHOICES, {attribute: 1.0}, "classes")
    names = Sliders.of(workbench, picked).names
    assert [slider["name"] for slider in message["sliders"]] == list(names)
    spans = [slider["own"] for slider in message["sliders"] if slider["own"]]
    assert spans and all(low <= high for low, high in spans)
    assert message["row"] == {
        "of": "classes",
        "strengths": {attribute: 1.0},
        "supports": ["own", "none"],
    }
    json.dumps(message, allow_nan=False)


def test_a_model_without_sliders_says_what_to_do(plain):
    message = subject(plain, Picked(GLICO, 0, 1), CHOICES)
    assert message["kind"] == "nothing"
    assert "attributes fit" in message["text"]
    assert plain.card(GLOW).title in message["others"]
    assert plain.card(GLICO).title not in message["others"]


def test_pictures_of_an_unmoved_row_do_not_change(workbench):
    kept, picked = EditedPictures(), Picked(GLICO, 0, 1)
    cells = [(2, {}), (2, {workbench.attributes(GLICO)[0].name: 0.0})]
    one, other = kept.of(workbench, GLICO, cells)
    np.testing.assert_array_equal(one, other)
    assert row(workbench, kept, picked, CHOICES, None, {}, "anything")["of"] == "classes"
