"""What a run shows of itself at a step: from the same seeds and the same images at every step.

```text
previews/step-*.png       a sheet of samples of the averaged weights
previews/restored-*.png   training images, and below each row their reconstructions
previews/latents-*.npz    where the latents of training images lie on two axes
previews/axes.npz         these axes: the first two principal ones of step 0
```
"""

__all__ = ["write_previews"]

from pathlib import Path
from typing import cast

import numpy as np
import torch
from jaxtyping import UInt8
from torch import Tensor, nn

from explorer.data.images import tile, to_pixels, to_png
from explorer.data.labelled import LabelledImages
from explorer.files import write_bytes
from explorer.latent.arrayfile import load_arrays, save_arrays
from explorer.protocol import Batch, Density, GenerativeModel

SAMPLES, COLUMNS, TEMPERATURE = 32, 8, 0.85
RESTORED, PLACED = 16, 256
"""Training images that are reconstructed, and that are placed on the map."""


@torch.no_grad()
def write_previews(
    folder: Path, model: nn.Module, data: LabelledImages, *, step: int, seed: int
) -> None:
    """Write the pictures of one step into a run's folder.

    Args:
        folder: The run's folder.
        model: The averaged weights, on their device.
        data: The training images; the first ones are shown.
        step: Updates done.
        seed: Of the samples.

    Raises:
        OSError: The disk is full or not writable; earlier pictures are untouched.
    """
    shown, previews = cast(GenerativeModel, model), folder / "previews"
    device = next(model.parameters()).device
    write_bytes(previews / f"step-{step:08d}.png", to_png(_samples(shown, seed)))
    few = _batch(data, RESTORED, device)
    restored = shown.decode(shown.latents([few]))
    sheet = _in_pairs(to_pixels(few.images), to_pixels(restored.nan_to_num(0.0)))
    write_bytes(previews / f"restored-{step:08d}.png", to_png(sheet))
    many = _batch(data, PLACED, device)
    rows = shown.latents([many]).cpu().double().nan_to_num(0.0)
    save_arrays(
        previews / f"latents-{step:08d}.npz",
        {
            "coordinates": _place(previews / "axes.npz", rows),
            "labels": many.labels.cpu().numpy(),
            "indices": many.indices.cpu().numpy(),
        },
    )


def _samples(model: GenerativeModel, seed: int) -> UInt8[np.ndarray, "height width channel"]:
    generator = torch.Generator().manual_seed(seed)
    latents = model.sample_latents(SAMPLES, generator=generator, temperature=TEMPERATURE)
    images = model.decode(latents)
    if isinstance(model, Density):
        images = model.denoise(images)
    return _doubled(tile(to_pixels(images.nan_to_num(0.0)), COLUMNS))


def _in_pairs(
    originals: UInt8[np.ndarray, "n height width channel"],
    restored: UInt8[np.ndarray, "n height width channel"],
) -> UInt8[np.ndarray, "rows columns channel"]:
    """Return rows of originals, each with the row of their reconstructions below it."""
    rows = []
    for first in range(0, len(originals), COLUMNS):
        rows += [tile(part[first : first + COLUMNS], COLUMNS) for part in (originals, restored)]
    return _doubled(np.concatenate(rows))


def _doubled(
    sheet: UInt8[np.ndarray, "height width channel"],
) -> UInt8[np.ndarray, "rows columns channel"]:
    return np.repeat(np.repeat(sheet, 2, axis=0), 2, axis=1)


def _place(path: Path, rows: Tensor) -> np.ndarray:
    """Return the rows on the run's two axes, which are found where there are none yet."""
    if not path.exists():
        mean = rows.mean(0)
        _, _, axes = torch.linalg.svd(rows - mean, full_matrices=False)
        axes = torch.nn.functional.pad(axes[:2], (0, 0, 0, 2 - min(2, len(axes))))
        save_arrays(path, {"mean": mean.numpy(), "axes": axes.numpy()})
    known = load_arrays(path, ("mean", "axes"))
    placed = (rows.numpy() - known["mean"]) @ known["axes"].T
    return np.asarray(placed, dtype=np.float32)


def _batch(data: LabelledImages, count: int, device: torch.device) -> Batch:
    """Return the first images; where these are sorted by class, all classes get a share."""
    positions = np.linspace(0, len(data) - 1, min(count, len(data))).astype(np.int64)
    batch = data.batch(positions)
    return Batch(batch.images.to(device), batch.labels.to(device), batch.indices.to(device))
