"""The same image in another model: its own copy, an exact encoding, or a search for a latent."""

__all__ = ["Counterpart", "counterpart", "second_models"]

from dataclasses import dataclass
from typing import Literal

import numpy as np
from jaxtyping import Float32, UInt8
from PIL import Image

from explorer.errors import ConfigError
from explorer.service.points import add_image
from explorer.service.progress import Report, unreported
from explorer.service.records import ModelCard
from explorer.service.workbench import Workbench

SAME = 3.0
"""Root mean squared difference, levels of 255, under which two pictures show the same image.

The bundled faces, drawn at 64 pixels and averaged to 32, differ from the same ones drawn at 32 by
less than 2; two different faces by 4 or more.
"""


@dataclass(frozen=True, slots=True)
class Counterpart:
    """What stands for an image in another model.

    Attributes:
        position: In the other model.
        how: "same": it is in that model's gallery; "encoded" exactly; "searched" by optimisation.
        difference: Between the image and its picture in the other model, at the smaller size of
            both, root mean square, levels of 255.
    """

    position: int
    how: Literal["same", "encoded", "searched"]
    difference: float


def second_models(workbench: Workbench, model: str) -> list[ModelCard]:
    """Return the other models of the same data and classes that can be opened."""
    card = workbench.card(model)
    return [
        other
        for other in workbench.models()
        if other.name != model
        and not other.problem
        and (other.data, other.class_names) == (card.data, card.class_names)
    ]


def counterpart(
    workbench: Workbench, model: str, position: int, other: str, report: Report = unreported
) -> Counterpart:
    """Find or make the point of another model that stands for an image.

    Args:
        workbench: Where both lie.
        model: Whose image.
        position: Of the image.
        other: The other model.
        report: Takes the progress of a search.

    Raises:
        ConfigError: The image does not exist, or the models have other numbers of channels.
        Cancelled: The person has cancelled.
    """
    source, target = workbench.open(model), workbench.open(other)
    pixels = workbench.picture(model, position).pixels
    channels, height, width = target.data.image_shape
    if source.data.image_shape[0] != channels:
        raise ConfigError(
            f"'{model}' has pictures of {source.data.image_shape[0]} channels, '{other}' of "
            f"{channels}. Choose a model of the same data."
        )
    shown = _resized(pixels[None], height, width)[0]
    copy = _copy_in(target.gallery.pixels, pixels)
    if copy is not None:
        return Counterpart(copy[0], "same", copy[1])
    place = add_image(workbench, other, shown, report)
    drawn = workbench.drawn(other, [place])[0]
    exact = target.generative.traits.encoder == "exact"
    return Counterpart(place, "encoded" if exact else "searched", _difference(drawn, shown))


def _copy_in(
    gallery: UInt8[np.ndarray, "n height width channel"],
    pixels: UInt8[np.ndarray, "high wide channel"],
) -> tuple[int, float] | None:
    """Return the gallery image that shows the same, with its difference; None if there is none."""
    height = min(gallery.shape[1], pixels.shape[0])
    width = min(gallery.shape[2], pixels.shape[1])
    wanted = _resized(pixels[None], height, width)[0].astype(np.float32)
    squares = np.square(_small(gallery, height, width) - wanted).mean(axis=(1, 2, 3))
    best = int(squares.argmin())
    difference = float(np.sqrt(squares[best]))
    return (best, difference) if difference < SAME else None


def _small(
    gallery: UInt8[np.ndarray, "n height width channel"], height: int, width: int
) -> Float32[np.ndarray, "n high wide channel"]:
    if gallery.shape[1:3] == (height, width):
        return gallery.astype(np.float32)
    return _resized(gallery, height, width).astype(np.float32)


def _resized(
    pixels: UInt8[np.ndarray, "n height width channel"], height: int, width: int
) -> UInt8[np.ndarray, "n high wide channel"]:
    """Return pictures at another size: averaged when smaller, bicubic when larger."""
    if pixels.shape[1:3] == (height, width):
        return pixels
    way = Image.Resampling.BOX if height <= pixels.shape[1] else Image.Resampling.BICUBIC
    made = []
    for picture in pixels:
        plain = Image.fromarray(picture[:, :, 0] if picture.shape[2] == 1 else picture)
        made.append(np.asarray(plain.resize((width, height), way)).reshape(height, width, -1))
    return np.stack(made)


def _difference(
    one: UInt8[np.ndarray, "height width channel"],
    other: UInt8[np.ndarray, "height width channel"],
) -> float:
    return float(np.sqrt(np.square(one.astype(np.float32) - other).mean()))
