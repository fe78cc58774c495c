"""What a person can get wrong: one sentence, exit code 2, nothing written."""

import json
import shutil
import socket

import numpy as np
import pytest
from PIL import Image
from tiny_models import GLICO, GLOW, write_experiment

from explorer.service.workbench import Workbench


def assert_refused(result, *words):
    assert result.code == 2, result.out + result.err
    assert result.err.startswith("Error: ")
    assert result.err.count("\n") == 1, "one line"
    assert "Traceback" not in result.err
    for word in words:
        assert str(word) in result.err


@pytest.mark.parametrize(
    ("words", "hints"),
    [
        (("sample", "--model", "tiny-glo"), ("tiny-glo", f"Did you mean '{GLOW}'", GLICO)),
        (("sample", "--model", "../tiny-glow"), ("No model '../tiny-glow'",)),
        (("sample", "--model", GLOW, "--class", "blad"), ("'blad'", "Did you mean 'bald'")),
        (("sample", "--model", GLOW, "--count", "0"), ("count is 0", "1 to 1024")),
        (("sample", "--model", GLOW, "--temperature", "nan"), ("temperature", "[0, 2]")),
        (("interpolate", "--model", GLOW, "--from", "60"), ("Image 60", "0 to 59")),
        (("interpolate", "--model", GLOW, "--to", "-1"), ("Image -1", "0 to 59")),
        (("interpolate", "--model", GLOW, "--steps", "1"), ("1 frames", "2 to 33")),
        (("attributes", "edit", "--model", GLOW, "--set", "simle=1"), ("simle", "'smile'")),
        (("attributes", "edit", "--model", GLOW, "--set", "smile=9"), ("9", "smile", "[-3, 3]")),
        (("attributes", "edit", "--model", GLOW, "--set", "smile=nan"), ("nan", "[-3, 3]")),
        (
            ("attributes", "edit", "--model", GLOW, "--set", "smile"),
            ("'smile'", "value", "glasses=1"),
        ),
        (
            ("attributes", "kinds", "--model", GLOW, "--attribute", "smile", "--index", "99"),
            ("99", "0 to 59"),
        ),
        (("project", "--model", GLOW, "--method", "umpa"), ("umpa", "'umap'", "pca")),
        (("evaluate", "--model", GLICO, "--part", "density"), (GLICO, "density", "likelihood")),
        (("evaluate", "--model", GLOW, "--part", "densty"), ("densty", "'density'")),
        (("project", "--model", "none"), ("No model 'none'", GLOW)),
    ],
)
def test_a_wrong_value_is_named_with_what_is_allowed(typed, tiny_root, tmp_path, words, hints):
    out = tmp_path / "out.png"
    target = () if words[0] == "evaluate" else ("--out", out)
    assert_refused(typed(*words, "--root", tiny_root, *target), *hints)
    assert not out.exists()


@pytest.mark.parametrize("words", [("models", "--bogus"), ("nonsense",), ("sample",)])
def test_a_wrong_command_line_is_explained(typed, words):
    result = typed(*words)
    assert result.code == 2
    assert "Error: " in result.err and "Traceback" not in result.err


def test_a_value_of_the_wrong_kind_is_refused(typed):
    result = typed("interpolate", "--model", GLOW, "--steps", "three")
    assert result.code == 2
    assert "'--steps'" in result.err and "integer" in result.err


def test_what_names_no_image_is_refused_with_what_does(typed, tiny_root):
    words = ("interpolate", "--model", GLOW, "--root", tiny_root, "--from", "three")
    assert_refused(typed(*words), "'three'", "sample:7", "mean:3+5")


# where to write


def test_a_folder_is_not_written_over(typed, tiny_root, tmp_path):
    folder = tmp_path / "folder.png"
    folder.mkdir()
    result = typed("sample", "--model", GLOW, "--root", tiny_root, "--out", folder)
    assert_refused(result, folder, "is a folder")
    assert list(folder.iterdir()) == []


def test_a_picture_must_be_named_png(typed, tiny_root, tmp_path):
    result = typed("sample", "--model", GLOW, "--root", tiny_root, "--out", tmp_path / "a.jpg")
    assert_refused(result, "a.jpg", ".png")
    assert list(tmp_path.iterdir()) == []


def test_a_file_is_no_folder_to_write_into(typed, tiny_root, tmp_path):
    (tmp_path / "file").write_text("kept")
    out = tmp_path / "file" / "a.png"
    assert_refused(
        typed("sample", "--model", GLOW, "--root", tiny_root, "--out", out), tmp_path / "file"
    )
    assert (tmp_path / "file").read_text() == "kept"


def test_a_failing_disk_is_named(typed, tiny_root, tmp_path, monkeypatch):
    def full(path, content):
        raise OSError(28, "No space left on device", str(path))

    monkeypatch.setattr("explorer.files.write_bytes", full)
    out = tmp_path / "a.png"
    result = typed("sample", "--model", GLOW, "--root", tiny_root, "--out", out)
    assert_refused(result, out, "No space left")


