"""A run as a process of its own: it outlives the page, and can be found again and ended."""

__all__ = ["LOCK", "LOG", "is_alive", "is_first", "start", "stop", "tell_stacks"]

import faulthandler
import os
import signal
import subprocess
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path

from explorer.errors import TrainingError
from explorer.train.control import Asked, ask
from explorer.train.lock import holder
from explorer.train.process_group import is_leader, lives, members

LOCK, LOG = "run.lock", "log.txt"
HERE = Path(__file__).resolve().parents[2]
START_S, LOOK_S = 30.0, 0.05

STACKS = signal.SIGUSR1
"""Asks a process that hangs where it hangs."""

STACKS_S = 0.2
"""Seconds it is given to write that."""

KILL_S = 5.0
"""Seconds until a killed process must be gone."""


def is_alive(folder: Path) -> bool:
    """Return whether a process trains, waits or is paused in a run's folder."""
    return holder(folder / LOCK) is not None


def is_first() -> bool:
    """Return whether this process writes: the only one, or the first that `torchrun` started."""
    return os.environ.get("RANK", "0") == "0"


def start(folder: Path, *, resume: bool) -> int:
    """Start `python -m explorer train` for a run's folder and return its process number.

    The process leads a group of its own and writes what it says to `log.txt`. This returns when
    it holds the run, or has ended.

    Args:
        folder: Holds the run's `experiment.json`.
        resume: Go on from the newest saved step.

    Raises:
        TrainingError: The run is alive already.
    """
    if is_alive(folder):
        raise TrainingError(f"'{folder.name}' is running already. Stop it first.")
    command = [sys.executable, "-m", "explorer", "train"]
    command += ["--config", str(folder / "experiment.json"), "--root", str(folder.parent)]
    command += ["--resume"] if resume else []
    with (folder / LOG).open("ab") as log:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            cwd=HERE,
            start_new_session=True,
        )
    threading.Thread(target=process.wait, daemon=True).start()  # leaves no zombie
    until = time.monotonic() + START_S
    while time.monotonic() < until and process.poll() is None and not is_alive(folder):
        time.sleep(LOOK_S)
    return process.pid


def stop(folder: Path, what: Asked, *, patience: float) -> bool:
    """Ask a run's process to end, and end it if it does not; return when all of it is gone.

    Args:
        folder: The run's folder.
        what: "stop" to save first, "discard" to give up what came after the last unit.
        patience: Seconds it is given.

    Returns:
        Whether it ended by itself; False if its group had to be killed, after each of its threads
        wrote to the log where it was.

    Raises:
        TrainingError: Not even that ended it.
    """
    process = holder(folder / LOCK)
    if process is None:
        return True
    leads = is_leader(process)
    with suppress(OSError):  # the disk is full; the signal alone asks to stop
        ask(folder, what)
    with suppress(ProcessLookupError):
        os.kill(process, signal.SIGTERM)
    if _is_gone(process, leads, patience):
        return True
    with suppress(ProcessLookupError):
        os.kill(process, STACKS)
        time.sleep(STACKS_S)
    with suppress(ProcessLookupError):  # others of its group may live on without it
        os.killpg(process, signal.SIGKILL) if leads else os.kill(process, signal.SIGKILL)
    if not _is_gone(process, leads, KILL_S):
        raise TrainingError(
            f"Process {process} of '{folder.name}' does not end, not even when it is killed: the "
            "system holds it, as a disk or device that does not answer does. Wait, or restart "
            "the machine; the last saved step is kept."
        )
    return False


def tell_stacks() -> None:
    """Let this process write where its threads are when it is told to end and does not."""
    faulthandler.register(STACKS, file=2, all_threads=True)


def _is_gone(process: int, leads: bool, patience: float) -> bool:
    """Return whether a process, with the group it leads, is gone in time."""
    until = time.monotonic() + patience
    while members(process) if leads else lives(process):
        if time.monotonic() > until:
            return False
        time.sleep(LOOK_S)
    return True
