"""CIFAR-10 and CIFAR-100 in the "python version" that torchvision downloads.

The files are read here and not through torchvision's classes, because those open and hash the test
files even where training images are asked for, and unpickle without limits. The download is
torchvision's.
"""

__all__ = ["SOURCES"]

import pickle
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Int64, UInt8

from explorer.data.download import cache_folder, fetch
from explorer.data.labelled import LabelledImages
from explorer.data.resize import resized
from explorer.data.source import DataSource, Split
from explorer.errors import DataError
from explorer.settings import DataSettings

SIDE = 32
PLANES = 3
LICENCE = "none stated by its authors (Krizhevsky 2009); used for research"


@dataclass(frozen=True, slots=True)
class Layout:
    """Where one of the two sets keeps what.

    Attributes:
        name: The data set's name.
        folder: Folder inside the root.
        files: File names of each split.
        label_key: Key of the labels in those files.
        meta_file: File with the class names.
        meta_key: Key of the names in it.
        num_classes: Number of classes.
        torchvision_class: Name of torchvision's class, which can download it.
    """

    name: str
    folder: str
    files: dict[Split, tuple[str, ...]]
    label_key: str
    meta_file: str
    meta_key: str
    num_classes: int
    torchvision_class: str

    @property
    def how_to_get(self) -> str:
        """One line a person can follow."""
        return (
            "Leave data.root empty to download 170 MB by torchvision, or set it to the folder "
            f"that holds '{self.folder}'."
        )


CIFAR10 = Layout(
    name="cifar-10",
    folder="cifar-10-batches-py",
    files={
        "train": tuple(f"data_batch_{number}" for number in range(1, 6)),
        "test": ("test_batch",),
    },
    label_key="labels",
    meta_file="batches.meta",
    meta_key="label_names",
    num_classes=10,
    torchvision_class="CIFAR10",
)
CIFAR100 = Layout(
    name="cifar-100",
    folder="cifar-100-python",
    files={"train": ("train",), "test": ("test",)},
    label_key="fine_labels",
    meta_file="meta",
    meta_key="fine_label_names",
    num_classes=100,
    torchvision_class="CIFAR100",
)


def check(layout: Layout, settings: DataSettings) -> None:
    """Raise a `DataError` unless all files are there."""
    folder = _folder(layout, settings)
    for file in (*layout.files["train"], *layout.files["test"], layout.meta_file):
        if not (folder / file).is_file():
            raise DataError(f"{layout.name}: no '{file}' in '{folder}'. {layout.how_to_get}")


def load(layout: Layout, settings: DataSettings, split: Split) -> LabelledImages:
    """Return one split, RGB, reading that split's files and the class names only.

    Raises:
        DataError: A file is missing or damaged.
    """
    if settings.root is None and not _folder(layout, settings).is_dir():
        fetch(
            cache_folder(layout.name),
            _downloader(layout),
            name=layout.name,
            how_to_get=layout.how_to_get,
        )
    check(layout, settings)
    folder = _folder(layout, settings)
    batches = [_read_batch(layout, folder / file) for file in layout.files[split]]
    labels = np.concatenate([labels for _, labels in batches])
    return LabelledImages(
        name=layout.name,
        images=resized(np.concatenate([pixels for pixels, _ in batches]), settings.image_size),
        labels=labels,
        class_names=_read_names(layout, folder / layout.meta_file),
        indices=np.arange(len(labels), dtype=np.int64),
    )


def _folder(layout: Layout, settings: DataSettings) -> Path:
    root = cache_folder(layout.name) if settings.root is None else Path(settings.root).expanduser()
    return root if (root / layout.meta_file).is_file() else root / layout.folder


def _downloader(layout: Layout) -> Callable[[Path], object]:
    def download(root: Path) -> None:
        import torchvision.datasets

        getattr(torchvision.datasets, layout.torchvision_class)(str(root), download=True)

    return download


def _read_batch(
    layout: Layout, path: Path
) -> tuple[UInt8[np.ndarray, "n 32 32 3"], Int64[np.ndarray, " n"]]:
    content = _read_pickle(layout, path)
    pixels, labels = content.get("data"), content.get(layout.label_key)
    if not isinstance(pixels, np.ndarray) or not isinstance(labels, list):
        raise _damaged(layout, path, f"it has no 'data' and '{layout.label_key}'")
    if pixels.dtype != np.uint8 or pixels.shape != (len(labels), PLANES * SIDE * SIDE):
        raise _damaged(layout, path, f"{len(labels)} labels, but pixels of shape {pixels.shape}")
    if not all(type(label) is int and 0 <= label < layout.num_classes for label in labels):
        raise _damaged(layout, path, f"a label is not 0 to {layout.num_classes - 1}")
    planes = pixels.reshape(-1, PLANES, SIDE, SIDE)
    return np.ascontiguousarray(planes.transpose(0, 2, 3, 1)), np.array(labels, dtype=np.int64)


def _read_names(layout: Layout, path: Path) -> tuple[str, ...]:
    names = _read_pickle(layout, path).get(layout.meta_key)
    if not isinstance(names, list) or len(names) != layout.num_classes:
        raise _damaged(layout, path, f"it does not name {layout.num_classes} classes")
    return tuple(str(name).replace("_", " ") for name in names)


def _read_pickle(layout: Layout, path: Path) -> dict[str, Any]:
    try:
        with path.open("rb") as file:
            content = _ArrayUnpickler(file, encoding="latin1").load()
    except Exception as error:  # damaged pickles raise nearly anything
        lines = str(error).strip().splitlines() or [type(error).__name__]
        raise _damaged(layout, path, lines[0][:160]) from None
    if not isinstance(content, dict):
        raise _damaged(layout, path, f"it holds {type(content).__name__}, not a table")
    return content


class _ArrayUnpickler(pickle.Unpickler):
    """Rebuilds plain Python values and numpy arrays; refuses everything else by name."""

    REBUILD = np.empty(0).__reduce__()[0]  # the function's module changed its name in numpy 2
    KNOWN = {  # noqa: RUF012
        ("numpy.core.multiarray", "_reconstruct"): REBUILD,
        ("numpy._core.multiarray", "_reconstruct"): REBUILD,
        ("numpy", "ndarray"): np.ndarray,
        ("numpy", "dtype"): np.dtype,
    }

    def find_class(self, module_name: str, global_name: str) -> Any:
        """Return one of the four known names.

        Raises:
            UnpicklingError: The file asks for something else.
        """
        known = self.KNOWN.get((module_name, global_name))
        if known is None:
            raise pickle.UnpicklingError(f"it asks for '{module_name}.{global_name}'")
        return known


def _damaged(layout: Layout, path: Path, problem: str) -> DataError:
    return DataError(
        f"{layout.name}: '{path}' is damaged or foreign ({problem}). Get it again: "
        f"{layout.how_to_get}"
    )


def _source(layout: Layout, title: str, summary: str) -> DataSource:
    return DataSource(
        name=layout.name,
        title=title,
        summary=summary,
        counts=(50000, 10000),
        licence=LICENCE,
        how_to_get=layout.how_to_get,
        check=lambda settings: check(layout, settings),
        load=lambda settings, split: load(layout, settings, split),
    )


SOURCES = (
    _source(CIFAR10, "CIFAR-10", "colour photographs of animals and vehicles, 32 x 32"),
    _source(CIFAR100, "CIFAR-100", "colour photographs of a hundred kinds of things, 32 x 32"),
)
