"""One sitting of training: from an experiment to weights, in a run folder."""

__all__ = ["build_model", "load_model", "pick_device", "train"]

import math
import os
import signal
import types
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import cast

import numpy as np
import torch
from pydantic import ValidationError
from torch import nn

from explorer import models
from explorer.data.images import tile, to_pixels, to_png
from explorer.data.labelled import LabelledImages
from explorer.data.load import load_data
from explorer.errors import CheckpointError, ConfigError, ExplorerError, TrainingError
from explorer.files import write_bytes
from explorer.protocol import DataInfo, Density, GenerativeModel
from explorer.settings import Experiment, ModelChoice, config_error, setting_names
from explorer.train import checkpoint, loop
from explorer.train.loop import Progress, TrainState
from explorer.train.run import RunFolder, RunStatus

PREVIEW_COUNT = 32
PREVIEW_TEMPERATURE = 0.85


def train(
    experiment: Experiment,
    root: Path,
    *,
    resume: bool,
    report: Callable[[Progress], None],
) -> RunFolder:
    """Fit the experiment's model and return its run folder.

    Args:
        experiment: What to do.
        root: Folder that holds the run's folder.
        resume: Go on from the newest saved unit instead of starting anew.
        report: Called after every update.

    Raises:
        ExplorerError: Data, settings, an existing run or a non-finite step stand in the way.
    """
    settings = experiment.train
    torch.set_num_threads(settings.threads)
    run = RunFolder(root / experiment.name)
    unit = checkpoint.newest_unit(run.path) if resume else None
    if unit is None and run.holds_weights:
        raise ConfigError(
            f"'{run.path}' holds a run already. Add --resume to go on, or give another name."
        )
    data = load_data(experiment.data, "train")
    torch.manual_seed(settings.seed)
    model = build_model(experiment.model, data.info).to(pick_device(settings.device))
    with run.locked(), stop_on_signal() as is_stopped:
        state = _begin(run, experiment, model, data, unit)
        try:
            _sit(run, state, data, experiment, is_stopped, report)
        except OSError as error:
            reason = os.strerror(error.errno) if error.errno else str(error)
            _fail(run, state, f"The run could not be saved: {reason}.")
            raise TrainingError(
                f"'{run.path}' could not be saved at step {state.step}: {reason}. Make room, then "
                "train with --resume; the last whole unit is kept."
            ) from error
        except ExplorerError as error:
            _fail(run, state, str(error))
            raise
        run.finish(state.average.state_dict())
        done = state.step >= settings.steps
        message = "All steps are done." if done else "Stopped; train with --resume to go on."
        run.write_status(
            RunStatus("done" if done else "stopped", state.step, state.seconds, message)
        )
    return run


def _fail(run: RunFolder, state: TrainState, message: str) -> None:
    """Write that the run failed, if there is room for that."""
    with suppress(OSError):
        run.write_status(RunStatus("failed", state.step, state.seconds, message))


def _begin(
    run: RunFolder,
    experiment: Experiment,
    model: nn.Module,
    data: LabelledImages,
    unit: Path | None,
) -> TrainState:
    """Return the state to go on from; write what a new run starts with."""
    settings = experiment.train
    if unit is None:
        run.begin(experiment, data)
        state = loop.start(model, data, settings)
        _preview(run, state, settings.seed)
        checkpoint.save_unit(run.path, state)
    else:
        if run.data_card().digest != data.digest():
            raise CheckpointError(
                f"The data differ from those that '{run.path}' was trained on. Restore them, or "
                "train under another name."
            )
        state = TrainState(model, loop.averaged(model), loop.optimiser_of(model, settings))
        checkpoint.load_unit(unit, state)
        run.record(experiment)
        run.drop_metrics_after(state.step)
    run.write_status(RunStatus("running", state.step, state.seconds, "Training."))
    return state


