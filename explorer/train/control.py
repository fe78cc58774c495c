"""What a training process is asked to do: a file in the run's folder, or a signal.

| asked | what happens at the end of the step |
|---|---|
| `stop` | a unit is saved, the weights are written, the process ends |
| `discard` | the process ends; what came after the last unit is given up |
| `pause` | a unit is saved, the device is given back, the process waits |
"""

__all__ = ["Asked", "Control", "ask", "asked", "withdraw"]

import json
import signal
import types
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

from explorer.files import write_json

Asked = Literal["", "stop", "discard", "pause"]
REQUEST = "request.json"


def ask(folder: Path, what: Asked) -> None:
    """Write into a run's folder what its process is to do."""
    write_json(folder / REQUEST, {"ask": what})


def asked(folder: Path) -> Asked:
    """Return what a run's process is asked to do; "" to go on."""
    try:
        what = json.loads((folder / REQUEST).read_text(encoding="utf-8"))["ask"]
    except (OSError, ValueError, KeyError, TypeError):
        return ""
    return what if what in ("stop", "discard", "pause") else ""


def withdraw(folder: Path) -> None:
    """Ask for nothing any more."""
    (folder / REQUEST).unlink(missing_ok=True)


class Control:
    """Answers what the process is asked to do, by file or by signal.

    Attributes:
        folder: The run's folder.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._signals: list[int] = []

    @property
    def asked(self) -> Asked:
        """What to do now. A signal alone asks to stop."""
        what = asked(self.folder)
        return "stop" if self._signals and what != "discard" else what

    @property
    def is_ending(self) -> bool:
        """Whether the process is to end."""
        return self.asked in ("stop", "discard")

    @contextmanager
    def listening(self) -> Iterator[None]:
        """Turn SIGINT and SIGTERM into a request; an older request is withdrawn."""
        withdraw(self.folder)
        wanted = (signal.SIGINT, signal.SIGTERM)
        before = {number: signal.signal(number, self._note) for number in wanted}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def _note(self, number: int, frame: types.FrameType | None) -> None:
        self._signals.append(number)
