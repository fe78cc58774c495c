"""Training runs as people see them: read from their folders each time, so that nothing can lie."""

__all__ = ["RunState", "RunView", "list_runs", "run_view"]

import os
import shutil
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from explorer import models
from explorer.errors import ExplorerError, UnknownModelError, near_match
from explorer.settings import Experiment
from explorer.train.control import asked
from explorer.train.process import LOCK, is_alive
from explorer.train.run import RunFolder, RunStatus

RunState = Literal[
    "queued",
    "running",
    "paused",
    "stopping",
    "stalled",
    "readying",
    "stopped",
    "done",
    "failed",
    "lost",
    "damaged",
]
SILENT_S, SILENT_STEPS = 60.0, 20
"""Seconds, and updates at the last speed, without a sign of life after which a run has stalled."""

ROOM, FULL_S = 2**20, 5.0
"""Bytes below which a disk is full, and seconds without a sign of life after which that is why.

Not even its status can be replaced then, so nobody but the reader can say it.
"""

LIMITS = (
    Path("/sys/fs/cgroup/memory.max"),
    Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"),
)
"""Where a container says how much memory it may have, cgroup version 2 and 1."""

MUCH = 0.5
"""Share of the machine's memory beyond which a process may have been killed for using it."""


@dataclass(frozen=True, slots=True)
class RunView:
    """Where a run stands.

    Attributes:
        name: Its folder.
        title: What people read.
        model: Title of the model family.
        data: Name of the data set.
        state: "stalled" is a run whose process lives and says nothing; "lost" one whose process
            ended without a word; "damaged" one whose files cannot be read.
        step: Updates done.
        steps: Updates wanted.
        seconds: Time spent on them, over all sittings.
        images_per_second: Speed of the last updates; 0 before the first.
        eta_seconds: Time left at that speed; None unless it runs.
        device: What it is trained on; empty where that is not known.
        device_memory_mb: Most memory used so far: of the graphics processor, else of the process.
        message: One sentence, with the next step where something is wrong.
        is_alive: Whether a process trains, waits or is paused.
        is_bundled: Whether it came with the repository: it is shown and never deleted.
        can_resume: Whether it is not done, and can go on from a saved unit or begin anew.
    """

    name: str
    title: str
    model: str
    data: str
    state: RunState
    step: int
    steps: int
    seconds: float
    images_per_second: float
    eta_seconds: float | None
    device: str
    device_memory_mb: float
    message: str
    is_alive: bool
    is_bundled: bool
    can_resume: bool


def list_runs(root: Path) -> tuple[RunView, ...]:
    """Return all runs below a folder: live ones first, then the ones that changed last."""
    folders = [path.parent for path in root.glob("*/experiment.json")]
    folders = [path for path in folders if (path / "status.json").exists() or is_own(path)]
    folders.sort(key=_changed, reverse=True)
    views = [run_view(root, path.name) for path in folders]
    return tuple(sorted(views, key=lambda view: (view.is_bundled, not view.is_alive)))


def run_view(root: Path, name: str) -> RunView:
    """Return where one run stands.

    Raises:
        UnknownModelError: There is no such run.
    """
    folder = folder_of(root, name)
    alive = is_alive(folder)  # before the status: a process that ends writes it first
    run = RunFolder(folder)
    try:
        experiment, status = run.experiment(), run.status()
        family = models.get(experiment.model.name).title
    except ExplorerError as error:
        return _damaged(name, str(error), alive)
    state, message = _state(folder, experiment, status, alive)
    rate, left = status.images_per_second, experiment.train.steps - status.step
    eta = left * experiment.train.batch_size / rate if state == "running" and rate > 0 else None
    return RunView(
        name=name,
        title=experiment.title or name,
        model=family,
        data=experiment.data.name,
        state=state,
        step=status.step,
        steps=experiment.train.steps,
        seconds=status.seconds,
        images_per_second=rate,
        eta_seconds=eta,
        device=status.device,
        device_memory_mb=status.memory_mb,
        message=message,
        is_alive=alive,
        is_bundled=not is_own(folder),
        can_resume=not alive and state != "done" and _can_begin(folder),
    )


