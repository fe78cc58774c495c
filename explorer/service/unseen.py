"""Real images of a model's data that it never learned from, to compare generated ones with."""

__all__ = ["MOST_UNSEEN", "Unseen", "same_data", "unseen_images"]

import logging
from dataclasses import dataclass

import numpy as np
from jaxtyping import Int64, UInt8

from explorer.data.load import load_data
from explorer.data.source import get
from explorer.errors import ExplorerError
from explorer.service.shelf import OpenModel, Shelf
from explorer.train.run import RunFolder

log = logging.getLogger(__name__)

MOST_UNSEEN = 400
"""Enough for a set's measures; each image costs about 15 ms for its features."""


@dataclass(frozen=True, slots=True, eq=False)
class Unseen:
    """Held-out images, and where they were found.

    Attributes:
        pixels: uint8, shape (n, height, width, channel); may be none.
        labels: Class numbers, int64, shape (n,).
        origin: For people, e.g. "400 held-out images of fashion-mnist"; why there are none.
    """

    pixels: UInt8[np.ndarray, "n height width channel"]
    labels: Int64[np.ndarray, " n"]
    origin: str

    def __len__(self) -> int:
        """Return the number of images."""
        return len(self.labels)


def same_data(shelf: Shelf, opened: OpenModel) -> list[str]:
    """Return the models of the same data that open: first the model itself, then others by name.

    Another model that is damaged is none of this one's concern, so it is passed over.
    """
    data = opened.data
    found = [
        card.name
        for card in shelf.models()
        if not card.problem
        and (card.data, card.image_shape, card.class_names)
        == (data.name, data.image_shape, data.class_names)
    ]
    others = [name for name in sorted(found) if name != opened.name and _opens(shelf, name)]
    return [opened.name, *others]


def _opens(shelf: Shelf, name: str) -> bool:
    try:
        shelf.open(name)
    except ExplorerError as error:
        log.warning("'%s' is not asked for what it knows of the data: %s", name, error)
        return False
    return True


def unseen_images(shelf: Shelf, opened: OpenModel) -> Unseen:
    """Return held-out images: of the galleries of models of the same data, else of its test split.

    No model of this program learns from the test split, so what one gallery shows as held out
    is unseen by all.
    """
    for name in same_data(shelf, opened):
        gallery = shelf.open(name).gallery
        chosen = _spread(gallery.held_out.nonzero()[0].astype(np.int64))
        if len(chosen) > 1:
            return _of(gallery.pixels[chosen], gallery.labels[chosen], opened.data.name)
    settings = RunFolder(opened.folder).experiment().data
    try:
        if get(settings.name).is_ready(settings):
            count = min(MOST_UNSEEN, settings.count or MOST_UNSEEN)
            test = load_data(settings.model_copy(update={"count": count}), "test")
            if test.class_names == opened.data.class_names:
                return _of(test.images, test.labels, opened.data.name)
    except ExplorerError:
        pass
    channels, height, width = opened.data.image_shape
    return Unseen(
        np.zeros((0, height, width, channels), dtype=np.uint8),
        np.zeros(0, dtype=np.int64),
        f"no held-out images: the test images of {opened.data.name} are not on this machine",
    )


def _of(
    pixels: UInt8[np.ndarray, "n height width channel"], labels: Int64[np.ndarray, " n"], data: str
) -> Unseen:
    return Unseen(pixels, labels, f"{len(labels):,} held-out images of {data}")


def _spread(positions: Int64[np.ndarray, " n"]) -> Int64[np.ndarray, " k"]:
    """Return at most `MOST_UNSEEN` of the positions, evenly spread."""
    if len(positions) <= MOST_UNSEEN:
        return positions
    return positions[np.linspace(0, len(positions) - 1, MOST_UNSEEN).astype(np.int64)]
