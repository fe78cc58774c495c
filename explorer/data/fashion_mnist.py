"""Fashion-MNIST: 28 x 28 grey photographs of clothes, ten classes, in four IDX files."""

__all__ = ["SOURCE"]

import gzip
import io
import struct
import zlib
from pathlib import Path

import numpy as np
from jaxtyping import Int64, UInt8

from explorer.data.download import cache_folder, fetch
from explorer.data.labelled import LabelledImages
from explorer.data.resize import resized
from explorer.data.source import DataSource, Split
from explorer.errors import DataError
from explorer.settings import DataSettings

NAME = "fashion-mnist"
DEBIAN = Path("/usr/share/datasets/fashion-mnist")
TORCHVISION = Path("FashionMNIST/raw")
PREFIX: dict[Split, str] = {"train": "train", "test": "t10k"}
CLASSES = (
    "T-shirt/top",
    "Trouser",
    "Pullover",
    "Dress",
    "Coat",
    "Sandal",
    "Shirt",
    "Sneaker",
    "Bag",
    "Ankle boot",
)
SIDE = 28
PAD = 2
MAX_IMAGES = 1_000_000
HOW_TO_GET = (
    "apt install dataset-fashion-mnist, or set data.root to a folder with the four "
    "*-ubyte or *-ubyte.gz files, or leave data.root empty to download 30 MB by torchvision."
)


def check(settings: DataSettings) -> None:
    """Raise a `DataError` unless the four files are there."""
    for split in PREFIX:
        _files(_folder(settings), split)


def load(settings: DataSettings, split: Split) -> LabelledImages:
    """Return one split, 1 channel, reading that split's two files only.

    The pictures get a black border of 2 pixels, 32 x 32, and are resized where another size is
    wanted; at `image_size` 28 they are left as they are.

    Raises:
        DataError: A file is missing or damaged.
    """
    folder = _folder(settings)
    if settings.root is None and not _has_files(folder):
        folder = cache_folder(NAME) / TORCHVISION
        fetch(cache_folder(NAME), _download, name=NAME, how_to_get=HOW_TO_GET)
    image_file, label_file = _files(folder, split)
    pixels = _read_images(image_file)
    labels = _read_labels(label_file)
    if len(pixels) != len(labels):
        raise DataError(
            f"{NAME}: {len(pixels)} images in '{image_file}' but {len(labels)} labels in "
            f"'{label_file}'. Get both files again: {HOW_TO_GET}"
        )
    if settings.image_size != SIDE:
        pixels = np.pad(pixels, ((0, 0), (PAD, PAD), (PAD, PAD), (0, 0)))
    return LabelledImages(
        name=NAME,
        images=resized(pixels, settings.image_size),
        labels=labels,
        class_names=CLASSES,
        indices=np.arange(len(labels), dtype=np.int64),
    )


def _folder(settings: DataSettings) -> Path:
    """Return the first folder that has the files, else the first that should."""
    if settings.root is None:
        candidates = [DEBIAN, cache_folder(NAME) / TORCHVISION]
    else:
        root = Path(settings.root).expanduser()
        candidates = [root, root / TORCHVISION, root / "raw"]
    return next((folder for folder in candidates if _has_files(folder)), candidates[0])


def _has_files(folder: Path) -> bool:
    try:
        _files(folder, "train")
    except DataError:
        return False
    return True


def _files(folder: Path, split: Split) -> tuple[Path, Path]:
    prefix = PREFIX[split]
    images = _existing(folder, f"{prefix}-images-idx3-ubyte")
    return images, _existing(folder, f"{prefix}-labels-idx1-ubyte")


def _existing(folder: Path, stem: str) -> Path:
    for path in (folder / f"{stem}.gz", folder / stem):
        if path.is_file():
            return path
    raise DataError(f"{NAME}: no '{stem}.gz' or '{stem}' in '{folder}'. {HOW_TO_GET}")


def _download(root: Path) -> None:
    from torchvision.datasets import FashionMNIST

    FashionMNIST(str(root), download=True)


def _read_images(path: Path) -> UInt8[np.ndarray, "n 28 28 1"]:
    values = _read_idx(path, (SIDE, SIDE))
    return values.reshape(-1, SIDE, SIDE, 1)


def _read_labels(path: Path) -> Int64[np.ndarray, " n"]:
    labels = _read_idx(path, ()).astype(np.int64)
    if labels.size and labels.max() >= len(CLASSES):
        raise _damaged(path, f"label {labels.max()}; labels are 0 to {len(CLASSES) - 1}")
    return labels


def _read_idx(path: Path, shape: tuple[int, ...]) -> UInt8[np.ndarray, "..."]:
    """Return the bytes of an IDX file whose items have this shape.

    The header is four bytes of type (8: unsigned byte) and number of dimensions, then each
    dimension as a big-endian 32-bit number. No more is unpacked than the header announces.
    """
    try:
        with _open(path) as file:
            return _parse_idx(file, path, shape)
    except (OSError, EOFError, zlib.error, struct.error) as error:
        raise _damaged(path, str(error) or type(error).__name__) from None


def _parse_idx(
    file: io.BufferedIOBase, path: Path, shape: tuple[int, ...]
) -> UInt8[np.ndarray, "..."]:
    dimensions = 1 + len(shape)
    zero, kind, found = struct.unpack(">HBB", file.read(4))
    if (zero, kind, found) != (0, 8, dimensions):
        raise _damaged(path, f"it is not an IDX file of bytes in {dimensions} dimensions")
    count, *item = struct.unpack(f">{dimensions}I", file.read(4 * dimensions))
    if tuple(item) != shape or count > MAX_IMAGES:
        raise _damaged(path, f"it announces {count} items of shape {tuple(item)}, not {shape}")
    expected = count * int(np.prod(shape, dtype=np.int64))
    content = file.read(expected + 1)
    if len(content) != expected:
        raise _damaged(path, f"it does not hold the {expected} bytes that it announces")
    return np.frombuffer(content, dtype=np.uint8).reshape(count, *shape)


def _open(path: Path) -> io.BufferedIOBase:
    return gzip.open(path, "rb") if path.suffix == ".gz" else path.open("rb")


def _damaged(path: Path, problem: str) -> DataError:
    return DataError(f"{NAME}: '{path}' is damaged ({problem}). Get it again: {HOW_TO_GET}")


SOURCE = DataSource(
    name=NAME,
    title="Fashion-MNIST",
    summary="grey photographs of clothes and shoes, 28 x 28, ten classes",
    counts=(60000, 10000),
    licence="MIT (Zalando SE)",
    how_to_get=HOW_TO_GET,
    check=check,
    load=load,
)
