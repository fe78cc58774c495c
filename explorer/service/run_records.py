"""What a run writes while it trains: metrics, pictures from fixed seeds, latents, its log."""

__all__ = [
    "LatentSnapshot",
    "RunPreview",
    "latent_snapshot",
    "log_tail",
    "metrics",
    "metrics_csv",
    "previews",
]

import csv
import io
import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Float32, Int64

from explorer.latent.arrayfile import load_arrays
from explorer.service.runs import folder_of
from explorer.train.process import LOG
from explorer.train.run import RunFolder

LOG_BYTES = 200_000


@dataclass(frozen=True, slots=True)
class RunPreview:
    """Pictures of one step, from the same seeds and images at every step.

    Attributes:
        step: Updates done.
        samples: PNG of a sheet of samples.
        restored: PNG with training images above and their reconstructions below, in pairs of
            rows; None where a run of an older version wrote none.
        latents: File for `latent_snapshot`; None likewise.
    """

    step: int
    samples: Path
    restored: Path | None
    latents: Path | None


@dataclass(frozen=True, slots=True, eq=False)
class LatentSnapshot:
    """Where the latents of the same training images lay at one step, on axes that stay.

    Attributes:
        coordinates: float32, shape (n, 2): the first two principal axes of step 0.
        labels: Class numbers, int64, shape (n,).
        indices: Positions in the training set, int64, shape (n,).
    """

    coordinates: Float32[np.ndarray, "n 2"]
    labels: Int64[np.ndarray, " n"]
    indices: Int64[np.ndarray, " n"]


def metrics(root: Path, name: str) -> list[dict[str, float | int]]:
    """Return the lines of a run's metrics, each step once, in order.

    Raises:
        UnknownModelError: There is no such run.
    """
    return RunFolder(folder_of(root, name)).metrics()


def metrics_csv(root: Path, name: str) -> str:
    """Return the metrics as CSV text with a header; a value that is missing is left empty.

    Raises:
        UnknownModelError: There is no such run.
    """
    rows = metrics(root, name)
    names = list(dict.fromkeys(key for row in rows for key in row)) or ["step"]
    text = io.StringIO()
    writer = csv.DictWriter(text, names, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def previews(root: Path, name: str) -> tuple[RunPreview, ...]:
    """Return the pictures of a run, the first step first.

    Raises:
        UnknownModelError: There is no such run.
    """
    folder = folder_of(root, name) / "previews"
    found = []
    for samples in folder.glob("step-*.png"):
        step = int(samples.stem.removeprefix("step-"))
        others = [folder / f"restored-{step:08d}.png", folder / f"latents-{step:08d}.npz"]
        restored, latents = (path if path.exists() else None for path in others)
        found.append(RunPreview(step, samples, restored, latents))
    return tuple(sorted(found, key=lambda preview: preview.step))


def latent_snapshot(path: Path) -> LatentSnapshot:
    """Read where the latents lay at one step.

    Raises:
        CheckpointError: The file is missing or damaged.
    """
    arrays = load_arrays(path, ("coordinates", "labels", "indices"))
    return LatentSnapshot(arrays["coordinates"], arrays["labels"], arrays["indices"])


def log_tail(root: Path, name: str, lines: int = 40) -> str:
    """Return the last lines that a run's process wrote; empty if it was not started here.

    Raises:
        UnknownModelError: There is no such run.
    """
    path = folder_of(root, name) / LOG
    if not path.exists():
        return ""
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - LOG_BYTES), os.SEEK_SET)
        text = file.read().decode("utf-8", errors="replace")
    return "\n".join(text.splitlines()[-lines:])
