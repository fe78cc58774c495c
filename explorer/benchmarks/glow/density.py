"""Bits per dimension after equal steps: the same images, noise, optimiser and tuning for all.

Each candidate is trained once with every learning rate, and the rate is kept that is best on
images that it does not train on; only with that rate it is measured on held-out images, and
trained with further seeds. Adam, a linear warm-up, half a cosine, a clipped gradient and averaged
weights are those of our own training, for all. Uniform noise, so that bits per dimension bound
those of the 8-bit images.
"""

__all__ = ["Budget", "Density", "Inversion", "compare_densities", "measure_inversion"]

import math
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor, nn

from explorer.benchmarks.glow.candidate import Candidate, GlowShape, dequantised, optimiser_of
from explorer.benchmarks.glow.candidates import build_candidates
from explorer.data.labelled import LabelledImages
from explorer.data.load import load_data
from explorer.settings import DataSettings, TrainSettings
from explorer.train.loop import batch_positions, learning_rate

MEASURED_AT_ONCE = 64
STEPS, HIDDEN = 4, 64
"""A flow that trains in minutes on one core."""

INVERSION_RATE = 4e-3
"""Learning rate of the trainings after which inversion alone is measured."""


@dataclass(frozen=True, slots=True)
class Budget:
    """What every candidate may spend.

    Attributes:
        steps: Updates of a training.
        rates: Learning rates that are tried, with seed 0.
        seeds: Trainings with the best rate, with seeds 0, 1, ...
        batch: Images an update.
        held_out: Images that are measured.
    """

    steps: int = 500
    rates: tuple[float, ...] = (1e-3, 2e-3, 4e-3, 8e-3, 16e-3, 32e-3)
    seeds: int = 1
    batch: int = 16
    held_out: int = 256


@dataclass(frozen=True, slots=True)
class Density:
    """How a candidate fits a data set.

    Attributes:
        data: Name of the set.
        candidate: Name.
        rate: Learning rate that was best there.
        tuned: Bits per dimension by learning rate, on images kept from training.
        bits: Bits per dimension on held-out images, a value a seed.
        inversion: Largest error of a noisy held-out image after encoding and decoding, of all
            seeds; 1 is the whole range.
        cpu_s: Median CPU time of a training, seconds.
    """

    data: str
    candidate: str
    rate: float
    tuned: dict[str, float]
    bits: tuple[float, ...]
    inversion: float
    cpu_s: float


@dataclass(frozen=True, slots=True)
class Inversion:
    """How exactly a trained candidate inverts.

    Attributes:
        data: Name of the set.
        candidate: Name.
        steps: Updates it was trained for.
        bits: Bits per dimension on held-out images.
        inversion: Largest error of a noisy held-out image after encoding and decoding; 1 is the
            whole range.
    """

    data: str
    candidate: str
    steps: int
    bits: float
    inversion: float


def measure_inversion(
    data: Sequence[DataSettings],
    names: Sequence[str],
    shape: GlowShape,
    budget: Budget,
    report: Callable[[str], None],
) -> list[Inversion]:
    """Train every candidate on every data set once, and return how exactly it inverts.

    Args:
        data: The sets.
        names: Of the candidates.
        shape: Of the flow; channels and side are those of the images.
        budget: Of each; neither its rates nor its seeds are used.
        report: Told what was found.
    """
    found = []
    for settings in data:
        train, test = load_data(settings, "train"), load_data(settings, "test")
        channels, side, _ = train.info.image_shape
        fitted = replace(shape, channels=channels, side=side)
        for name in names:
            candidate, _ = _fit(name, fitted, train, _settings(budget, INVERSION_RATE, 0))
            bits = round(_bits(candidate, test, budget.held_out), 4)
            error = _inversion(candidate, test)
            report(f"{train.name}, {name}: inverts to {error:.1e} at {bits:.3f} bits/dim")
            found.append(Inversion(train.name, name, budget.steps, bits, error))
    return found


def compare_densities(
    data: Sequence[DataSettings],
    names: Sequence[str],
    budget: Budget,
    report: Callable[[str], None],
) -> list[Density]:
    """Train every candidate on every data set and return how well each fits.

    Args:
        data: The sets; of each, the last `held_out` training images are kept for tuning.
        names: Of the candidates.
        budget: Of each.
        report: Told what is being done.
    """
    found = []
    for settings in data:
        train, test = load_data(settings, "train"), load_data(settings, "test")
        cut = len(train) - budget.held_out
        fitted, kept = train.subset(np.arange(cut)), train.subset(np.arange(cut, len(train)))
        channels, side, _ = train.info.image_shape
        shape = GlowShape(side=side, channels=channels, steps=STEPS, hidden=HIDDEN)
        for name in names:
            found.append(_density(name, shape, (fitted, kept, test), budget, report))
    return found


