"""Work that tests hand to another process, which must be able to import it."""

import os
import time
from pathlib import Path

from explorer.errors import ConfigError
from explorer.service.progress import Report


def who(report: Report) -> tuple[int, int]:
    """Return the process's number and niceness."""
    report(0.5, "Looking")
    return os.getpid(), os.nice(0)


def refuse(report: Report) -> None:
    """Fail as work for people fails."""
    raise ConfigError("Seven is too many; at most 6.")


def vanish(report: Report) -> None:
    """End without a word, as a process that is killed."""
    os._exit(9)


def linger(started: Path, report: Report) -> None:
    """Write the process's number into a file, then take very long."""
    started.write_text(str(os.getpid()))
    report(0.1, "Lingering")
    time.sleep(600)


def half_write(target: Path, report: Report) -> None:
    """Write half of a file, then take very long."""
    target.write_bytes(b"half")
    report(0.5, "Writing")
    time.sleep(600)


def write(target: Path, report: Report) -> None:
    """Write a whole file."""
    target.write_text(str(os.getpid()))
