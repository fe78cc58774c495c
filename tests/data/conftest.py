"""A record of every file that is opened, taken below Python's own open."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

_recording: list[Path] | None = None


def _hook(event: str, arguments: tuple) -> None:
    if _recording is not None and event == "open" and isinstance(arguments[0], str | bytes | Path):
        path = arguments[0]
        _recording.append(Path(path.decode() if isinstance(path, bytes) else path))


sys.addaudithook(_hook)  # cannot be taken away again, so it is silent unless a test records


@pytest.fixture
def opened() -> Iterator[list[Path]]:
    """Paths of the files opened during the test; `clear()` starts anew."""
    global _recording
    _recording = []
    yield _recording
    _recording = None
