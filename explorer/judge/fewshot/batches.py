"""The images of every update: labelled ones, some of them replaced by made ones, all augmented.

Which labelled images come, how they are shifted and which are replaced does not depend on what
replaces them: arms of a seed differ in nothing else.
"""

__all__ = ["TrainingBatch", "draw_batches"]

import itertools
from collections.abc import Iterator
from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float
from torch import Generator, Tensor
from torch.nn import functional

from explorer.data.images import to_images
from explorer.data.labelled import LabelledImages
from explorer.judge.fewshot.arms import ANNEALED, Arm, Recipe
from explorer.judge.fewshot.augmentation import augmented, mixed
from explorer.judge.fewshot.chance import source_of
from explorer.judge.fewshot.pools import Pool
from explorer.judge.fewshot.settings import FewshotSettings
from explorer.protocol import Images, PerSample

MOST_AT_ONCE = 32
"""Updates whose images are made together: a third of the time of one after the other."""

MOST_VALUES = 2**21
"""Of all these images, so that large ones fit the memory."""


@dataclass(frozen=True, slots=True)
class TrainingBatch:
    """What one update sees.

    Attributes:
        images: Shape (batch, channel, height, width), [0, 1].
        targets: Shares of the classes.
        is_made: Which images are made ones.
    """

    images: Images
    targets: Float[Tensor, "batch classes"]
    is_made: Bool[Tensor, " batch"]


def draw_batches(
    data: LabelledImages, arm: Arm, pool: Pool | None, settings: FewshotSettings, *, seed: int
) -> Iterator[TrainingBatch]:
    """Yield the batch of each update.

    Args:
        data: The labelled images.
        arm: Augmentation and mixing.
        pool: Made images in the order of `data`; None where the arm has none.
        settings: Number and size of the batches, and the augmentation.
        seed: Of every draw.
    """
    size, steps = settings.classifier.batch_size, settings.classifier.steps
    labelled = _Labelled(data)
    many = max(1, min(MOST_AT_ONCE, MOST_VALUES // (size * labelled.images[0].numel())))
    sources = {use: source_of(seed, use) for use in ("order", "augment", "made", "mixing")}
    for first in range(0, steps, many):
        rows = labelled.next_rows(many * size, sources["order"])
        done = (first + torch.arange(many).repeat_interleave(size)) / steps
        block = labelled.with_made(rows, done, arm.recipe, pool, sources["made"])
        images, targets, is_made = block
        if arm.standard:
            changed = augmented(images, settings.augmentation, sources["augment"])
            stays = is_made & (arm.recipe is not None and not arm.recipe.augmented)
            images = torch.where(stays[:, None, None, None], images, changed)
        if arm.mixing:
            images, targets = mixed(images, targets, arm.mixing, sources["mixing"])
        parts = zip(images.split(size), targets.split(size), is_made.split(size), strict=True)
        for part in itertools.islice(parts, steps - first):
            yield TrainingBatch(*part)


class _Labelled:
    """The labelled images in a random order without end."""

    def __init__(self, data: LabelledImages) -> None:
        self.images = to_images(data.images)
        known = torch.from_numpy(data.labels)
        self.targets = functional.one_hot(known, len(data.class_names)).float()
        self._waiting = torch.zeros(0, dtype=torch.int64)

    def next_rows(self, count: int, source: Generator) -> Tensor:
        """Return the next positions; each image comes once before any comes again."""
        while len(self._waiting) < count:
            order = torch.randperm(len(self.images), generator=source)
            self._waiting = torch.cat([self._waiting, order])
        rows, self._waiting = self._waiting[:count], self._waiting[count:]
        return rows

    def with_made(
        self,
        rows: Tensor,
        done: PerSample,
        recipe: Recipe | None,
        pool: Pool | None,
        source: Generator,
    ) -> tuple[Images, Float[Tensor, "batch classes"], Bool[Tensor, " batch"]]:
        """Return these images, of which a share is replaced by ones made from them."""
        images, targets = self.images[rows], self.targets[rows]
        is_made = torch.zeros(len(rows), dtype=torch.bool)
        if pool is not None and recipe is not None:
            chance = torch.rand(2, len(rows), generator=source)
            is_made = chance[0] < _share(recipe, done)
            per_anchor = len(pool.targets) // len(self.images)
            taken = (rows * per_anchor + (chance[1] * per_anchor).long())[is_made]
            images[is_made] = to_images(pool.images[taken.numpy()])
            targets[is_made] = pool.targets[taken]
        return images, targets, is_made


def _share(recipe: Recipe, done: PerSample) -> PerSample:
    """Return the share of made images when this share of the updates is done."""
    left = (1 - done / ANNEALED).clamp(min=0) if recipe.annealed else torch.ones_like(done)
    return recipe.share * left