# checkpoints


def spoil(path, kind):
    content = path.read_bytes()
    if kind == "truncated":
        path.write_bytes(content[: len(content) // 2])
    elif kind == "tampered":
        path.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    elif kind == "foreign":
        path.write_bytes(b"\x80\x04" + content[2:])  # as a pickle starts
    else:
        path.unlink()


@pytest.mark.parametrize("kind", ["truncated", "tampered", "foreign", "missing"])
@pytest.mark.parametrize("file", ["weights.safetensors", "gallery.npz", "atlas.webp"])
def test_a_spoilt_checkpoint_is_refused(typed, own_root, tmp_path, file, kind):
    spoil(own_root / GLOW / file, kind)
    out = tmp_path / "a.png"
    result = typed("interpolate", "--model", GLOW, "--root", own_root, "--out", out)
    assert_refused(result, file, GLOW)
    assert not out.exists()


@pytest.mark.parametrize("file", ["manifest.json", "experiment.json", "data.json"])
@pytest.mark.parametrize("content", ["", "[]", "\xff"])
def test_a_spoilt_description_is_refused(typed, own_root, tmp_path, file, content):
    (own_root / GLICO / file).write_bytes(content.encode("latin-1"))
    result = typed("sample", "--model", GLICO, "--root", own_root, "--out", tmp_path / "a.png")
    assert_refused(result, GLICO)


def test_a_checkpoint_of_other_settings_is_refused(typed, own_root, tmp_path):
    shutil.copy(own_root / GLICO / "data.json", own_root / GLOW / "data.json")
    shutil.copy(own_root / GLICO / "experiment.json", own_root / GLOW / "experiment.json")
    result = typed("sample", "--model", GLOW, "--root", own_root, "--out", tmp_path / "a.png")
    assert_refused(result, GLOW)


def test_a_model_that_is_not_prepared_says_what_to_type(typed, own_root, tmp_path):
    folder = own_root / GLOW
    for name in ("gallery.npz", "atlas.webp", "directions.npz", "layout-pca.npz", "facts.json"):
        (folder / name).unlink()
    entries = json.loads((folder / "manifest.json").read_text())
    kept = {k: v for k, v in entries["files"].items() if (folder / k).exists()}
    (folder / "manifest.json").write_text(json.dumps({**entries, "files": kept}))
    words = ("--model", GLOW, "--root", own_root)
    for command in (("attributes", "list"), ("project", "--method", "pca")):
        assert_refused(typed(*command, *words), "python -m explorer prepare --model tiny-glow")
    assert "not yet prepared" in typed("models", "--root", own_root).out


# latent files


@pytest.fixture
def stored(typed, tiny_root, tmp_path):
    Image.new("RGB", (32, 32), "teal").save(tmp_path / "teal.png")
    path = tmp_path / "teal.npz"
    words = ("encode", tmp_path / "teal.png", "--model", GLICO, "--root", tiny_root)
    assert typed(*words, "--out", path).code == 0
    return path


def test_latents_are_not_decoded_by_other_weights(typed, own_root, stored, tmp_path):
    weights = own_root / GLICO / "weights.safetensors"
    entries = json.loads((own_root / GLICO / "manifest.json").read_text())
    entries["files"][weights.name]["sha256"] = "0" * 64
    (own_root / GLICO / "manifest.json").write_text(json.dumps(entries))
    out = tmp_path / "a.png"
    assert_refused(typed("decode", stored, "--root", own_root, "--out", out), stored, GLICO)
    assert not out.exists()


def test_latents_of_an_unknown_model_are_refused(typed, stored, tmp_path):
    result = typed("decode", stored, "--root", tmp_path, "--out", tmp_path / "a.png")
    assert_refused(result, stored, GLICO, "--root")


@pytest.mark.parametrize(
    ("change", "hint"),
    [
        ({"latents": np.zeros(8)}, "shape (8,)"),
        ({"latents": np.zeros((0, 8))}, "shape (0, 8)"),
        ({"latents": np.zeros((1, 8), dtype=int)}, "int64"),
        ({"latents": np.full((1, 8), np.nan)}, "not finite"),
        ({"latents": np.ones((1, 7))}, "7 values"),
        ({"model": np.array("../x")}, "'../x'"),
        ({"version": None}, "lacks version"),
    ],
)
def test_a_wrong_latent_file_is_refused(typed, tiny_root, stored, tmp_path, change, hint):
    with np.load(stored) as arrays:
        content = {**arrays, **change}
    wrong = tmp_path / "wrong.npz"
    np.savez(wrong, **{name: value for name, value in content.items() if value is not None})
    result = typed("decode", wrong, "--root", tiny_root, "--out", tmp_path / "a.png")
    assert_refused(result, hint)


def test_a_missing_latent_file_is_named(typed, tiny_root, tmp_path):
    gone = tmp_path / "gone.npz"
    assert_refused(typed("decode", gone, "--root", tiny_root, "--out", tmp_path / "a.png"), gone)


def test_a_file_that_is_no_picture_is_not_encoded(typed, tiny_root, tmp_path):
    text, out = tmp_path / "notes.png", tmp_path / "a.npz"
    text.write_text("not a picture")
    words = ("--model", GLOW, "--root", tiny_root, "--out", out)
    assert_refused(typed("encode", text, *words), text, "PNG")
    assert_refused(typed("encode", tmp_path / "gone.png", *words), "gone.png", "does not exist")
    assert not out.exists()


# experiments and their data


@pytest.mark.parametrize(
    ("override", "hints"),
    [
        ("train.step=5", ("train.step", "'train.steps'")),
        ("train.steps=0", ("train.steps", "0", "greater than or equal to 1")),
        ("train.steps", ("no '='",)),
        ("model.name=glowe", ("glowe", "'glow'")),
        ("model.config.n_bit=8", ("n_bit", "'n_bits'")),
        ("data.name=avatar", ("avatar", "'avatars'")),
        ("data.image_size=33", ("33", "32")),
        ("data.shots=1000", ("1000",)),
        ("train.device=cuda", ("cuda", "cpu")),
    ],
)
def test_a_wrong_setting_is_named_before_anything_is_written(typed, tmp_path, override, hints):
    root = tmp_path / "root"
    config = write_experiment(tmp_path, GLOW)
    result = typed("train", "--config", config, "--root", root, "--set", override)
    assert_refused(result, *hints)
    assert not root.exists()


@pytest.mark.parametrize("content", [None, "", "[1]", "{", '{"name": "a"}', '{"schema": 9}'])
def test_a_wrong_experiment_file_is_refused(typed, tmp_path, content):
    config = tmp_path / "experiment.json"
    if content is not None:
        config.write_text(content)
    assert_refused(typed("train", "--config", config, "--root", tmp_path / "root"), config)
    assert not (tmp_path / "root").exists()


def folder_words(tmp_path, pictures):
    config = write_experiment(tmp_path, GLOW)
    return (
        *("train", "--config", config, "--root", tmp_path / "root"),
        *("--set", "data.name=folder", "--set", f"data.root={pictures}"),
    )


def test_one_class_is_not_enough(typed, tmp_path):
    pictures = tmp_path / "pictures"
    (pictures / "roses").mkdir(parents=True)
    for k in range(4):
        Image.new("RGB", (40, 40), (60 * k, 0, 0)).save(pictures / "roses" / f"{k}.png")
    assert_refused(typed(*folder_words(tmp_path, pictures)), pictures)
    assert not (tmp_path / "root").exists()


@pytest.mark.parametrize("made", [False, True])
def test_a_missing_or_empty_folder_is_named(typed, tmp_path, made):
    pictures = tmp_path / "pictures"
    if made:
        pictures.mkdir()
    assert_refused(typed(*folder_words(tmp_path, pictures)), pictures)
    assert not (tmp_path / "root").exists()


def test_a_folder_of_files_that_are_no_pictures_is_refused(typed, tmp_path):
    pictures = tmp_path / "pictures"
    for name in ("roses", "tulips"):
        (pictures / name).mkdir(parents=True)
        for k in range(4):
            (pictures / name / f"{k}.png").write_text("not a picture")
    assert_refused(typed(*folder_words(tmp_path, pictures)), ".png")
    assert not (tmp_path / "root").exists()


# stopping, and the page


def test_ctrl_c_ends_quietly(typed, tiny_root, tmp_path, monkeypatch):
    def interrupted(*args, **kwargs):
        raise KeyboardInterrupt

    monkeypatch.setattr(Workbench, "sample", interrupted)
    result = typed("sample", "--model", GLOW, "--root", tiny_root, "--out", tmp_path / "a.png")
    assert result.code == 130
    assert result.err == ""


def test_a_bug_keeps_its_traceback(typed, tiny_root, tmp_path, monkeypatch):
    def broken(*args, **kwargs):
        raise ZeroDivisionError

    monkeypatch.setattr(Workbench, "sample", broken)
    with pytest.raises(ZeroDivisionError):
        typed("sample", "--model", GLOW, "--root", tiny_root, "--out", tmp_path / "a.png")


def test_a_port_in_use_is_named(typed, tiny_root):
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        port = holder.getsockname()[1]
        assert_refused(typed("serve", "--root", tiny_root, "--port", port), port)


def test_an_address_open_to_others_is_refused(typed, tiny_root):
    assert_refused(typed("serve", "--root", tiny_root, "--host", "0.0.0.0"), "0.0.0.0")
