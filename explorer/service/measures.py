"""What a model makes of each gallery image: its likelihood, and how well it comes back."""

__all__ = ["NO_MEASURES", "Measures", "load_measures", "measure_gallery", "save_measures"]

from dataclasses import dataclass
from pathlib import Path
from typing import cast

import numpy as np
import torch
from jaxtyping import Float64
from torch import nn

from explorer.data.images import to_images, to_pixels
from explorer.errors import CheckpointError
from explorer.latent.arrayfile import load_arrays, save_arrays
from explorer.protocol import Density, GenerativeModel
from explorer.service.gallery import ENCODED_AT_ONCE, Gallery, gallery_latents
from explorer.service.progress import Report

MEASURES = "measures.npz"
NO_MEASURES = (
    "The images of '{model}' are not measured yet. Run `python -m explorer measure --model "
    "{model}`."
)
"""What to say where there are none; takes the model's name."""

NOISE_SEED = 0


@dataclass(frozen=True, slots=True, eq=False)
class Measures:
    """Two numbers an image, in gallery order.

    Attributes:
        bits_per_dim: Under the model, less is likelier, float64, shape (n,); NaN where the model
            has no likelihood. One draw of the training noise, the same for every image.
        reconstruction: Root mean squared difference of the image and the 8-bit picture of its
            latent, [0, 1], float64, shape (n,); 0 where it comes back exactly.
    """

    bits_per_dim: Float64[np.ndarray, " n"]
    reconstruction: Float64[np.ndarray, " n"]

    @property
    def has_density(self) -> bool:
        """Whether the model has a likelihood."""
        return bool(np.isfinite(self.bits_per_dim).any())


@torch.no_grad()
def measure_gallery(model: nn.Module, gallery: Gallery, report: Report) -> Measures:
    """Measure every image of a gallery.

    Args:
        model: Meets `GenerativeModel`; its likelihood is used where it meets `Density`.
        gallery: Its images.
        report: Told after each batch.
    """
    generative = cast(GenerativeModel, model)
    bits = np.full(len(gallery), np.nan)
    reconstruction = np.empty(len(gallery))
    for first in range(0, len(gallery), ENCODED_AT_ONCE):
        rows = np.arange(first, min(first + ENCODED_AT_ONCE, len(gallery)), dtype=np.int64)
        pixels = gallery.pixels[rows]
        back = to_pixels(generative.decode(gallery_latents(model, gallery, rows)))
        squares = (pixels.astype(np.float64) - back) ** 2 / 255**2
        reconstruction[rows] = np.sqrt(squares.mean(axis=(1, 2, 3)))
        if isinstance(model, Density):
            # One image a call: each gets the very noise that the page measures an edit with.
            for row in rows.tolist():
                generator = torch.Generator().manual_seed(NOISE_SEED)
                image = to_images(gallery.pixels[row : row + 1])
                bits[row] = float(model.bits_per_dim(image, generator=generator)[0])
        report((rows[-1] + 1) / len(gallery), "Measuring the images")
    return Measures(bits, reconstruction)


def save_measures(folder: Path, measures: Measures) -> None:
    """Write the measures into a model's folder: likelihoods as float32, errors as float16."""
    save_arrays(
        folder / MEASURES,
        {
            "bits_per_dim": measures.bits_per_dim.astype(np.float32),
            "reconstruction": measures.reconstruction.astype(np.float16),
        },
    )


def load_measures(folder: Path, count: int) -> Measures | None:
    """Read the measures of a folder; None where nothing was measured.

    Args:
        folder: The model's folder.
        count: Images of its gallery.

    Raises:
        CheckpointError: The file is damaged or of another gallery.
    """
    path = folder / MEASURES
    if not path.exists():
        return None
    arrays = load_arrays(path, ["bits_per_dim", "reconstruction"])
    for name, values in arrays.items():
        if values.shape != (count,) or values.dtype.kind != "f":
            raise CheckpointError(
                f"'{path}': {name} is {values.dtype} of shape {values.shape}; floats of shape "
                f"({count},) are expected. Run `python -m explorer measure --model {folder.name}`."
            )
    return Measures(
        arrays["bits_per_dim"].astype(np.float64), arrays["reconstruction"].astype(np.float64)
    )
