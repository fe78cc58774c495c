"""Fit any model: optimiser, schedule, averaged weights, non-finite steps. Knows no model.

Every random draw follows from (seed, step) or (seed, epoch) alone, so the position in the data
and the noise need no state: a run that goes on from a saved step is the run that never stopped.
"""

__all__ = ["Progress", "TrainState", "batch_positions", "fit", "learning_rate", "start"]

import copy
import math
import time
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, cast

import numpy as np
import torch
from jaxtyping import Int64
from torch import nn

from explorer.data.labelled import LabelledImages
from explorer.errors import TrainingError
from explorer.protocol import Batch, GenerativeModel
from explorer.settings import TrainSettings


@dataclass(slots=True)
class TrainState:
    """All that changes while a model is fitted.

    Attributes:
        model: The weights that are optimised.
        average: Their exponential moving average: what is shown, judged and kept.
        optimiser: Adam with its moments.
        step: Number of updates done.
        seconds: Time spent on them, over all sittings.
    """

    model: nn.Module
    average: nn.Module
    optimiser: torch.optim.Optimizer
    step: int = 0
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Progress:
    """What one update did.

    Attributes:
        step: Updates done, counting this one.
        seconds: Time spent on all updates.
        learning_rate: Rate of this update, before a group's own scale.
        gradient_norm: Norm before clipping; NaN or infinite if the update was skipped.
        skipped: Whether the update was left out because something was not finite.
        terms: Loss terms by name.
    """

    step: int
    seconds: float
    learning_rate: float
    gradient_norm: float
    skipped: bool
    terms: dict[str, float]


def start(model: nn.Module, data: LabelledImages, settings: TrainSettings) -> TrainState:
    """Prepare a new model on its data and return the state before the first update.

    Args:
        model: Meets `GenerativeModel`; already on its device.
        data: The training images.
        settings: How to fit.
    """
    trained = cast(GenerativeModel, model)
    trained.prepare(_whole_set(data, settings, _device(model)))
    return TrainState(model, averaged(model), optimiser_of(model, settings))


def averaged(model: nn.Module) -> nn.Module:
    """Return a copy of the model that takes part in no gradient."""
    return copy.deepcopy(model).requires_grad_(False).eval()


def optimiser_of(model: nn.Module, settings: TrainSettings) -> torch.optim.Optimizer:
    """Return Adam over the model's groups; each group keeps its "lr_scale"."""
    groups = cast(GenerativeModel, model).parameter_groups()
    return torch.optim.Adam(groups, lr=0.0, betas=(settings.beta1, settings.beta2), fused=True)


def fit(state: TrainState, data: LabelledImages, settings: TrainSettings) -> Iterator[Progress]:
    """Update the state until `settings.steps`, yielding after each update.

    Raises:
        TrainingError: More than `settings.max_skipped` updates in a row were not finite.
    """
    model = cast(GenerativeModel, state.model)
    device = _device(state.model)
    in_a_row = 0
    state.model.train()
    while state.step < settings.steps:
        began = time.monotonic()
        positions = batch_positions(len(data), state.step, settings)
        rate = learning_rate(state.step, settings)
        generator = torch.Generator(device).manual_seed(_seed(settings.seed, state.step))
        terms = model.loss(_to(data.batch(positions), device), generator=generator)
        norm = _update(state, terms["total"], rate, settings)
        skipped = not math.isfinite(norm)
        in_a_row = in_a_row + 1 if skipped else 0
        state.step += 1
        if in_a_row > settings.max_skipped:
            raise TrainingError(
                f"{in_a_row} updates in a row were not finite, the last at step {state.step} "
                f"(learning rate {rate:.2g}, images {positions[:8].tolist()}...). "
                "Lower train.learning_rate or raise train.warmup_steps and resume."
            )
        if not skipped:
            model.after_step()
            _average(state, settings)
        state.seconds += time.monotonic() - began
        values = {name: value.item() for name, value in terms.items()}
        yield Progress(state.step, state.seconds, rate, norm, skipped, values)


def _update(state: TrainState, total: torch.Tensor, rate: float, settings: TrainSettings) -> float:
    """Do one update unless loss or gradient is not finite; return the gradient's norm."""
    state.optimiser.zero_grad(set_to_none=True)
    total.backward()
    parameters = [p for group in state.optimiser.param_groups for p in group["params"]]
    norm = nn.utils.clip_grad_norm_(parameters, settings.gradient_clip).item()
    if not math.isfinite(norm) or not math.isfinite(total.item()):
        return math.nan
    for group in state.optimiser.param_groups:
        group["lr"] = rate * group["lr_scale"]
    state.optimiser.step()
    return norm


@torch.no_grad()
def _average(state: TrainState, settings: TrainSettings) -> None:
    decay = min(settings.ema_decay, (1 + state.step) / (10 + state.step))
    averages: list[torch.Tensor] = list(state.average.parameters())
    values: list[torch.Tensor] = list(state.model.parameters())
    torch._foreach_lerp_(averages, values, 1 - decay)
    for average, value in zip(state.average.buffers(), state.model.buffers(), strict=True):
        average.copy_(value)
    cast(GenerativeModel, state.average).after_step()


def learning_rate(step: int, settings: TrainSettings) -> float:
    """Return the rate of update number `step` (from 0): linear warm-up, then half a cosine.

    Example:
        >>> settings = TrainSettings(steps=100, learning_rate=1.0, warmup_steps=10, final_rate=0.0)
        >>> [round(learning_rate(step, settings), 2) for step in (0, 9, 54, 99)]
        [0.1, 1.0, 0.52, 0.0]
    """
    if step < settings.warmup_steps:
        return settings.learning_rate * (step + 1) / settings.warmup_steps
    done = (step - settings.warmup_steps) / max(1, settings.steps - settings.warmup_steps)
    share = settings.final_rate + (1 - settings.final_rate) * 0.5 * (1 + math.cos(math.pi * done))
    return settings.learning_rate * share


def batch_positions(count: int, step: int, settings: TrainSettings) -> Int64[np.ndarray, " b"]:
    """Return which images update number `step` sees: a new random order each epoch."""
    first = step * settings.batch_size
    drawn = range(first, first + settings.batch_size)
    return np.array([_order(count, settings.seed, k // count)[k % count] for k in drawn])


@lru_cache(maxsize=2)
def _order(count: int, seed: int, epoch: int) -> Int64[np.ndarray, " count"]:
    return np.random.default_rng([seed, epoch]).permutation(count).astype(np.int64)


def _whole_set(
    data: LabelledImages, settings: TrainSettings, device: torch.device
) -> Iterator[Batch]:
    order = np.random.default_rng([settings.seed]).permutation(len(data)).astype(np.int64)
    for first in range(0, len(data), settings.init_images):
        yield _to(data.batch(order[first : first + settings.init_images]), device)


def _seed(seed: int, step: int) -> int:
    """Return one 63-bit seed of two numbers; neighbouring steps get unrelated ones."""
    return int(np.random.SeedSequence([seed, step]).generate_state(1, np.uint64)[0] >> 1)


def _device(model: nn.Module) -> torch.device:
    return next(model.parameters()).device


def _to(batch: Batch, device: torch.device) -> Batch:
    parts: Any = (batch.images.to(device), batch.labels.to(device), batch.indices.to(device))
    return Batch(*parts)
