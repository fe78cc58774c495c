"""The images a model is explored with: kept beside its weights, so that no data set is needed.

```text
atlas.webp     every image at its own size, without loss, row by row
gallery.npz    label, attributes, source index, held out or not, of each image; latent norms
```
"""

__all__ = [
    "Gallery",
    "batches_of",
    "build_gallery",
    "gallery_latents",
    "load_gallery",
    "save_gallery",
]

import io
import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import numpy as np
import torch
from jaxtyping import Bool, Float32, Int64, UInt8
from PIL import Image
from torch import nn

from explorer.data.images import tile
from explorer.data.labelled import LabelledImages
from explorer.errors import CheckpointError
from explorer.files import write_bytes
from explorer.latent.arrayfile import load_arrays, save_arrays
from explorer.latent.interpolate import norms
from explorer.protocol import Batch, GenerativeModel

ATLAS = "atlas.webp"
ARRAYS = "gallery.npz"
_NAMES = ("labels", "attributes", "indices", "held_out", "norms")
ENCODED_AT_ONCE = 64


@dataclass(frozen=True, slots=True, eq=False)
class Gallery:
    """Images to look at, pick and edit.

    Attributes:
        pixels: uint8, shape (n, height, width, channel).
        labels: Class numbers, int64, shape (n,).
        attributes: bool, shape (n, attribute).
        indices: Positions in the model's training set, or in the test split where held out.
        held_out: Whether training never saw the image, bool, shape (n,).
        norms: Lengths of the training images' latents, float32, shape (m,).
    """

    pixels: UInt8[np.ndarray, "n height width channel"]
    labels: Int64[np.ndarray, " n"]
    attributes: Bool[np.ndarray, "n attribute"]
    indices: Int64[np.ndarray, " n"]
    held_out: Bool[np.ndarray, " n"]
    norms: Float32[np.ndarray, " m"]

    def __len__(self) -> int:
        """Return the number of images."""
        return len(self.labels)

    @property
    def columns(self) -> int:
        """Images a row of the atlas."""
        return atlas_columns(len(self))

    def as_labelled(self, name: str, class_names: tuple[str, ...]) -> LabelledImages:
        """Return the images as a data set, to be batched."""
        return LabelledImages(
            name, self.pixels, self.labels, class_names, np.arange(len(self), dtype=np.int64)
        )


def atlas_columns(count: int) -> int:
    """Return the columns of the squarest sheet of `count` pictures."""
    return max(1, math.ceil(math.sqrt(count)))


def build_gallery(
    model: nn.Module, train: LabelledImages, held_out: LabelledImages | None, count: int
) -> Gallery:
    """Choose images and measure the training latents' norms.

    Args:
        model: Meets `GenerativeModel`.
        train: What the model was trained on, in training order.
        held_out: Images it never saw, added after the training ones; None to show none. A model
            whose encoder is not exact has latents for its training images only.
        count: Training images to take at most: the first ones.
    """
    shown = train.subset(np.arange(min(count, len(train)), dtype=np.int64))
    latents = cast(GenerativeModel, model).latents(batches_of(shown))
    parts = [shown] if held_out is None else [shown, held_out]
    return Gallery(
        pixels=np.concatenate([part.images for part in parts]),
        labels=np.concatenate([part.labels for part in parts]),
        attributes=np.concatenate([part.attributes for part in parts]),
        indices=np.concatenate([np.arange(len(part), dtype=np.int64) for part in parts]),
        held_out=np.repeat(np.array([False, True])[: len(parts)], [len(part) for part in parts]),
        norms=norms(latents).numpy().astype(np.float32),
    )


def batches_of(data: LabelledImages) -> Iterator[Batch]:
    """Yield all images in order, in batches that fit any memory."""
    for first in range(0, len(data), ENCODED_AT_ONCE):
        last = min(first + ENCODED_AT_ONCE, len(data))
        yield data.batch(np.arange(first, last, dtype=np.int64))


def save_gallery(folder: Path, gallery: Gallery) -> None:
    """Write atlas and arrays into a model's folder."""
    content = io.BytesIO()
    sheet = tile(gallery.pixels, gallery.columns, gap=0)
    picture = Image.fromarray(sheet[:, :, 0] if sheet.shape[2] == 1 else sheet)
    picture.save(content, "WEBP", lossless=True, quality=80, method=4)
    write_bytes(folder / ATLAS, content.getvalue())
    save_arrays(folder / ARRAYS, {name: getattr(gallery, name) for name in _NAMES})


def load_gallery(folder: Path, image_shape: tuple[int, int, int]) -> Gallery:
    """Read a model's gallery.

    Args:
        folder: The model's folder.
        image_shape: (channel, height, width) of the model's images.

    Raises:
        CheckpointError: A file is missing, damaged, or does not fit the model.
    """
    if not (folder / ARRAYS).exists():
        raise CheckpointError(
            f"'{folder}' is not prepared to explore. "
            f"Run `python -m explorer prepare --model {folder.name}`."
        )
    arrays = load_arrays(folder / ARRAYS, _NAMES)
    channels, height, width = image_shape
    count = len(arrays["labels"])
    try:
        with Image.open(folder / ATLAS) as picture:
            sheet = np.asarray(picture.convert("L" if channels == 1 else "RGB"))
    except OSError as error:
        raise CheckpointError(f"'{folder / ATLAS}' cannot be read: {error}.") from None
    sheet = sheet.reshape(*sheet.shape[:2], channels)
    columns = atlas_columns(count)
    expected = (-(-count // columns) * height, columns * width)
    if sheet.shape[:2] != expected:
        raise CheckpointError(
            f"'{folder / ATLAS}' has {sheet.shape[0]}x{sheet.shape[1]} pixels; "
            f"{expected[0]}x{expected[1]} are expected. Build the gallery again."
        )
    cells = sheet.reshape(-1, height, columns, width, channels).swapaxes(1, 2)
    pixels = np.ascontiguousarray(cells.reshape(-1, height, width, channels)[:count])
    return Gallery(pixels=pixels, **{name: arrays[name] for name in _NAMES})


def gallery_latents(
    model: nn.Module, gallery: Gallery, positions: Int64[np.ndarray, " k"]
) -> torch.Tensor:
    """Return the latents of gallery images: looked up or encoded, shape (k, dim)."""
    data = LabelledImages(
        "gallery",
        gallery.pixels[positions],
        gallery.labels[positions],
        (),
        gallery.indices[positions],
    )
    batches = (
        Batch(batch.images, batch.labels, torch.from_numpy(data.indices[batch.indices.numpy()]))
        for batch in batches_of(data)
    )
    return cast(GenerativeModel, model).latents(batches)
