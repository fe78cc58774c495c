"""A person's images, from memory or a folder, as labelled images, and what was converted."""

__all__ = ["Taken", "take"]

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from jaxtyping import UInt8
from PIL import Image

from explorer.data.fewshot import draw_shots
from explorer.data.intake import fit
from explorer.data.labelled import LabelledImages
from explorer.data.load import load_data
from explorer.errors import ConfigError, DataError
from explorer.settings import DataSettings


@dataclass(frozen=True, slots=True, eq=False)
class Taken:
    """Images to learn from.

    Attributes:
        data: The images; one channel where all are grey, else three.
        classes: The labels as the person gave them, in the order of the class numbers.
        notes: What was converted, one sentence each.
    """

    data: LabelledImages
    classes: tuple[Any, ...]
    notes: tuple[str, ...]


def take(
    images: Any, labels: Iterable[Any] | None, *, image_size: int, shots: int | None, seed: int
) -> Taken:
    """Return labelled images.

    Args:
        images: A folder with one sub-folder a class, of which one image in ten is held out; or a
            tensor (n, channel, height, width) in [0, 1], an array (n, height, width) or (n,
            height, width, channel) of 8 bits, or a list of such images of any size.
        labels: One a picture, numbers or texts; None for a folder.
        image_size: Height and width, pixels. Other pictures are cropped to their middle square
            and resized.
        shots: Images a class to take; all if None.
        seed: Of that draw.

    Raises:
        ConfigError: Labels are missing, too many, or given beside a folder.
        DataError: The pictures are none, or two equal ones have different labels.
    """
    if isinstance(images, str | Path):
        if labels is not None:
            raise ConfigError(
                "Labels were given beside a folder, whose sub-folders name the classes; they "
                "could disagree. Leave the labels out, or give the images themselves."
            )
        settings = DataSettings(
            name="folder", root=str(images), image_size=image_size, shots=shots, seed=seed
        )
        data = load_data(settings, "train")
        return Taken(data, data.class_names, _checked(data))
    if labels is None:
        raise ConfigError("Images were given without labels. Give one label an image.")
    given = [label.item() if hasattr(label, "item") else label for label in labels]
    pictures = [_picture(one, number) for number, one in enumerate(images)]
    if len(given) != len(pictures):
        raise ConfigError(f"{len(pictures)} images and {len(given)} labels; give as many.")
    if len(pictures) < 2:
        raise DataError(f"{len(pictures)} images; at least 2 are needed to mix.")
    classes = tuple(sorted(set(given), key=lambda label: (str(type(label)), label)))
    pixels, notes = _alike(pictures, image_size)
    data = LabelledImages(
        name="images",
        images=pixels,
        labels=np.array([classes.index(label) for label in given], dtype=np.int64),
        class_names=tuple(map(str, classes)),
        indices=np.arange(len(given), dtype=np.int64),
    )
    if shots is not None:
        data = draw_shots(data, shots, seed)
    return Taken(data, classes, (*notes, *_checked(data)))


def _picture(one: Any, number: int) -> UInt8[np.ndarray, "height width channel"]:
    if isinstance(one, torch.Tensor):
        array = one.detach().cpu().numpy()
        array = array.transpose(1, 2, 0) if array.ndim == 3 else array
    else:
        array = np.asarray(one)
    array = array[..., None] if array.ndim == 2 else array
    if array.ndim != 3 or array.shape[2] not in (1, 3) or 0 in array.shape:
        raise DataError(
            f"Image {number} has shape {array.shape}; a tensor is (channel, height, width), an "
            "array (height, width) or (height, width, channel), with 1 or 3 channels."
        )
    if array.dtype == np.uint8:
        return array
    if not np.issubdtype(array.dtype, np.floating):
        raise DataError(f"Image {number} is of {array.dtype}; 8 bits or floats are known.")
    if not (array.min() >= 0 and array.max() <= 1):  # false for NaN as well
        raise DataError(
            f"Image {number} has values from {array.min():g} to {array.max():g}; floats lie in "
            "[0, 1]. Undo a normalisation first."
        )
    return np.floor(array * 255 + 0.5).astype(np.uint8)


def _alike(
    pictures: list[np.ndarray], side: int
) -> tuple[UInt8[np.ndarray, "n height width channel"], tuple[str, ...]]:
    """Return all pictures at one size and with one number of channels, and what that took."""
    channels = max(picture.shape[2] for picture in pictures)
    grey = sum(picture.shape[2] < channels for picture in pictures)
    other = sum(picture.shape[:2] != (side, side) for picture in pictures)
    notes = []
    if grey:
        notes.append(f"{grey} grey images became colour ones, as others are in colour.")
    if other:
        notes.append(f"{other} images were cropped to their middle square, {side} pixels wide.")
    made = []
    for picture in pictures:
        if picture.shape == (side, side, channels):
            made.append(picture)
        else:
            image = Image.fromarray(picture[:, :, 0] if picture.shape[2] == 1 else picture)
            made.append(fit(image, side, channels))
    return np.stack(made), tuple(notes)


def _checked(data: LabelledImages) -> tuple[str, ...]:
    """Refuse equal images of different classes; return a note on equal ones and on lone ones."""
    seen: dict[bytes, int] = {}
    equal = 0
    for row, picture in enumerate(data.images):
        first = seen.setdefault(picture.tobytes(), row)
        equal += first != row
        if data.labels[first] != data.labels[row]:
            names = [data.class_names[data.labels[one]] for one in (first, row)]
            raise DataError(
                f"Images {data.indices[first]} and {data.indices[row]} are identical, but one is "
                f"of '{names[0]}' and the other of '{names[1]}'. Remove one of them."
            )
    notes = [f"{equal} images are identical to an earlier one of their class."] if equal else []
    for name, count in zip(data.class_names, data.class_counts, strict=True):
        if count == 1:
            notes.append(f"'{name}' has one image, so it can be mixed with other classes only.")
    return tuple(notes)
