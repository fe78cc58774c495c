"""A person's own pictures: one sub-folder a class, optionally with a table of attributes.

```text
root/                       root/
  roses/ 1.jpg 2.png ...      train/ roses/ ... tulips/ ...
  tulips/ ...                 test/  roses/ ... tulips/ ...      or val/, valid/, validation/
  attributes.csv              attributes.csv                     optional, see attribute_table.py
```

Split: where the root holds nothing but `train` and test folders (`test` before `val`, `valid`,
`validation`), they are the split. Otherwise one file in ten of each class, at least one where
there are two or more, is held out by the hash of its path.

What is taken: regular files whose suffix is that of an allowed image format, in the class folder
or below it. Passed over and counted in the log: files of other kinds (`.txt`, `.json`, ...) and
symbolic links, which could lead out of the root or from training to test files. Passed over in
silence: hidden files and folders, `__MACOSX`, `Thumbs.db`. Images beside the class folders have
no class; `unclassed` names them. An image that cannot be decoded is
named in the log and left out; if more than 1 % cannot, nothing is loaded.
"""

__all__ = ["HOW_TO_GET", "SOURCE", "TOLERATED", "listing_of", "unclassed"]

import logging
import os
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from explorer.data.attribute_table import FILE_NAME, read_attributes
from explorer.data.holdout import held_out
from explorer.data.intake import SUFFIXES, read_image
from explorer.data.labelled import LabelledImages
from explorer.data.listing import Listing
from explorer.data.source import DataSource, Split
from explorer.errors import DataError
from explorer.settings import DataSettings

NAME = "folder"
TRAIN = "train"
TEST = ("test", "val", "valid", "validation")
IGNORED = frozenset({"__MACOSX", "Thumbs.db"})
MAX_FILES = 200_000
MAX_ENTRIES = 1_000_000
"""Files and folders of any kind that are listed before a folder is taken for a wrong one."""

MAX_DEPTH = 16
TOLERATED = 0.01
HOW_TO_GET = "Set data.root to a folder with one sub-folder of pictures for each class."

log = logging.getLogger(__name__)


@dataclass(slots=True)
class Seen:
    """Counts what a set holds while it is listed, and ends what would take too long.

    Attributes:
        root: The set's folder.
        tell: Told how many entries there are so far; what it raises ends the listing.
        entries: Files, folders and links.
        images: Image files.
    """

    root: Path
    tell: Callable[[int], None]
    entries: int = 0
    images: int = 0

    def each(self, found: Iterable[os.DirEntry[str]]) -> Iterator[os.DirEntry[str]]:
        """Yield entries as they are read: a huge folder ends before all of it is in memory."""
        for entry in found:
            self.entries += 1
            self.images += Path(entry.name).suffix.lower() in SUFFIXES
            if self.entries % 1000 == 0:
                self.tell(self.entries)
            if self.images > MAX_FILES:
                raise self._too_many(MAX_FILES, "images")
            if self.entries > MAX_ENTRIES:
                raise self._too_many(MAX_ENTRIES, "files")
            yield entry

    def _too_many(self, limit: int, kind: str) -> DataError:
        return DataError(f"{NAME}: '{self.root}' has more than {limit:,} {kind}. Use fewer.")


@dataclass(slots=True)
class Scan:
    """What was found in one class folder.

    Attributes:
        images: Relative paths with `/`, in alphabetical order.
        others: Number of files that are no images, by suffix.
        links: Number of symbolic links.
    """

    images: list[str] = field(default_factory=list)
    others: Counter[str] = field(default_factory=Counter)
    links: int = 0

    def __str__(self) -> str:
        """Return the passed-over files in words, e.g. "3 .txt, 1 link"."""
        parts = [f"{count} {suffix}" for suffix, count in self.others.most_common(5)]
        return ", ".join([*parts, f"{self.links} symbolic links"] if self.links else parts)


def check(settings: DataSettings) -> None:
    """Raise a `DataError` unless there are two classes or more, each with an image file."""
    listing_of(settings, "train")


def load(settings: DataSettings, split: Split) -> LabelledImages:
    """Return one split, RGB, centre-cropped and resized; no file of the other split is opened.

    Raises:
        DataError: The folder is missing, empty or has one class only; a class is empty; more than
            1 % of the images cannot be decoded; the table of attributes is wrong.
    """
    root = _root(settings)
    listing = listing_of(settings, split).chosen(settings, split)
    table = root / FILE_NAME
    if table.is_file():
        files = [path.relative_to(root).as_posix() for path in listing.paths]
        listing = listing.with_attributes(*read_attributes(table, files))
    return listing.read(
        lambda path, _: read_image(path, settings.image_size),
        settings.image_size,
        tolerated=TOLERATED,
    )


def _root(settings: DataSettings) -> Path:
    if settings.root is None:
        raise DataError(f"{NAME}: data.root is not set. {HOW_TO_GET}")
    root = Path(settings.root).expanduser()
    if not root.is_dir():
        raise DataError(f"{NAME}: '{root}' is not a folder. {HOW_TO_GET}")
    return root


