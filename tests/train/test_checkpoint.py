"""Checkpoints: whole or not there, and never code."""

import io
import json
import pickle
import platform
import shutil
import struct
import zipfile

import numpy as np
import pytest
import safetensors.torch
import torch
from torch import nn
from toy_images import ellipses

from explorer import __version__, models
from explorer.errors import CheckpointError
from explorer.settings import TrainSettings
from explorer.train import checkpoint
from explorer.train.loop import averaged, fit, optimiser_of, start
from explorer.train.state import TrainState

DATA = ellipses(12)
PLAN = TrainSettings(steps=3, batch_size=4, warmup_steps=1)
FILES = ("model.safetensors", "average.safetensors", "optimiser.safetensors", "state.json")


def build(name="glow"):
    spec = models.get(name)
    torch.manual_seed(0)
    return spec.build(spec.tiny(), DATA.info)


def empty_state(name="glow"):
    model = build(name)
    return TrainState(model, averaged(model), optimiser_of(model, PLAN))


def trained_state(name="glow"):
    state = start(build(name), DATA, PLAN)
    for _ in fit(state, DATA, PLAN):
        pass
    return state


@pytest.fixture(scope="module")
def state():
    return trained_state()


@pytest.fixture
def run(state, tmp_path):
    """A run's folder with the units of steps 2 and 3."""
    state.step = 2
    checkpoint.save_unit(tmp_path, state)
    state.step = 3
    checkpoint.save_unit(tmp_path, state)
    return tmp_path


def unit_of(run, step):
    return run / "units" / f"step-{step:08d}"


def assert_same_tensors(first, second):
    assert first.keys() == second.keys()
    for name, value in first.items():
        torch.testing.assert_close(value, second[name], rtol=0, atol=0)


@pytest.mark.parametrize("name", models.available())
def test_a_unit_brings_back_everything(name, tmp_path):
    state = trained_state(name)
    unit = checkpoint.save_unit(tmp_path, state)
    loaded = empty_state(name)
    checkpoint.load_unit(unit, loaded)
    assert_same_tensors(loaded.model.state_dict(), state.model.state_dict())
    assert_same_tensors(loaded.average.state_dict(), state.average.state_dict())
    assert (loaded.step, loaded.seconds) == (state.step, state.seconds)
    made_with = checkpoint.numbers_of(unit)["made_with"]
    assert made_with["torch"] == torch.__version__ and made_with["explorer"] == __version__
    assert made_with["python"] == platform.python_version()
    assert made_with["device"].startswith("cpu, ") and made_with["processes"] == 1
    before, after = (s.optimiser.state_dict()["state"] for s in (state, loaded))
    assert before.keys() == after.keys()
    for number, moments in before.items():
        assert_same_tensors(moments, after[number])


def test_only_the_last_two_units_are_kept(run, state):
    state.step = 4
    checkpoint.save_unit(run, state)
    assert sorted(path.name for path in (run / "units").iterdir()) == [
        "latest",
        "step-00000003",
        "step-00000004",
    ]
    assert (run / "units" / "latest").read_text() == "step-00000004\n"
    assert checkpoint.newest_unit(run) == unit_of(run, 4)


def test_a_unit_may_be_saved_again_at_the_same_step(run, state):
    state.step = 3
    checkpoint.save_unit(run, state)
    assert checkpoint.newest_unit(run) == unit_of(run, 3)


# damage


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("share", [0.0, 0.5, 0.999])
def test_a_truncated_file_is_refused_by_name_and_the_unit_before_is_taken(run, name, share):
    path = unit_of(run, 3) / name
    path.write_bytes(path.read_bytes()[: int(share * path.stat().st_size)])
    with pytest.raises(CheckpointError, match=f"{name}.*SHA-256"):
        checkpoint.load_unit(unit_of(run, 3), empty_state())
    assert checkpoint.newest_unit(run) == unit_of(run, 2)


@pytest.mark.parametrize("name", FILES)
def test_a_flipped_byte_is_refused_wherever_it_is(run, name):
    path = unit_of(run, 3) / name
    content = path.read_bytes()
    for place in np.random.default_rng(0).integers(0, len(content), 20):
        damaged = bytearray(content)
        damaged[place] ^= 1 << int(place % 8)
        path.write_bytes(damaged)
        with pytest.raises(CheckpointError, match=name):
            checkpoint.verify(unit_of(run, 3))
    path.write_bytes(content)
    checkpoint.verify(unit_of(run, 3))


