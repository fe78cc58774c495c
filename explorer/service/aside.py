"""Heavy work in a process of its own: it leaves the processor to the page, and can be ended.

The process runs at low priority, so that pictures and clicks go first. It is ended at once when
nobody waits for it any more; what it was writing is for the caller to throw away.
"""

__all__ = ["aside"]

import contextlib
import multiprocessing
import os
import signal
import time
from collections.abc import Callable
from multiprocessing.connection import Connection
from typing import TypeVar

from explorer.errors import ExplorerError
from explorer.service.progress import Report

Result = TypeVar("Result")

NICENESS = 10
PATIENCE = 0.25
"""Seconds between two looks at whether somebody still waits."""
RARELY = 0.2
"""Seconds between two reports of the process, at least."""


class AsideError(ExplorerError):
    """The process ended without a result."""


def aside(work: Callable[[Report], Result], report: Report) -> Result:
    """Run `work(report)` in a process of its own and return its result.

    Args:
        work: Can be pickled, as its result: a function of a module, `functools.partial` of one.
        report: Told what the work reports; where it raises, the process is ended.

    Raises:
        AsideError: The process ended without a result, e.g. for want of memory.
        ExplorerError: Whatever the work raised.
    """
    context = multiprocessing.get_context("spawn")
    inlet, outlet = context.Pipe(duplex=False)
    process = context.Process(target=_run, args=(work, outlet), daemon=True)
    state, is_done = (0.0, "Starting"), False
    report(*state)
    process.start()
    outlet.close()
    try:
        while True:
            if not inlet.poll(PATIENCE):
                report(*state)
                continue
            kind, value = inlet.recv()
            is_done = kind in ("result", "error")
            if kind == "result":
                found: Result = value
                return found
            if kind == "error":
                raise value
            state = value
            report(*state)
    except EOFError:
        process.join()
        raise AsideError(
            f"The work ended without a result (exit code {process.exitcode}); the machine may be "
            "short of memory. Close other programs and try again."
        ) from None
    finally:
        if not is_done:
            process.terminate()
        process.join()
        inlet.close()


def _run(work: Callable[[Report], object], outlet: Connection) -> None:
    """What the process does: send progress, then a result or an error."""
    os.nice(NICENESS)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # whoever waits ends this
    last = 0.0

    def report(share: float, doing: str) -> None:
        nonlocal last
        if time.monotonic() - last >= RARELY:
            last = time.monotonic()
            outlet.send(("progress", (share, doing)))

    with contextlib.suppress(BrokenPipeError):  # nobody waits any more
        try:
            outlet.send(("result", work(report)))
        except BrokenPipeError:
            raise
        except Exception as error:
            outlet.send(("error", error))
