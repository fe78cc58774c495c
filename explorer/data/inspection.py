"""Look at the pictures of a set before training: which are broken, alike, small, grey."""

__all__ = ["MOST_IMAGES", "Broken", "Inspection", "inspect_files", "inspect_images"]

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from jaxtyping import UInt8
from PIL import Image

from explorer.data.duplicates import Fingerprint, NearPair, fingerprint, near_pairs, same_groups
from explorer.data.fewshot import count_positions
from explorer.data.intake import decode_sized, fit
from explorer.data.labelled import LabelledImages
from explorer.data.listing import Listing
from explorer.errors import DataError

MOST_IMAGES = 20_000
"""Pictures that are looked at, at most; those of a larger set are drawn by seed 0."""

THUMBNAIL = 64
ENOUGH = 128
"""Shorter side to which a large photograph is decoded, pixels; its header tells its own size."""

_GREY = 3
"""Largest difference of two channels, of 255, in a picture that counts as grey."""


@dataclass(frozen=True, slots=True)
class Broken:
    """A file that is no picture one can learn from: its name in the set, and why."""

    name: str
    reason: str


@dataclass(slots=True)
class Inspection:
    """What was found; row i of every list is one readable picture.

    Attributes:
        class_names: In the order of the class numbers.
        count: Pictures of the set, readable or not.
        looked: Pictures that were opened.
        broken: Files that cannot be read.
        names: Name of each picture in the set.
        labels: Class number of each.
        sizes: (width, height) of each, pixels.
        grey: Whether each has no colour.
        blank: Whether each has one colour only.
        prints: To compare it with others.
        thumbnails: uint8, shape (64, 64, 3) each.
    """

    class_names: tuple[str, ...]
    count: int
    looked: int = 0
    broken: list[Broken] = field(default_factory=list)
    names: list[str] = field(default_factory=list)
    labels: list[int] = field(default_factory=list)
    sizes: list[tuple[int, int]] = field(default_factory=list)
    grey: list[bool] = field(default_factory=list)
    blank: list[bool] = field(default_factory=list)
    prints: list[Fingerprint] = field(default_factory=list)
    thumbnails: list[UInt8[np.ndarray, "64 64 3"]] = field(default_factory=list)

    def same(self) -> list[tuple[int, ...]]:
        """Return the rows of pictures that are the same, in groups."""
        return same_groups(self.prints)

    def near(self) -> list[NearPair]:
        """Return pairs of pictures that are nearly the same, the nearest first."""
        return near_pairs(self.prints)

    def add(self, name: str, label: int, image: Image.Image, size: tuple[int, int]) -> None:
        """Take note of one picture.

        Args:
            name: In the set.
            label: Class number.
            image: Decoded, perhaps smaller than the file's own size.
            size: (width, height) of the file, pixels.
        """
        thumbnail = fit(image, THUMBNAIL)
        spread = thumbnail.astype(np.int16).max(axis=2) - thumbnail.min(axis=2)
        self.names.append(name)
        self.labels.append(label)
        self.sizes.append(size)
        self.grey.append(bool(spread.max() <= _GREY))
        self.blank.append(bool(np.ptp(thumbnail.reshape(-1, 3), axis=0).max() == 0))
        self.prints.append(fingerprint(image))
        self.thumbnails.append(thumbnail)


def inspect_files(listing: Listing, root: Path, progress: Callable[[float], None]) -> Inspection:
    """Open the files of a set, or `MOST_IMAGES` of them, and return what they are.

    Args:
        listing: The files.
        root: Folder relative to which a file is named.
        progress: Told the share that is done; what it raises ends the work.
    """
    chosen = listing.select(count_positions(listing.indices, count=MOST_IMAGES, seed=0))
    found = Inspection(listing.class_names, len(listing), len(chosen))
    for position, (path, label) in enumerate(zip(chosen.paths, chosen.labels, strict=True)):
        progress(position / len(chosen))
        name = path.relative_to(root).as_posix()
        try:
            image, size = decode_sized(path, name=name, enough=ENOUGH)
        except DataError as error:
            found.broken.append(Broken(name, str(error)))
        else:
            found.add(name, int(label), image, size)
    return found


def inspect_images(data: LabelledImages, progress: Callable[[float], None]) -> Inspection:
    """Look at images that are in memory already, or at `MOST_IMAGES` of them."""
    positions = count_positions(data.indices, count=MOST_IMAGES, seed=0)
    found = Inspection(data.class_names, len(data), len(positions))
    for done, position in enumerate(positions):
        progress(done / len(positions))
        pixels = data.images[position]
        image = Image.fromarray(pixels[:, :, 0] if pixels.shape[2] == 1 else pixels)
        found.add(f"image {data.indices[position]}", int(data.labels[position]), image, image.size)
    return found
