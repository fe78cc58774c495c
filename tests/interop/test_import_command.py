"""Opening a foreign checkpoint by the command a person types, and what is refused."""

import os
import pickle
import zipfile

import dialects
import numpy as np
import pytest
import torch
from PIL import Image

from explorer.cli import main
from explorer.interop import reading
from explorer.service.workbench import Workbench

SIZE = ("--image-size", dialects.SIDE)


@pytest.fixture
def root(tmp_path):
    return tmp_path / "checkpoints"


@pytest.fixture
def typed(capsys):
    def run(*words):
        capsys.readouterr()
        code = main([str(word) for word in words])
        return code, *capsys.readouterr()

    return run


@pytest.fixture
def refused(typed, tmp_path, root):
    """Import something that must be refused, and return the error's text."""

    def run(*contents, options=SIZE):
        paths = [tmp_path / f"foreign-{k}.pt" for k in range(len(contents))]
        for path, content in zip(paths, contents, strict=True):
            if isinstance(content, bytes):
                path.write_bytes(content)
            else:
                torch.save(content, path)
        code, out, err = typed("import", *paths, "--name", "new", "--root", root, *options)
        assert code == 2 and out == ""
        assert not root.exists() or not list(root.iterdir()), "something was left behind"
        assert "Traceback" not in err
        return err

    return run


def saved(folder, dialect):
    """Write a dialect's files and return their paths and the state in the first of them."""
    if dialect == "glico":
        paths = [folder / "netZ_nag_5.pkl", folder / "netG_nag_5.pkl"]
        for path, content in zip(paths, dialects.glico_pair(), strict=True):
            torch.save(content, path)
        return paths
    torch.save(dialects.GLOWS[dialect](), folder / "model.pt")
    return [folder / "model.pt"]


@pytest.mark.parametrize(
    ("dialect", "program"),
    [
        ("chaiyujin", "chaiyujin/glow-pytorch"),
        ("y0ast-classes", "y0ast/Glow-PyTorch"),
        ("rosinality", "rosinality/glow-pytorch"),
        ("glico", "IdanAzuri/glico-learning-small-sample"),
    ],
)
def test_a_file_becomes_a_model_that_opens(typed, tmp_path, root, dialect, program):
    files = saved(tmp_path, dialect)
    options = () if dialect == "glico" else ("--count", 12)
    code, out, err = typed("import", *files, "--name", "new", "--root", root, *SIZE, *options)
    assert code == 0, err
    assert program in out and "its own pictures" in out
    assert [path.name for path in root.iterdir()] == ["new"]
    workbench = Workbench(root)
    opened = workbench.open("new")
    assert len(opened.gallery) == (10 if dialect == "glico" else 12)
    assert opened.facts["imported_from"] == program
    pictures = workbench.decode("new", workbench.latents("new", [0, 1]), as_sample=False)
    assert len(pictures) == 2
    picture = tmp_path / "walk.png"
    walk = ("interpolate", "--model", "new", "--from", 0, "--to", 3, "--out", picture)
    assert typed(*walk, "--root", root)[0] == 0
    assert picture.stat().st_size > 0
    code, _, err = typed("prepare", "--model", "new", "--root", root)
    assert code == 2 and "imported without the data" in err


@pytest.fixture
def own_data(tmp_path):
    """A folder with two classes of pictures."""
    rng = np.random.default_rng(0)
    for label in ("cats", "dogs"):
        (tmp_path / "data" / label).mkdir(parents=True)
        for k in range(12):
            pixels = rng.integers(0, 256, (8, 8, 3), dtype=np.uint8)
            Image.fromarray(pixels).save(tmp_path / "data" / label / f"{k}.png")
    return ("--data", "folder", "--data-root", tmp_path / "data")


def test_with_its_data_a_model_shows_those(typed, tmp_path, root, own_data):
    file = saved(tmp_path, "y0ast")
    code, out, err = typed("import", *file, "--name", "new", "--root", root, *own_data)
    assert code == 0, err
    assert "its own pictures" not in out
    opened = Workbench(root).open("new")
    assert opened.data.class_names == ("cats", "dogs")
    assert len(opened.gallery) == sum(opened.data.class_counts)
    assert opened.class_judge is not None
    assert typed("prepare", "--model", "new", "--root", root, "--count", 8)[0] == 0


def test_a_name_that_is_taken_is_refused(typed, tmp_path, root):
    (root / "new").mkdir(parents=True)
    code, _, err = typed("import", *saved(tmp_path, "y0ast"), "--name", "new", "--root", root)
    assert code == 2 and "is there already" in err


def test_missing_and_extra_and_misshaped_tensors_are_told_in_a_table(refused):
    state = dialects.rosinality()
    del state["module.blocks.1.flows.0.coupling.net.2.bias"]
    state["module.blocks.0.flows.1.actnorm.loc"] = torch.zeros(1, 13, 1, 1)
    state["module.something.weight"] = torch.zeros(2, 3)
    text = refused(state)
    rows = {line.split()[0]: line for line in text.splitlines() if line.startswith("  ")}
    assert "expected" in rows["tensor"] and "found" in rows["tensor"]
    assert rows["blocks.1.flows.0.coupling.net.2.bias"].split()[1:] == ["(6)", "missing"]
    assert "(1, 12, 1, 1)  (1, 13, 1, 1)" in rows["blocks.0.flows.1.actnorm.loc"]
    assert "nothing" in rows["something.weight"] and "(2, 3)" in rows["something.weight"]


