"""CUB-200-2011: photographs of 200 kinds of birds, from the set's own files.

Each picture is cut to the square around the bird's bounding box, a tenth larger, and moved or made
smaller where it would leave the photograph.

Source:
    Wah, Branson, Welinder, Perona, Belongie, The Caltech-UCSD Birds-200-2011 Dataset, 2011.
"""

__all__ = ["SOURCE", "bird_box"]

import math
from pathlib import Path

import numpy as np
from jaxtyping import Bool, UInt8

from explorer.data.intake import decode, fit
from explorer.data.labelled import LabelledImages
from explorer.data.listing import Listing, inside
from explorer.data.source import DataSource, Split
from explorer.errors import DataError
from explorer.settings import DataSettings

NAME = "cub-200-2011"
FOLDER = "CUB_200_2011"
TABLES = (
    "images.txt",
    "image_class_labels.txt",
    "train_test_split.txt",
    "classes.txt",
    "bounding_boxes.txt",
)
IMAGES = "images"
LABELS_OF_ATTRIBUTES = "attributes/image_attribute_labels.txt"
NAMES_OF_ATTRIBUTES = "attributes.txt"
IS_TRAINING: dict[Split, str] = {"train": "1", "test": "0"}
MARGIN = 1.1
HOW_TO_GET = (
    "Unpack CUB_200_2011.tgz (1.1 GB) from data.caltech.edu/records/65de6-vp158 and set data.root "
    "to the folder that holds CUB_200_2011."
)

Box = tuple[int, int, int, int]
"""(left, top, right, bottom), pixels."""
Bounds = tuple[float, float, float, float]
"""(left, top, width, height), pixels: the form of the set's own table."""


def check(settings: DataSettings) -> None:
    """Raise a `DataError` unless the tables and the folder of images are there."""
    folder = _folder(settings)
    for name in (*TABLES, IMAGES):
        if not (folder / name).exists():
            raise DataError(f"{NAME}: no '{name}' in '{folder}'. {HOW_TO_GET}")


def load(settings: DataSettings, split: Split) -> LabelledImages:
    """Return one split, RGB; only the images asked for are opened.

    `indices` are image numbers of the set less one, which run through both splits. The attributes
    are the set's 312 where `attributes/image_attribute_labels.txt` is present.

    Raises:
        DataError: A file is missing or damaged.
    """
    check(settings)
    folder = _folder(settings)
    listing = _listing(folder, split).chosen(settings, split)
    ids = [str(index + 1) for index in listing.indices]
    names, values = _attributes(folder, ids)
    bounds = _bounds(folder / "bounding_boxes.txt", ids)

    def read_one(path: Path, index: int) -> UInt8[np.ndarray, "height width channel"]:
        image = decode(path)
        return fit(image, settings.image_size, box=bird_box(bounds[index], image.size))

    return listing.with_attributes(names, values).read(read_one, settings.image_size)


def bird_box(bounds: Bounds, size: tuple[int, int]) -> Box:
    """Return the square to cut for one bird.

    Args:
        bounds: The set's (left, top, width, height), pixels.
        size: (width, height) of the photograph, pixels.

    Returns:
        A square inside the photograph, centred on the bird as far as the edges allow.

    Example:
        >>> bird_box((10.0, 20.0, 100.0, 50.0), (300, 200))
        (5, 0, 115, 110)
    """
    left, top, width, height = bounds
    side = max(1, min(round(MARGIN * max(width, height)), *size))
    x = min(max(round(left + (width - side) / 2), 0), size[0] - side)
    y = min(max(round(top + (height - side) / 2), 0), size[1] - side)
    return x, y, x + side, y + side


