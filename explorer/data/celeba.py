"""CelebA: photographs of faces with 40 binary attributes, in torchvision's folder layout.

The files are read here and not through torchvision's class, which also wants, opens and hashes the
file of identities; here it is neither downloaded nor opened. Only the images asked for are opened.
"""

__all__ = ["SOURCE"]

import zipfile
from pathlib import Path

import numpy as np
from jaxtyping import Bool, UInt8

from explorer.data.download import cache_folder, fetch
from explorer.data.intake import centre_box, decode, fit
from explorer.data.labelled import LabelledImages
from explorer.data.listing import Listing, inside
from explorer.data.source import DataSource, Split
from explorer.errors import DataError
from explorer.settings import DataSettings

NAME = "celeba"
FOLDER = "celeba"
IMAGES = "img_align_celeba"
ARCHIVE = "img_align_celeba.zip"
ATTRIBUTES = "list_attr_celeba.txt"
PARTITION = "list_eval_partition.txt"
PARTS: dict[Split, str] = {"train": "0", "test": "2"}
CROP = 160
DEFAULT_COUNT = 20_000
HOW_TO_GET = (
    f"Put {IMAGES}/, {ATTRIBUTES} and {PARTITION} from mmlab.ie.cuhk.edu.hk/projects/CelebA.html "
    "into one folder and set data.root to it, or leave data.root empty to download 1.4 GB "
    "(needs the package gdown)."
)


def check(settings: DataSettings) -> None:
    """Raise a `DataError` unless the two tables and the folder of images are there."""
    folder = _folder(settings)
    for name in (ATTRIBUTES, PARTITION, IMAGES):
        if not (folder / name).exists():
            raise DataError(f"{NAME}: no '{name}' in '{folder}'. {HOW_TO_GET}")


def load(settings: DataSettings, split: Split) -> LabelledImages:
    """Return at most `settings.count` faces (default 20,000) of one split, one class, RGB.

    The centred 160 x 160 pixels of the aligned 178 x 218 photograph, resized: the crop of the
    Glow implementation this project follows (chaiyujin/glow-pytorch, `hparams/celeba.json`).
    The official parts 0 and 2 are "train" and "test"; part 1 (validation) is left alone.

    Raises:
        DataError: A file is missing or damaged.
    """
    if settings.root is None and not _folder(settings).is_dir():
        fetch(cache_folder(NAME), _download, name=NAME, how_to_get=HOW_TO_GET)
    check(settings)
    folder = _folder(settings)
    files = _files_of(folder / PARTITION, PARTS[split])
    listing = Listing(
        name=NAME,
        paths=tuple(inside(folder / IMAGES, file, name=NAME) for file in files),
        labels=np.zeros(len(files), dtype=np.int64),
        class_names=("face",),
        indices=np.arange(len(files), dtype=np.int64),
        attribute_names=(),
        attributes=np.zeros((len(files), 0), dtype=bool),
    ).chosen(settings, split, default_count=DEFAULT_COUNT)
    names, values = _attributes_of(
        folder / ATTRIBUTES, [files[index] for index in listing.indices]
    )
    listing = listing.with_attributes(names, values)
    return listing.read(lambda path, _: _read(path, settings.image_size), settings.image_size)


def _read(path: Path, image_size: int) -> UInt8[np.ndarray, "height width channel"]:
    image = decode(path)
    return fit(image, image_size, box=centre_box(image.size, CROP))


def _folder(settings: DataSettings) -> Path:
    root = cache_folder(NAME) if settings.root is None else Path(settings.root).expanduser()
    return root if (root / PARTITION).is_file() else root / FOLDER


def _download(root: Path) -> None:
    from torchvision.datasets import CelebA
    from torchvision.datasets.utils import download_file_from_google_drive

    folder = root / FOLDER
    for file_id, md5, file in CelebA.file_list:
        if file in (ARCHIVE, ATTRIBUTES, PARTITION):
            download_file_from_google_drive(file_id, str(folder), file, md5)
    with zipfile.ZipFile(folder / ARCHIVE) as archive:
        archive.extractall(folder)
    (folder / ARCHIVE).unlink()


def _files_of(path: Path, part: str) -> list[str]:
    rows = [line.split() for line in _lines(path) if line.strip()]
    if not all(len(row) == 2 for row in rows):
        raise _damaged(path, "each line is a file name and 0, 1 or 2")
    return [file for file, found in rows if found == part]


def _attributes_of(
    path: Path, files: list[str]
) -> tuple[tuple[str, ...], Bool[np.ndarray, "n attribute"]]:
    lines = _lines(path)
    names = tuple(lines[1].split()) if len(lines) > 1 else ()
    if not names:
        raise _damaged(path, "its second line names no attributes")
    if len(set(names)) < len(names):
        raise _damaged(path, "its second line names an attribute twice")
    rows = {line.split(maxsplit=1)[0]: line for line in lines[2:] if line.strip()}
    values = np.empty((len(files), len(names)), dtype=bool)
    for row, file in zip(values, files, strict=True):
        _, *signs = rows.get(file, file).split()
        if len(signs) != len(names) or not set(signs) <= {"1", "-1"}:
            raise _damaged(path, f"'{file}' has not {len(names)} values of 1 or -1")
        row[:] = [sign == "1" for sign in signs]
    return names, values


def _lines(path: Path) -> list[str]:
    try:
        return path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise _damaged(path, str(error)) from None


def _damaged(path: Path, problem: str) -> DataError:
    return DataError(f"{NAME}: '{path}' is damaged ({problem}). {HOW_TO_GET}")


SOURCE = DataSource(
    name=NAME,
    title="CelebA",
    summary="aligned photographs of faces, 40 attributes, no identities",
    counts=(162770, 19962),
    licence="non-commercial research only (MMLAB, CUHK)",
    how_to_get=HOW_TO_GET,
    check=check,
    load=load,
)
