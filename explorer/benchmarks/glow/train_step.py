"""The time of one training step: loss, backward pass and update, of all candidates in turns."""

__all__ = ["stepper"]

import itertools
from collections.abc import Callable

import torch

from explorer.benchmarks.glow.candidate import Candidate, optimiser_of
from explorer.protocol import Batch, Images
from explorer.train.precision import Precision, reduced
from explorer.train.recorded import Recorded, is_recordable

RATE = 1e-6
"""At a rate at which one learns, the random images let a deep, wide flow diverge."""


def stepper(candidate: Candidate, images: Images, precision: Precision) -> Callable[[], None]:
    """Return what does one training step.

    Args:
        candidate: Prepared.
        images: The batch; the noise is another each time.
        precision: "float32", or what `train.precision` may be. Peers are computed by torch's
            autocast, which is what their users have.
    """
    optimiser = optimiser_of(candidate, RATE)
    gradient = (_ours if candidate.name == "ours" else _peers)(candidate, images, precision)

    def step() -> None:
        gradient()
        optimiser.step()

    return step


def _ours(candidate: Candidate, images: Images, precision: Precision) -> Callable[[], None]:
    """Return what computes the gradient as `explorer.train.loop` does."""
    model, seeds = candidate.model, itertools.count()
    numbers = torch.zeros(len(images), dtype=torch.int64, device=images.device)
    batch = Batch(images, numbers, numbers)
    if is_recordable(model):
        with reduced(model, precision):
            recorded = Recorded(model, batch)

        def replay() -> None:
            with reduced(model, precision):
                recorded.gradient(batch, next(seeds))

        return replay

    generator = torch.Generator(images.device)

    def compute() -> None:
        model.zero_grad(set_to_none=True)
        with reduced(model, precision):
            candidate.bits(images, generator.manual_seed(next(seeds))).backward()

    return compute


def _peers(candidate: Candidate, images: Images, precision: Precision) -> Callable[[], None]:
    device = images.device.type
    generator = torch.Generator(device).manual_seed(0)

    def compute() -> None:
        candidate.model.zero_grad(set_to_none=True)
        with torch.autocast(device, torch.bfloat16, enabled=precision == "bfloat16"):
            loss = candidate.bits(images, generator)
        loss.backward()

    return compute