def test_a_missing_file_is_named(run):
    (unit_of(run, 3) / "average.safetensors").unlink()
    with pytest.raises(CheckpointError, match=r"lacks the file 'average\.safetensors'"):
        checkpoint.load_unit(unit_of(run, 3), empty_state())
    assert checkpoint.newest_unit(run) == unit_of(run, 2)


@pytest.mark.parametrize(
    "manifest",
    [
        b"",
        b"{",
        b"[]",
        b"\xff\xfe",
        b'{"schema": 1}',
        b'{"schema": 99, "files": {}}',
        b'{"schema": 1, "files": {"../state.json": {"bytes": 1, "sha256": ""}}}',
        b'{"schema": 1, "files": {"state.json": 7}}',
    ],
)
def test_a_damaged_manifest_is_refused(run, manifest):
    (unit_of(run, 3) / "manifest.json").write_bytes(manifest)
    with pytest.raises(CheckpointError, match=r"manifest\.json"):
        checkpoint.verify(unit_of(run, 3))


def test_when_no_unit_is_whole_that_is_said(run):
    for step in (2, 3):
        (unit_of(run, step) / "manifest.json").unlink()
    with pytest.raises(CheckpointError, match="No whole unit"):
        checkpoint.newest_unit(run)


def test_without_units_the_text_says_to_train(tmp_path):
    with pytest.raises(CheckpointError, match="has no saved unit"):
        checkpoint.newest_unit(tmp_path)


# saves that do not come to an end


@pytest.mark.parametrize("step", ["write_tensors", "write_manifest", "write_json"])
def test_a_save_that_breaks_leaves_no_half_unit(run, state, monkeypatch, step):
    def stop(*args):
        raise KeyboardInterrupt

    state.step = 9
    with monkeypatch.context() as broken:
        broken.setattr(checkpoint, step, stop)
        with pytest.raises(KeyboardInterrupt):
            checkpoint.save_unit(run, state)
    assert not list((run / "units").glob(".unit-*"))
    assert checkpoint.newest_unit(run) == unit_of(run, 3)


def test_what_a_killed_save_left_is_no_unit_and_is_swept_by_the_next(run, state):
    leftover = run / "units" / ".unit-killed"
    shutil.copytree(unit_of(run, 3), leftover)
    (leftover / "manifest.json").unlink()
    assert checkpoint.newest_unit(run) == unit_of(run, 3)
    state.step = 4
    checkpoint.save_unit(run, state)
    assert not leftover.exists()


# foreign files


class Attack:
    def __init__(self, marker):
        self.marker = marker

    def __reduce__(self):
        return open, (str(self.marker), "w")


def torch_zip():
    content = io.BytesIO()
    torch.save({"weight": torch.zeros(2)}, content)
    return content.getvalue()


def plain_zip():
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        archive.writestr("data.pkl", b"")
    return content.getvalue()


def header(entries, size=0):
    text = json.dumps(entries).encode()
    return struct.pack("<Q", len(text)) + text + bytes(size)