@pytest.mark.parametrize("dialect", ["chaiyujin", "y0ast", "rosinality"])
def test_no_tensor_of_a_glow_may_be_missing(refused, dialect):
    content = dialects.GLOWS[dialect]()
    state = content.get("graph", content)
    for name in list(state)[:: len(state) // 6]:
        kept = state.pop(name)
        assert name.removeprefix("module.") in refused(content) or "whole" in refused(content)
        state[name] = kept


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_values_that_are_not_finite_are_refused(refused, value):
    content = dialects.chaiyujin()
    content["graph"]["flow.layers.2.f.2.weight"][0, 0] = value
    text = refused(content)
    assert "flow.layers.2.f.2.weight" in text and "1 of 36 not finite" in text


class Harmful:
    """Unpickled by the usual reader, it makes a file."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return os.system, (f"touch {self.path}",)


@pytest.mark.parametrize("legacy", [False, True])
def test_a_pickle_that_wants_to_run_code_runs_nothing(refused, tmp_path, legacy):
    trap = tmp_path / "ran"
    content = dialects.chaiyujin() | {"criterion": Harmful(trap)}
    path = tmp_path / "harmful.pt"
    torch.save(content, path, _use_new_zipfile_serialization=not legacy)
    torch.load(path, weights_only=False, map_location="cpu")
    assert trap.exists(), "the trap itself does not work"
    trap.unlink()
    text = refused(path.read_bytes())
    assert not trap.exists()
    assert "wants to run code" in text and "system" in text


def test_a_plain_pickle_that_wants_to_run_code_runs_nothing(refused, tmp_path):
    trap = tmp_path / "ran"
    refused(pickle.dumps(Harmful(trap), protocol=2))
    assert not trap.exists()


@pytest.mark.parametrize("share", [0.0, 0.02, 0.5, 0.99])
def test_half_a_file_is_refused(refused, tmp_path, share):
    whole = saved(tmp_path, "y0ast")[0].read_bytes()
    assert "Copy it again" in refused(whole[: int(share * len(whole))])


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n", "git lfs pull"),
        (b"<!DOCTYPE html><html>", "web page"),
        (b"\x93NUMPY\x01\x00", "NumPy array"),
        (b"\x08\0\0\0\0\0\0\0{}      ", "safetensors"),
        (b"hello" * 30, "torch.save"),
        ({"weight": torch.zeros(2)}, "no dialect that is known"),
        ({"epoch": 3}, "no tensor by name"),
        ([1, 2], "state_dict"),
    ],
)
def test_other_files_are_named_for_what_they_are(refused, content, said):
    assert said in refused(content)


def test_a_huge_file_is_not_opened(refused, monkeypatch):
    monkeypatch.setattr(reading, "MAX_BYTES", 1000)
    assert "at most" in refused(dialects.y0ast())


def test_a_file_that_unpacks_to_more_than_it_weighs_is_not_opened(refused, tmp_path, monkeypatch):
    monkeypatch.setattr(reading, "MAX_BYTES", 50_000)
    path = tmp_path / "bomb.pt"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("bomb/data.pkl", bytes(1_000_000))
    assert "unpacks to" in refused(path.read_bytes())


def test_a_tensor_larger_than_its_data_is_refused(refused):
    state = dialects.y0ast()
    state["prior_h"] = torch.zeros(1).expand(10**6, 48, 2, 2)
    assert "more than its data" in refused(state)


def test_half_a_pair_is_refused(refused):
    netz, netg = dialects.glico_pair()
    assert "2 files; 1 was given" in refused(netz)
    assert "2 files" in refused(netg, netg)


def test_a_generator_of_another_size_is_refused(refused):
    netz, netg = dialects.glico_pair()
    netg["model"]["main.Start-ConvTranspose2d.weight"] = torch.zeros(1)
    assert "another size" in refused(netz, netg)


def test_labels_of_codes_that_are_not_there_are_refused(refused):
    netz, netg = dialects.glico_pair()
    netz["idx2label"][99] = 1
    assert "idx2label" in refused(netz, netg)


def test_an_order_of_channels_that_is_not_saved_is_said(refused):
    state = {k: v for k, v in dialects.y0ast().items() if ".invconv." not in k}
    assert 'flow_permutation "invconv"' in refused(state)


def test_a_model_that_never_saw_an_image_is_refused(refused):
    state = dialects.rosinality()
    state["module.blocks.0.flows.0.actnorm.initialized"].zero_()
    assert "never saw an image" in refused(state)


def test_an_image_size_that_does_not_fit_is_refused(refused):
    assert "--image-size 30" in refused(dialects.rosinality(), options=("--image-size", 30))


def test_data_of_other_classes_are_refused(refused, own_data):
    state = dialects.y0ast(learn_top=True, classes=dialects.CLASSES)
    assert "tells 3 apart" in refused(state, options=own_data)


def test_a_glico_takes_no_data(refused, own_data):
    assert "without --data" in refused(*dialects.glico_pair(), options=own_data)
