"""The tab of new images: what a browser sends, what the panel is told, what leaves the page."""

import io
import json
import zipfile
from types import SimpleNamespace

import pytest
from tiny_models import GLICO, GLOW

from explorer.errors import ConfigError, DataError
from explorer.judge.fewshot.summary import Verdict
from explorer.service.augmented_set import make_set, sorted_out
from explorer.service.limits import REASONS, Limits
from explorer.service.plan import Plan
from explorer.service.set_file import set_bytes, write_set
from explorer.service.set_reader import read_set
from explorer.ui import augment_sets
from explorer.ui.augment_messages import LIMIT_TITLES, set_message, sorted_message
from explorer.ui.augment_sets import KEPT_SETS, Sets, nearest_of
from explorer.ui.shared import Picked
from explorer.ui.tabs import augment

LIMITS = Limits(agreement=0.15, unlike=3, blurred=0)
"""Which an untrained model can meet."""


@pytest.fixture(scope="module")
def found(workbench):
    return make_set(workbench, GLOW, Plan(per_class=3, seed=2), LIMITS)


def test_a_model_offers_what_it_can_do(workbench):
    sources, attributes = augment.controls_for(workbench, Picked(GLOW, 0, 1))
    assert [name for _, name in sources] == ["mix", "sample", "complete"]
    assert ("mouth open", "mouth_open") in attributes
    assert augment.controls_for(workbench, None) == ([], [])


def test_the_tab_says_what_was_measured_of_the_data(workbench):
    assert augment.helps_of(workbench, None) == augment.Helps(augment.HELPS)
    assert workbench.open(GLICO).data.name == "avatars"
    told = augment.helps_of(workbench, Picked(GLICO, 0, 1))
    assert told.headline.startswith("On avatars, such images were not shown to help with 5, 10")
    assert all(text.startswith("Not shown to help: ") for text in told.verdicts)
    assert len(told.verdicts) == 4 and "48 seeds" in told.verdicts[1]


def test_the_tab_tells_apart_where_made_images_helped(workbench, monkeypatch):
    def verdict(shots, recommended, seeds=16):
        return Verdict("avatars", shots, 800, "slerp", seeds, recommended, f"verdict {shots}")

    found = [verdict(5, True), verdict(10, False), verdict(20, True, 3), verdict(50, True)]
    monkeypatch.setattr(augment, "bundled_verdicts", lambda data: found)
    told = augment.helps_of(workbench, Picked(GLICO, 0, 1))
    assert told.headline == (
        "On avatars, such images helped with 5, 50 images a class. On avatars, such images were "
        "not shown to help with 10 images a class."
    )
    assert told.verdicts == ("verdict 5", "verdict 10", "verdict 50")


def test_controls_become_a_plan_and_what_is_wrong_is_named():
    fields = {"per_class": 5.0, "seed": 3.0, "law": "near", "attributes": []}
    plan = augment.plan_of(fields)
    assert (plan.per_class, plan.seed, plan.law) == (5, 3, "near")
    for wrong in ({"per_class": 0}, {"per_class": None}, {"seed": -1}, {"law": "far"}):
        with pytest.raises(ConfigError, match=next(iter(wrong))):
            augment.plan_of(fields | wrong)


@pytest.mark.parametrize("sent", [None, [], {"agreement": "x"}, {"agreement": 7}, {"wrong": 1}])
def test_limits_that_are_none_are_refused(sent):
    with pytest.raises(ConfigError):
        augment.limits_of(sent)


def test_more_images_than_can_be_shown_are_left_to_the_command(workbench):
    augment.check_count(workbench, GLICO, Plan(per_class=200))
    with pytest.raises(ConfigError, match="python -m explorer augment --model tiny-glico"):
        augment.check_count(workbench, GLICO, Plan(per_class=201))


def test_the_panel_is_told_everything_of_a_set(workbench, found):
    message = set_message(found, "word", near=True)
    json.dumps(message, allow_nan=False)
    assert len(message["items"]) == message["sheet"]["count"] == 15
    assert message["count"] == f"{int(found.kept.sum())} of 15 kept"
    assert [limit["name"] for limit in message["limits"]] == list(REASONS) == list(LIMIT_TITLES)
    item = message["items"][4]
    assert item["reasons"] == list(found.reasons[4])
    assert len(item["values"]) == len(item["shares"]) == len(message["measures"])
    parents = found.made.parents[4]
    assert item["origin"] == (
        f"{found.made.t[4]:.2f} of the way from #{parents[0]} to #{parents[1]}"
    )
    assert message["items"][0]["values"][2] is None, "the first image has no earlier one"


def test_other_limits_tell_the_reasons_anew(found):
    strict = sorted_out(found, Limits(agreement=1.0))
    message = sorted_message(strict, "word", measured=False)
    assert message["count"] == "0 of 15 kept" and "rows" not in message
    assert all("the classifier sees another class" in reasons for reasons in message["reasons"])


def test_only_the_last_sets_are_kept(found):
    sets = Sets()
    tokens = [sets.add(found) for _ in range(KEPT_SETS + 1)]
    assert sets.get(tokens[-1]) is found and len(set(tokens)) == len(tokens)
    for gone in (tokens[0], None, 7, "guess"):
        with pytest.raises(ConfigError, match="not kept any more"):
            sets.get(gone)