def _sit(
    run: RunFolder,
    state: TrainState,
    data: LabelledImages,
    experiment: Experiment,
    is_stopped: Callable[[], bool],
    report: Callable[[Progress], None],
) -> None:
    """Train until all steps are done or a signal asks to stop; save on the way and at the end."""
    settings = experiment.train
    waiting: list[Progress] = []
    for progress in loop.fit(state, data, settings):
        report(progress)
        waiting.append(progress)
        is_last = progress.step >= settings.steps or is_stopped()
        if progress.step % settings.log_every == 0 or is_last:
            run.add_metrics(_mean_row(waiting))
            waiting.clear()
        if progress.step % settings.preview_every == 0 or is_last:
            _preview(run, state, settings.seed)
        if progress.step % settings.checkpoint_every == 0 or is_last:
            checkpoint.save_unit(run.path, state)
            run.write_status(RunStatus("running", state.step, state.seconds, "Training."))
        if is_last:
            return


def _mean_row(rows: list[Progress]) -> dict[str, float | int]:
    """Return one line of metrics: the last step, and each value's mean over finite updates."""
    last, finite = rows[-1], [row for row in rows if not row.skipped]
    means = {
        name: sum(row.terms[name] for row in finite) / len(finite)
        for name in (finite[0].terms if finite else {})
    }
    norms = [row.gradient_norm for row in finite if math.isfinite(row.gradient_norm)]
    return {
        "step": last.step,
        "seconds": round(last.seconds, 3),
        "learning_rate": last.learning_rate,
        "gradient_norm": max(norms, default=0.0),
        "skipped": len(rows) - len(finite),
        **means,
    }


@torch.no_grad()
def _preview(run: RunFolder, state: TrainState, seed: int) -> None:
    """Save a sheet of samples of the averaged weights, always from the same seed."""
    model = cast(GenerativeModel, state.average)
    generator = torch.Generator().manual_seed(seed)
    latents = model.sample_latents(
        PREVIEW_COUNT, generator=generator, temperature=PREVIEW_TEMPERATURE
    )
    images = model.decode(latents)
    if isinstance(model, Density):
        images = model.denoise(images)
    pixels = to_pixels(images.nan_to_num(0.0))
    sheet = np.repeat(np.repeat(tile(pixels, 8), 2, axis=0), 2, axis=1)
    write_bytes(run.path / "previews" / f"step-{state.step:08d}.png", to_png(sheet))


def build_model(choice: ModelChoice, info: DataInfo) -> nn.Module:
    """Return a new model.

    Args:
        choice: Its name and settings.
        info: The data it is for.

    Raises:
        UnknownModelError: No model has this name.
        ConfigError: A setting of the model is wrong.
    """
    spec = models.get(choice.name)
    try:
        settings = spec.settings.model_validate(choice.config)
    except ValidationError as error:
        known = setting_names(spec.settings)
        raise config_error(error, where=f"model.config of {spec.name}", known=known) from None
    return spec.build(settings, info)


def load_model(folder: Path) -> nn.Module:
    """Return the model of a finished run or a bundled checkpoint, ready to use, on the CPU.

    A run that is still going on is read from its newest unit.

    Raises:
        CheckpointError: The folder is missing or no checkpoint; files are missing or altered.
    """
    if not folder.is_dir():
        raise CheckpointError(f"No checkpoint folder at '{folder}'. Give the folder of a model.")
    run = RunFolder(folder)
    model = build_model(run.experiment().model, run.data_card().info)
    if (folder / checkpoint.MANIFEST).exists() or (folder / "weights.safetensors").exists():
        checkpoint.verify(folder)
        checkpoint.fill(model, folder / "weights.safetensors")
    else:
        checkpoint.fill(model, checkpoint.newest_unit(folder) / "average.safetensors")
    return model.requires_grad_(False).eval()


def pick_device(name: str) -> torch.device:
    """Return the processor by name; "auto" takes CUDA, then MPS, then the CPU.

    Raises:
        ConfigError: The processor is not there.
    """
    found = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available()}
    if name == "auto":
        return torch.device(next((kind for kind, there in found.items() if there), "cpu"))
    if not found.get(name.split(":")[0], True):
        raise ConfigError(
            f"train.device is '{name}', but this machine has none. Set it to 'auto' or 'cpu'."
        )
    return torch.device(name)


@contextmanager
def stop_on_signal() -> Iterator[Callable[[], bool]]:
    """Turn SIGINT and SIGTERM into a question the loop asks after each update."""
    asked: list[int] = []

    def ask(number: int, frame: types.FrameType | None) -> None:
        asked.append(number)

    before = {number: signal.signal(number, ask) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield lambda: bool(asked)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
