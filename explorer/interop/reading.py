"""Reading a file that `torch.save` wrote, by somebody we do not know: tensors and plain data only.

The unpickler for weights alone builds tensors, numbers, texts and containers of them, and
refuses every other name in the file, so that nothing in it is ever called.
"""

__all__ = ["MAX_BYTES", "ForeignFile", "read_foreign"]

import re
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from explorer.errors import CheckpointError

MAX_BYTES = 4 * 2**30
"""Larger files are not opened: the largest known Glow with its optimiser has about 2 GiB."""

MAX_TENSORS = 20_000
_WRAPPERS = ("graph", "model", "state_dict")
_KINDS = {
    b"version https://git-lfs": "a Git LFS pointer. Fetch the real file with `git lfs pull`",
    b"<": "a web page. Download the file itself",
    b"\x89PNG": "a picture. Give the file that torch.save wrote",
    b"\x93NUMPY": "a NumPy array. Give the file that torch.save wrote",
}


@dataclass(frozen=True, slots=True, eq=False)
class ForeignFile:
    """What was read.

    Attributes:
        path: Where it lies.
        tensors: By name, without the "module." that a parallel wrapper puts before each.
        others: Everything that lay beside them: steps, tables.
    """

    path: Path
    tensors: Mapping[str, Tensor]
    others: Mapping[str, Any]


def read_foreign(path: Path) -> ForeignFile:
    """Read a checkpoint without running anything in it.

    Args:
        path: A file that `torch.save` wrote: a state_dict, or a dict that holds one.

    Raises:
        CheckpointError: The file is missing, too large, cut short, of another kind, wants to run
            code, or holds no tensors.
    """
    _check_file(path)
    content = _load(path)
    if not isinstance(content, Mapping):
        raise CheckpointError(
            f"'{path}' holds {type(content).__name__}; a state_dict (names and tensors) is "
            "expected. Save model.state_dict() and import that."
        )
    inner = next((content[name] for name in _WRAPPERS if _is_state(content.get(name))), content)
    tensors = {str(k): v.detach() for k, v in inner.items() if isinstance(v, Tensor)}
    if not tensors:
        raise CheckpointError(
            f"'{path}' holds no tensor by name, only {', '.join(map(str, content)) or 'nothing'}. "
            "Save model.state_dict() and import that."
        )
    if len(tensors) > MAX_TENSORS:
        raise CheckpointError(
            f"'{path}' holds {len(tensors)} tensors; at most {MAX_TENSORS} are read."
        )
    for name, tensor in tensors.items():
        if tensor.numel() * tensor.element_size() > tensor.untyped_storage().nbytes():
            raise CheckpointError(
                f"'{path}': tensor '{name}' claims shape {tuple(tensor.shape)}, more than its "
                "data. The file is damaged."
            )
    if all(name.startswith("module.") for name in tensors):
        tensors = {name.removeprefix("module."): value for name, value in tensors.items()}
    others = {
        str(k): v for k, v in content.items() if not isinstance(v, Tensor) and v is not inner
    }
    return ForeignFile(path, tensors, others)


def _is_state(value: object) -> bool:
    return isinstance(value, Mapping) and any(isinstance(item, Tensor) for item in value.values())


def _check_file(path: Path) -> None:
    if path.is_dir():
        raise CheckpointError(f"'{path}' is a folder. Give the file in it that torch.save wrote.")
    if not path.is_file():
        raise CheckpointError(f"No file at '{path}'. Check the path.")
    size = path.stat().st_size
    if size > MAX_BYTES:
        raise CheckpointError(
            f"'{path}' has {size / 2**30:.1f} GiB; at most {MAX_BYTES / 2**30:.0f} GiB are read. "
            "Save the model's state_dict alone, without the optimiser."
        )
    with path.open("rb") as file:
        head = file.read(64)
    if not head:
        raise CheckpointError(f"'{path}' is empty. Copy it again.")
    for start, kind in _KINDS.items():
        if head.startswith(start):
            raise CheckpointError(f"'{path}' is {kind}.")
    if head[8:9] == b"{":
        raise CheckpointError(
            f"'{path}' is a safetensors file; the dialects that are known save with torch.save."
        )
    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            unpacked = sum(entry.file_size for entry in archive.infolist())
        if unpacked > MAX_BYTES:
            raise CheckpointError(
                f"'{path}' unpacks to {unpacked / 2**30:.1f} GiB; at most "
                f"{MAX_BYTES / 2**30:.0f} GiB are read."
            )


def _load(path: Path) -> object:
    """Return the content, or say what kept it from being read."""
    # GLICO's tables are a defaultdict of sets; its reader makes plain ones of them.
    with torch.serialization.safe_globals([(_plain_dict, "collections.defaultdict")]):
        try:
            return torch.load(path, map_location="cpu", weights_only=True)
        except Exception as error:  # any bytes may stand in the file, and break any parser
            text = str(error)
            if found := re.search(r"(?:GLOBAL|global:?) `?([\w.]+\.\w+)", text):
                raise CheckpointError(
                    f"'{path}' wants to run code ('{found[1]}') when it is opened. It was not: "
                    "only tensors, numbers and texts are read. If you trust the file, open it "
                    "where it was made and save model.state_dict() alone."
                ) from None
            reason = text.splitlines()[0][:200] if text else type(error).__name__
            raise CheckpointError(
                f"'{path}' is cut short or was not written by torch.save ({reason}). "
                "Copy it again."
            ) from None


def _plain_dict(factory: object = None) -> dict[Any, Any]:
    return {}
