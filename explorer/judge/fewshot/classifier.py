"""Train a classifier on one subset as an arm says, and count what it gets right.

Subset, weights, order of the labelled images, and the shifts and flips of the augmentation follow
from the seed alone: in these the arms of a seed do not differ.
"""

__all__ = ["score", "train_arm"]

import contextlib
import math
from collections.abc import Callable, Iterator

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn
from torch.nn import functional

from explorer.data.labelled import LabelledImages
from explorer.judge.fewshot.arms import Arm
from explorer.judge.fewshot.batches import draw_batches
from explorer.judge.fewshot.chance import source_of
from explorer.judge.fewshot.networks import build_network
from explorer.judge.fewshot.pools import Pool
from explorer.judge.fewshot.settings import ClassifierSettings, FewshotSettings
from explorer.judge.pictures import image_batches
from explorer.protocol import Images

WARM_UP = 0.05


def train_arm(
    data: LabelledImages,
    arm: Arm,
    pool: Pool | None,
    settings: FewshotSettings,
    *,
    seed: int,
    device: str = "cpu",
) -> nn.Module:
    """Return a classifier of the labelled images, trained on them and on an arm's made images.

    Args:
        data: The labelled images, all that is known.
        arm: Augmentation and mixing.
        pool: Made images in the order of `data`; None where the arm has none.
        settings: Classifier and augmentation.
        seed: Of every draw.
        device: Where to compute.
    """
    chosen = settings.classifier
    shape = (data.images.shape[3], *data.images.shape[1:3])
    network = build_network(chosen, shape, len(data.class_names), source_of(seed, "init"))
    network.to(device).to(memory_format=torch.channels_last).train()
    optimiser = _optimiser(network, chosen)
    rate = torch.optim.lr_scheduler.LambdaLR(optimiser, _schedule(chosen.steps))
    splits = arm.recipe is not None and arm.recipe.split
    for batch in draw_batches(data, arm, pool, settings, seed=seed):
        images = batch.images.to(device, memory_format=torch.channels_last)
        logits = _logits(network, images, batch.is_made if splits else None)
        loss = functional.cross_entropy(
            logits, batch.targets.to(device), label_smoothing=chosen.smoothing
        )
        optimiser.zero_grad()
        torch.autograd.backward(loss)
        optimiser.step()
        rate.step()
    return network.eval()


@torch.no_grad()
def score(network: nn.Module, data: LabelledImages, device: str = "cpu") -> float:
    """Return the share of images whose most probable class is theirs."""
    parts = [network(images.to(device)).argmax(1).cpu() for images in image_batches(data)]
    return float((torch.cat(parts) == torch.from_numpy(data.labels)).double().mean())


def _logits(
    network: nn.Module, images: Images, is_made: Bool[Tensor, " batch"] | None
) -> Float[Tensor, "batch classes"]:
    """Return the logits; made images are normalised among themselves and leave no statistics."""
    if is_made is None or not is_made.any():
        logits: Tensor = network(images)
        return logits
    apart = is_made.to(images.device)
    parts = {made: images[apart == made] for made in (False, True)}
    with _unrecorded(network):
        of_made: Tensor = network(parts[True])
    found = of_made.new_empty(len(images), of_made.shape[1])
    found[apart] = of_made
    if len(parts[False]):
        found[~apart] = network(parts[False])
    return found


@contextlib.contextmanager
def _unrecorded(network: nn.Module) -> Iterator[None]:
    """Keep the running statistics of normalisations as they are."""
    layers = [one for one in network.modules() if isinstance(one, nn.BatchNorm2d)]
    usual = [one.momentum for one in layers]
    for one in layers:
        one.momentum = 0.0
    try:
        yield
    finally:
        for one, momentum in zip(layers, usual, strict=True):
            one.momentum = momentum


def _optimiser(network: nn.Module, settings: ClassifierSettings) -> torch.optim.Optimizer:
    matrices = [one for one in network.parameters() if one.ndim > 1]
    others = [one for one in network.parameters() if one.ndim <= 1]
    groups = [
        {"params": matrices, "weight_decay": settings.weight_decay},
        {"params": others, "weight_decay": 0.0},
    ]
    if settings.optimiser == "sgd":
        return torch.optim.SGD(groups, lr=settings.learning_rate, momentum=0.9, nesterov=True)
    return torch.optim.AdamW(groups, lr=settings.learning_rate, betas=(0.9, 0.99), fused=True)


def _schedule(steps: int) -> Callable[[int], float]:
    """Return the share of the rate at a step: a linear warm-up, then a cosine to 0."""
    warm = max(1, round(WARM_UP * steps))

    def share(step: int) -> float:
        if step < warm:
            return (step + 1) / warm
        return 0.5 + 0.5 * math.cos(math.pi * (step - warm) / max(1, steps - warm))

    return share
