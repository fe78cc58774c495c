"""Archives of pictures that were brought: what each holds, which runs learned from it, its end.

Runs read their images from the unpacked folder each time they go on, so one that a run learned
from is not deleted before that run.
"""

__all__ = ["Brought", "brought", "delete_brought", "delete_remains"]

import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from explorer.data.intake import SUFFIXES
from explorer.errors import DataError, ExplorerError
from explorer.service.datasets import UPLOADS
from explorer.service.runs import experiment_of, list_runs

REMAINS_AFTER = 3600
"""Seconds without a change after which what is unfinished counts as left behind."""


@dataclass(frozen=True, slots=True)
class Brought:
    """One archive, unpacked.

    Attributes:
        name: Of its folder below the models' own.
        folder: Where it lies.
        images: Number of its pictures.
        size_mb: What it takes on the disk, megabytes.
        runs: Names of the runs that learn or learned from it.
    """

    name: str
    folder: Path
    images: int
    size_mb: float
    runs: tuple[str, ...]


def brought(root: Path) -> list[Brought]:
    """Return what was brought, the latest first.

    Args:
        root: Folder of the models.
    """
    folders = [path for path in (root / UPLOADS).glob("[!.]*") if path.is_dir()]
    folders.sort(key=lambda path: path.stat().st_mtime, reverse=True)
    sources = _sources(root) if folders else {}
    return [_described(folder, sources) for folder in folders]


def delete_brought(root: Path, name: str) -> None:
    """Delete one with all its pictures.

    Args:
        root: Folder of the models.
        name: As `brought` says it.

    Raises:
        DataError: There is none of that name, or a run learned from it.
    """
    known = {one.name: one for one in brought(root)}
    if name not in known:
        names = ", ".join(f"'{one}'" for one in known) or "none"
        raise DataError(f"No archive '{name}' was brought; there are: {names}.")
    one = known[name]
    if one.runs:
        runs = ", ".join(f"'{run}'" for run in one.runs)
        raise DataError(
            f"'{name}' is kept: {runs} learned from it and could not go on without it. Delete "
            "that run first."
        )
    # It is gone in one move, whatever happens while its files are deleted.
    bin_folder = Path(tempfile.mkdtemp(dir=root / UPLOADS, prefix=".deleting-"))
    one.folder.rename(bin_folder / name)
    shutil.rmtree(bin_folder)


def delete_remains(root: Path) -> int:
    """Delete what a kill left of archives and models that came or went; return how many.

    Only what has not changed for `REMAINS_AFTER` goes: another server may be at work here.

    Args:
        root: Folder of the models.
    """
    found = [*(root / UPLOADS).glob(".*-*"), *root.glob(".import-*")]
    left = [path for path in found if time.time() - _changed(path) > REMAINS_AFTER]
    for path in left:
        shutil.rmtree(path, ignore_errors=True)
    return len(left)


def _changed(folder: Path) -> float:
    """When the folder or a file in it last changed, seconds; now where one goes meanwhile."""
    try:
        times = [entry.stat().st_mtime for entry in _files(folder)]
        return max([folder.stat().st_mtime, *times])
    except FileNotFoundError:
        return time.time()


def _described(folder: Path, sources: dict[str, Path]) -> Brought:
    files = list(_files(folder))
    return Brought(
        name=folder.name,
        folder=folder,
        images=sum(Path(entry.name).suffix.lower() in SUFFIXES for entry in files),
        size_mb=sum(entry.stat().st_size for entry in files) / 1e6,
        runs=tuple(run for run, source in sources.items() if source == folder.resolve()),
    )


def _sources(root: Path) -> dict[str, Path]:
    """Return the folder of pictures of each run that has one and can be read."""
    found = {}
    for view in list_runs(root):
        try:
            place = experiment_of(root, view.name).data.root
        except ExplorerError:
            continue
        if place is not None:
            found[view.name] = Path(place).expanduser().resolve()
    return found


def _files(folder: Path) -> Iterator[os.DirEntry[str]]:
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                yield from _files(Path(entry.path))
            else:
                yield entry
