"""The latents of all gallery images: encoded once on a machine, then read from the disk."""

__all__ = ["gallery_codes"]

from functools import partial
from pathlib import Path

import numpy as np
import torch

from explorer.protocol import Latents
from explorer.service.gallery import ENCODED_AT_ONCE, gallery_latents, load_gallery
from explorer.service.kept import kept, kept_folder
from explorer.service.progress import Report
from explorer.service.shelf import OpenModel
from explorer.train.run import RunFolder
from explorer.train.session import load_model


@torch.no_grad()
def gallery_codes(opened: OpenModel, report: Report) -> Latents:
    """Return the latents of all gallery images, float32, shape (n, dim); do not write into them.

    Where the model looks its latents up, that is done at once. Else they are encoded by a process
    of its own, the first time, and mapped into memory from the file it leaves.

    Args:
        opened: The model.
        report: Told how far it is; where it raises, nothing is left behind.
    """
    if opened.generative.traits.encoder == "optimised":
        everything = np.arange(len(opened.gallery), dtype=np.int64)
        with opened.lock:
            return gallery_latents(opened.model, opened.gallery, everything)
    path = kept(kept_folder(opened) / "codes.npy", partial(_encode, opened.folder), report)
    # Copy on write, because torch warns of arrays that cannot be written.
    return torch.from_numpy(np.load(path, mmap_mode="c"))


@torch.no_grad()
def _encode(folder: Path, target: Path, report: Report) -> None:
    """Write the latents of a model's gallery into an npy file."""
    model = load_model(folder)
    gallery = load_gallery(folder, RunFolder(folder).data_card().image_shape)
    parts = []
    for first in range(0, len(gallery), ENCODED_AT_ONCE):
        report(first / len(gallery), "Encoding the images")
        rows = np.arange(first, min(first + ENCODED_AT_ONCE, len(gallery)), dtype=np.int64)
        parts.append(gallery_latents(model, gallery, rows).numpy().astype(np.float32))
    np.save(target, np.concatenate(parts))
