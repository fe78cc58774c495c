"""Fit any model: optimiser, schedule, averaged weights, non-finite steps. Knows no model.

Every random draw follows from (seed, step) or (seed, epoch) alone, so the position in the data
and the noise need no state: a run that goes on from a saved step is the run that never stopped.
"""

__all__ = [
    "Progress",
    "TrainState",
    "batch_positions",
    "fit",
    "fresh_state",
    "learning_rate",
    "start",
]

import copy
import math
import time
from collections.abc import Iterator
from contextlib import nullcontext
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
from explorer.train.checkpoint import check_finite
from explorer.train.group import ALONE, Group
from explorer.train.precision import reduced
from explorer.train.recorded import is_recordable, record
from explorer.train.state import TrainState


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


def start(
    model: nn.Module, data: LabelledImages, settings: TrainSettings, group: Group = ALONE
) -> TrainState:
    """Prepare a new model on its data and return the state before the first update.

    Args:
        model: Meets `GenerativeModel`; already on its device.
        data: The training images.
        settings: How to fit.
        group: The processes that fit it; the first one prepares it for all.
    """
    trained = cast(GenerativeModel, model)
    if group.is_first:
        trained.prepare(_whole_set(data, settings, _device(model)))
    group.share(model)
    return fresh_state(model, settings, group)


def fresh_state(model: nn.Module, settings: TrainSettings, group: Group = ALONE) -> TrainState:
    """Return the state before the first update of a model that is prepared, or will be filled."""
    optimiser = optimiser_of(model, settings)
    return TrainState(model, averaged(model), optimiser, processes=group.size)


def averaged(model: nn.Module) -> nn.Module:
    """Return a copy of the model that takes part in no gradient."""
    return copy.deepcopy(model).requires_grad_(False).eval()


def optimiser_of(model: nn.Module, settings: TrainSettings) -> torch.optim.Optimizer:
    """Return Adam over the model's groups; each group keeps its "lr_scale"."""
    groups = cast(GenerativeModel, model).parameter_groups()
    return torch.optim.Adam(groups, lr=0.0, betas=(settings.beta1, settings.beta2), fused=True)


def fit(
    state: TrainState, data: LabelledImages, settings: TrainSettings, group: Group = ALONE
) -> Iterator[Progress]:
    """Update the state until `settings.steps`, yielding after each update.

    Args:
        state: Changed in place.
        data: The training images.
        settings: How to fit.
        group: The processes that fit the model together, each with its part of every batch.

    Raises:
        TrainingError: A weight is not finite any more, more than `settings.max_skipped` updates
            in a row were not, or a matrix that must be inverted is singular.
        ConfigError: The batch cannot be cut into equal parts.
    """
    model, parts = cast(GenerativeModel, state.model), group.parts(settings)
    losses = group.wrap(_Losses(state.model))
    device, recorded = _device(losses), None
    in_a_row = 0
    state.model.train()
    with reduced(state.model, settings.precision):
        if parts == 1 and is_recordable(state.model):
            first = batch_positions(len(data), state.step, settings)
            recorded = record(state.model, _to(data.batch(first), device))
        while state.step < settings.steps:
            began = time.monotonic()
            positions = batch_positions(len(data), state.step, settings)
            rate = learning_rate(state.step, settings)
            try:
                if recorded is not None:
                    batch = _to(data.batch(positions), device)
                    terms = recorded.gradient(batch, _seed(settings.seed, state.step))
                else:
                    mine = range(group.rank, parts, group.size)
                    batches = [(number, np.split(positions, parts)[number]) for number in mine]
                    terms = _gradient(losses, data, batches, state.step, settings, parts)
            except torch.linalg.LinAlgError as error:  # type: ignore[attr-defined]  # undeclared
                raise _stop(
                    "A matrix of the model is singular", state.step + 1, rate, positions
                ) from error
            terms = dict(zip(terms, group.mean(torch.stack(list(terms.values()))), strict=True))
            norm, values = _update(state, terms, rate, settings)
            skipped = not math.isfinite(norm)
            in_a_row = in_a_row + 1 if skipped else 0
            state.step += 1
            if skipped:
                check_finite(state.model, state.step)
            if in_a_row > settings.max_skipped:
                what = f"{_culprit(data, positions, values)} not finite"
                raise _stop(what, state.step, rate, positions)
            if not skipped:
                model.after_step()
                _average(state, settings)
            state.seconds += time.monotonic() - began
            yield Progress(state.step, state.seconds, rate, norm, skipped, values)


class _Losses(nn.Module):
    """A model whose forward pass is its loss: what DistributedDataParallel can wrap."""

    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self.model = model

    def forward(self, batch: Batch, generator: torch.Generator) -> dict[str, torch.Tensor]:
        return cast(GenerativeModel, self.model).loss(batch, generator=generator)


