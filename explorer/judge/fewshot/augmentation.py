"""Standard augmentation of a batch, and the two ways to mix a batch with itself.

Every call draws the same amount of random numbers whatever the images are, so that all arms of a
seed see the same shifts and flips.
"""

__all__ = ["augmented", "mixed"]

import math
from typing import Literal

import torch
from jaxtyping import Float, Int64
from torch import Generator, Tensor
from torch.nn import functional
from torchvision.transforms import v2

from explorer.judge.fewshot.settings import AugmentationSettings
from explorer.protocol import Images, PerSample

MIXUP_ALPHA = 0.4

Targets = Float[Tensor, "batch classes"]


def augmented(images: Images, settings: AugmentationSettings, generator: Generator) -> Images:
    """Return each image changed at random: mirrored, moved, turned, brightened, erased.

    Before that, some get one operation of TrivialAugment at a random strength.

    Args:
        images: Shape (batch, channel, height, width), [0, 1].
        settings: How much.
        generator: Source of the draws, on the CPU.

    Returns:
        Same shape, [0, 1].

    Source:
        Müller and Hutter, TrivialAugment, ICCV 2021, with torchvision's wide space.
    """
    draws = torch.rand(len(images), 12, generator=generator)
    seeds = torch.randint(2**62, (len(images),), generator=generator)
    images = _trivial(images, settings.trivial, seeds)
    moved = _moved(images, settings, draws)
    signed = (2 * draws[:, 5:10] - 1).to(images.device)
    gain = (settings.intensity * signed[:, :1] + settings.colour * signed[:, 2:]).exp()
    gain = gain[:, : images.shape[1], None, None]
    gamma = (settings.intensity * signed[:, 1]).exp()[:, None, None, None]
    changed = (moved.clamp(1e-4, 1) ** gamma * gain).clamp(0, 1)
    return _erased(changed, settings, draws[:, 9:])


def mixed(
    images: Images, targets: Targets, way: Literal["mixup", "cutmix"], generator: Generator
) -> tuple[Images, Targets]:
    """Return each image mixed with another of the batch, and the labels in the same shares.

    Source:
        Zhang et al., mixup, ICLR 2018; Yun et al., CutMix, ICCV 2019.
    """
    order = torch.randperm(len(images), generator=generator).to(images.device)
    draws = torch.rand(len(images), 4, generator=generator)
    if way == "cutmix":
        mask = _squares(images, draws[:, 0].sqrt(), draws[:, 1], draws[:, 2])
        share = 1 - mask.float().mean((1, 2, 3))
        blended = torch.where(mask, images[order], images)
    else:
        share = _beta(MIXUP_ALPHA, len(images), generator).to(images)
        weight = share[:, None, None, None]
        blended = weight * images + (1 - weight) * images[order]
    return blended, share[:, None] * targets + (1 - share[:, None]) * targets[order]


def _trivial(images: Images, share: float, seeds: Int64[Tensor, " batch"]) -> Images:
    """Apply one operation to a share of the images, each by its own seed."""
    chosen = torch.nonzero(seeds < share * 2.0**62).flatten().tolist()
    if not chosen:
        return images
    operation = v2.TrivialAugmentWide()
    pixels = (images[chosen] * 255).round().to(torch.uint8)
    made = []
    with torch.random.fork_rng(devices=[]):
        for one, seed in zip(pixels, seeds[chosen].tolist(), strict=True):
            torch.manual_seed(seed)
            made.append(operation(one))
    changed = images.clone()
    changed[chosen] = torch.stack(made).to(images) / 255
    return changed


def _moved(
    images: Images, settings: AugmentationSettings, draws: Float[Tensor, "batch 12"]
) -> Images:
    """Mirror, move by whole pixels, turn and magnify, in one interpolation."""
    side = images.shape[-1]
    signed = 2 * draws - 1
    angle = math.radians(settings.rotation) * signed[:, 3]
    scale = (-settings.zoom * signed[:, 4]).exp()
    mirror = torch.where(draws[:, 0] < 0.5, -1.0, 1.0) if settings.flip else torch.ones(len(draws))
    steps = (draws[:, 1:3] * (2 * settings.shift + 1)).floor() - settings.shift
    cosine, sine = scale * angle.cos(), scale * angle.sin()
    matrix = torch.stack(
        [
            torch.stack([cosine * mirror, -sine, 2 * steps[:, 0] / side], 1),
            torch.stack([sine * mirror, cosine, 2 * steps[:, 1] / side], 1),
        ],
        1,
    ).to(images)
    grid = functional.affine_grid(matrix, list(images.shape), align_corners=False)
    return functional.grid_sample(images, grid, padding_mode="border", align_corners=False)


def _erased(
    images: Images, settings: AugmentationSettings, draws: Float[Tensor, "batch 3"]
) -> Images:
    """Replace a square of some images by their mean colour."""
    side = torch.full((len(images),), settings.erased_side)
    side[draws[:, 0] >= settings.erasing] = 0
    mask = _squares(images, side, draws[:, 1], draws[:, 2])
    return torch.where(mask, images.mean((2, 3), keepdim=True), images)


def _squares(images: Images, side: PerSample, left: PerSample, top: PerSample) -> Tensor:
    """Return masks of squares inside the image, shape (batch, 1, height, width).

    Args:
        images: Give the shape.
        side: Of each square, as a share of the image's.
        left: Its place in the free space, [0, 1].
        top: The same.
    """
    wide = images.shape[-1]
    pixels = (side * wide).round()
    place = torch.arange(wide)
    columns, rows = (((wide - pixels) * share).floor()[:, None] for share in (left, top))
    inside = [(place >= start) & (place < start + pixels[:, None]) for start in (columns, rows)]
    return (inside[1][:, :, None] & inside[0][:, None, :])[:, None].to(images.device)


def _beta(alpha: float, count: int, generator: Generator) -> PerSample:
    """Draw from Beta(alpha, alpha), alpha below 1, by Jöhnk's method with a fixed draw count."""
    tries = torch.rand(64, 2, count, generator=generator).double() ** (1 / alpha)
    total = tries.sum(1)
    first = (total <= 1).to(torch.int8).argmax(0)
    chosen = tries[first, :, torch.arange(count)]
    return (chosen[:, 0] / chosen.sum(1)).float()
