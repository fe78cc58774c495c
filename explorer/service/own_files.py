"""Attributes of a person's own: files beside the weights, one attribute each.

They lie in the folder `own` of the model's folder, are no part of its manifest and go with no
repository. What changes there is seen at the next look, whoever changed it.
"""

__all__ = ["OwnFile", "own_directions", "own_files", "own_path"]

import hashlib
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from explorer.errors import CheckpointError
from explorer.latent.direction_file import load_directions
from explorer.latent.directions import Directions
from explorer.service.shelf import OpenModel

FOLDER = "own"


@dataclass(frozen=True, slots=True, eq=False)
class OwnFile:
    """One file of the folder.

    Attributes:
        path: Where it lies.
        directions: Of its one attribute; None where it cannot be used.
        problem: Why it cannot be used; empty if it can.
    """

    path: Path
    directions: Directions | None
    problem: str


def own_path(opened: OpenModel, attribute: str) -> Path:
    """Return the file of an attribute, whether it is there or not."""
    plain = re.sub(r"[^a-z0-9]+", "-", attribute.lower()).strip("-")[:40]
    digest = hashlib.sha256(attribute.encode()).hexdigest()[:8]
    return opened.folder / FOLDER / f"{plain or 'attribute'}-{digest}.npz"


def own_files(opened: OpenModel) -> tuple[OwnFile, ...]:
    """Return all files in the order of their names; each is read once while it does not change."""
    found = {}
    for path, stamp in _stamps(opened.folder / FOLDER):
        known = opened.own.get(path.name)
        found[path.name] = known if known and known[0] == stamp else (stamp, _read(path, opened))
    opened.own.clear()
    opened.own.update(found)
    return tuple(file for _, file in found.values())


def own_directions(opened: OpenModel) -> dict[str, Directions]:
    """Return the directions of every own attribute that can be used, by its name."""
    usable = (file.directions for file in own_files(opened) if file.directions)
    return {directions.names[0]: directions for directions in usable}


def _stamps(folder: Path) -> Iterator[tuple[Path, tuple[int, int]]]:
    if not folder.is_dir():
        return
    with os.scandir(folder) as entries:
        files = sorted(
            (Path(entry.path), entry.stat())
            for entry in entries
            if entry.name.endswith(".npz") and not entry.name.startswith(".")
        )
    for path, status in files:
        yield path, (status.st_mtime_ns, status.st_size)


def _read(path: Path, opened: OpenModel) -> OwnFile:
    try:
        return OwnFile(path, read_one(path, opened), "")
    except CheckpointError as error:
        return OwnFile(path, None, str(error))


def read_one(path: Path, opened: OpenModel) -> Directions:
    """Return the directions of one own attribute.

    Raises:
        CheckpointError: The file is missing or damaged, belongs to other weights, or does not
            hold exactly one attribute.
    """
    directions = load_directions(path, model=opened.version)
    if len(directions.names) != 1:
        raise CheckpointError(
            f"'{path}' holds {len(directions.names)} attributes; a file of an own attribute holds "
            "one. Export it again from the model it was learned with."
        )
    if directions.class_names not in ((), opened.data.class_names):
        raise CheckpointError(
            f"'{path}' starts at other classes than those of '{opened.name}'. Learn it anew."
        )
    return directions
