import errno
import math
import shutil

import numpy as np
import pytest
import torch
from PIL import Image
from tiny_models import GLICO, GLOW, IMAGES

from explorer.errors import CheckpointError, ConfigError, DataError
from explorer.service import own_attributes as own_module
from explorer.service.axes import directions_of, kind_in_use, slider_axes
from explorer.service.own_attributes import (
    delete_attribute,
    export_attribute,
    import_attribute,
    learn_attribute,
    learn_from_folders,
    learn_from_table,
    own_attributes,
)
from explorer.service.workbench import Workbench

WITH, WITHOUT = list(range(8)), list(range(20, 30))


@pytest.fixture
def workbench(tiny_root, tmp_path):
    return Workbench(shutil.copytree(tiny_root, tmp_path / "checkpoints"))


def pictures(folder, colour, count):
    folder.mkdir(parents=True)
    generator = np.random.default_rng(count)
    for number in range(count):
        pixels = generator.integers(0, 60, (32, 32, 3)) + np.array(colour)
        Image.fromarray(pixels.astype(np.uint8)).save(folder / f"{number}.png")
    return folder


def files_of(workbench, model):
    return {path: path.read_bytes() for path in (workbench.root / model).rglob("*.np*")}


@pytest.mark.parametrize("model", [GLOW, GLICO])
def test_two_selections_become_a_slider(workbench, model):
    opened = workbench.open(model)
    one = learn_attribute(workbench, model, "  mine ", WITH, WITHOUT)
    assert (one.name, one.positives, one.negatives, one.problem) == ("mine", 8, 10, "")
    assert one.spread_error > 0 and 0 < one.spread_cosine <= 1
    assert own_attributes(workbench, model) == (one,)
    assert workbench.open(model) is opened, "teaching does not open the model anew"

    latents = workbench.latents(model, WITH + WITHOUT)
    expected = latents[:8].double().mean(0) - latents[8:].double().mean(0)
    axis = directions_of(opened, "mine").axis("mine", "pooled")
    assert float((axis - expected).norm()) < 0.02 * float(expected.norm())
    places = directions_of(opened, "mine").position(latents, "mine", "pooled")
    assert float(places[:8].mean()) == pytest.approx(0.5, abs=0.02)
    assert float(places[8:].mean()) == pytest.approx(-0.5, abs=0.02)


def test_a_taught_attribute_is_listed_and_edits_like_the_others(workbench):
    learn_attribute(workbench, GLOW, "mine", WITH, WITHOUT)
    cards = workbench.attributes(GLOW)
    own = [card.own for card in cards]
    assert [card.name for card in cards if card.own] == ["mine"]
    assert own.index(True) > 0 and cards[-1].kind == "principal"
    still = workbench.edit(GLOW, 3, {"mine": 0.0})
    np.testing.assert_array_equal(still.pixels, workbench.picture(GLOW, 3).pixels)
    moved = workbench.edit(GLOW, 3, {"mine": 1.0, "smile": -0.5})
    assert not np.array_equal(moved.pixels, still.pixels)
    alone = workbench.edit(GLOW, 3, {"mine": 1.0})
    assert alone.positions["mine"] - still.positions["mine"] == pytest.approx(1, abs=1e-3)


def test_a_deleted_attribute_is_gone_from_the_disk(workbench):
    before = files_of(workbench, GLICO)
    learn_attribute(workbench, GLICO, "mine", WITH, WITHOUT)
    assert len(files_of(workbench, GLICO)) == len(before) + 1
    delete_attribute(workbench, GLICO, "mine")
    assert files_of(workbench, GLICO) == before
    with pytest.raises(ConfigError, match="was not taught 'mine'"):
        delete_attribute(workbench, GLICO, "mine")
    with pytest.raises(ConfigError, match="No attribute 'mine'"):
        workbench.edit(GLICO, 3, {"mine": 1.0})


def test_an_attribute_travels_to_a_copy_of_the_same_model(workbench, tmp_path, tiny_root):
    learn_attribute(workbench, GLICO, "mine", WITH, WITHOUT)
    export_attribute(workbench, GLICO, "mine", tmp_path / "mine.npz")
    other = Workbench(shutil.copytree(tiny_root, tmp_path / "other"))
    assert import_attribute(other, GLICO, tmp_path / "mine.npz").positives == 8
    here, there = workbench.edit(GLICO, 3, {"mine": 1.0}), other.edit(GLICO, 3, {"mine": 1.0})
    np.testing.assert_array_equal(here.pixels, there.pixels)
    with pytest.raises(ConfigError, match="has an attribute 'mine'"):
        import_attribute(other, GLICO, tmp_path / "mine.npz")


