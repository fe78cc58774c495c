"""How long a training will take and how much memory, from a few real steps of it."""

__all__ = ["Estimate", "estimate"]

import time
from dataclasses import dataclass
from functools import partial

import torch

from explorer.data.load import load_data
from explorer.service.aside import aside
from explorer.service.progress import Report, unreported
from explorer.settings import DataSettings, Experiment
from explorer.train import loop
from explorer.train.session import build_model, pick_device
from explorer.train.sitting import device_name, memory_mb

STEPS, WARM_UP = 5, 2
MOST_S = 20.0
"""Seconds after which no further step is measured."""

IMAGES = 512
"""Images that are loaded, at most: what a step costs hardly depends on how many there are."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """What was measured, and what follows from it.

    Attributes:
        device: Name of the processor, for people.
        seconds_per_step: Median of the measured steps.
        images_per_second: At that speed.
        memory_mb: Most memory used: of the graphics processor, else of the process.
        total_seconds: All steps at that speed, without reading the data and making it ready.
        measured_steps: Steps that were measured.
    """

    device: str
    seconds_per_step: float
    images_per_second: float
    memory_mb: float
    total_seconds: float
    measured_steps: int


def estimate(experiment: Experiment, report: Report = unreported) -> Estimate:
    """Measure a few steps in a process of its own; nothing is written.

    Args:
        experiment: What would be trained.
        report: Told how far it is; where it raises, the measurement ends.

    Raises:
        ExplorerError: The training could not begin: data, settings or memory stand in the way.
    """
    return aside(partial(measure, experiment), report)


def measure(experiment: Experiment, report: Report) -> Estimate:
    """Measure a few steps in this process."""
    settings = experiment.train
    torch.set_num_threads(settings.threads)
    device = pick_device(settings.device)
    report(0.0, "Reading images")
    data = load_data(_few(experiment.data, settings.batch_size), "train")
    torch.manual_seed(settings.seed)
    state = loop.start(build_model(experiment.model, data.info).to(device), data, settings)
    wanted = min(WARM_UP + STEPS, settings.steps)
    plan = settings.model_copy(update={"steps": wanted})
    times, began = [], time.monotonic()
    before = began
    for progress in loop.fit(state, data, plan):
        now = time.monotonic()
        times.append(now - before)
        before = now
        report(progress.step / wanted, "Measuring steps")
        if now - began > MOST_S:
            break
    measured = sorted(times[WARM_UP:] or times[-1:])
    seconds = measured[len(measured) // 2]
    return Estimate(
        device=_title(device),
        seconds_per_step=seconds,
        images_per_second=settings.batch_size / seconds,
        memory_mb=memory_mb(device),
        total_seconds=seconds * settings.steps,
        measured_steps=len(measured),
    )


def _few(data: DataSettings, batch_size: int) -> DataSettings:
    """Return the settings of as few images as are enough for a batch and every class."""
    few = max(IMAGES, batch_size)
    return data.model_copy(update={"count": min(data.count, few) if data.count else few})


def _title(device: torch.device) -> str:
    name = torch.cuda.get_device_name(device) if device.type == "cuda" else ""
    return name or device_name(device)
