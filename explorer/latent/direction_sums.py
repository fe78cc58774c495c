"""Sums of latents by class and attribute, from which directions follow; one pass, any count."""

__all__ = ["DirectionSums"]

import numpy as np
import scipy.sparse
import torch
from jaxtyping import Bool, Float64
from torch import Tensor

from explorer.errors import DataError
from explorer.protocol import Labels, Latents


class DirectionSums:
    """Sums from which every direction follows; one pass, memory independent of the image count.

    A batch costs two products with one sparse matrix: its rows stand for the pairs of a class and
    an attribute that occur, its columns for the images. There is no loop over either, and no
    multiplication with the zeros of other classes.

    Attributes:
        class_counts: Images of each class, float64, shape (class,).
        class_sums: Sum of their latents, float64, shape (class, dim).
        joint_counts: Images of the class with the attribute, float64, shape (class, attribute).
        joint_sums: Sum of their latents, float64, shape (class, attribute, dim).
        class_pairs: Images of the class with both attributes, float64, shape
            (class, attribute, attribute).
    """

    def __init__(self, num_attributes: int, dim: int, num_classes: int) -> None:
        """Start from nothing: no image seen."""
        # A column of ones before the attributes makes the sums over a class one more attribute.
        self._columns = 1 + num_attributes
        shape = (num_classes, self._columns)
        self._sums = torch.zeros(*shape, dim, dtype=torch.float64)
        self._pairs = torch.zeros(*shape, self._columns, dtype=torch.float64)
        self.class_counts = self._pairs[:, 0, 0]
        self.class_sums = self._sums[:, 0]
        self.joint_counts = self._pairs[:, 0, 1:]
        self.joint_sums = self._sums[:, 1:]
        self.class_pairs = self._pairs[:, 1:, 1:]

    def update(
        self, latents: Latents, attributes: Bool[Tensor, "batch attribute"], labels: Labels
    ) -> None:
        """Add a batch.

        Args:
            latents: Float, shape (batch, dim).
            attributes: Whether the image has the attribute, shape (batch, attribute).
            labels: Class numbers, shape (batch,). Any finer grouping serves as well.

        Raises:
            DataError: A latent is not finite, a label is not a class number, or the attributes
                are not true or false; nothing is added.
        """
        z = latents.detach().to(device="cpu", dtype=torch.float64)
        labels = labels.cpu()
        self._check(z, attributes, labels)
        ones = torch.ones(len(z), 1, dtype=torch.bool)
        x = torch.cat([ones, attributes.cpu()], dim=1).numpy()
        image, column = np.nonzero(x)
        keys = labels.numpy()[image] * self._columns + column
        groups, row = np.unique(keys, return_inverse=True)
        members = scipy.sparse.csr_matrix(
            (np.ones(len(image)), (row, image)), shape=(len(groups), len(z))
        )
        places = torch.from_numpy(groups)
        for total, values in ((self._sums, z.numpy()), (self._pairs, x.astype(np.float64))):
            added = torch.from_numpy(members @ values)
            total.flatten(0, 1).index_add_(0, places, added)

    @property
    def count(self) -> float:
        """Images seen."""
        return float(self.class_counts.sum())

    @property
    def positives(self) -> Float64[Tensor, " attribute"]:
        """Images with each attribute."""
        return self.joint_counts.sum(0)

    @property
    def negatives(self) -> Float64[Tensor, " attribute"]:
        """Images without each attribute."""
        return self.count - self.positives

    @property
    def pairs(self) -> Float64[Tensor, "attribute attribute"]:
        """Images with both attributes."""
        return self.class_pairs.sum(0)

    def _check(self, z: Tensor, attributes: Tensor, labels: Tensor) -> None:
        # A sum is finite only if all of it is, and costs a tenth of asking each number.
        if not torch.isfinite(z.sum()):
            raise DataError(
                "A latent is not finite, so no direction can be found. "
                "Check the model: its training may have failed."
            )
        if attributes.dtype != torch.bool:
            raise DataError(
                f"The attributes are {attributes.dtype}, where images with a missing label "
                "(NaN) could hide; true or false is expected. Leave such images out."
            )
        allowed = len(self.class_counts)
        bad = labels[(labels < 0) | (labels >= allowed)]
        if len(bad) > 0:
            raise DataError(f"Label {int(bad[0])} is not a class; {allowed} classes are known.")