FOREIGN = {
    "empty": (b"", "cut short"),
    "short": (b"abc", "cut short"),
    "zip": (plain_zip(), "zip archive"),
    "torch": (torch_zip(), "zip archive"),
    "pickle": (pickle.dumps({"a": 1}), "pickle"),
    "lfs": (b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 9\n", "LFS"),
    "html": (b"<!DOCTYPE html><html></html>", "web page"),
    "noise": (bytes(range(256)) * 4, "safetensors"),
    "no json": (struct.pack("<Q", 4) + b"abcd", "safetensors"),
    "beyond": (
        header({"a": {"dtype": "F32", "shape": [9], "data_offsets": [0, 36]}}, 8),
        "safetensors",
    ),
}


@pytest.mark.parametrize("kind", FOREIGN)
def test_a_foreign_file_is_refused_by_name_and_kind(tmp_path, kind):
    content, word = FOREIGN[kind]
    path = tmp_path / "weights.safetensors"
    path.write_bytes(content)
    with pytest.raises(CheckpointError, match=word) as caught:
        checkpoint.read_tensors(path)
    assert str(path) in str(caught.value)


def test_code_in_a_pickle_never_runs(tmp_path):
    path, marker = tmp_path / "weights.safetensors", tmp_path / "ran"
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        path.write_bytes(pickle.dumps(Attack(marker), protocol=protocol))
        with pytest.raises(CheckpointError):
            checkpoint.read_tensors(path)
    assert not marker.exists()


def test_a_file_of_very_many_tensors_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(checkpoint, "MAX_TENSORS", 3)
    path = tmp_path / "many.safetensors"
    checkpoint.write_tensors(path, {str(n): torch.zeros(1) for n in range(4)})
    with pytest.raises(CheckpointError, match="holds 4 tensors; at most 3"):
        checkpoint.read_tensors(path)


def test_a_missing_file_of_weights_is_named(tmp_path):
    with pytest.raises(CheckpointError, match=r"No file at .*none\.safetensors"):
        checkpoint.read_tensors(tmp_path / "none.safetensors")


def test_no_beginning_of_a_file_passes_for_the_whole(tmp_path):
    content = safetensors.torch.save({"a": torch.arange(100.0), "b": torch.ones(7, 7)})
    path = tmp_path / "cut.safetensors"
    for cut in range(0, len(content), 7):
        path.write_bytes(content[:cut])
        with pytest.raises(CheckpointError):
            checkpoint.read_tensors(path)


# weights of another model


@pytest.fixture
def weights(state):
    return {name: value.clone() for name, value in state.model.state_dict().items()}


def refuse(tmp_path, weights, words):
    model = build()
    before = {name: value.clone() for name, value in model.state_dict().items()}
    path = tmp_path / "weights.safetensors"
    checkpoint.write_tensors(path, weights)
    with pytest.raises(CheckpointError, match=words):
        checkpoint.fill(model, path)
    assert_same_tensors(before, model.state_dict())  # nothing is loaded in part


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_weights_that_are_not_finite_are_refused(tmp_path, weights, value):
    weights["top_mean"][0, 0, 0] = value
    refuse(tmp_path, weights, "'top_mean' holds values that are not finite")


def test_a_missing_tensor_is_named(tmp_path, weights):
    del weights["class_mean"]
    refuse(tmp_path, weights, "lacks the tensor 'class_mean' of Glow")


def test_a_tensor_too_many_is_named(tmp_path, weights):
    weights["extra"] = torch.zeros(1)
    refuse(tmp_path, weights, "holds 'extra', which Glow does not have")


def test_another_shape_is_named_with_the_expected_one(tmp_path, weights):
    shape = tuple(weights["top_mean"].shape)
    weights["top_mean"] = torch.zeros(5)
    refuse(tmp_path, weights, rf"'top_mean' has shape \(5,\); \({shape[0]}, .*is expected")


def test_another_type_is_named(tmp_path, weights):
    weights["top_mean"] = weights["top_mean"].long()
    refuse(tmp_path, weights, r"'top_mean' is int64; float32 is expected")


def test_weights_of_another_model_are_refused(tmp_path):
    path = tmp_path / "weights.safetensors"
    checkpoint.write_tensors(path, build("glico").state_dict())
    with pytest.raises(CheckpointError, match="Glow"):
        checkpoint.fill(build("glow"), path)


def test_a_parameter_stored_by_columns_goes_on_as_if_it_had_not_stopped(tmp_path):
    """Fused Adam pairs values by their place in memory, which a file does not keep."""

    def build_transposed():
        model = nn.Module()
        model.weight = nn.Parameter(torch.arange(15.0).reshape(3, 5).T)
        optimiser = torch.optim.Adam(model.parameters(), lr=0.1, fused=True)
        return TrainState(model, averaged(model), optimiser)

    def update(state):
        state.optimiser.zero_grad()
        (state.model.weight.pow(3) * torch.arange(15.0).reshape(5, 3)).sum().backward()
        state.optimiser.step()

    state, loaded = build_transposed(), build_transposed()
    update(state)
    checkpoint.load_unit(checkpoint.save_unit(tmp_path, state), loaded)
    for either in (state, loaded):
        update(either)
    assert torch.equal(loaded.model.weight, state.model.weight)