def test_an_attribute_of_another_model_is_refused_by_its_hash(workbench, tmp_path):
    learn_attribute(workbench, GLICO, "mine", WITH, WITHOUT)
    export_attribute(workbench, GLICO, "mine", tmp_path / "mine.npz")
    version = workbench.open(GLICO).version[:12]
    with pytest.raises(CheckpointError, match=rf"other weights \({version}\)"):
        import_attribute(workbench, GLOW, tmp_path / "mine.npz")
    assert own_attributes(workbench, GLOW) == ()


def test_a_damaged_file_is_named_and_leaves_the_other_sliders(workbench):
    learn_attribute(workbench, GLICO, "mine", WITH, WITHOUT)
    count = len(workbench.attributes(GLICO))
    (file,) = (workbench.root / GLICO / "own").iterdir()
    file.write_bytes(b"not a zip")
    (one,) = own_attributes(workbench, GLICO)
    assert "not a readable npz" in one.problem and one.name == file.stem
    assert len(workbench.attributes(GLICO)) == count - 1
    delete_attribute(workbench, GLICO, one.name)
    assert own_attributes(workbench, GLICO) == ()


@pytest.mark.parametrize(
    ("name", "positives", "negatives", "words"),
    [
        ("mine", [1], WITHOUT, "'mine' has 1 images with it and 10 without; at least 5"),
        ("mine", WITH, [], "'mine' has 8 images with it and 0 without"),
        ("mine", [1, 1, 1, 1, 1, 1], WITHOUT, "has 1 images with it"),
        ("mine", WITH, [*WITHOUT, 7], "Image 7 is among those with 'mine' and those without"),
        ("mine", [*WITH, IMAGES], WITHOUT, str(IMAGES)),
        ("mine", [*WITH, -1], WITHOUT, "-1"),
        ("mine", [*WITH, math.nan], WITHOUT, "'nan' is no position"),
        ("mine", [*WITH, "4"], WITHOUT, "'4' is no position"),
        ("mine", [*WITH, True], WITHOUT, "'True' is no position"),
        ("mine", "01234", WITHOUT, "are no list"),
        ("mine", {"a": 1}, WITHOUT, "are no list"),
        ("mine", list(range(10**4)), WITHOUT, "10000 images with the attribute; at most 5000"),
        ("smile", WITH, WITHOUT, "has an attribute 'smile'"),
        ("Variation 1", WITH, WITHOUT, "has an attribute 'Variation 1'"),
        ("  ", WITH, WITHOUT, "no name"),
        ("a=b", WITH, WITHOUT, "without '='"),
        ("x" * 41, WITH, WITHOUT, "1 to 40 characters"),
        ("a\nb", WITH, WITHOUT, "cannot be the name"),
        (None, WITH, WITHOUT, "is a text"),
    ],
)
def test_what_cannot_be_learned_is_said_and_nothing_is_kept(
    workbench, name, positives, negatives, words
):
    before = files_of(workbench, GLICO)
    with pytest.raises((ConfigError, DataError)) as caught:
        learn_attribute(workbench, GLICO, name, positives, negatives)
    assert words in str(caught.value)
    assert files_of(workbench, GLICO) == before


def test_a_name_with_path_signs_stays_in_its_folder(workbench):
    learn_attribute(workbench, GLICO, "../../up", WITH, WITHOUT)
    assert [one.name for one in own_attributes(workbench, GLICO)] == ["../../up"]
    (file,) = (workbench.root / GLICO / "own").iterdir()
    assert file.name.startswith("up-")


@pytest.mark.parametrize("model", [GLOW, GLICO])
def test_two_folders_become_a_slider_of_any_class(workbench, tmp_path, model):
    light = pictures(tmp_path / "light", (180, 180, 180), 5)
    dark = pictures(tmp_path / "dark", (0, 0, 0), 6)
    one = learn_from_folders(workbench, model, "light", light, dark)
    assert (one.positives, one.negatives) == (5, 6)
    opened = workbench.open(model)
    assert [kind_in_use(opened, "light", label) for label in range(5)] == ["pooled"] * 5
    assert "light" in slider_axes(opened, 4).names
    if model == GLOW:
        bright = workbench.edit(GLOW, 3, {"light": 1.0}).pixels.mean()
        assert bright > workbench.edit(GLOW, 3, {"light": -1.0}).pixels.mean()