def listing_of(
    settings: DataSettings, split: Split, tell: Callable[[int], None] = lambda entries: None
) -> Listing:
    """Return the files of one split, none of them opened; count and shots are not heeded.

    Args:
        settings: Names the folder.
        split: Which part.
        tell: Told how many files were listed so far; what it raises ends the work.

    Raises:
        DataError: The folder is missing, empty, too large or has one class only, or a class is
            empty.
    """
    root = _root(settings)
    seen = Seen(root, tell)
    test_name = _test_folder(root)
    if test_name is None:
        return _held_out_part(_scanned(seen, root, _class_names(root)), root, split)
    class_names = _class_names(root / TRAIN)
    if split == "train":
        return _scanned(seen, root / TRAIN, class_names)
    unknown = set(_folders(root / test_name)) - set(class_names)
    if unknown:
        raise DataError(
            f"{NAME}: class '{min(unknown)}' of '{root / test_name}' is not in '{root / TRAIN}'. "
            "Both need the same sub-folders."
        )
    return _scanned(seen, root / test_name, class_names)


def unclassed(settings: DataSettings) -> tuple[str, ...]:
    """Return the images that lie beside the class folders, where no class claims them.

    Raises:
        DataError: The folder is missing or cannot be read.
    """
    root = _root(settings)
    test_name = _test_folder(root)
    found: list[str] = []
    for folder in (root,) if test_name is None else (root, root / TRAIN, root / test_name):
        try:
            with os.scandir(folder) as entries:
                found += [
                    Path(entry.path).relative_to(root).as_posix()
                    for entry in entries
                    if not _is_ignored(entry.name)
                    and Path(entry.name).suffix.lower() in SUFFIXES
                    and entry.is_file(follow_symlinks=False)
                ]
        except OSError as error:
            raise _unreadable(folder, error) from None
    return tuple(sorted(found))


def _test_folder(root: Path) -> str | None:
    """Return the name of the test folder where the root holds a split, else None."""
    names = set(_folders(root))
    if TRAIN not in names or not names <= {TRAIN, *TEST}:
        return None
    return next((name for name in TEST if name in names), None)


def _class_names(folder: Path) -> tuple[str, ...]:
    names = tuple(_folders(folder))
    if len(names) < 2:
        found = f"only the sub-folder '{names[0]}'" if names else "no sub-folder"
        raise DataError(
            f"{NAME}: '{folder}' has {found}; at least 2 classes are needed. {HOW_TO_GET}"
        )
    return names


def _folders(folder: Path) -> list[str]:
    try:
        with os.scandir(folder) as entries:
            return sorted(
                entry.name
                for entry in entries
                if not _is_ignored(entry.name) and entry.is_dir(follow_symlinks=False)
            )
    except OSError as error:
        raise _unreadable(folder, error) from None


def _scanned(seen: Seen, folder: Path, class_names: tuple[str, ...]) -> Listing:
    root = seen.root
    files: list[str] = []
    labels: list[int] = []
    for number, class_name in enumerate(class_names):
        if not (folder / class_name).is_dir():
            continue  # a test folder may lack a class of the training folder
        scan = Scan()
        _scan(seen, folder / class_name, scan, depth=0)
        if not scan.images:
            found = str(scan) or "nothing"
            raise DataError(
                f"{NAME}: class '{class_name}' in '{folder}' has no image file (found: {found}). "
                "Add images of it or remove the sub-folder."
            )
        if str(scan):
            log.warning("%s: passed over in '%s': %s", NAME, folder / class_name, scan)
        files += scan.images
        labels += [number] * len(scan.images)
    return Listing(
        name=NAME,
        paths=tuple(root / file for file in files),
        labels=np.array(labels, dtype=np.int64),
        class_names=class_names,
        indices=np.arange(len(files), dtype=np.int64),
        attribute_names=(),
        attributes=np.zeros((len(files), 0), dtype=bool),
    )


def _scan(seen: Seen, folder: Path, scan: Scan, *, depth: int) -> None:
    if depth > MAX_DEPTH:
        raise DataError(f"{NAME}: '{folder}' lies more than {MAX_DEPTH} folders deep. Flatten it.")
    try:
        with os.scandir(folder) as found:
            entries = sorted(seen.each(found), key=lambda entry: entry.name)
    except OSError as error:
        raise _unreadable(folder, error) from None
    for entry in entries:
        if _is_ignored(entry.name):
            continue
        if entry.is_symlink():
            scan.links += 1
        elif entry.is_dir():
            _scan(seen, Path(entry.path), scan, depth=depth + 1)
        elif entry.is_file() and Path(entry.name).suffix.lower() in SUFFIXES:
            scan.images.append(Path(entry.path).relative_to(seen.root).as_posix())
        else:
            scan.others[Path(entry.name).suffix.lower() or "without suffix"] += 1


def _held_out_part(listing: Listing, root: Path, split: Split) -> Listing:
    keys = [path.relative_to(root).as_posix() for path in listing.paths]
    test = held_out(keys, listing.labels)
    return listing.select(np.flatnonzero(test if split == "test" else ~test))


def _is_ignored(name: str) -> bool:
    return name.startswith(".") or name in IGNORED


def _unreadable(folder: Path, error: OSError) -> DataError:
    return DataError(f"{NAME}: '{folder}' cannot be read ({error.strerror}). Check its rights.")


SOURCE = DataSource(
    name=NAME,
    title="A folder of yours",
    summary="any pictures, one sub-folder a class, optionally attributes.csv",
    counts=(),
    licence="your own",
    how_to_get=HOW_TO_GET,
    check=check,
    load=load,
)
