import json
import math

import numpy as np
import pytest
from PIL import Image
from tiny_models import GLICO, GLOW, IMAGES

from explorer import models
from explorer.cli.output import print_json, print_table
from explorer.data.avatars import ATTRIBUTES, FAMILIES
from explorer.data.source import available
from explorer.service.workbench import Workbench

COMMANDS = [
    "serve",
    "models",
    "data",
    "train",
    "prepare",
    "project",
    "sample",
    "interpolate",
    "attributes",
    "encode",
    "decode",
    "evaluate",
]


def size_of(path):
    with Image.open(path) as picture:
        assert picture.format == "PNG"
        return picture.size


# what there is


def test_help_names_every_command(typed):
    result = typed("--help")
    assert result.code == 0
    assert all(f"  {command}  " in result.out for command in COMMANDS)


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_itself(typed, command):
    result = typed(command, "--help")
    assert result.code == 0
    assert f"python -m explorer {command}" in result.out


def test_models_lists_families_and_trained_models(typed, tiny_root):
    result = typed("models", "--root", tiny_root)
    assert result.code == 0
    assert all(spec.title in result.out for spec in models.available().values())
    assert f"Faces by {GLOW}" in result.out and f"Faces by {GLICO}" in result.out
    assert f"{IMAGES} images of 32x32x3" in result.out


def test_models_as_json_has_settings_and_facts(typed, tiny_root):
    listed = typed("models", "--root", tiny_root, "--json").json
    settings = {family["name"]: family["settings"] for family in listed["families"]}
    assert settings["glow"]["n_bits"]["default"] == 8
    cards = {card["name"]: card for card in listed["models"]}
    assert cards[GLICO]["facts"]["psnr"] > 0
    assert cards[GLOW]["class_names"] == list(FAMILIES)
    assert not cards[GLOW]["problem"]


def test_models_without_checkpoints_says_how_to_get_one(typed, tmp_path):
    result = typed("models", "--root", tmp_path / "none")
    assert result.code == 0
    assert "No trained model" in result.out and "train" in result.out


def test_models_names_a_broken_checkpoint_and_goes_on(typed, own_root):
    (own_root / GLICO / "data.json").write_text("{")
    result = typed("models", "--root", own_root)
    assert result.code == 0
    assert "data.json' is not a readable JSON file" in result.out
    assert f"Faces by {GLOW}" in result.out


def test_the_folder_of_models_may_come_from_the_environment(typed, tiny_root, monkeypatch):
    monkeypatch.setenv("LATENT_EXPLORER_ROOT", str(tiny_root))
    assert {card["name"] for card in typed("models", "--json").json["models"]} == {GLOW, GLICO}


def test_data_lists_every_set_with_its_licence(typed):
    result = typed("data")
    assert result.code == 0
    for source in available().values():
        assert source.title in result.out
        assert source.licence in result.out
        assert source.how_to_get in result.out


def test_data_as_json_says_what_is_ready(typed):
    rows = {row["name"]: row for row in typed("data", "--json").json}
    assert set(rows) == set(available())
    assert rows["avatars"]["ready"] is True
    assert rows["folder"]["ready"] is False
    assert rows["avatars"]["counts"] == [20_000, 2_000]


# pictures


def test_sample_writes_an_enlarged_sheet_and_repeats_itself(typed, tiny_root, tmp_path):
    words = ("sample", "--root", tiny_root, "--model", GLOW, "--count", 8, "--out")
    first, second, other = (tmp_path / f"{name}.png" for name in "abc")
    assert typed(*words, first).code == typed(*words, second).code == 0
    assert size_of(first) == (4 * 66 - 2, 2 * 66 - 2)
    assert first.read_bytes() == second.read_bytes()
    assert typed(*words, other, "--seed", 1).code == 0
    assert first.read_bytes() != other.read_bytes()


@pytest.mark.parametrize("model", [GLOW, GLICO])
def test_sample_takes_a_class_and_makes_folders(typed, tiny_root, tmp_path, model):
    out = tmp_path / "new" / "folder" / "bald.png"
    result = typed(
        *("sample", "--root", tiny_root, "--model", model),
        *("--count", 2, "--class", "bald", "--out", out),
    )
    assert result.code == 0, result.err
    assert size_of(out) == (2 * 66 - 2, 64)