def _density(
    name: str,
    shape: GlowShape,
    images: tuple[LabelledImages, LabelledImages, LabelledImages],
    budget: Budget,
    report: Callable[[str], None],
) -> Density:
    fitted, kept, test = images
    fits: dict[float, tuple[Candidate, float]] = {}
    tuned, bits, errors, seconds = {}, [], [], []
    for rate in budget.rates:
        fits[rate] = _fit(name, shape, fitted, _settings(budget, rate, 0))
        tuned[rate] = _bits(fits[rate][0], kept, budget.held_out)
        report(f"{fitted.name}, {name}: rate {rate:g} gives {tuned[rate]:.3f} bits/dim in tuning")
    best = min(tuned, key=lambda rate: tuned[rate])
    for seed in range(budget.seeds):
        is_there = seed == 0
        candidate, took = (
            fits[best] if is_there else _fit(name, shape, fitted, _settings(budget, best, seed))
        )
        seconds.append(took)
        bits.append(round(_bits(candidate, test, budget.held_out), 4))
        errors.append(_inversion(candidate, test))
        report(f"{fitted.name}, {name}: seed {seed} gives {bits[-1]:.3f} bits/dim")
    return Density(
        data=fitted.name,
        candidate=name,
        rate=best,
        tuned={f"{rate:g}": round(value, 4) for rate, value in tuned.items()},
        bits=tuple(bits),
        inversion=max(errors),
        cpu_s=round(statistics.median(seconds), 1),
    )


def _settings(budget: Budget, rate: float, seed: int) -> TrainSettings:
    return TrainSettings(
        steps=budget.steps,
        batch_size=budget.batch,
        learning_rate=rate,
        warmup_steps=budget.steps // 10,
        seed=seed,
    )


def _fit(
    name: str, shape: GlowShape, data: LabelledImages, settings: TrainSettings
) -> tuple[Candidate, float]:
    """Return a candidate with the averaged weights of a training, and the CPU seconds it took."""
    start = time.process_time()
    candidate = build_candidates(shape, [name], seed=settings.seed)[name]
    first = np.random.default_rng(settings.seed).permutation(len(data))[: settings.init_images]
    candidate.prepare(data.batch(first).images)
    weights: list[Tensor] = list(candidate.parameters())
    averages = [weight.detach().clone() for weight in weights]
    optimiser = optimiser_of(candidate, 0.0)
    for step in range(settings.steps):
        images = data.batch(batch_positions(len(data), step, settings)).images
        generator = torch.Generator().manual_seed(settings.seed * 1_000_003 + step)
        optimiser.zero_grad(set_to_none=True)
        candidate.bits(images, generator).backward()
        norm = nn.utils.clip_grad_norm_(weights, settings.gradient_clip)
        if math.isfinite(float(norm)):
            optimiser.param_groups[0]["lr"] = learning_rate(step, settings)
            optimiser.step()
        decay = min(settings.ema_decay, (2 + step) / (11 + step))
        with torch.no_grad():
            torch._foreach_lerp_(averages, weights, 1 - decay)
    with torch.no_grad():
        for weight, average in zip(weights, averages, strict=True):
            weight.copy_(average)
    return candidate, time.process_time() - start


@torch.no_grad()
def _bits(candidate: Candidate, data: LabelledImages, count: int) -> float:
    """Return the mean bits per dimension of the first images; NaN counts as infinite."""
    generator, total = torch.Generator().manual_seed(1), 0.0
    for rows in np.array_split(np.arange(count), math.ceil(count / MEASURED_AT_ONCE)):
        total += len(rows) * float(candidate.bits(data.batch(rows).images, generator))
    return total / count if math.isfinite(total) else math.inf


@torch.no_grad()
def _inversion(candidate: Candidate, data: LabelledImages) -> float:
    """Return the largest error of noisy images after encoding and decoding."""
    images = data.batch(np.arange(min(MEASURED_AT_ONCE, len(data)))).images
    x = dequantised(images, torch.Generator().manual_seed(2))
    return float((candidate.there_and_back(x) - x).abs().max())
