"""Checkpoints as atomic units with hashes: safetensors and JSON, nothing that can run code.

```text
units/step-00000500/   model, average, optimiser .safetensors, state.json, manifest.json (last)
units/latest           name of the newest verified unit
weights.safetensors    the averaged weights of a finished run: what is loaded to explore
manifest.json          size and SHA-256 of the files of a finished run
```

A unit is written to a hidden folder, synced, renamed, read back, and only then do the pointer move
and old units go. A reader takes the newest unit whose manifest verifies.
"""

__all__ = [
    "check_finite",
    "go_back_to",
    "load_unit",
    "newest_unit",
    "numbers_of",
    "read_tensors",
    "save_unit",
    "verify",
    "write_manifest",
    "write_tensors",
]

import json
import shutil
import struct
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import safetensors
import safetensors.torch
import torch
from torch import Tensor, nn

from explorer.errors import CheckpointError, TrainingError
from explorer.files import sha256, sync_folder, write_bytes, write_json, write_text
from explorer.train.origin import origin_of
from explorer.train.state import TrainState

SCHEMA = 1
KEPT_UNITS = 2
MAX_TENSORS = 10_000
MANIFEST = "manifest.json"


def save_unit(folder: Path, state: TrainState) -> Path:
    """Save everything that is needed to go on; return the unit's folder.

    Args:
        folder: The run's folder.
        state: What to save.

    Raises:
        OSError: The disk is full or not writable; earlier units are untouched.
        TrainingError: A weight is not finite; earlier units are untouched.
    """
    for model in (state.model, state.average):
        check_finite(model, state.step)
    units = folder / "units"
    units.mkdir(parents=True, exist_ok=True)
    sweep(units)
    unit = units / f"step-{state.step:08d}"
    if unit.exists() and _is_whole(unit):
        return unit  # the same step of the same run: to replace it could only lose it
    temporary = Path(tempfile.mkdtemp(dir=units, prefix=".unit-"))
    try:
        write_tensors(temporary / "model.safetensors", state.model.state_dict())
        write_tensors(temporary / "average.safetensors", state.average.state_dict())
        write_tensors(temporary / "optimiser.safetensors", _moments(state.optimiser))
        numbers = {"schema": SCHEMA, "step": state.step, "seconds": state.seconds}
        write_json(temporary / "state.json", numbers | {"made_with": origin_of(state)})
        write_manifest(temporary, [path.name for path in temporary.iterdir()])
        if unit.exists():
            shutil.rmtree(unit)
        temporary.rename(unit)
    except BaseException:
        shutil.rmtree(temporary, ignore_errors=True)
        raise
    sync_folder(units)
    verify(unit)
    write_text(units / "latest", unit.name + "\n")
    for old in _in_order(units)[:-KEPT_UNITS]:
        shutil.rmtree(old)
    return unit


def go_back_to(unit: Path) -> list[str]:
    """Make a unit the newest one: later ones, which are damaged, go; return their names."""
    later = [one for one in _in_order(unit.parent) if one.name > unit.name]
    write_text(unit.parent / "latest", unit.name + "\n")
    for one in later:
        shutil.rmtree(one)
    return [one.name for one in later]


def check_finite(model: nn.Module, step: int) -> None:
    """Check every weight.

    Raises:
        TrainingError: One is not finite; the text names it.
    """
    for name, value in model.state_dict().items():
        if value.is_floating_point() and not bool(value.isfinite().all()):
            raise TrainingError(
                f"The weights '{name}' are no longer finite at step {step}. The last saved step "
                "is whole: lower train.learning_rate and go on."
            )


def _in_order(units: Path) -> list[Path]:
    return sorted(units.glob("step-*"))


def _is_whole(unit: Path) -> bool:
    try:
        verify(unit)
    except CheckpointError:
        return False
    return True


def sweep(units: Path) -> None:
    """Remove what a killed save left behind."""
    for leftover in units.glob(".unit-*"):
        shutil.rmtree(leftover)


def newest_unit(folder: Path) -> Path:
    """Return the newest unit of a run that verifies.

    Raises:
        CheckpointError: The run has no unit, or none of them is whole.
    """
    problems = []
    for unit in reversed(_in_order(folder / "units")):
        try:
            verify(unit)
        except CheckpointError as error:
            problems.append(str(error))
            continue
        return unit
    if problems:
        raise CheckpointError(f"No whole unit in '{folder}': {problems[0]}")
    raise CheckpointError(f"'{folder}' has no saved unit to go on from. Train it from the start.")


def load_unit(unit: Path, state: TrainState) -> None:
    """Fill a state in place from a saved unit.

    Raises:
        CheckpointError: A file is missing, altered, or does not fit the model.
    """
    verify(unit)
    numbers = numbers_of(unit)
    fill(state.model, unit / "model.safetensors")
    fill(state.average, unit / "average.safetensors")
    _fill_moments(state.optimiser, read_tensors(unit / "optimiser.safetensors"))
    state.step, state.seconds = numbers["step"], numbers["seconds"]


def numbers_of(unit: Path) -> dict[str, Any]:
    """Return what a whole unit says of itself: "step", "seconds" and, as a rule, "made_with".

    Raises:
        CheckpointError: Another version wrote it.
    """
    numbers: dict[str, Any] = json.loads((unit / "state.json").read_text(encoding="utf-8"))
    if numbers.get("schema") != SCHEMA:
        raise CheckpointError(
            f"'{unit}' has schema {numbers.get('schema')!r}; this version reads {SCHEMA}."
        )
    return numbers


