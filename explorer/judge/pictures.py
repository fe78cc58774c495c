"""Pictures of latents as a person would see them, for the judges."""

__all__ = ["AT_ONCE", "decoded", "encoded", "finished", "image_batches", "in_batches"]

from collections.abc import Iterator
from typing import cast

import torch
from torch import Tensor

from explorer.data.images import to_images, to_pixels
from explorer.data.labelled import LabelledImages
from explorer.protocol import Density, GenerativeModel, Images, Latents

AT_ONCE = 64


def image_batches(data: LabelledImages) -> Iterator[Images]:
    """Yield all images in order, in batches that fit any memory."""
    for first in range(0, len(data), AT_ONCE):
        yield to_images(data.images[first : first + AT_ONCE])


def in_batches(rows: Tensor) -> Iterator[Tensor]:
    """Yield the rows of a tensor in order, in batches that fit any memory."""
    for first in range(0, len(rows), AT_ONCE):
        yield rows[first : first + AT_ONCE]


@torch.no_grad()
def encoded(model: GenerativeModel, data: LabelledImages) -> Latents:
    """Return the latents of all images, in order."""
    return torch.cat([model.encode(images) for images in image_batches(data)])


@torch.no_grad()
def decoded(model: GenerativeModel, latents: Latents) -> Images:
    """Return the images of all latents, in order."""
    return torch.cat([model.decode(part) for part in in_batches(latents)])


@torch.no_grad()
def finished(model: GenerativeModel, images: Images) -> Images:
    """Return generated images as they are shown: denoised by models with a density, in 8 bits."""
    if isinstance(model, Density):
        density = cast(Density, model)
        images = torch.cat([density.denoise(part) for part in in_batches(images)])
    return to_images(to_pixels(images.nan_to_num(0.0)))
