"""Photo stamps: cut-out photographs of things and animals from the person's own Tux Paint.

The pictures are those of Debian's `tuxpaint-stamps-default` and are GPL-2: they are read where
they are installed and are no part of this project. Drawings among them are left out. Each object
is laid over white in the middle of a square, with a margin. One stamp in ten of each class is
held out.
"""

__all__ = ["SOURCE", "centred"]

from pathlib import Path

import numpy as np
from jaxtyping import UInt8
from PIL import Image

from explorer.data.holdout import held_out
from explorer.data.intake import decode, shrunk
from explorer.data.labelled import LabelledImages
from explorer.data.listing import Listing
from explorer.data.source import DataSource, Split
from explorer.errors import DataError
from explorer.settings import DataSettings

NAME = "stamps"
INSTALLED = Path("/usr/share/tuxpaint/stamps")
CLASSES = {  # each has at least ten photographs left for training
    "birds": ("animals/birds",),
    "fish": ("animals/fish",),
    "flowers": ("plants/flowers",),
    "fruit": ("food/fruit", "food/nuts"),
    "mammals": ("animals/mammals", "animals/marsupials"),
    "planets": ("space/planets", "space/moon"),
    "tools": ("household/tools",),
    "vegetables": ("food/vegetables",),
}
NO_PHOTOGRAPHS = frozenset({"cartoon", "toys", "plastic"})
"""Folders, at any depth, that hold drawings or things that look like another class."""
LEFT_OUT = frozenset({"0_sun", "echidna", "hedgehog", "measuring_tape_mirror"})
"""Drawings and a mirrored copy among the photographs, found by looking at all of them."""
MARGIN = 0.06
FAINT = 16
HOW_TO_GET = (
    "apt install tuxpaint-stamps-default, or unpack the package with `dpkg -x FILE.deb DIR` and "
    "set data.root to DIR/usr/share/tuxpaint/stamps."
)


def check(settings: DataSettings) -> None:
    """Raise a `DataError` unless every class has its folder with a photograph in it."""
    _listing(_root(settings))


def load(settings: DataSettings, split: Split) -> LabelledImages:
    """Return one split, RGB over white; no file of the other split is opened.

    Raises:
        DataError: The stamps are not installed, or a file is damaged.
    """
    root = _root(settings)
    listing = _listing(root)
    test = held_out([path.relative_to(root).as_posix() for path in listing.paths], listing.labels)
    part = listing.select(np.flatnonzero(test if split == "test" else ~test))
    return part.chosen(settings, split).read(
        lambda path, _: centred(decode(path), settings.image_size), settings.image_size
    )


def centred(image: Image.Image, image_size: int) -> UInt8[np.ndarray, "height width channel"]:
    """Return a cut-out object in the middle of a white square, with a margin.

    Args:
        image: What `decode` returned; without transparency the whole picture is the object.
        image_size: Height and width of the result, pixels.

    Returns:
        uint8, shape (image_size, image_size, 3); the object's longer side is 1 - 2 * 6 % of it.
    """
    image = image.convert("RGBA")
    visible = image.getchannel("A").point(lambda alpha: 255 if alpha >= FAINT else 0)
    image = image.crop(visible.getbbox() or (0, 0, *image.size))
    scale = round(image_size * (1 - 2 * MARGIN)) / max(image.size)
    width, height = (max(1, round(side * scale)) for side in image.size)
    square = Image.new("RGBA", (image_size, image_size), "white")
    place = ((image_size - width) // 2, (image_size - height) // 2)
    square.alpha_composite(shrunk(image, (width, height)), place)
    return np.asarray(square.convert("RGB")).copy()


def _root(settings: DataSettings) -> Path:
    return INSTALLED if settings.root is None else Path(settings.root).expanduser()


def _listing(root: Path) -> Listing:
    paths: list[Path] = []
    labels: list[int] = []
    for number, (class_name, folders) in enumerate(CLASSES.items()):
        found = [path for folder in folders for path in _photographs(root / folder)]
        if not found:
            raise DataError(
                f"{NAME}: no photographs of class '{class_name}' in '{root / folders[0]}'. "
                f"{HOW_TO_GET}"
            )
        paths += found
        labels += [number] * len(found)
    return Listing(
        name=NAME,
        paths=tuple(paths),
        labels=np.array(labels, dtype=np.int64),
        class_names=tuple(CLASSES),
        indices=np.arange(len(paths), dtype=np.int64),
        attribute_names=(),
        attributes=np.zeros((len(paths), 0), dtype=bool),
    )


def _photographs(folder: Path) -> list[Path]:
    return sorted(
        path
        for path in folder.rglob("*.png")
        if path.stem not in LEFT_OUT
        and not NO_PHOTOGRAPHS.intersection(path.relative_to(folder).parts)
    )


SOURCE = DataSource(
    name=NAME,
    title="Photo stamps",
    summary="cut-out photographs of fruit, flowers, animals and other things, eight classes",
    counts=(),
    licence="GPL-2 (Tux Paint stamps); stays on the person's machine",
    how_to_get=HOW_TO_GET,
    check=check,
    load=load,
)
