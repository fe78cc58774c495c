"""Fit a GLICO to the images of one subset, quickly and without a folder on disk."""

__all__ = ["fit_generator", "psnr"]

import math
from collections.abc import Callable

import numpy as np
import torch
from pydantic import ValidationError
from torch import Tensor

from explorer.data.labelled import LabelledImages
from explorer.errors import TrainingError
from explorer.judge.fewshot.chance import source_of
from explorer.judge.fewshot.settings import GeneratorSettings
from explorer.judge.pictures import in_batches
from explorer.models.glico import Glico, GlicoSettings
from explorer.protocol import Batch
from explorer.settings import config_error, setting_names

FINAL_RATE = 0.02
BETAS = (0.5, 0.99)


def fit_generator(
    labelled: LabelledImages,
    settings: GeneratorSettings,
    *,
    seed: int,
    unlabelled: LabelledImages | None = None,
    device: str = "cpu",
    after_step: Callable[[int, Glico], None] | None = None,
) -> Glico:
    """Fit codes and generator to labelled images and, in the transductive mode, to others.

    Args:
        labelled: The subset; its rows are the model's first codes, in order.
        settings: Model and optimiser.
        seed: Of the weights and the batches.
        unlabelled: Further images that are reconstructed only; their labels are not read.
        device: Where to compute.
        after_step: Told the updates done, e.g. to measure; None to tell nobody.

    Raises:
        ConfigError: A setting of the model is wrong.
        TrainingError: The loss is not finite.
    """
    config = _checked(settings)
    data = labelled if unlabelled is None else _joined(labelled, unlabelled)
    order = source_of(seed, "generator order")
    noise = torch.Generator(device).manual_seed(source_of(seed, "generator").initial_seed())
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(source_of(seed, "generator").initial_seed())
        model = Glico(config, data.info).to(device)
    model.prepare([_on(data.batch(np.arange(len(data))), device)])
    model.to(memory_format=torch.channels_last)
    groups = [
        {"params": group["params"], "lr": settings.learning_rate * group["lr_scale"]}
        for group in model.parameter_groups()
    ]
    optimiser = torch.optim.Adam(groups, betas=BETAS, fused=True)
    rate = torch.optim.lr_scheduler.LambdaLR(optimiser, _schedule(settings))
    waiting = torch.zeros(0, dtype=torch.int64)
    for step in range(settings.steps):
        while len(waiting) < min(settings.batch_size, len(data)):
            waiting = torch.cat([waiting, torch.randperm(len(data), generator=order)])
        chosen, waiting = waiting[: settings.batch_size], waiting[settings.batch_size :]
        loss = _loss(model, data, chosen, len(labelled), noise)
        if not torch.isfinite(loss):
            raise TrainingError(f"The generator's loss is {loss.item()} at step {step}.")
        optimiser.zero_grad()
        torch.autograd.backward(loss)
        optimiser.step()
        rate.step()
        model.after_step()
        if after_step is not None:
            after_step(step + 1, model)
    return model.eval()


@torch.no_grad()
def psnr(model: Glico, data: LabelledImages) -> float:
    """Return how well the first codes reproduce the images: decibels of the mean square error."""
    images = data.batch(np.arange(len(data))).images
    codes = model.codes.detach()[: len(data)]
    found = torch.cat([model.decode(part) for part in in_batches(codes)]).cpu()
    return -10 * math.log10(float((found - images).square().mean()))


def _loss(
    model: Glico, data: LabelledImages, chosen: Tensor, labelled: int, noise: torch.Generator
) -> Tensor:
    """Return all terms for labelled rows, and those of reconstruction for the others."""
    device = str(model.codes.device)
    weights = (model.settings.reconstruction_weight, model.settings.perceptual_weight)
    total = torch.zeros((), device=device)
    for rows, has_labels in ((chosen[chosen < labelled], True), (chosen[chosen >= labelled], 0)):
        if len(rows):
            terms = model.loss(_on(data.batch(rows.numpy()), device), generator=noise)
            pixels = weights[0] * terms["reconstruction"] + weights[1] * terms["perceptual"]
            total = total + (terms["total"] if has_labels else pixels) * len(rows) / len(chosen)
    return total


def _schedule(settings: GeneratorSettings) -> Callable[[int], float]:
    def cosine(step: int) -> float:
        done = 0.5 + 0.5 * math.cos(math.pi * step / settings.steps)
        return FINAL_RATE + (1 - FINAL_RATE) * done

    def halving(step: int) -> float:
        return float(0.5 ** (3 * step // settings.steps))

    return cosine if settings.schedule == "cosine" else halving


def _joined(labelled: LabelledImages, others: LabelledImages) -> LabelledImages:
    """Return both, the others in a class of their own, so that no label of theirs is used."""
    extra = np.full(len(others), len(labelled.class_names), dtype=np.int64)
    return LabelledImages(
        name=labelled.name,
        images=np.concatenate([labelled.images, others.images]),
        labels=np.concatenate([labelled.labels, extra]),
        class_names=(*labelled.class_names, "unlabelled"),
        indices=np.arange(len(labelled) + len(others), dtype=np.int64),
    )


def _checked(settings: GeneratorSettings) -> GlicoSettings:
    try:
        return GlicoSettings.model_validate(settings.config)
    except ValidationError as error:
        known = setting_names(GlicoSettings)
        raise config_error(error, where="generator.config", known=known) from None


def _on(batch: Batch, device: str) -> Batch:
    return Batch(batch.images.to(device), batch.labels.to(device), batch.indices.to(device))
