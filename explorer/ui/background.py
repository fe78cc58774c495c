"""Long work on the page: in a thread of its own, followed step by step, cancelled by closing.

```python
def show(picked):
    for step in followed(lambda report: distributions(workbench, picked.model, report)):
        yield message_of(step.result) if isinstance(step, Done) else progress_message(step)
```

Gradio closes the generator when its event is cancelled or the page is left; the next report of
the work then raises `Cancelled` inside it.
"""

__all__ = ["Done", "Progress", "followed"]

import contextlib
import queue
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Generic, TypeVar

from explorer.service.progress import Cancelled, Report

Result = TypeVar("Result")

PATIENCE = 0.25
"""Seconds between two looks at whether somebody still waits."""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far the work is.

    Attributes:
        share: 0 to 1.
        doing: What is being done, for people.
    """

    share: float
    doing: str


@dataclass(frozen=True, slots=True, eq=False)
class Done(Generic[Result]):
    """What came of the work."""

    result: Result


def followed(work: Callable[[Report], Result]) -> Iterator[Progress | Done[Result]]:
    """Run `work(report)` and yield its progress, only the latest of many, then its result.

    Raises:
        Exception: Whatever the work raised.
    """
    news: queue.SimpleQueue[Progress | Done[Result] | BaseException] = queue.SimpleQueue()
    left = threading.Event()

    def report(share: float, doing: str) -> None:
        if left.is_set():
            raise Cancelled("Cancelled.")
        news.put(Progress(min(max(share, 0.0), 1.0), doing))

    def run() -> None:
        try:
            news.put(Done(work(report)))
        except BaseException as error:  # handed to whoever follows
            news.put(error)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    try:
        while True:
            step = _latest(news)
            if step is None:
                continue
            if isinstance(step, BaseException):
                raise step
            yield step
            if isinstance(step, Done):
                return
    finally:
        left.set()


def _latest(
    news: "queue.SimpleQueue[Progress | Done[Result] | BaseException]",
) -> Progress | Done[Result] | BaseException | None:
    """Return the newest of what has come, waiting a moment for the first; None if nothing came."""
    try:
        step = news.get(timeout=PATIENCE)
    except queue.Empty:
        return None
    with contextlib.suppress(queue.Empty):
        while isinstance(step, Progress):
            step = news.get_nowait()
    return step
