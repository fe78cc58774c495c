"""All that changes while a model is fitted, and is saved to go on from."""

__all__ = ["TrainState"]

from dataclasses import dataclass

import torch
from torch import nn


@dataclass(slots=True)
class TrainState:
    """All that changes while a model is fitted.

    Attributes:
        model: The weights that are optimised.
        average: Their exponential moving average: what is shown, judged and kept.
        optimiser: Adam with its moments.
        step: Number of updates done.
        seconds: Time spent on them, over all sittings.
        processes: How many fit it together.
    """

    model: nn.Module
    average: nn.Module
    optimiser: torch.optim.Optimizer
    step: int = 0
    seconds: float = 0.0
    processes: int = 1
