"""Commands that say what attribute edits rest on: the same records as the service's."""

import pytest
from PIL import Image
from tiny_models import GLICO, GLOW

from explorer.data.avatar_pairs import PAIRED
from explorer.service import honesty as honesty_module
from explorer.service.evidence import slider_evidence
from explorer.service.workbench import Workbench

FEW = ("--attribute", "smile", "--learn-on", "short,long", "--apply-to", "bald,hat")


def test_evidence_says_how_far_each_slider_goes(typed, tiny_root):
    at = ("attributes", "evidence", "--root", tiny_root, "--model", GLOW, "--index", "3")
    at = (*at, "--set", "smile=0.5")
    found = typed(*at, "--json").json
    expected = slider_evidence(Workbench(tiny_root), GLOW, 3, {"smile": 0.5})
    assert found["overall"] == expected.overall
    assert [row["attribute"] for row in found["sliders"]] == [
        row.attribute for row in expected.sliders
    ]
    assert found["sliders"][0]["own"] == pytest.approx(list(expected.sliders[0].own))
    table = typed(*at)
    assert table.code == 0, table.err
    assert f"class '{expected.class_name}'" in table.out
    assert f"{expected.sliders[0].own[0]:+.2f} to {expected.sliders[0].own[1]:+.2f}" in table.out


def test_honesty_names_counts_area_and_judge(typed, tiny_root, monkeypatch, tmp_path):
    monkeypatch.setattr(honesty_module, "JUDGED", 20)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    at = ("attributes", "honesty", "--root", tiny_root, "--model", GLOW)
    found = typed(*at, "--json").json
    size = len(found["attributes"])
    assert [len(row) for row in found["cosines"]] == [size] * size
    assert found["changed"][0][0] is None, "not measured"
    table = typed(*at)
    assert table.code == 0, table.err
    for name in found["attributes"]:
        assert name in table.out
    assert "the directions alone" in table.out
    assert "on 20 images, held-out" in table.out


def test_transfer_measures_where_the_truth_is_known(typed, tiny_root):
    at = ("attributes", "transfer", "--root", tiny_root, "--model", GLOW, *FEW, "--count", 12)
    (found,) = typed(*at, "--json").json
    assert (found["attribute"], found["learn_on"]) == ("smile", ["short", "long"])
    table = typed(*at)
    assert table.code == 0, table.err
    assert "Mean error in pixels" in table.out and "Mean error in features" in table.out
    across = next(row for row in found["errors"] if row["method"] == "across")
    assert f"{across['pixels']['value']:.4f}" in table.out


def test_a_picture_of_nothing_and_a_picture_with_a_table_are_refused(typed, tiny_root, tmp_path):
    out = tmp_path / "transfer.png"
    at = ("attributes", "transfer", "--root", tiny_root, "--model", GLICO, "--out", out)
    assert "Give --attribute" in typed(*at).err
    assert "--out draws" in typed(*at, *FEW, "--json").err
    assert not out.exists()


def test_transfer_draws_before_and_after(typed, tiny_root, tmp_path):
    out = tmp_path / "transfer.png"
    for model in (GLICO, GLOW):
        at = ("attributes", "transfer", "--root", tiny_root, "--model", model, *FEW)
        result = typed(*at, "--out", out)
        assert result.code == 0, result.err
        assert "Mean error" not in result.out, "a picture is drawn without measuring"
    with Image.open(out) as picture:
        assert picture.height > 4 * 32, "two classes, before and after"


def test_all_attributes_whose_truth_is_known_are_measured_if_none_is_named(
    typed, tiny_root, monkeypatch
):
    measured = []
    monkeypatch.setattr(
        "explorer.service.transfer.transfer_errors",
        lambda workbench, model, lesson, **rest: measured.append(lesson) or {},
    )
    at = ("attributes", "transfer", "--root", tiny_root, "--model", GLOW, "--json")
    assert typed(*at).json == [{}] * len(PAIRED)
    assert {lesson.attribute for lesson in measured} == set(PAIRED)
    everyone = Workbench(tiny_root).open(GLOW).data.class_names
    assert {lesson.learn_on for lesson in measured} == {everyone}


def test_complete_writes_the_images_and_where_they_come_from(typed, tiny_root, tmp_path):
    out = tmp_path / "completed.png"
    found = typed(
        "attributes", "complete", "--root", tiny_root, "--model", GLICO, "--class", "short",
        "--attribute", "smile", "--count", 5, "--out", out, "--json",
    ).json  # fmt: skip
    assert len(found["parents"]) == len(found["targets"]) == 5
    with Image.open(out) as picture:
        assert picture.width > 32


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("transfer", "--attribute", "smiel"), "Did you mean 'smile'"),
        (("transfer", "--attribute", "smile", "--learn-on", "shrt"), "Did you mean 'short'"),
        (("transfer", "--attribute", "smile", "--strength", "nan"), "must lie in"),
        (("transfer", "--attribute", "smile", "--count", "3"), "count is 3"),
        (("complete", "--class", "short", "--attribute", "x", "--out", "a.png"), "attribute 'x'"),
        (("complete", "--class", "short", "--attribute", "smile", "--out", "a.txt"), ".png"),
        (("evidence", "--index", "99999"), "99999"),
        (("evidence", "--set", "smile=much"), "gives no number"),
    ],
)
def test_what_cannot_be_done_is_refused_in_one_sentence(
    typed, tiny_root, tmp_path, monkeypatch, words, message
):
    monkeypatch.chdir(tmp_path)
    command, *rest = words
    result = typed("attributes", command, "--root", tiny_root, "--model", GLOW, *rest)
    assert result.code == 2
    assert message in result.err and "Traceback" not in result.err
    assert not list(tmp_path.iterdir())
