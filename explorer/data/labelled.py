"""A set of labelled images in memory, as every loader returns it."""

__all__ = ["ImagePairs", "LabelledImages"]

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import torch
from jaxtyping import Bool, Int64, UInt8

from explorer.data.images import to_images
from explorer.errors import DataError
from explorer.protocol import Batch, DataInfo


@dataclass(frozen=True, slots=True)
class LabelledImages:
    """Images with classes and, where known, binary attributes.

    Attributes:
        name: The data set's name.
        images: uint8, shape (n, height, width, channel), 1 or 3 channels.
        labels: Class numbers, int64, shape (n,).
        class_names: Names in the order of the numbers.
        indices: Positions in the source's own order, int64, shape (n,): kept by every subset.
        attribute_names: Names in the order of the columns; empty where none are known.
        attributes: bool, shape (n, attribute).
    """

    name: str
    images: UInt8[np.ndarray, "n height width channel"]
    labels: Int64[np.ndarray, " n"]
    class_names: tuple[str, ...]
    indices: Int64[np.ndarray, " n"]
    attribute_names: tuple[str, ...] = ()
    attributes: Bool[np.ndarray, "n attribute"] = field(
        default_factory=lambda: np.zeros((0, 0), dtype=bool)
    )

    def __post_init__(self) -> None:
        """Give data without attributes an array of the right length."""
        if not self.attribute_names:
            object.__setattr__(self, "attributes", np.zeros((len(self.labels), 0), dtype=bool))

    def __len__(self) -> int:
        """Return the number of images."""
        return len(self.labels)

    @property
    def class_counts(self) -> tuple[int, ...]:
        """Number of images of each class."""
        return tuple(np.bincount(self.labels, minlength=len(self.class_names)).tolist())

    @property
    def info(self) -> DataInfo:
        """What a model needs to know of this data.

        Raises:
            DataError: A class has no image.
        """
        for name, count in zip(self.class_names, self.class_counts, strict=True):
            if count == 0:
                raise DataError(f"{self.name}: class '{name}' has no image; at least 1 is needed.")
        _, height, width, channels = self.images.shape
        return DataInfo((channels, height, width), self.class_counts)

    def subset(self, positions: Int64[np.ndarray, " k"]) -> "LabelledImages":
        """Return the images at these positions of this set, with their source indices."""
        return LabelledImages(
            name=self.name,
            images=self.images[positions],
            labels=self.labels[positions],
            class_names=self.class_names,
            indices=self.indices[positions],
            attribute_names=self.attribute_names,
            attributes=self.attributes[positions],
        )

    def batch(self, positions: Int64[np.ndarray, " k"]) -> Batch:
        """Return a model's batch of the images at these positions.

        `Batch.indices` are positions in *this* set, which is what GLICO's codes are numbered by.
        """
        return Batch(
            images=to_images(self.images[positions]),
            labels=torch.from_numpy(self.labels[positions]),
            indices=torch.from_numpy(positions),
        )

    def digest(self) -> str:
        """Return the SHA-256 of pixels and labels, 64 hexadecimal digits."""
        content = hashlib.sha256(str(self.images.shape).encode())
        content.update(np.ascontiguousarray(self.images).data)
        content.update(np.ascontiguousarray(self.labels).data)
        return content.hexdigest()


@dataclass(frozen=True, slots=True, eq=False)
class ImagePairs:
    """The same subjects without and with one attribute, everything else equal.

    Attributes:
        without: uint8, shape (n, height, width, channel).
        with_it: Same shape.
        labels: Class numbers, int64, shape (n,); the attribute does not change them.
        indices: Positions in the source's own order, int64, shape (n,).
    """

    without: UInt8[np.ndarray, "n height width channel"]
    with_it: UInt8[np.ndarray, "n height width channel"]
    labels: Int64[np.ndarray, " n"]
    indices: Int64[np.ndarray, " n"]

    def __len__(self) -> int:
        """Return the number of pairs."""
        return len(self.labels)

    def of(self, labels: Sequence[int]) -> "ImagePairs":
        """Return the pairs of some classes."""
        chosen = np.isin(self.labels, list(labels))
        return ImagePairs(
            self.without[chosen], self.with_it[chosen], self.labels[chosen], self.indices[chosen]
        )
