"""Augmented sets on disk: class folders that any loader reads, and a manifest that tells all.

```text
SET/  or  SET.zip
  manifest.jsonl        first line: the set; then one line an image
  kept/CLASS/0000.png   an image folder as torchvision and this program read it
  left-out/CLASS/...    what did not meet the limits
```

A class name becomes a folder name by percent-encoding what a file system may not take; the
manifest holds the name itself. A set is written beside its place and moved there when it is
whole, so that a full disk leaves no half of it.
"""

__all__ = [
    "FORMAT",
    "MANIFEST",
    "SCHEMA",
    "check_place",
    "class_folders",
    "set_bytes",
    "write_set",
]

import io
import json
import math
import os
import shutil
import tempfile
import zipfile
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any
from urllib.parse import quote

import numpy as np

from explorer import __version__
from explorer.data.images import to_png
from explorer.errors import DataError
from explorer.files import sync_folder, write_bytes
from explorer.service.augmented_set import AugmentedSet
from explorer.service.export import SAME_TIME

FORMAT = "latent-explorer-augmented-set"
SCHEMA = 1
MANIFEST = "manifest.jsonl"
KEPT, LEFT_OUT = "kept", "left-out"
LONGEST_NAME = 60
"""Letters of a folder name; file systems take 255 bytes, up to 4 a letter."""

_ALLOWED = " ()+,-._@"


def write_set(target: Path, found: AugmentedSet, *, overwrite: bool = False) -> None:
    """Write a set as a folder, or as one archive where the name ends in .zip.

    Args:
        target: Where; missing parent folders are made.
        found: The set.
        overwrite: Whether a set that is there already may be replaced.

    Raises:
        DataError: Something is there already, or the disk is full or cannot be written; nothing
            was changed.
    """
    check_place(target, overwrite=overwrite)
    try:
        if target.suffix.lower() == ".zip":
            write_bytes(target, set_bytes(found))
        else:
            _write_folder(target, found)
    except OSError as error:
        reason = os.strerror(error.errno) if error.errno else str(error)
        raise DataError(
            f"'{target}' could not be written: {reason}. Nothing was left behind. Make room or "
            "choose another place."
        ) from None


def set_bytes(found: AugmentedSet) -> bytes:
    """Return a set as a zip archive; equal sets give equal bytes."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_STORED) as archive:
        for name, data in _files(found):
            archive.writestr(zipfile.ZipInfo(name, SAME_TIME), data)
    return content.getvalue()


def class_folders(class_names: tuple[str, ...]) -> tuple[str, ...]:
    """Return a folder name for each class, all different even where case does not count.

    >>> class_folders(("T-shirt/top", "a", "A", "..", "Käse"))
    ('T-shirt%2Ftop', 'a', 'A-2', '%2E.', 'Käse')
    """
    taken: set[str] = set()
    found = []
    for number, name in enumerate(class_names):
        letters = (c if c.isalnum() or c in _ALLOWED else quote(c, safe="") for c in name)
        folder = "".join(letters).strip()[:LONGEST_NAME].strip()
        if folder.startswith("."):  # hidden to loaders, or the folder above
            folder = "%2E" + folder[1:]
        folder = folder or f"class-{number}"
        if folder.lower() in taken:
            folder = f"{folder}-{number}"
        taken.add(folder.lower())
        found.append(folder)
    return tuple(found)


def check_place(target: Path, *, overwrite: bool) -> None:
    """Refuse a place for a set before anything is made for it.

    Raises:
        DataError: Something is there that may not be replaced.
    """
    is_archive = target.suffix.lower() == ".zip"
    if not (target.exists() or target.is_symlink()):
        return
    if not overwrite:
        raise DataError(
            f"'{target}' is there already. Choose another name, or say that it may be overwritten."
        )
    if is_archive != target.is_file():
        raise DataError(f"'{target}' is not a set of this kind. Choose another name.")
    is_ours = is_archive or (target / MANIFEST).is_file() or not any(target.iterdir())
    if target.is_symlink() or not is_ours:
        raise DataError(
            f"'{target}' holds something else than an augmented set, which is never overwritten. "
            "Choose another name."
        )


def _write_folder(target: Path, found: AugmentedSet) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    making = Path(tempfile.mkdtemp(dir=target.parent, prefix=f".{target.name}."))
    try:
        whole = making / "set"
        for name, data in _files(found):
            path = whole / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
        sync_folder(whole)
        if target.exists():
            os.replace(target, making / "old")
        os.replace(whole, target)
        sync_folder(target.parent)
    finally:
        if (making / "old").exists() and not target.exists():
            os.replace(making / "old", target)
        shutil.rmtree(making, ignore_errors=True)


def _files(found: AugmentedSet) -> Iterator[tuple[str, bytes]]:
    """Yield name and content of every file, the manifest first."""
    folders = class_folders(found.made.class_names)
    names = [
        f"{LEFT_OUT if reasons else KEPT}/{folders[label]}/{number:04d}.png"
        for label, number, reasons in zip(
            found.made.labels.tolist(), found.made.numbers.tolist(), found.reasons, strict=True
        )
    ]
    lines = [_header(found, folders)]
    lines += [_line(found, row, name) for row, name in enumerate(names)]
    texts = (json.dumps(line, ensure_ascii=False, allow_nan=False) for line in lines)
    yield MANIFEST, ("\n".join(texts) + "\n").encode()
    for name, pixels in zip(names, found.made.pixels, strict=True):
        yield name, to_png(pixels)


def _header(found: AugmentedSet, folders: tuple[str, ...]) -> dict[str, Any]:
    made, judged = found.made, found.judged
    return {
        "format": FORMAT,
        "schema": SCHEMA,
        "program": __version__,
        "model": made.model,
        "version": made.version,
        "image_shape": list(made.pixels.shape[1:]),
        "class_names": list(made.class_names),
        "folders": list(folders),
        "plan": made.plan.model_dump(mode="json"),
        "limits": found.limits.model_dump(mode="json"),
        "backbone": judged.backbone,
        "images": len(made),
        "kept": int(found.kept.sum()),
        "real": {name: asdict(one) for name, one in judged.yardsticks.items()},
        "whole": _plain(asdict(found.whole)),
        "chosen": _plain(asdict(found.chosen)),
    }


def _line(found: AugmentedSet, row: int, name: str) -> dict[str, Any]:
    made, judged = found.made, found.judged
    label = int(made.labels[row])
    shares = {
        made.class_names[k]: round(float(made.mixture[row, k]), 6)
        for k in np.flatnonzero(made.mixture[row]).tolist()
    }
    return {
        "file": name,
        "class": made.class_names[label],
        "label": shares,
        "number": int(made.numbers[row]),
        "parents": [one for one in made.parents[row].tolist() if one >= 0],
        "t": _plain(float(made.t[row])),
        "seed": made.plan.seed,
        "model": made.version,
        "nearest": int(judged.nearest[row]),
        "measures": {measure: _plain(float(v[row])) for measure, v in judged.values.items()},
        "share_of_real_below": {m: _plain(float(v[row])) for m, v in judged.shares.items()},
        "kept": not found.reasons[row],
        "reasons": list(found.reasons[row]),
    }


def _plain(value: Any) -> Any:
    """Return nested values for JSON; numbers that are not finite as null."""
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