def fill(model: nn.Module, path: Path) -> None:
    """Load weights into a model: every name and shape must agree, every value be finite.

    Raises:
        CheckpointError: What differs, with the first name, the shape found and the one expected.
    """
    found, expected = read_tensors(path), model.state_dict()
    for name in [*expected, *found]:
        if name not in found:
            raise CheckpointError(f"'{path}' lacks the tensor '{name}' of {type(model).__name__}.")
        if name not in expected:
            raise CheckpointError(
                f"'{path}' holds '{name}', which {type(model).__name__} does not have: it belongs "
                "to another model or to other settings."
            )
        if found[name].shape != expected[name].shape:
            raise CheckpointError(
                f"'{path}': tensor '{name}' has shape {tuple(found[name].shape)}; "
                f"{tuple(expected[name].shape)} is expected by these settings."
            )
        if found[name].dtype != expected[name].dtype:
            kinds = [
                str(tensor[name].dtype).removeprefix("torch.") for tensor in (found, expected)
            ]
            raise CheckpointError(
                f"'{path}': tensor '{name}' is {kinds[0]}; {kinds[1]} is expected."
            )
        if found[name].is_floating_point() and not bool(found[name].isfinite().all()):
            raise CheckpointError(f"'{path}': tensor '{name}' holds values that are not finite.")
    model.load_state_dict(found)


def write_tensors(path: Path, tensors: dict[str, Tensor]) -> None:
    """Write tensors as safetensors, atomically."""
    plain = {name: value.detach().cpu().contiguous() for name, value in tensors.items()}
    write_bytes(path, safetensors.torch.save(plain))


def read_tensors(path: Path) -> dict[str, Tensor]:
    """Read a safetensors file.

    Raises:
        CheckpointError: The file is missing, is of another format, is damaged, or holds an
            unreasonable number of tensors.
    """
    if not path.is_file():
        raise CheckpointError(f"No file at '{path}'. Check the path, or train the model.")
    _refuse_foreign(path)
    try:
        with safetensors.safe_open(path, framework="pt") as file:
            names = list(file.keys())
            if len(names) > MAX_TENSORS:
                raise CheckpointError(
                    f"'{path}' holds {len(names)} tensors; at most {MAX_TENSORS} are read."
                )
            return {name: file.get_tensor(name) for name in names}
    except (safetensors.SafetensorError, OSError, ValueError, RuntimeError) as error:
        raise CheckpointError(
            f"'{path}' is not a whole safetensors file ({error}). Copy it again or train anew."
        ) from None


def _refuse_foreign(path: Path) -> None:
    """Say by name what a file is that people often mistake for safetensors."""
    with path.open("rb") as file:
        head = file.read(64)
    kinds = {
        b"PK\x03\x04": "a zip archive, perhaps a torch .pt file",
        b"\x80": "a Python pickle, which is never opened",
        b"version https://git-lfs": "a Git LFS pointer; fetch the real file with `git lfs pull`",
        b"<": "a web page",
    }
    for start, kind in kinds.items():
        is_header = len(head) > 8 and head[8:9] == b"{"
        if head.startswith(start) and not is_header:
            raise CheckpointError(f"'{path}' is {kind}; a safetensors file is expected.")
    if len(head) < 8 or struct.unpack("<Q", head[:8])[0] > path.stat().st_size:
        raise CheckpointError(f"'{path}' is cut short or is not a safetensors file.")


def write_manifest(folder: Path, names: Iterable[str]) -> None:
    """Write size and SHA-256 of files of a folder beside them."""
    entries = {
        name: {"bytes": (folder / name).stat().st_size, "sha256": sha256(folder / name)}
        for name in sorted(names)
    }
    write_json(folder / MANIFEST, {"schema": SCHEMA, "files": entries})


def verify(folder: Path) -> None:
    """Check every file of a folder against its manifest.

    Raises:
        CheckpointError: The manifest is missing or unreadable, or a file is missing or altered.
    """
    for name, entry in manifest(folder).items():
        path = folder / name
        if not path.is_file():
            raise CheckpointError(f"'{folder}' lacks the file '{name}' named in its manifest.")
        if path.stat().st_size != entry["bytes"] or sha256(path) != entry["sha256"]:
            raise CheckpointError(
                f"'{path}' is not the file that was saved: its SHA-256 differs from the manifest. "
                "Copy the folder again or train anew."
            )


def manifest(folder: Path) -> dict[str, Any]:
    """Return the entries of a folder's manifest by file name."""
    path = folder / MANIFEST
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        files = content["files"]
        if content["schema"] != SCHEMA or not all(
            {"bytes", "sha256"} <= set(entry) and Path(name).name == name
            for name, entry in files.items()
        ):
            raise KeyError("schema")
    except FileNotFoundError:
        raise CheckpointError(
            f"'{folder}' has no {MANIFEST}: it is not a checkpoint, or its saving was cut off."
        ) from None
    except (ValueError, KeyError, TypeError, AttributeError, UnicodeDecodeError):
        raise CheckpointError(f"'{path}' is not a readable manifest.") from None
    return dict(files)


def _moments(optimiser: torch.optim.Optimizer) -> dict[str, Tensor]:
    state = optimiser.state_dict()["state"]
    return {
        f"{number}.{name}": value
        for number, values in state.items()
        for name, value in values.items()
    }


def _fill_moments(optimiser: torch.optim.Optimizer, moments: dict[str, Tensor]) -> None:
    content = optimiser.state_dict()
    parameters = [value for group in optimiser.param_groups for value in group["params"]]
    state: dict[int, dict[str, Tensor]] = {}
    for key, value in moments.items():
        number, name = key.split(".", 1)
        parameter = parameters[int(number)]
        if value.shape == parameter.shape:  # fused Adam walks storage: moments need its layout
            value = torch.empty_like(parameter).copy_(value)
        state.setdefault(int(number), {})[name] = value
    optimiser.load_state_dict({"state": state, "param_groups": content["param_groups"]})
