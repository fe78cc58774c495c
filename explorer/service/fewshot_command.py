"""The command that tests whether made images help on the very data of a model."""

__all__ = ["fewshot_command"]

import json
import shlex
from pathlib import Path

from explorer.judge.fewshot.arms import BEST
from explorer.settings import DataSettings

MOST_SHOTS = 10
OUT = "runs/does-it-help"
"""Of each model its own folder: runs of two image folders could not be told apart in one."""


def fewshot_command(name: str, data: DataSettings, class_counts: tuple[int, ...]) -> str:
    """Return the few-shot comparison on a model's data, ready for a shell.

    It asks for at most half of the smallest class, so that images are left to count.

    Args:
        name: The model.
        data: What the model learned from.
        class_counts: Training images a class.
    """
    shots = max(1, min(MOST_SHOTS, min(class_counts) // 2))
    changes = [f"data.image_size={data.image_size}", f"data.count={data.count}", "score=rest"]
    if data.root is not None:
        place = json.dumps(str(Path(data.root).absolute()), ensure_ascii=False)
        changes.insert(0, f"data.root={place}")
    words = ["--data", data.name, "--shots", f"{shots}"]
    words += [word for change in changes for word in ("--set", change)]
    words += ["--arms", f"standard,{BEST},pixel-{BEST}", "--out", f"{OUT}/{name}"]
    return shlex.join(["python", "-m", "explorer", "benchmark", "fewshot", *words])