def test_nearest_images_are_shown_by_the_very_model_alone(workbench, found):
    from dataclasses import replace

    near = nearest_of(workbench, found)
    gallery = workbench.open(GLOW).gallery
    assert (near == gallery.pixels[found.judged.nearest]).all()
    for other in ({"version": "0" * 64}, {"model": "gone"}):
        assert nearest_of(workbench, replace(found, made=replace(found.made, **other))) is None


@pytest.fixture
def client(workbench, monkeypatch):
    from fastapi import FastAPI
    from fastapi.testclient import TestClient

    app, sets = FastAPI(), Sets()
    augment_sets.add_augment_routes(app, workbench, sets)
    return SimpleNamespace(ask=TestClient(app), sets=sets)


def test_pictures_and_archive_of_a_set_have_routes(client, found):
    token = client.sets.add(found)
    for name in ("made", "near"):
        answer = client.ask.get(f"/augment/{token}/{name}.png")
        assert answer.status_code == 200 and answer.headers["content-type"] == "image/png"
    content = client.ask.get(f"/augment/{token}/set.zip").content
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert sum(name.startswith("kept/") for name in archive.namelist()) == found.kept.sum()
    for path in ("made.png", "near.png", "set.zip"):
        assert client.ask.get(f"/augment/guess/{path}").status_code == 404


def test_an_archive_that_is_sent_is_opened(client, found):
    token = client.ask.post("/augment/open", content=set_bytes(found)).json()["token"]
    assert client.sets.get(token).reasons == found.reasons
    answer = client.ask.post("/augment/open", content=b"no archive").json()
    assert "not a readable archive" in answer["error"] and "/tmp" not in answer["error"]


def test_a_set_from_a_file_shows_the_same_gallery(found, tmp_path):
    write_set(tmp_path / "set", found)
    again = set_message(read_set(tmp_path / "set"), "word", near=True)
    assert again == set_message(found, "word", near=True)


@pytest.mark.parametrize("sent", [None, "", "  ", "a\0b", "x" * 5000])
def test_a_place_that_is_none_is_refused(sent):
    with pytest.raises(ConfigError, match="No place is given"):
        augment._place(sent)


def test_errors_of_the_service_reach_the_panel(tmp_path):
    with pytest.raises(DataError, match="No augmented set"):
        read_set(augment._place(str(tmp_path / "none.zip")))


def test_the_banner_follows_the_very_model_of_a_set(workbench, found):
    from dataclasses import replace

    known = augment.helps_of(workbench, Picked(GLOW, 0, 1))
    assert augment.helps_of_set(workbench, found) == known != augment.Helps(augment.HELPS)
    for other in ({"version": "0" * 64}, {"model": "gone"}):
        strange = replace(found, made=replace(found.made, **other))
        assert augment.helps_of_set(workbench, strange) == augment.Helps(augment.HELPS)


def test_where_nothing_is_known_a_command_tests_it(workbench, monkeypatch):
    monkeypatch.setattr(augment, "bundled_verdicts", lambda data: [])
    told = augment.helps_of(workbench, Picked(GLICO, 0, 1))
    assert told.headline == augment.HELPS
    assert told.command.startswith("python -m explorer benchmark fewshot --data avatars --shots")


def test_classes_of_which_few_or_none_are_kept_are_told(found):
    from dataclasses import replace

    reasons = [("blurred",)] * 3 + [("blurred",)] * 2 + [()] * 10
    thin = replace(found, reasons=tuple(reasons))
    first, second = found.made.class_names[:2]
    for message in (
        set_message(thin, "word", near=True),
        sorted_message(thin, "word", measured=False),
    ):
        assert message["thin"] == {
            "some": f"Fewer than half are kept of: {second} 1/3",
            "none": [
                f"No {first} is kept: all 3 are left out, most often with the reason 'blurred'."
            ],
        }


def test_the_set_gets_a_verdict_and_what_is_off_is_marked(found):
    from dataclasses import replace

    from explorer.service.set_measures import SetMeasure, SetMeasures

    def measured(low, size):
        kid = SetMeasure("kid", 0.5, 0.0, 0.01, 0.02)
        return SetMeasures((kid, SetMeasure("precision", 0.95, low, 0.9, 1.0)), size, "a note")

    told = replace(found, whole=measured(0.9, 15), chosen=measured(0.8, 9))
    message = set_message(told, "word", near=True)
    assert message["verdict"]["tone"] == "fair"
    assert message["verdict"]["text"].startswith("The kept images are not quite like your images")
    kid, precision = message["rows"]
    assert [cell["side"] for cell in kid["cells"]] == ["above", "above", ""]
    assert precision["cells"][2]["text"] == "0.90 to 1.00, for the kept 0.80 to 1.00"
    alone = replace(told, chosen=SetMeasures((), 1, "too small"))
    message = sorted_message(alone, "word", measured=True)
    assert message["verdict"]["text"].startswith("The new images are not quite")
    assert message["rows"][0]["cells"][1] == {"text": "too few", "side": ""}
    alone = replace(alone, whole=SetMeasures((), 1, "too small"))
    assert sorted_message(alone, "word", measured=True)["verdict"] is None
