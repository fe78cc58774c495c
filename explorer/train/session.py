"""From an experiment to weights, in a run folder; and from a folder to a model."""

__all__ = ["build_model", "check_model", "load_model", "pick_device", "train"]

from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path

import torch
from pydantic import BaseModel, ValidationError
from torch import nn

from explorer import models
from explorer.data.labelled import LabelledImages
from explorer.data.load import check_data, load_data
from explorer.errors import CheckpointError, ConfigError, ExplorerError, TrainingError
from explorer.protocol import DataInfo
from explorer.settings import Experiment, ModelChoice, config_error, setting_names
from explorer.train import checkpoint, loop
from explorer.train.control import Control
from explorer.train.group import joined
from explorer.train.loop import Progress
from explorer.train.origin import origin_of, what_changed
from explorer.train.precision import check_precision
from explorer.train.run import RunFolder
from explorer.train.sitting import Sitting
from explorer.train.state import TrainState


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
    wanted = pick_device(settings.device)
    check_precision(settings.precision, wanted)
    with joined(wanted) as group, run.locked() if group.is_first else nullcontext():
        group.parts(settings)
        unit = checkpoint.newest_unit(run.path) if resume else None
        if unit is None and run.holds_weights:
            raise ConfigError(
                f"'{run.path}' holds a run already. Add --resume to go on, or give another name."
            )
        check_data(experiment.data)
        group.wait()  # all have looked at the folder before the first one writes
        control = Control(run.path)
        sitting = Sitting(run, settings, group.device(wanted), control, group)
        if unit is not None:
            sitting.begin_at(checkpoint.numbers_of(unit))
        with control.listening():
            try:
                _fit(sitting, experiment, unit, report)
            except ExplorerError as error:
                sitting.fail(str(error))
                raise
            except Exception as error:
                if _is_out_of_memory(error):
                    message = _out_of_memory(sitting.step, settings.batch_size)
                    sitting.fail(message)
                    raise TrainingError(message) from error
                sitting.fail(f"{type(error).__name__}: {error} Its log says where.")
                raise
            finally:
                sitting.leave_device()
    return run


def _fit(
    sitting: Sitting,
    experiment: Experiment,
    unit: Path | None,
    report: Callable[[Progress], None],
) -> None:
    """Wait for the device, begin or go on, train, and leave what the run is explored with."""
    run = sitting.run
    if not sitting.take_device():
        sitting.show("stopped", "Taken out of the queue before it began.")
        return
    data = load_data(experiment.data, "train")
    torch.manual_seed(experiment.train.seed)
    model = build_model(experiment.model, data.info).to(sitting.device)
    state = _begin(sitting, experiment, model, data, unit)
    end = sitting.work(state, data, report)
    if end == "discard":
        checkpoint.load_unit(checkpoint.newest_unit(run.path), state)
        sitting.step, sitting.seconds = state.step, state.seconds
    sitting.keep(lambda: run.finish(state.average.state_dict()))
    done = state.step >= experiment.train.steps
    message = "All steps are done." if done else "Stopped and saved."
    sitting.keep(lambda: sitting.show("done" if done else "stopped", message))


def _begin(
    sitting: Sitting,
    experiment: Experiment,
    model: nn.Module,
    data: LabelledImages,
    unit: Path | None,
) -> TrainState:
    """Return the state to go on from; write what a new run starts with."""
    run, settings = sitting.run, experiment.train
    if unit is None:
        sitting.keep(lambda: run.begin(experiment, data))
        state = loop.start(model, data, settings, sitting.group)
        sitting.preview(state, data)
        sitting.keep(lambda: sitting.save(state))
        return state
    if run.data_card().digest != data.digest():
        raise CheckpointError(
            f"The data differ from those that '{run.path}' was trained on. Restore them, or "
            "train under another name."
        )
    state = loop.fresh_state(model, settings, sitting.group)
    checkpoint.load_unit(unit, state)
    before = checkpoint.numbers_of(unit).get("made_with", {})
    sitting.note(what_changed(before, origin_of(state)))
    sitting.keep(lambda: _drop_damaged(sitting, unit))
    sitting.keep(lambda: run.record(experiment))
    sitting.keep(lambda: run.drop_metrics_after(state.step))
    return state


def _drop_damaged(sitting: Sitting, unit: Path) -> None:
    if damaged := checkpoint.go_back_to(unit):
        sitting.note(f"Damaged, so done again: {', '.join(damaged)}.")


def _is_out_of_memory(error: Exception) -> bool:
    """Return whether memory ran out; torch has no class of its own for that of the processor."""
    if isinstance(error, RuntimeError) and "DefaultCPUAllocator" in str(error):
        return True
    return isinstance(error, MemoryError | torch.OutOfMemoryError)


def _out_of_memory(step: int, batch_size: int) -> str:
    return (
        f"Memory ran out after step {step}. Lower train.batch_size (now {batch_size}) or "
        "data.image_size, or end other programs; then go on. What was saved is kept."
    )


def build_model(choice: ModelChoice, info: DataInfo) -> nn.Module:
    """Return a new model.

    Args:
        choice: Its name and settings.
        info: The data it is for.

    Raises:
        UnknownModelError: No model has this name.
        ConfigError: A setting of the model is wrong.
    """
    return models.get(choice.name).build(check_model(choice), info)


def check_model(choice: ModelChoice) -> BaseModel:
    """Return the model's own settings, checked.

    Raises:
        UnknownModelError: No model has this name.
        ConfigError: A setting of the model is wrong.
    """
    spec = models.get(choice.name)
    try:
        return spec.settings.model_validate(choice.config)
    except ValidationError as error:
        known = setting_names(spec.settings)
        raise config_error(error, where=f"model.config of {spec.name}", known=known) from None


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
    if (folder / checkpoint.MANIFEST).exists() or not (folder / "units").is_dir():
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
