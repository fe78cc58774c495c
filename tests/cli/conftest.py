"""Running the command line as a person does, within the test's process."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from explorer.cli import main


class Typed:
    """What came of a command: exit code, standard output, standard error."""

    def __init__(self, code: int, out: str, err: str) -> None:
        self.code, self.out, self.err = code, out, err

    @property
    def json(self) -> Any:
        assert self.code == 0, self.err
        return json.loads(self.out)


@pytest.fixture
def typed(capsys: pytest.CaptureFixture[str]) -> Callable[..., Typed]:
    """Run a command: each word an argument, paths and numbers as they are."""

    def run(*words: object) -> Typed:
        capsys.readouterr()
        code = main([str(word) for word in words])
        return Typed(code, *capsys.readouterr())

    return run


@pytest.fixture
def own_root(tiny_root: Path, tmp_path: Path) -> Path:
    """A copy of the tiny models that the test may change."""
    return Path(shutil.copytree(tiny_root, tmp_path / "checkpoints"))
