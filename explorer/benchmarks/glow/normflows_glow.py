"""The Glow that normflows offers: its `GlowBlock`s in its `MultiscaleFlow`."""

__all__ = ["normflows_glow"]

import warnings
from typing import Any, cast

import normflows
import torch
from torch import Tensor

from explorer.benchmarks.glow.candidate import Candidate, GlowShape


class _Normflows(Candidate):
    name = "normflows"

    def log_density(self, x: Tensor) -> Tensor:
        flow: Any = self.model
        return cast(Tensor, flow.log_prob(x, None))

    def there_and_back(self, x: Tensor) -> Tensor:
        flow: Any = self.model
        return cast(Tensor, flow.forward_and_log_det(flow.inverse_and_log_det(x)[0])[0])

    def draw(self, count: int) -> Tensor:
        flow: Any = self.model
        with torch.no_grad():
            return cast(Tensor, flow.sample(count)[0])


def normflows_glow(shape: GlowShape) -> Candidate:
    """Return its Glow of a shape; its levels are counted from the coarsest."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # it calls a function that torch will drop
        return _Normflows(_flow(shape), shape)


def _flow(shape: GlowShape) -> Any:
    bases, flows, merges = [], [], []
    for level in range(shape.levels):
        finer = shape.levels - level  # squeezes above it
        channels = shape.channels * 2 ** (finer + 1)
        blocks = [
            normflows.flows.GlowBlock(channels, shape.hidden, split_mode="channel", scale=True)
            for _ in range(shape.steps)
        ]
        flows.append([*blocks, normflows.flows.Squeeze()])
        side = shape.side // 2**finer
        if level:
            merges.append(normflows.flows.Merge())
            channels //= 2
        bases.append(normflows.distributions.DiagGaussian((channels, side, side)))
    return normflows.MultiscaleFlow(bases, flows, merges, class_cond=False)