def folder_of(root: Path, name: str) -> Path:
    """Return the folder of a run.

    Raises:
        UnknownModelError: There is none; the text lists the known ones.
    """
    known = sorted(path.parent.name for path in root.glob("*/experiment.json"))
    if name not in known:
        hint = near_match(name, known)
        raise UnknownModelError(f"No run '{name}'.{hint} Known: {', '.join(known) or 'none'}.")
    return root / name


def experiment_of(root: Path, name: str) -> Experiment:
    """Return what a run was started with.

    Raises:
        ExplorerError: There is no such run, or its experiment cannot be read.
    """
    return RunFolder(folder_of(root, name)).experiment()


def is_own(folder: Path) -> bool:
    """Return whether a run was trained or imported here: what came along has no lock file."""
    return (folder / LOCK).exists()


def _state(
    folder: Path, experiment: Experiment, status: RunStatus, alive: bool
) -> tuple[RunState, str]:
    if not alive:
        return _ended(folder, experiment, status)
    if asked(folder) in ("stop", "discard"):
        return "stopping", "Stopping after this step."
    if status.state in ("stopped", "done", "failed"):
        return "queued", "Starting."
    silent = time.time() - (folder / "status.json").stat().st_mtime
    step_s = experiment.train.batch_size / max(status.images_per_second, 1e-9)
    is_known = status.images_per_second > 0
    if status.state == "running" and silent > FULL_S and _is_full(folder):
        return "paused", "The disk is full. It goes on by itself when there is room."
    if status.state == "running" and silent > max(SILENT_S, is_known * SILENT_STEPS * step_s):
        return "stalled", (
            f"No sign of life for {silent / 60:.0f} min: it hangs, or a step takes very long. "
            "Wait, or stop it: its log then says where it hangs, and the last saved step is kept."
        )
    return status.state, status.message


def _ended(folder: Path, experiment: Experiment, status: RunStatus) -> tuple[RunState, str]:
    """Return state and message of a run without a process."""
    if status.state == "readying":
        return "done", "Trained. Its process ended while it was being made ready to explore."
    if status.state not in ("queued", "running", "paused"):
        return status.state, status.message
    if _is_full(folder):
        return "lost", (
            f"Its process ended at step {status.step} or later, and the disk is full, so it could "
            "not save. Make room, then resume it; the last saved step is kept."
        )
    message = (
        f"Its process ended without a word at step {status.step} or later: it was killed, the "
        "machine stopped, or memory ran out. Resume it; the last saved step is kept."
    )
    has = _memory_mb()
    if status.device in ("", "cpu") and status.memory_mb > MUCH * has:
        message += (
            f" It used {status.memory_mb:,.0f} of the machine's {has:,.0f} MB: memory is the "
            "likely reason. Then first lower train.batch_size (now "
            f"{experiment.train.batch_size}) or data.image_size."
        )
    return "lost", message


def _is_full(folder: Path) -> bool:
    return shutil.disk_usage(folder).free < ROOM


def _memory_mb() -> float:
    """Return how much memory there is: the machine's, or less where a container has less."""
    found = [os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")]
    for path in LIMITS:
        with suppress(OSError, ValueError):  # there is no such limit, or it is "max"
            found.append(int(path.read_text()))
    return min(found) / 1e6


def _can_begin(folder: Path) -> bool:
    """Whether there is a unit to go on from, or nothing that beginning anew would overwrite."""
    has_unit = any((folder / "units").glob("step-*"))
    return has_unit or not RunFolder(folder).holds_weights


def _damaged(name: str, message: str, alive: bool) -> RunView:
    return RunView(
        name=name,
        title=name,
        model="",
        data="",
        state="damaged",
        step=0,
        steps=0,
        seconds=0.0,
        images_per_second=0.0,
        eta_seconds=None,
        device="",
        device_memory_mb=0.0,
        message=message,
        is_alive=alive,
        is_bundled=False,
        can_resume=False,
    )


def _changed(folder: Path) -> float:
    path = folder / "status.json"
    return path.stat().st_mtime if path.exists() else 0.0
