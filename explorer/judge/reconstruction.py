"""Whether encoding and decoding returns the very same 8-bit image."""

__all__ = ["ReconstructionResult", "measure_reconstruction"]

from dataclasses import dataclass

import numpy as np
import torch

from explorer.data.images import to_images, to_pixels
from explorer.data.labelled import LabelledImages
from explorer.judge.pictures import AT_ONCE
from explorer.protocol import GenerativeModel


@dataclass(frozen=True, slots=True)
class ReconstructionResult:
    """What came back from latents.

    Attributes:
        exact: Images that came back with every 8-bit value unchanged.
        count: Images tried.
        largest_error: Largest difference of a value before rounding, in 8-bit steps; below 0.5
            rounding undoes it.
    """

    exact: int
    count: int
    largest_error: float


@torch.no_grad()
def measure_reconstruction(model: GenerativeModel, data: LabelledImages) -> ReconstructionResult:
    """Encode and decode images and compare them with themselves.

    Args:
        model: The judged one.
        data: At least one image, held out.
    """
    exact, largest = 0, 0.0
    for first in range(0, len(data), AT_ONCE):
        pixels = data.images[first : first + AT_ONCE]
        images = to_images(pixels)
        back = model.decode(model.encode(images))
        exact += int(np.all(to_pixels(back) == pixels, axis=(1, 2, 3)).sum())
        largest = max(largest, float((back - images).abs().max()) * 255)
    return ReconstructionResult(exact, len(data), largest)
