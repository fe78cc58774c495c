"""A set of image files that are known but not yet opened, and how it becomes pixels."""

__all__ = ["Listing", "inside"]

import logging
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import Literal

import numpy as np
from jaxtyping import Bool, Int64, UInt8

from explorer.data.fewshot import count_positions, shot_positions
from explorer.data.labelled import LabelledImages
from explorer.errors import DataError
from explorer.settings import DataSettings

MAX_MEMORY = 4 * 2**30

log = logging.getLogger(__name__)

ReadOne = Callable[[Path, int], UInt8[np.ndarray, "height width channel"]]
"""(file, index in the source) -> pixels."""


@dataclass(frozen=True, slots=True)
class Listing:
    """Files with classes and, where known, binary attributes; row i of every field is one file.

    Attributes:
        name: The data set's name.
        paths: The files.
        labels: Class numbers, int64, shape (n,).
        class_names: Names in the order of the numbers.
        indices: Positions in the source's own order, int64, shape (n,).
        attribute_names: Names in the order of the columns; empty where none are known.
        attributes: bool, shape (n, attribute).
    """

    name: str
    paths: tuple[Path, ...]
    labels: Int64[np.ndarray, " n"]
    class_names: tuple[str, ...]
    indices: Int64[np.ndarray, " n"]
    attribute_names: tuple[str, ...]
    attributes: Bool[np.ndarray, "n attribute"]

    def __len__(self) -> int:
        """Return the number of files."""
        return len(self.paths)

    def select(self, positions: Int64[np.ndarray, " k"]) -> "Listing":
        """Return the files at these positions."""
        return replace(
            self,
            paths=tuple(self.paths[position] for position in positions),
            labels=self.labels[positions],
            indices=self.indices[positions],
            attributes=self.attributes[positions],
        )

    def with_attributes(
        self, names: tuple[str, ...], values: Bool[np.ndarray, "n attribute"]
    ) -> "Listing":
        """Return the same files with these attributes."""
        return replace(self, attribute_names=names, attributes=values)

    def chosen(
        self, settings: DataSettings, split: Literal["train", "test"], *, default_count: int = 0
    ) -> "Listing":
        """Return what the settings ask for, so that no other file is opened.

        The draws are those of `explorer.data.load.load_data`, which then finds nothing left to do.

        Args:
            settings: Its count, shots and seed are used.
            split: Shots are drawn from "train" only.
            default_count: Files to take where the settings give no count; 0: all.

        Raises:
            DataError: A class has fewer images than shots.
        """
        listing = self
        if count := settings.count or default_count:
            listing = listing.select(
                count_positions(listing.indices, count=count, seed=settings.seed)
            )
        if settings.shots is None or split == "test":
            return listing
        return listing.select(
            shot_positions(
                listing.labels,
                listing.indices,
                listing.class_names,
                shots=settings.shots,
                seed=settings.seed,
                name=listing.name,
            )
        )

    def read(
        self, read_one: ReadOne, image_size: int, *, tolerated: float = 0.0
    ) -> LabelledImages:
        """Open every file and return the pixels.

        Args:
            read_one: Opens one file; uint8, shape (image_size, image_size, 3).
            image_size: Height and width, pixels.
            tolerated: Share of unreadable files that are named in the log and left out, [0, 1).

        Raises:
            DataError: More files than tolerated are unreadable (the text is that of the first,
                with the number of all), there is no file, or the pixels do not fit in memory.
        """
        if not self.paths:
            raise DataError(f"{self.name}: no image to read. Check data.root, count and split.")
        self.check_memory(image_size)
        images = np.empty((len(self), image_size, image_size, 3), dtype=np.uint8)
        problems: list[str] = []
        good: list[int] = []
        for position, (path, index) in enumerate(zip(self.paths, self.indices, strict=True)):
            try:
                images[position] = read_one(path, int(index))
                good.append(position)
            except DataError as error:
                problems.append(str(error))
                if len(problems) > tolerated * len(self):
                    break
        self._judge(problems, tolerated)
        kept = self.select(np.array(good, dtype=np.int64))
        return LabelledImages(
            name=kept.name,
            images=images if len(kept) == len(self) else images[good],
            labels=kept.labels,
            class_names=kept.class_names,
            indices=kept.indices,
            attribute_names=kept.attribute_names,
            attributes=kept.attributes,
        )

    def check_memory(self, image_size: int) -> None:
        """Raise a `DataError` where the pixels of all files do not fit in memory."""
        needed = len(self) * image_size * image_size * 3
        if needed > MAX_MEMORY:
            raise DataError(
                f"{self.name}: {len(self)} images of {image_size} x {image_size} need "
                f"{needed / 2**30:.1f} GB of memory; {MAX_MEMORY / 2**30:.0f} GB are allowed. "
                "Set data.count or a smaller data.image_size."
            )

    def _judge(self, problems: list[str], tolerated: float) -> None:
        if len(problems) > tolerated * len(self):
            others = f" ({len(problems)} of {len(self)} so far)" if len(problems) > 1 else ""
            raise DataError(f"{self.name}: unreadable image{others}: {problems[0]}")
        for problem in problems:
            log.warning("%s: left out: %s", self.name, problem)


def inside(root: Path, relative: str, *, name: str) -> Path:
    """Return a file that a data set's own table names, which must lie below the root.

    Raises:
        DataError: The text is absolute or climbs out with `..`.
    """
    parts = PurePosixPath(relative).parts
    if not parts or parts[0] == "/" or ".." in parts or "\0" in relative:
        raise DataError(f"{name}: {relative!r} is not a path below '{root}'. Repair the table.")
    return root.joinpath(*parts)
