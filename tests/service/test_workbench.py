import shutil

import numpy as np
import pytest
from tiny_models import GLICO, GLOW, write_experiment

from explorer.cli import main
from explorer.errors import (
    CheckpointError,
    ConfigError,
    NotSupportedError,
    UnknownModelError,
)
from explorer.service.prepare import seal, update_facts
from explorer.service.shelf import OPEN_AT_ONCE
from explorer.service.workbench import Workbench


@pytest.fixture(scope="module")
def bench(tiny_root):
    return Workbench(tiny_root)


def test_every_folder_has_a_card_and_what_does_not_open_stands_last(tiny_root, tmp_path):
    shutil.copytree(tiny_root / GLOW, tmp_path / "b")
    shutil.copytree(tiny_root / GLICO, tmp_path / "a")
    (tmp_path / "a" / "data.json").write_text("{")
    cards = Workbench(tmp_path).models()
    assert [card.name for card in cards] == ["b", "a"]
    assert cards[0].problem == ""
    assert "data.json" in cards[1].problem


def test_an_open_model_is_kept_and_a_changed_folder_is_opened_anew(tiny_root, tmp_path):
    shutil.copytree(tiny_root / GLICO, tmp_path / "m")
    bench = Workbench(tmp_path)
    first = bench.open("m")
    assert bench.open("m") is first
    (tmp_path / "m" / "note.txt").write_text("new")
    assert bench.open("m").token != first.token


def test_only_a_few_models_stay_in_memory(tiny_root, tmp_path):
    names = [f"m{number}" for number in range(OPEN_AT_ONCE + 1)]
    for name in names:
        shutil.copytree(tiny_root / GLICO, tmp_path / name)
    bench = Workbench(tmp_path)
    opened = {name: bench.open(name) for name in names}
    assert bench.open(names[0]) is not opened[names[0]]
    assert bench.open(names[-1]) is opened[names[-1]]


def test_a_tampered_weight_is_refused_by_name(tiny_root, tmp_path):
    shutil.copytree(tiny_root / GLOW, tmp_path / "m")
    path = tmp_path / "m" / "weights.safetensors"
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    with pytest.raises(CheckpointError, match=r"weights\.safetensors"):
        Workbench(tmp_path).open("m")


def test_an_unknown_model_gets_the_nearest_known_one(bench):
    with pytest.raises(UnknownModelError, match=f"Did you mean '{GLOW}'"):
        bench.open(GLOW + "x")


@pytest.mark.parametrize("index", [-1, 10_000])
def test_an_index_out_of_range_is_named_with_the_range(bench, index):
    with pytest.raises(ConfigError, match=f"Image {index} .* 0 to 59"):
        bench.picture(GLOW, index)
    with pytest.raises(ConfigError, match="0 to 59"):
        bench.edit(GLICO, index, {})


def test_glow_decodes_gallery_images_to_the_very_pixels(bench):
    gallery = bench.open(GLOW).gallery
    latents = bench.latents(GLOW, [0, 7, 59])
    assert np.array_equal(bench.decode(GLOW, latents, as_sample=False), gallery.pixels[[0, 7, 59]])


def test_glico_looks_gallery_latents_up(bench):
    codes = bench.open(GLICO).model.codes
    assert bench.latents(GLICO, [5, 0]).equal(codes[[5, 0]])


def test_strength_zero_is_the_image_itself(bench):
    gallery = bench.open(GLOW).gallery
    for strengths in ({}, {"smile": 0.0}, {"smile": 0.0, "beard": 0.0}):
        assert np.array_equal(bench.edit(GLOW, 4, strengths).pixels, gallery.pixels[4])


def test_the_order_of_edits_makes_no_difference(bench):
    one = bench.edit(GLOW, 4, {"smile": 0.5, "beard": -0.3}).pixels
    other = bench.edit(GLOW, 4, {"beard": -0.3, "smile": 0.5}).pixels
    assert np.array_equal(one, other)


def test_an_edit_along_the_pooled_direction_moves_the_position_by_its_strength(
    tiny_root, tmp_path
):
    shutil.copytree(tiny_root / GLOW, tmp_path / "m")
    update_facts(tmp_path / "m", {"edit.smile.kind": "pooled"})
    seal(tmp_path / "m")
    bench = Workbench(tmp_path)
    before = bench.edit("m", 4, {}).positions["smile"]
    after = bench.edit("m", 4, {"smile": 0.7}).positions["smile"]
    assert after - before == pytest.approx(0.7, abs=1e-3)


def test_edited_codes_stay_on_the_sphere(bench):
    moved = bench.edited_latents(GLICO, [0, 1], {"smile": 2.0})
    assert np.allclose(moved.norm(dim=1), 1, atol=1e-6)


def test_an_edit_row_shows_one_image_of_each_class(bench):
    gallery = bench.open(GLOW).gallery
    row = bench.edit_row(GLOW, 11, {"smile": 1.0})
    assert row.class_names == ("short", "long", "curly", "bald", "hat")
    own = int(gallery.labels[11])
    assert np.array_equal(row.before[own], gallery.pixels[11])
    assert not np.array_equal(row.before, row.after)


@pytest.mark.parametrize(
    ("strengths", "message"),
    [
        ({"smil": 1.0}, "Did you mean 'smile'"),
        ({"smile": 4.0}, r"\[-3, 3\]"),
        ({"smile": float("nan")}, r"\[-3, 3\]"),
    ],
)
def test_a_wrong_edit_is_refused_in_words(bench, strengths, message):
    with pytest.raises(ConfigError, match=message):
        bench.edit(GLOW, 0, strengths)


def test_same_seed_same_samples_and_another_seed_others(bench):
    one, two = (bench.sample(GLOW, 3, seed=5) for _ in range(2))
    assert np.array_equal(one, two)
    assert not np.array_equal(one, bench.sample(GLOW, 3, seed=6))


def test_a_wrong_class_is_refused_with_the_known_ones(bench):
    with pytest.raises(ConfigError, match="short, long, curly, bald, hat"):
        bench.sample(GLOW, 1, seed=0, class_name="punk")


def test_a_model_without_classes_says_so_instead_of_ignoring_one(tmp_path):
    config = write_experiment(tmp_path, GLOW)
    code = main(
        [
            "train",
            "--config",
            str(config),
            "--root",
            str(tmp_path / "r"),
            "--set",
            "name=plain",
            "--set",
            "model.config.class_conditional=false",
        ]
    )
    assert code == 0
    with pytest.raises(NotSupportedError, match="trained without classes"):
        Workbench(tmp_path / "r").sample("plain", 1, seed=0, class_name="hat")


def test_images_of_another_size_are_refused(bench):
    with pytest.raises(ConfigError, match="needs 32x32 with 3"):
        bench.encode(GLOW, np.zeros((1, 16, 16, 3), dtype=np.uint8))
