"""Which process holds a file: POSIX record locks, which go with their process however it ends.

A lock of `flock` would stay with a forked worker after its trainer was killed; these do not. A
process that closes any descriptor of a file loses its locks on it, so what this process holds is
remembered and never opened a second time.
"""

__all__ = ["hold", "holder"]

import fcntl
import os
import struct
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_FLOCK = "qqihh" if sys.platform == "darwin" else "hhqqi"
"""C's `struct flock`: start, length, process, type, whence; the last two come first on Linux."""

_held: dict[Path, int] = {}


@contextmanager
def hold(path: Path) -> Iterator[bool]:
    """Hold a file while the block runs, unless another process does; tell which it is.

    A process may hold a file several times over.

    Args:
        path: Made if missing, with its folder.
    """
    path = path.resolve()
    if path in _held:
        _held[path] += 1
        try:
            yield True
        finally:
            _held[path] -= 1
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a") as file:
        try:
            fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            yield False
            return
        _held[path] = 1
        try:
            yield True
        finally:
            del _held[path]


def holder(path: Path) -> int | None:
    """Return the process that holds a file, None if none does; nobody is kept from holding it."""
    if path.resolve() in _held:
        return os.getpid()
    try:
        with path.open("rb") as file:
            kind, process = _query(file.fileno())
    except OSError:
        return None
    return None if kind == fcntl.F_UNLCK else process


def _query(descriptor: int) -> tuple[int, int]:
    """Return kind and process of the lock that would stand in the way of a new one."""
    if sys.platform == "darwin":
        asked = struct.pack(_FLOCK, 0, 0, 0, fcntl.F_WRLCK, os.SEEK_SET)
    else:
        asked = struct.pack(_FLOCK, fcntl.F_WRLCK, os.SEEK_SET, 0, 0, 0)
    found = struct.unpack(_FLOCK, fcntl.fcntl(descriptor, fcntl.F_GETLK, asked))
    return (found[3], found[2]) if sys.platform == "darwin" else (found[0], found[4])