def test_a_folder_with_too_few_pictures_is_named_with_its_count(workbench, tmp_path):
    light = pictures(tmp_path / "light", (180, 180, 180), 5)
    few = pictures(tmp_path / "few", (0, 0, 0), 1)
    with pytest.raises(DataError, match="'light' has 5 images with it and 1 without"):
        learn_from_folders(workbench, GLOW, "light", light, few)
    with pytest.raises(DataError, match="not a folder"):
        learn_from_folders(workbench, GLOW, "light", light, tmp_path / "none")


def table(folder, rows):
    text = "".join(f"{','.join(row)}\n" for row in [("file", "light", "even"), *rows])
    path = folder / "attributes.csv"
    path.write_text(text)
    return path


def test_a_table_teaches_all_its_attributes_at_once(workbench, tmp_path):
    pictures(tmp_path / "set" / "light", (180, 180, 180), 8)
    pictures(tmp_path / "set" / "dark", (0, 0, 0), 9)
    rows = [(f"light/{n}.png", "1", str(n % 2)) for n in range(8)]
    rows += [(f"dark/{n}.png", "-1", str(n % 2)) for n in range(9)]
    learned = learn_from_table(workbench, GLOW, table(tmp_path / "set", rows))
    assert [(one.name, one.positives, one.negatives) for one in learned] == [
        ("light", 8, 9),
        ("even", 8, 9),
    ]
    assert {one.name for one in own_attributes(workbench, GLOW)} == {"light", "even"}
    opened = workbench.open(GLOW)
    ridge = directions_of(opened, "light").axis("light", "ridge")
    assert torch.isfinite(ridge).all()


def test_a_disk_that_fills_up_between_two_attributes_keeps_neither(
    workbench, tmp_path, monkeypatch
):
    pictures(tmp_path / "set" / "light", (180, 180, 180), 6)
    pictures(tmp_path / "set" / "dark", (0, 0, 0), 6)
    rows = [(f"light/{n}.png", "1", str(n % 2)) for n in range(6)]
    rows += [(f"dark/{n}.png", "0", str(n % 2)) for n in range(6)]
    save, written = own_module.save_directions, []

    def full_at_the_second(path, directions):
        if written:
            raise OSError(errno.ENOSPC, "No space left on device")
        save(path, directions)
        written.append(path)

    monkeypatch.setattr(own_module, "save_directions", full_at_the_second)
    with pytest.raises(OSError, match="No space"):
        learn_from_table(workbench, GLOW, table(tmp_path / "set", rows))
    assert len(written) == 1 and own_attributes(workbench, GLOW) == ()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda rows: [*rows, ("gone.png", "1", "0")], "row for 'gone.png', which is not there"),
        (lambda rows: rows[:-1], "no row for 'dark/5.png' (1 images have none)"),
        (lambda rows: [(f, "1", e) for f, _, e in rows], "'light' has 12 images with it and 0"),
        (
            lambda rows: [(f, x, "0") for f, x, _ in rows[:-1]] + [(*rows[-1][:2], "1")],
            "'even' has 1 images",
        ),
        (lambda rows: [*rows[:-1], (rows[-1][0], "nan", "0")], "'light' is 'nan'; allowed are 0"),
        (lambda rows: [*rows, ("../up.png", "1", "0")], "'../up.png' is not a path below"),
    ],
)
def test_a_wrong_table_is_refused_and_nothing_is_kept(workbench, tmp_path, change, words):
    pictures(tmp_path / "set" / "light", (180, 180, 180), 6)
    pictures(tmp_path / "set" / "dark", (0, 0, 0), 6)
    rows = [(f"light/{n}.png", "1", str(n % 2)) for n in range(6)]
    rows += [(f"dark/{n}.png", "-1", str(n % 2)) for n in range(6)]
    path = table(tmp_path / "set", change(rows))
    with pytest.raises(DataError) as caught:
        learn_from_table(workbench, GLOW, path)
    assert words in str(caught.value)
    assert own_attributes(workbench, GLOW) == ()