def _gradient(
    losses: nn.Module,
    data: LabelledImages,
    batches: list[tuple[int, Int64[np.ndarray, " b"]]],
    step: int,
    settings: TrainSettings,
    parts: int,
) -> dict[str, torch.Tensor]:
    """Leave the mean gradient of this process's parts in the parameters; return the mean terms.

    Each part has a seed of its own, so that it does not matter which process computes it.
    """
    device, sums = _device(losses), dict[str, torch.Tensor]()
    losses.zero_grad(set_to_none=True)
    for turn, (number, positions) in enumerate(batches, start=1):
        seeds = (settings.seed, step) if parts == 1 else (settings.seed, step, number)
        generator = torch.Generator(device).manual_seed(_seed(*seeds))
        is_last = turn == len(batches)
        waits = nullcontext() if is_last else getattr(losses, "no_sync", nullcontext)()
        with waits:  # processes exchange gradients once an update
            terms = losses(_to(data.batch(positions), device), generator)
            (terms["total"] / len(batches)).backward()
        for name, value in terms.items():
            sums[name] = sums.get(name, 0) + value.detach() / len(batches)
    return sums


def _stop(what: str, step: int, rate: float, positions: Int64[np.ndarray, " b"]) -> TrainingError:
    """Return what ends a run at an update that cannot be made, with the next step."""
    return TrainingError(
        f"{what} at step {step} (learning rate {rate:.2g}, images {positions[:8].tolist()}...). "
        "The update was left out, and the last saved step is whole. Lower train.learning_rate or "
        "raise train.warmup_steps, and go on."
    )


def _culprit(
    data: LabelledImages, positions: Int64[np.ndarray, " b"], values: dict[str, float]
) -> str:
    """Name what was not finite first: images, a term of the loss, or the gradient."""
    images = data.batch(positions).images.flatten(1)
    bad = positions[~images.isfinite().all(1).numpy()]
    if len(bad):
        return f"Images {bad[:8].tolist()} of the data are"
    term = next((name for name, value in values.items() if not math.isfinite(value)), "")
    return f"The loss '{term}' is" if term else "The gradient is"


def _update(
    state: TrainState, terms: dict[str, torch.Tensor], rate: float, settings: TrainSettings
) -> tuple[float, dict[str, float]]:
    """Do one update unless loss or gradient is not finite; return gradient norm and terms."""
    parameters = [p for group in state.optimiser.param_groups for p in group["params"]]
    norm = _clip(parameters, settings)
    numbers = torch.stack([norm.to(terms["total"]), *terms.values()]).tolist()  # waits for the GPU
    values = dict(zip(terms, numbers[1:], strict=True))
    if not math.isfinite(numbers[0]) or not math.isfinite(values["total"]):
        return math.nan, values
    for group in state.optimiser.param_groups:
        group["lr"] = rate * group["lr_scale"]
    state.optimiser.step()
    return numbers[0], values


def _clip(parameters: list[torch.Tensor], settings: TrainSettings) -> torch.Tensor:
    """Cut the gradient by value and by norm; return the norm it had before either."""
    if settings.value_clip is None:
        return nn.utils.clip_grad_norm_(parameters, settings.gradient_clip)
    gradients = [one.grad for one in parameters if one.grad is not None]
    norm = nn.utils.get_total_norm(gradients)  # an infinite one would be cut to a finite one
    nn.utils.clip_grad_value_(parameters, settings.value_clip)
    nn.utils.clip_grad_norm_(parameters, settings.gradient_clip)
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
    """Return the rate of update number `step` (from 0): linear warm-up, then the schedule's fall.

    "inverse_sqrt" falls as `sqrt(warmup_steps / (step + 1))`, down to `final_rate`.

    Source: Vaswani et al., Attention Is All You Need, 2017, section 5.3, for "inverse_sqrt".

    Example:
        >>> settings = TrainSettings(steps=100, learning_rate=1.0, warmup_steps=10, final_rate=0.0)
        >>> [round(learning_rate(step, settings), 2) for step in (0, 9, 54, 99)]
        [0.1, 1.0, 0.52, 0.0]
        >>> settings = settings.model_copy(update={"schedule": "inverse_sqrt"})
        >>> [round(learning_rate(step, settings), 2) for step in (0, 9, 39, 89)]
        [0.1, 1.0, 0.5, 0.33]
    """
    warmup = settings.warmup_steps
    if step < warmup:
        return settings.learning_rate * (step + 1) / warmup
    if settings.schedule == "constant":
        return settings.learning_rate
    if settings.schedule == "inverse_sqrt":
        fallen = math.sqrt(max(1, warmup) / (step + 1))
        return settings.learning_rate * max(settings.final_rate, fallen)
    done = (step - warmup) / max(1, settings.steps - warmup)
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


def _seed(*numbers: int) -> int:
    """Return one 63-bit seed of several numbers; neighbouring steps get unrelated ones."""
    return int(np.random.SeedSequence(numbers).generate_state(1, np.uint64)[0] >> 1)


def _device(model: nn.Module) -> torch.device:
    return next(model.parameters()).device


def _to(batch: Batch, device: torch.device) -> Batch:
    parts: Any = (batch.images.to(device), batch.labels.to(device), batch.indices.to(device))
    return Batch(*parts)
