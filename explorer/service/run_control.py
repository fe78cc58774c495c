"""Start, stop, pause and go on with training runs, each a process that outlives the page."""

__all__ = [
    "delete_run",
    "duplicate_run",
    "pause_run",
    "resume_run",
    "start_run",
    "stop_run",
]

import shutil
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

from explorer.data.load import check_data
from explorer.errors import TrainingError
from explorer.service.runs import RunView, experiment_of, folder_of, is_own, run_view
from explorer.settings import Experiment, with_changes
from explorer.train import process
from explorer.train.control import ask, withdraw
from explorer.train.precision import check_precision
from explorer.train.run import RunFolder, RunStatus
from explorer.train.session import check_model, pick_device

PATIENCE_S = 10.0
"""Seconds a process is given to save and end."""


def start_run(root: Path, experiment: Experiment) -> str:
    """Start to train in a process of its own and return the run's name.

    It waits its turn if another run has the device.

    Args:
        root: Folder of all runs.
        experiment: What to train; its name is the run's.

    Raises:
        TrainingError: The name is taken, or the disk has no room for the run's first files.
        ConfigError: A setting of the model is wrong, or the device is not there.
        DataError: The images are not there.
    """
    check_model(experiment.model)
    check_precision(experiment.train.precision, pick_device(experiment.train.device))
    folder = root / experiment.name
    if folder.exists():
        raise TrainingError(
            f"There is a run '{experiment.name}' already. Choose another name, or delete it first."
        )
    check_data(experiment.data)
    run = RunFolder(folder)
    try:
        folder.mkdir(parents=True)
        run.record(experiment)
        run.write_status(RunStatus("queued", 0, 0.0, "Starting."))
        process.start(folder, resume=False)
    except OSError as error:  # half a folder would only keep the name taken
        shutil.rmtree(folder, ignore_errors=True)
        raise TrainingError(
            f"'{experiment.name}' could not be started: {error.strerror}. Make room, then start "
            "it again."
        ) from error
    return experiment.name


def stop_run(root: Path, name: str, *, save: bool = True) -> RunView:
    """End a run's process after its current step and return where the run stands then.

    Args:
        root: Folder of all runs.
        name: The run.
        save: Save first; else what came after the last saved step is given up.

    Raises:
        UnknownModelError: There is no such run.
    """
    folder = folder_of(root, name)
    ended = process.stop(folder, "stop" if save else "discard", patience=PATIENCE_S)
    withdraw(folder)
    view = run_view(root, name)
    if view.state != "lost":
        return view
    how = "It ended" if ended else f"It did not end within {PATIENCE_S:.0f} s and was killed"
    status = RunFolder(folder).status()
    message = f"{how} before it could save. Resume it; the last saved step is kept."
    with suppress(OSError):  # the disk is full, which the view says
        RunFolder(folder).write_status(replace(status, state="stopped", message=message))
    return run_view(root, name)


def pause_run(root: Path, name: str) -> None:
    """Let a run save, give its device to the next one, and wait in memory.

    Raises:
        TrainingError: It is not running.
    """
    folder = folder_of(root, name)
    if not process.is_alive(folder):
        raise TrainingError(f"'{name}' is not running, so there is nothing to pause.")
    ask(folder, "pause")


def resume_run(root: Path, name: str, changes: Mapping[str, Any] | None = None) -> None:
    """Go on with a run that is paused, stopped, failed or lost.

    Args:
        root: Folder of all runs.
        name: The run.
        changes: Settings to change first by dotted name, e.g. {"train.learning_rate": 0.001};
            only for a run that is not alive.

    Raises:
        TrainingError: It runs already, or has no saved step to go on from.
        ConfigError: A change is not allowed.
    """
    folder = folder_of(root, name)
    if process.is_alive(folder):
        if changes:
            raise TrainingError(f"'{name}' is alive; stop it to change its settings.")
        withdraw(folder)
        return
    experiment = with_changes(experiment_of(root, name), changes or {})
    run = RunFolder(folder)
    has_unit = any((folder / "units").glob("step-*"))
    if not has_unit and run.holds_weights:
        raise TrainingError(
            f"'{name}' holds weights but no saved step to go on from. Duplicate it to train anew."
        )
    withdraw(folder)
    run.record(experiment)
    status = run.status() if has_unit else RunStatus("queued", 0, 0.0, "")
    run.write_status(replace(status, state="queued", message="Starting."))
    process.start(folder, resume=has_unit)


def duplicate_run(
    root: Path, name: str, new_name: str, changes: Mapping[str, Any] | None = None
) -> str:
    """Start a run with the settings of another one, some of them changed; return its name.

    Args:
        root: Folder of all runs.
        name: The run that is repeated.
        new_name: Name of the new one.
        changes: Settings to change, by dotted name.

    Raises:
        ConfigError: The name or a change is not allowed.
        TrainingError: The new name is taken.
    """
    changes = {"title": "", **(changes or {}), "name": new_name}
    return start_run(root, with_changes(experiment_of(root, name), changes))


def delete_run(root: Path, name: str) -> None:
    """Delete a run with everything in its folder.

    Raises:
        TrainingError: It is alive, or came with the repository.
    """
    folder = folder_of(root, name)
    if process.is_alive(folder):
        raise TrainingError(f"'{name}' is alive. Stop it before you delete it.")
    if not is_own(folder):
        raise TrainingError(
            f"'{name}' was not trained here and is kept. Delete its folder by hand."
        )
    # The experiment goes first: a folder without it is no run, whatever else is left in it.
    (folder / "experiment.json").unlink()
    shutil.rmtree(folder)