def test_glow_gives_back_the_very_pixels_that_were_encoded(typed, tiny_root, tmp_path):
    pixels = Workbench(tiny_root).open(GLOW).gallery.pixels[:3]
    files = [tmp_path / f"{k}.png" for k in range(3)]
    for file, picture in zip(files, pixels, strict=True):
        Image.fromarray(picture).save(file)
    stored, sheet = tmp_path / "faces.npz", tmp_path / "faces.png"
    encoded = typed("encode", *files, "--model", GLOW, "--root", tiny_root, "--out", stored)
    assert encoded.code == 0, encoded.err
    assert "3 latents of 3072 numbers" in encoded.out
    assert typed("decode", stored, "--root", tiny_root, "--out", sheet).code == 0
    with Image.open(sheet) as picture:
        decoded = np.asarray(picture)
    assert decoded.shape == (32, 3 * 34 - 2, 3)
    for k in range(3):
        np.testing.assert_array_equal(decoded[:, 34 * k : 34 * k + 32], pixels[k])


def test_the_latent_file_says_which_weights_it_belongs_to(typed, tiny_root, tmp_path):
    Image.new("L", (50, 40), 90).save(tmp_path / "grey.jpg")
    stored = tmp_path / "grey.npz"
    result = typed(
        "encode", tmp_path / "grey.jpg", "--model", GLICO, "--root", tiny_root, "--out", stored
    )
    assert result.code == 0, result.err
    with np.load(stored) as arrays:
        assert arrays["latents"].shape == (1, 8)
        np.testing.assert_allclose(np.linalg.norm(arrays["latents"]), 1, rtol=1e-5)
        assert str(arrays["model"]) == GLICO
        assert len(str(arrays["version"])) == 64


def test_changed_latents_can_be_decoded_without_noise(typed, tiny_root, tmp_path):
    Image.new("RGB", (32, 32), "teal").save(tmp_path / "teal.png")
    stored, plain, clean = (tmp_path / name for name in ("a.npz", "plain.png", "clean.png"))
    typed("encode", tmp_path / "teal.png", "--model", GLOW, "--root", tiny_root, "--out", stored)
    assert typed("decode", stored, "--root", tiny_root, "--out", plain).code == 0
    assert typed("decode", stored, "--root", tiny_root, "--out", clean, "--denoise").code == 0
    assert size_of(plain) == size_of(clean) == (32, 32)


# walks


@pytest.mark.parametrize("model", [GLOW, GLICO])
def test_interpolate_writes_slerp_over_lerp(typed, tiny_root, tmp_path, model):
    out = tmp_path / "walk.png"
    report = typed(
        *("interpolate", "--root", tiny_root, "--model", model, "--from", 3, "--to", 9),
        *("--steps", 5, "--out", out, "--json"),
    ).json
    assert size_of(out) == (110 + 5 * 100, 20 + 2 * 100)
    assert [row["method"] for row in report["rows"]] == ["slerp", "lerp"]
    assert all(len(row["norms"]) == 5 for row in report["rows"])
    walk = Workbench(tiny_root).walk(model, 3, 9, num_points=5)
    assert report["verdict"] == walk.verdict
    assert report["angle"] == pytest.approx(walk.angle)
    assert report["distance"] == pytest.approx(walk.distance)


def test_interpolate_alone_reports_the_models_own_pair(typed, tiny_root):
    result = typed("interpolate", "--root", tiny_root, "--model", GLOW)
    start, end = Workbench(tiny_root).first_pair(GLOW)
    assert result.code == 0
    assert f"image {start} to image {end}" in result.out
    assert "degrees" in result.out and "Norms" in result.out


# attributes


