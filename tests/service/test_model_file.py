"""A model as one file: all of it arrives, or nothing does."""

import json
import pickle
import shutil
import zipfile

import pytest
from tiny_models import GLICO, GLOW

from explorer.errors import CheckpointError, ConfigError
from explorer.service import model_file
from explorer.service.model_file import export_model, import_model
from explorer.service.runs import run_view
from explorer.service.workbench import Workbench


@pytest.fixture(scope="module")
def exported(tiny_root, tmp_path_factory):
    path = tmp_path_factory.mktemp("exported") / "model.zip"
    export_model(tiny_root, GLICO, path)
    return path


def rewritten(source, target, change):
    """Copy a zip; `change` gets the content by name and alters it."""
    with zipfile.ZipFile(source) as archive:
        content = {name: archive.read(name) for name in archive.namelist()}
    change(content)
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, value in content.items():
            archive.writestr(name, value)
    return target


@pytest.mark.parametrize("name", [GLICO, GLOW])
def test_a_model_comes_back_under_another_name(name, tiny_root, tmp_path):
    export_model(tiny_root, name, tmp_path / "a.zip")
    assert import_model(tmp_path / "root", tmp_path / "a.zip", "mine") == "mine"
    opened = Workbench(tmp_path / "root").open("mine")
    assert len(opened.gallery) and opened.directions is not None
    weights = [
        (root / "weights.safetensors").read_bytes()
        for root in (tiny_root / name, tmp_path / "root" / "mine")
    ]
    assert weights[0] == weights[1]
    view = run_view(tmp_path / "root", "mine")
    assert (view.state, view.is_bundled) == ("done", False)


def test_a_taken_name_is_refused(exported, tmp_path):
    import_model(tmp_path, exported)
    with pytest.raises(ConfigError, match="another name"):
        import_model(tmp_path, exported)
    import_model(tmp_path, exported, "second")
    assert not list(tmp_path.glob(".import-*"))


def flipped(content):
    content["weights.safetensors"] = content["weights.safetensors"][:-1] + b"?"


def with_name(name):
    def change(content):
        content[name] = b"x"

    return change


def without_hash(content):
    manifest = json.loads(content["manifest.json"])
    del manifest["files"]["atlas.webp"]
    content["manifest.json"] = json.dumps(manifest).encode()


def pickled(content):
    content["gallery.npz"] = pickle.dumps([1])


BAD = {
    "a flipped byte": (flipped, "SHA-256"),
    "a path out": (with_name("../evil.json"), "no part of a model"),
    "an absolute path": (with_name("/tmp/evil.json"), "no part of a model"),
    "a folder": (with_name("own/a.npz"), "no part of a model"),
    "code": (with_name("run.py"), "no part of a model"),
    "a file without a hash": (without_hash, "without a hash"),
    "a pickle": (pickled, "SHA-256"),
    "no manifest": (lambda content: content.pop("manifest.json"), "manifest"),
    "no weights": (lambda content: content.pop("weights.safetensors"), "lacks the file"),
}


@pytest.mark.parametrize("kind", BAD)
def test_what_is_wrong_is_named_and_nothing_is_kept(kind, exported, tmp_path):
    change, words = BAD[kind]
    path = rewritten(exported, tmp_path / "bad.zip", change)
    with pytest.raises(CheckpointError, match=words):
        import_model(tmp_path / "root", path)
    assert not list((tmp_path / "root").iterdir())


def test_a_bomb_ends_at_the_limit(exported, tmp_path, monkeypatch):
    monkeypatch.setattr(model_file, "MOST_BYTES", 1000)
    with pytest.raises(CheckpointError, match="more than"):
        import_model(tmp_path / "root", exported)


@pytest.mark.parametrize("share", [0.0, 0.5, 0.99])
def test_a_cut_file_is_named(share, exported, tmp_path):
    content = exported.read_bytes()
    path = tmp_path / "cut.zip"
    path.write_bytes(content[: int(share * len(content))])
    with pytest.raises(CheckpointError, match="not a whole model file"):
        import_model(tmp_path / "root", path)
    with pytest.raises(CheckpointError, match="No file at"):
        import_model(tmp_path / "root", tmp_path / "none.zip")


def test_an_altered_model_is_not_exported(tiny_root, tmp_path):
    shutil.copytree(tiny_root / GLICO, tmp_path / GLICO)
    (tmp_path / GLICO / "atlas.webp").write_bytes(b"x")
    with pytest.raises(CheckpointError, match="SHA-256"):
        export_model(tmp_path, GLICO, tmp_path / "a.zip")
    assert not list(tmp_path.glob("*.zip*"))
