import json
import math
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from tiny_models import GLICO, GLOW, IMAGES
from tiny_sets import folder

from explorer import models
from explorer.cli.output import print_json, print_table
from explorer.data.avatars import ATTRIBUTES, FAMILIES
from explorer.data.source import available
from explorer.service.datasets import add_archive
from explorer.service.walks import walk
from explorer.service.workbench import Workbench

COMMANDS = [
    "serve",
    "models",
    "data",
    "train",
    "prepare",
    "project",
    "measure",
    "neighbours",
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


def test_archives_are_listed_and_deleted(typed, own_root, tmp_path):
    assert "No archive was brought" in typed("archives", "--root", own_root).out
    settings = folder(tmp_path / "shells")
    packed = shutil.make_archive(str(tmp_path / "shells"), "zip", settings.root)
    add_archive(own_root, Path(packed))
    (row,) = typed("archives", "--root", own_root, "--json").json
    assert row["name"] in typed("archives", "--root", own_root).out
    refused = typed("archives", "--root", own_root, "--delete", "shell")
    assert refused.code == 2 and f"there are: '{row['name']}'" in refused.err
    typed("archives", "--root", own_root, "--delete", row["name"])
    assert typed("archives", "--root", own_root, "--json").json == []


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
def test_interpolate_writes_a_row_a_path(typed, tiny_root, tmp_path, model):
    out = tmp_path / "walk.png"
    report = typed(
        *("interpolate", "--root", tiny_root, "--model", model, "--from", 3, "--to", 9),
        *("--steps", 5, "--out", out, "--json"),
    ).json
    assert size_of(out) == (110 + 5 * 100, 20 + 3 * 100)
    assert [row["method"] for row in report["rows"]] == ["slerp", "nlerp", "lerp"]
    made = walk(Workbench(tiny_root), model, 3, 9, num_points=5)
    for found, row in zip(report["rows"], made.rows, strict=True):
        assert found["norms"] == pytest.approx(row.norms.tolist())
        assert found["changes"] == pytest.approx(row.changes.tolist())
        assert (found["bits_per_dim"][0] is None) == (model == GLICO)
        assert sum(found["class_shares"][2].values()) == pytest.approx(1, abs=1e-5)
    headlines = [finding["headline"] for finding in report["findings"]]
    assert headlines == [finding.headline for finding in made.findings]
    assert report["angle"] == pytest.approx(made.angle)
    assert report["distance"] == pytest.approx(made.distance)


def test_interpolate_walks_only_the_paths_that_were_asked_for(typed, tiny_root):
    report = typed(
        *("interpolate", "--root", tiny_root, "--model", GLOW, "--method", "lerp", "--json"),
        *("--from", "sample:1", "--steps", 3),
    ).json
    assert [row["method"] for row in report["rows"]] == ["lerp"]
    assert report["from"] == 60


def test_interpolate_alone_reports_the_models_own_pair(typed, tiny_root):
    result = typed("interpolate", "--root", tiny_root, "--model", GLOW)
    start, end = Workbench(tiny_root).first_pair(GLOW)
    assert result.code == 0
    assert f"image {start} to image {end}" in result.out
    assert "degrees" in result.out and "Norms" in result.out


def test_interpolate_shows_the_same_pair_in_a_second_model(typed, tiny_root, tmp_path):
    out = tmp_path / "both.png"
    report = typed(
        *("interpolate", "--root", tiny_root, "--model", GLOW, "--from", 3, "--to", 9),
        *("--second", GLICO, "--steps", 3, "--out", out, "--json"),
    ).json
    assert (report["second"]["model"], report["second"]["from"]) == (GLICO, 3)
    assert size_of(out) == (110 + 3 * 100, 20 + 6 * 100)


def test_plane_fills_the_square_between_four_images(typed, tiny_root, tmp_path):
    out = tmp_path / "plane.png"
    corners = [word for number in (3, 9, 4, 5) for word in ("--corner", number)]
    report = typed(
        *("plane", "--root", tiny_root, "--model", GLICO, *corners, "--size", 4, "--json"),
        *("--method", "bilinear", "--out", out),
    ).json
    assert report["corners"] == [3, 9, 4, 5]
    assert np.array(report["norms"]).shape == (4, 4)
    assert size_of(out) == (110 + 4 * 100, 20 + 4 * 100)


def test_plane_alone_takes_the_models_own_pair(typed, tiny_root):
    result = typed("plane", "--root", tiny_root, "--model", GLOW, "--method", "bilinear")
    assert result.code == 0 and "bilinear square" in result.out


# attributes


ATTRIBUTE_COMMANDS = [
    *("list", "edit", "grid", "apply", "kinds", "evidence", "honesty", "transfer", "complete"),
    *("delta", "fit", "learn", "delete", "export", "import"),
]


@pytest.mark.parametrize("command", ATTRIBUTE_COMMANDS)
def test_every_command_of_the_group_explains_itself(typed, command):
    result = typed("attributes", command, "--help")
    assert result.code == 0
    assert f"python -m explorer attributes {command}" in result.out


def test_attributes_lists_the_sliders(typed, tiny_root):
    cards = typed("attributes", "list", "--root", tiny_root, "--model", GLOW, "--json").json
    labelled = [card for card in cards if card["kind"] != "principal"]
    assert {card["name"] for card in labelled} <= set(ATTRIBUTES)
    assert len(labelled) >= 10
    assert len(cards) == len(labelled) + 8
    assert all(card["positives"] + card["negatives"] == IMAGES for card in labelled)
    assert all(card["flips"] is None for card in cards), "nothing was measured"
    table = typed("attributes", "list", "--root", tiny_root, "--model", GLOW)
    assert all(card["name"] in table.out for card in cards)
    assert "not measured" in table.out
    refused = set(ATTRIBUTES) - {card["name"] for card in labelled}
    assert all(f"Attribute '{name}' has" in table.out for name in refused)


def test_an_edit_shows_one_image_of_each_class_before_and_after(typed, tiny_root, tmp_path):
    out = tmp_path / "edit.png"
    words = ("attributes", "edit", "--root", tiny_root, "--model", GLOW, "--index", 3)
    report = typed(*words, "--set", "smile=1", "--out", out, "--json").json
    line = 20  # says what the frames mean
    assert size_of(out) == (110 + len(FAMILIES) * 100, 20 + 2 * 100 + line)
    expected = Workbench(tiny_root).edit(GLOW, 3, {"smile": 1.0})
    assert report["positions"]["smile"] == pytest.approx(expected.positions["smile"])
    assert report["bits_per_dim"] == pytest.approx(expected.bits_per_dim)
    still = typed(*words, "--set", "smile=0", "--json").json
    moved = report["positions"]["smile"] - still["positions"]["smile"]
    assert moved == pytest.approx(1, abs=1e-4)


def test_an_edit_may_name_its_direction_and_leave_the_classes_out(typed, tiny_root, tmp_path):
    words = ("attributes", "edit", "--root", tiny_root, "--model", GLOW, "--set", "smile=1")
    ridge = typed(*words, "--kind", "smile=ridge", "--json").json
    assert ridge["positions"] != typed(*words, "--json").json["positions"]
    assert typed(*words, "--alone", "--out", tmp_path / "one.png").code == 0
    assert size_of(tmp_path / "one.png") == (110 + 100, 20 + 2 * 100)


def test_an_edit_is_told_in_words(typed, tiny_root):
    words = ("attributes", "edit", "--root", tiny_root, "--index", 3, "--set", "smile=1.5")
    result = typed(*words, "--model", GLOW)
    assert result.code == 0
    assert "moved by +1.5" in result.out and "bits/dim" in result.out
    assert "bits/dim" not in typed(*words, "--model", GLICO).out


def test_a_strip_shows_any_image_at_several_strengths(typed, tiny_root, tmp_path):
    Image.new("RGB", (50, 40), "teal").save(tmp_path / "teal.png")
    words = ("attributes", "apply", "--root", tiny_root, "--model", GLICO, "--out")
    strip, file, every = (tmp_path / f"{name}.png" for name in ("strip", "file", "every"))
    one = ("--attribute", "smile", "--strength", -2, "--strength", 0, "--strength", 2)
    assert typed(*words, strip, *one, "--index", 3).code == 0
    assert typed(*words, file, *one, "--index", tmp_path / "teal.png").code == 0
    assert size_of(strip) == size_of(file)
    assert strip.read_bytes() != file.read_bytes()
    assert typed(*words, every).code == 0
    count = len(Workbench(tiny_root).attributes(GLICO))
    assert size_of(every)[1] - size_of(strip)[1] == (count - 1) * 100


def test_a_grid_shows_every_class_at_several_strengths(typed, tiny_root, tmp_path):
    out = tmp_path / "grid.png"
    words = ("attributes", "grid", "--root", tiny_root, "--model", GLICO, "--out", out)
    assert typed(*words, "--attribute", "smile", "--strength", 0, "--strength", 1).code == 0
    assert size_of(out)[0] == 110 + len(FAMILIES) * 100


def test_kinds_of_direction_are_compared(typed, tiny_root, tmp_path):
    out = tmp_path / "kinds.png"
    words = ("attributes", "kinds", "--root", tiny_root, "--model", GLOW, "--attribute", "smile")
    cards = typed(*words, "--index", 3, "--out", out, "--json").json
    assert [card["kind"] for card in cards if card["in_use"]] == ["conditional"]
    assert {"pooled", "ridge", "logistic"} < {card["kind"] for card in cards}
    assert size_of(out) == (110 + (1 + len(cards)) * 100, 30 + 20 + 100), "one row, and a title"
    assert "in use" in typed(*words).out


def test_deltas_are_written_with_their_counts(typed, tiny_root, tmp_path):
    out = tmp_path / "deltas"
    words = ("attributes", "delta", "--root", tiny_root, "--model", GLICO, "--out", out)
    result = typed(*words)
    assert result.code == 0, result.err
    readable = json.loads((out / "deltas.json").read_text())
    with np.load(out / "deltas.npz") as arrays:
        assert arrays["names"].tolist() == [row["name"] for row in readable["attributes"]]
        np.testing.assert_array_equal(arrays["z_delta"], arrays["z_pos"] - arrays["z_neg"])
        assert (arrays["positives"] + arrays["negatives"] == IMAGES).all()
    assert str(out / "deltas.npz") in result.out


def test_a_model_is_taught_by_numbers_and_forgets(typed, own_root, tmp_path):
    at = ("--root", own_root, "--model", GLICO)
    taught = typed("attributes", "learn", *at, "--name", "mine", "--with", "0,1,2,3,4",
                   "--without", "10,11,12,13,14,15", "--json").json  # fmt: skip
    assert (taught[0]["positives"], taught[0]["negatives"]) == (5, 6)
    assert "by you" in typed("attributes", "list", *at).out
    assert (
        typed("attributes", "export", *at, "--name", "mine", "--out", tmp_path / "m.npz").code == 0
    )
    assert typed("attributes", "delete", *at, "--name", "mine").code == 0
    assert "by you" not in typed("attributes", "list", *at).out
    assert "knows 'mine'" in typed("attributes", "import", tmp_path / "m.npz", *at).out


def test_directions_are_found_again_without_touching_the_rest(typed, own_root):
    folder = own_root / GLICO
    before = {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}
    result = typed("attributes", "fit", "--root", own_root, "--model", GLICO)
    assert result.code == 0, result.err
    assert "8 directions of variation" in result.out
    after = {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}
    assert {name for name in before if before[name] != after[name]} <= {
        "directions.npz",
        "manifest.json",
    }


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


def test_project_takes_its_settings(typed, own_root):
    words = ("project", "--root", own_root, "--model", GLICO, "--method", "pca", "--axes", 2, 3)
    layout = typed(*words, "--json").json["layout"]
    assert layout["settings"] == {"first": 2, "second": 3}
    assert Workbench(own_root).open(GLICO).layouts["pca-2-3"].title == "PCA 2 / 3"


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--method", "tsne"), "No layout 'tsne'"),
        (("--n-neighbors", IMAGES), f"n_neighbors is {IMAGES}"),
        (("--min-dist", "nan"), "min_dist is nan"),
        (("--metric", "euclid"), "Did you mean 'euclidean'"),
        (("--method", "pca", "--axes", 1, 1), "Both axes are 1"),
    ],
)
def test_project_refuses_settings_and_leaves_the_folder(typed, own_root, words, message):
    before = sorted((own_root / GLICO).iterdir())
    result = typed("project", "--root", own_root, "--model", GLICO, *words)
    assert (result.code, result.out) == (2, "")
    assert message in result.err
    assert sorted((own_root / GLICO).iterdir()) == before


def test_measure_keeps_a_number_an_image(typed, own_root):
    listed = typed("measure", "--root", own_root, "--model", GLOW, "--json").json["measures"]
    assert len(listed["bits_per_dim"]) == len(listed["reconstruction"]) == IMAGES
    assert "bits/dim" in typed("measure", "--root", own_root, "--model", GLOW).out


def test_neighbours_lists_them_and_draws_them(typed, tiny_root, tmp_path):
    words = ("neighbours", "--root", tiny_root, "--model", GLICO, "--index", 3, "--count", 5)
    found = typed(*words, "--out", tmp_path / "near.png", "--json").json["neighbours"]
    assert len(found["records"]) == 5
    assert size_of(tmp_path / "near.png")
    result = typed(*words)
    assert f"{found['records'][0]['position']}" in result.out
    assert "random pairs" in result.out


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
