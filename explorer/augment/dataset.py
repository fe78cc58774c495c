"""Real images, some of them replaced by samples: for a data loader, or for whole batches.

Each element is replaced by itself, with a probability, and by a sample of its own class. The
draws follow from seed, epoch and element, so that any number of workers gives the same.
"""

__all__ = ["Augmented", "MixInBatch", "ReplaceInBatch"]

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from jaxtyping import Float, Int64
from torch import Tensor
from torch.nn import functional
from torch.utils.data import Dataset, get_worker_info

from explorer.augment.glico import Glico
from explorer.errors import ConfigError
from explorer.protocol import Images


class Augmented(Dataset[tuple[Any, Any]]):
    """A data set of (image, label) whose images are samples with a probability."""

    def __init__(
        self,
        dataset: Any,
        glico: Glico,
        *,
        probability: float = 0.5,
        seed: int = 0,
        transform: Callable[[Tensor], Any] | None = None,
    ) -> None:
        """Wrap a data set.

        Args:
            dataset: Has a length; gives (image, label): a tensor (channel, height, width) in
                [0, 1] of the samples' shape, and a label that `glico` was fitted to.
            glico: Fitted.
            probability: With which an element is replaced, 0 to 1.
            seed: Of all draws.
            transform: Applied to real images and samples alike, e.g. flips and normalisation.

        Raises:
            ConfigError: The probability is not in [0, 1].
        """
        _check(probability)
        self.dataset, self.glico = dataset, glico
        self.probability, self.seed, self.transform = probability, seed, transform
        # In shared memory: workers that live on see the next epoch too.
        self._epoch = torch.zeros(1, dtype=torch.int64).share_memory_()

    def set_epoch(self, epoch: int) -> None:
        """Take other draws from now on; without it every epoch replaces the same elements."""
        self._epoch[0] = epoch

    def __len__(self) -> int:
        """Return the length of the data set."""
        return len(self.dataset)

    def __getitem__(self, index: int) -> tuple[Any, Any]:
        """Return one element, real or a sample of its class.

        Raises:
            ConfigError: The image has another shape than the samples, or an unknown label.
        """
        image, label = self.dataset[index]
        _check_shape(image, self.glico)
        chance = np.random.default_rng([self.seed, int(self._epoch[0]), index])
        if chance.random() < self.probability:
            image = self.glico.sample_for(self.glico.numbers([label]), chance)[0].to(image.dtype)
        return (image if self.transform is None else self.transform(image)), label


class ReplaceInBatch:
    """Takes batches of images and labels; some images leave as samples of their class."""

    def __init__(self, glico: Glico, *, probability: float = 0.5, seed: int = 0) -> None:
        """Choose how many are replaced.

        Args:
            glico: Fitted.
            probability: With which an element is replaced, 0 to 1.
            seed: Of all draws; each batch, and each worker of a loader, draws its own.

        Raises:
            ConfigError: The probability is not in [0, 1].
        """
        _check(probability)
        self.glico = glico
        self._chance = _BatchChance(probability, seed)

    def __call__(self, images: Images, labels: Any) -> tuple[Images, Any]:
        """Return the batch with some images replaced; labels stay.

        Args:
            images: Shape (batch, channel, height, width), [0, 1], of the samples' shape.
            labels: One an image, of those that were fitted.

        Raises:
            ConfigError: The images have another shape than the samples, or an unknown label.
        """
        if len(images):
            _check_shape(images[0], self.glico)
        numbers = self.glico.numbers(labels)
        chance, chosen = self._chance.next(len(images))
        if not len(chosen):
            return images, labels
        made = self.glico.sample_for(numbers[chosen], chance)
        replaced = images.clone()
        replaced[torch.from_numpy(chosen)] = made.to(images)
        return replaced, labels


class MixInBatch:
    """Takes batches; some images leave as samples between two classes, with labels in shares."""

    def __init__(
        self, glico: Glico, *, probability: float = 0.5, seed: int = 0, residual: bool = False
    ) -> None:
        """Choose how many are replaced.

        Args:
            glico: Fitted.
            probability: With which an element is replaced, 0 to 1.
            seed: Of all draws; each batch, and each worker of a loader, draws its own.
            residual: As in `Glico.sample_soft`.

        Raises:
            ConfigError: The probability is not in [0, 1].
        """
        _check(probability)
        self.glico, self.residual = glico, residual
        self._chance = _BatchChance(probability, seed)

    def __call__(
        self, images: Images, labels: Any
    ) -> tuple[Images, Float[Tensor, "batch classes"]]:
        """Return the batch with some images replaced, and the share of each class.

        Args:
            images: Shape (batch, channel, height, width), [0, 1], of the samples' shape.
            labels: One an image, of those that were fitted.

        Raises:
            ConfigError: The images have another shape than the samples, or an unknown label.
            DataError: There is a single class.
        """
        if len(images):
            _check_shape(images[0], self.glico)
        numbers = self.glico.numbers(labels)
        shares = functional.one_hot(torch.from_numpy(numbers), len(self.glico.classes)).float()
        chance, chosen = self._chance.next(len(images))
        if not len(chosen):
            return images, shares.to(images.device)
        made, mixed = self.glico.soft_for(numbers[chosen], chance, residual=self.residual)
        replaced, rows = images.clone(), torch.from_numpy(chosen)
        replaced[rows] = made.to(images)
        shares[rows] = mixed
        return replaced, shares.to(images.device)


class _BatchChance:
    """The draws of one batch after the other, different ones in each worker of a loader."""

    def __init__(self, probability: float, seed: int) -> None:
        self.probability, self.seed = probability, seed
        self._batches = 0

    def next(self, count: int) -> tuple[np.random.Generator, Int64[np.ndarray, " chosen"]]:
        """Return the next batch's source of draws, and which of its elements are replaced."""
        worker = get_worker_info()
        place = 0 if worker is None else 1 + worker.id
        chance = np.random.default_rng([self.seed, place, self._batches])
        self._batches += 1
        return chance, np.flatnonzero(chance.random(count) < self.probability)


def _check(probability: float) -> None:
    if not 0 <= probability <= 1:
        raise ConfigError(f"probability is {probability}; it must lie in [0, 1].")


def _check_shape(image: Any, glico: Glico) -> None:
    shape = tuple(image.shape) if isinstance(image, Tensor) else None
    if shape != glico.image_shape:
        raise ConfigError(
            f"An image is {shape or type(image).__name__}; samples are tensors of shape "
            f"{glico.image_shape}. Bring the data to that shape first, and normalise afterwards."
        )