def test_attributes_lists_the_sliders(typed, tiny_root):
    cards = typed("attributes", "--root", tiny_root, "--model", GLOW, "--json").json
    assert {card["name"] for card in cards} <= set(ATTRIBUTES)
    assert len(cards) >= 10
    assert all(card["positives"] + card["negatives"] == IMAGES for card in cards)
    assert all(card["flips"] is None for card in cards), "nothing was measured"
    table = typed("attributes", "--root", tiny_root, "--model", GLOW)
    assert all(card["name"] in table.out for card in cards)
    assert "not measured" in table.out


def test_an_edit_shows_one_image_of_each_class_before_and_after(typed, tiny_root, tmp_path):
    out = tmp_path / "edit.png"
    words = ("attributes", "--root", tiny_root, "--model", GLOW, "--index", 3)
    report = typed(*words, "--set", "smile=1", "--out", out, "--json").json
    assert size_of(out) == (110 + len(FAMILIES) * 100, 20 + 2 * 100)
    expected = Workbench(tiny_root).edit(GLOW, 3, {"smile": 1.0})
    assert report["positions"]["smile"] == pytest.approx(expected.positions["smile"])
    assert report["bits_per_dim"] == pytest.approx(expected.bits_per_dim)
    still = typed(*words, "--set", "smile=0", "--json").json
    assert report["positions"]["smile"] > still["positions"]["smile"]


def test_an_edit_is_told_in_words(typed, tiny_root):
    words = ("attributes", "--root", tiny_root, "--index", 3, "--set", "smile=1.5", "--model")
    result = typed(*words, GLOW)
    assert result.code == 0
    assert "moved by +1.5" in result.out and "bits/dim" in result.out
    assert "bits/dim" not in typed(*words, GLICO).out


def test_without_an_edit_each_attribute_is_shown_at_five_strengths(typed, tiny_root, tmp_path):
    out = tmp_path / "grid.png"
    words = ("attributes", "--root", tiny_root, "--model", GLICO, "--out", out, "--json")
    cards = typed(*words).json
    assert size_of(out) == (110 + 5 * 100, 20 + len(cards) * 100)


# map


def test_project_keeps_the_map_and_draws_it(typed, own_root, tmp_path):
    layout, out = own_root / GLICO / "layout-pca.npz", tmp_path / "map.png"
    before = layout.stat().st_mtime_ns
    report = typed(
        *("project", "--root", own_root, "--model", GLICO, "--method", "pca"),
        *("--out", out, "--json"),
    ).json
    assert layout.stat().st_mtime_ns > before
    assert size_of(out) == (1024, 1024)
    assert report["count"] == len(report["layout"]["coordinates"]) == IMAGES
    assert Workbench(own_root).open(GLICO).layouts["pca"].count == IMAGES


def test_project_says_where_the_map_is(typed, own_root):
    result = typed("project", "--root", own_root, "--model", GLOW, "--method", "pca")
    assert result.code == 0
    assert str(own_root / GLOW / "layout-pca.npz") in result.out


# judging


def test_evaluate_measures_the_parts_asked_for(typed, own_root, monkeypatch):
    monkeypatch.setattr("explorer.service.evaluate.HELD_OUT", 8)
    words = ("evaluate", "--root", own_root, "--model", GLOW)
    result = typed(*words, "--part", "density", "--part", "reconstruction", "--json")
    assert result.json["exact_reconstructions"] == result.json["exact_of"] == 8
    assert "8 of 8 held-out images" in result.err
    assert Workbench(own_root).card(GLOW).facts["bits_per_dim"] == result.json["bits_per_dim"]
    assert "exact_of" in typed(*words, "--part", "reconstruction").out


# how answers are printed


def test_json_has_null_where_a_number_is_not_finite(capsys):
    print_json({"a": math.nan, "b": [np.float32(1.5), math.inf], "c": np.arange(2)})
    shown = json.loads(capsys.readouterr().out)
    assert shown == {"a": None, "b": [1.5, None], "c": [0, 1]}


def test_a_table_may_have_short_rows_and_long_texts(capsys):
    print_table([("a", "x" * 80, "end"), ("long", "y")])
    first, second = capsys.readouterr().out.splitlines()
    assert first == f"a     {'x' * 80}  end"
    assert second == "long  y"