def _listing(folder: Path, split: Split) -> Listing:
    classes = _table(folder / "classes.txt", 1)
    files = _table(folder / "images.txt", 1)
    splits = _table(folder / "train_test_split.txt", 1)
    kinds = _table(folder / "image_class_labels.txt", 1)
    numbers = {class_id: number for number, class_id in enumerate(classes)}
    chosen = [image for image in files if splits.get(image) == [IS_TRAINING[split]]]
    for image in chosen:
        if kinds.get(image, [""])[0] not in numbers or not image.isdecimal():
            raise _damaged(folder / "image_class_labels.txt", f"image {image} has no known class")
    return Listing(
        name=NAME,
        paths=tuple(inside(folder / IMAGES, files[image][0], name=NAME) for image in chosen),
        labels=np.array([numbers[kinds[image][0]] for image in chosen], dtype=np.int64),
        class_names=tuple(_class_name(names[0]) for names in classes.values()),
        indices=np.array([int(image) - 1 for image in chosen], dtype=np.int64),
        attribute_names=(),
        attributes=np.zeros((len(chosen), 0), dtype=bool),
    )


def _class_name(text: str) -> str:
    """Return "Black footed Albatross" for "001.Black_footed_Albatross"."""
    return text.partition(".")[2].replace("_", " ") or text


def _attributes(
    folder: Path, ids: list[str]
) -> tuple[tuple[str, ...], Bool[np.ndarray, "n attribute"]]:
    labels = folder / LABELS_OF_ATTRIBUTES
    places = (folder / NAMES_OF_ATTRIBUTES, folder.parent / NAMES_OF_ATTRIBUTES)
    names_file = next((path for path in places if path.is_file()), None)
    if names_file is None or not labels.is_file():
        return (), np.zeros((len(ids), 0), dtype=bool)
    names = _table(names_file, 1)
    columns = {attribute: column for column, attribute in enumerate(names)}
    rows = {image: row for row, image in enumerate(ids)}
    values = np.zeros((len(ids), len(names)), dtype=bool)
    # Some lines of the original file have six columns instead of five; the first three are sound.
    for line in _lines(labels):
        image, _, rest = line.partition(" ")
        if image in rows:
            attribute, present = [*rest.split(), "", ""][:2]
            if attribute not in columns or present not in ("0", "1"):
                raise _damaged(labels, f"line '{line[:60]}'")
            values[rows[image], columns[attribute]] = present == "1"
    return tuple(name[0] for name in names.values()), values


def _folder(settings: DataSettings) -> Path:
    if settings.root is None:
        raise DataError(f"{NAME}: data.root is not set. {HOW_TO_GET}")
    root = Path(settings.root).expanduser()
    return root if (root / TABLES[0]).is_file() else root / FOLDER


def _table(path: Path, width: int) -> dict[str, list[str]]:
    """Return the rest of each line by its first word, in the file's order."""
    table = {}
    for line in _lines(path):
        key, *rest = line.split()
        if len(rest) != width:
            raise _damaged(path, f"line '{line[:60]}' has {len(rest)} values, not {width}")
        table[key] = rest
    if not table:
        raise _damaged(path, "it is empty")
    return table


def _bounds(path: Path, ids: list[str]) -> dict[int, Bounds]:
    """Return the bounding boxes of these images by index."""
    table = _table(path, 4)
    bounds: dict[int, Bounds] = {}
    for image in ids:
        try:
            left, top, width, height = (float(word) for word in table.get(image, []))
        except ValueError:
            raise _damaged(path, f"image {image} has not four numbers") from None
        if not all(map(math.isfinite, (left, top, width, height))):
            raise _damaged(path, f"image {image} has a bound that is not finite")
        bounds[int(image) - 1] = left, top, width, height
    return bounds


def _lines(path: Path) -> list[str]:
    try:
        return [line for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
    except (OSError, UnicodeDecodeError) as error:
        raise _damaged(path, str(error)) from None


def _damaged(path: Path, problem: str) -> DataError:
    return DataError(f"{NAME}: '{path}' is damaged ({problem}). {HOW_TO_GET}")


SOURCE = DataSource(
    name=NAME,
    title="CUB-200-2011",
    summary="photographs of 200 kinds of birds, cut to the bird, 312 attributes",
    counts=(5994, 5794),
    licence="non-commercial research and education (Caltech)",
    how_to_get=HOW_TO_GET,
    check=check,
    load=load,
)
