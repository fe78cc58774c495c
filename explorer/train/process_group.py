"""Which processes still live, alone or of a group: a run has ended when none of them does."""

__all__ = ["is_leader", "lives", "members"]

import os
from collections.abc import Callable
from pathlib import Path

_PROCESSES = Path("/proc")


def is_leader(process: int) -> bool:
    """Return whether a process leads a group of its own, as each that was started here does."""
    try:
        return os.getpgid(process) == process
    except ProcessLookupError:
        return False


def lives(process: int) -> bool:
    """Return whether a process lives; one that only waits to be reaped lives no more."""
    return _state(process)[0] if _PROCESSES.is_dir() else _answers(os.kill, process)


def members(leader: int) -> list[int]:
    """Return the living processes of a group.

    Args:
        leader: Number of the process that leads, or led, the group.

    Returns:
        Their numbers; where the system has no `/proc`, the leader's stands for all of them.
    """
    if not _PROCESSES.is_dir():
        return [leader] if _answers(os.killpg, leader) else []
    processes = [int(path.name) for path in _PROCESSES.glob("[0-9]*")]
    return [process for process in processes if _state(process) == (True, leader)]


def _state(process: int) -> tuple[bool, int]:
    """Return whether a process lives, and its group."""
    try:
        told = (_PROCESSES / str(process) / "stat").read_text(errors="replace")
    except OSError:  # it ended meanwhile
        return False, 0
    # After the name in brackets, which may hold anything: state, parent, group.
    state, _, group = told.rpartition(")")[2].split()[:3]
    return state not in "ZX", int(group)


def _answers(send: Callable[[int, int], None], number: int) -> bool:
    try:
        send(number, 0)
    except ProcessLookupError:
        return False
    return True
