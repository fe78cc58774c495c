"""Latents that leave the program: an npz file that says which weights they belong to.

```text
latents    float32, shape (n, dim)
model      name of the model's folder
version    SHA-256 of the model's weights, 64 hexadecimal digits
```
"""

__all__ = ["latents_bytes", "load_latents", "save_latents", "weights_version"]

from pathlib import Path

import numpy as np
import torch

from explorer.errors import CheckpointError
from explorer.files import write_bytes
from explorer.latent.arrayfile import arrays_bytes, load_arrays
from explorer.protocol import Latents
from explorer.train import checkpoint

WEIGHTS = "weights.safetensors"


def save_latents(path: Path, folder: Path, latents: Latents) -> None:
    """Write latents with the name and the version of the model they belong to.

    Args:
        path: The npz file; missing parent folders are made.
        folder: The model's folder.
        latents: Shape (n, dim).

    Raises:
        CheckpointError: The folder is no checkpoint.
    """
    write_bytes(path, latents_bytes(folder, latents))


def latents_bytes(folder: Path, latents: Latents) -> bytes:
    """Return what `save_latents` writes.

    Raises:
        CheckpointError: The folder is no checkpoint.
    """
    return arrays_bytes(
        {
            "latents": latents.numpy(),
            "model": np.array(folder.name),
            "version": np.array(weights_version(folder)),
        }
    )


def load_latents(path: Path, root: Path) -> tuple[str, Latents]:
    """Read latents and the name of their model.

    Args:
        path: A file as `save_latents` writes it.
        root: Folder of checkpoints that holds the model.

    Returns:
        Name of the model, latents of shape (n, dim), n at least 1.

    Raises:
        CheckpointError: The file is missing, damaged, or not of this form; or the model is not
            there, or its weights are not those the latents were made with.
    """
    arrays = load_arrays(path, ["latents", "model", "version"])
    latents, name, version = arrays["latents"], str(arrays["model"]), str(arrays["version"])
    if latents.dtype.kind != "f" or latents.ndim != 2 or not len(latents):
        raise CheckpointError(
            f"'{path}': latents are {latents.dtype} of shape {latents.shape}; floats of shape "
            "(n, dim) are expected. Encode the images again."
        )
    if not np.isfinite(latents).all():
        raise CheckpointError(f"'{path}': a latent is not finite. Encode the images again.")
    if Path(name).name != name or not (root / name).is_dir():
        raise CheckpointError(
            f"'{path}' holds latents of the model {name!r}, which is not in '{root}'. "
            "Give the folder of that model with --root."
        )
    if version != weights_version(root / name):
        raise CheckpointError(
            f"'{path}' was made with other weights of '{name}' than those in '{root}'. "
            "Encode the images again."
        )
    return name, torch.from_numpy(latents.astype(np.float32))


def weights_version(folder: Path) -> str:
    """Return the SHA-256 of a model's weights, 64 hexadecimal digits.

    Raises:
        CheckpointError: The folder is no checkpoint, or its training has not ended.
    """
    entries = checkpoint.manifest(folder)
    if WEIGHTS not in entries:
        raise CheckpointError(f"'{folder}' has no {WEIGHTS}: its training has not ended.")
    return str(entries[WEIGHTS]["sha256"])
