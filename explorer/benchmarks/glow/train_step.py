"""The time of one training step: loss, backward pass and update, of all candidates in turns."""

__all__ = ["stepper"]

from collections.abc import Callable

import torch

from explorer.benchmarks.glow.candidate import Candidate, optimiser_of
from explorer.protocol import Images
from explorer.train.precision import Precision, reduced

RATE = 1e-4


def stepper(candidate: Candidate, images: Images, precision: Precision) -> Callable[[], None]:
    """Return what does one training step.

    Args:
        candidate: Prepared.
        images: The batch; the noise is another each time.
        precision: "float32", or what `train.precision` may be. Peers are computed by torch's
            autocast, which is what their users have.
    """
    device = images.device.type
    generator = torch.Generator(device).manual_seed(0)
    optimiser = optimiser_of(candidate, RATE)

    def step() -> None:
        optimiser.zero_grad(set_to_none=True)
        if candidate.name == "ours":
            with reduced(candidate.model, precision):
                candidate.bits(images, generator).backward()
        else:
            with torch.autocast(device, torch.bfloat16, enabled=precision == "bfloat16"):
                loss = candidate.bits(images, generator)
            loss.backward()
        optimiser.step()

    return step
