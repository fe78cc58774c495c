"""How usual an image is for a model: its number beside those of the images the model learned.

For a model with a likelihood the number is bits per dimension, for one without it is the error of
the reconstruction. Likelihood alone says little: flows give simple images, such as one plain
colour, more likelihood than those they were trained on (Nalisnick et al., Do Deep Generative
Models Know What They Don't Know?, ICLR 2019). So an image is unusual on either side, and the
length of its latent is given beside it.
"""

__all__ = ["USUAL", "Plausibility", "Reference", "plausibility"]

from dataclasses import dataclass
from typing import Literal

import numpy as np
from jaxtyping import Float, UInt8

from explorer.service.workbench import Workbench

USUAL = (0.025, 0.975)
"""Shares of the training images between which a number is usual."""


@dataclass(frozen=True, slots=True)
class Reference:
    """A number of one image among those of the model's training images.

    Attributes:
        value: Of the image.
        below: Share of the training images with a smaller one, 0 to 1.
        low: 2.5 % quantile of theirs.
        median: 50 % quantile.
        high: 97.5 % quantile.
        count: How many they are.
    """

    value: float
    below: float
    low: float
    median: float
    high: float
    count: int

    @property
    def side(self) -> Literal["low", "usual", "high"]:
        """Where the value lies, seen from the range of 95 % of the training images."""
        if self.value < self.low:
            return "low"
        return "high" if self.value > self.high else "usual"


@dataclass(frozen=True, slots=True, eq=False)
class Plausibility:
    """What a model makes of one image.

    Attributes:
        pixels: What the model draws from its latent, uint8, shape (height, width, channel).
        exact: Whether that is the image itself, value for value.
        psnr: Of what it draws against the image, decibels; infinite where exact.
        bits: Bits per dimension; None without a likelihood or where nothing was measured.
        error: Root mean squared error of the reconstruction, [0, 1]; None where nothing was
            measured or every reconstruction is exact.
        norm: Length of the latent; None on a sphere, where all are 1.
    """

    pixels: UInt8[np.ndarray, "height width channel"]
    exact: bool
    psnr: float
    bits: Reference | None
    error: Reference | None
    norm: Reference | None

    @property
    def unusual(self) -> bool:
        """Whether one of the numbers lies outside 95 % of the training images."""
        known = [one for one in (self.bits, self.error, self.norm) if one is not None]
        return any(one.side != "usual" for one in known if one is not self.error) or (
            self.error is not None and self.error.side == "high"
        )


def plausibility(workbench: Workbench, model: str, position: int) -> Plausibility:
    """Measure one image and compare it with the training images of the gallery.

    Args:
        workbench: Where the model lies.
        model: The model.
        position: A gallery image or guest.

    Raises:
        ConfigError: There is no image at the position.
    """
    opened = workbench.open(model)
    traits = opened.generative.traits
    picture = workbench.picture(model, position)
    latents = workbench.latents(model, [position])
    if picture.origin in ("generated", "mean"):
        drawn = picture.pixels
    else:
        drawn = workbench.decode(model, latents, as_sample=False)[0]
    difference = picture.pixels.astype(np.float64) - drawn
    error = float(np.sqrt(np.square(difference / 255).mean()))
    bits = norm = among_errors = None
    train = ~opened.gallery.held_out
    if opened.measures is not None and opened.measures.has_density:
        value = workbench.bits_per_dim(model, picture.pixels[None])[0]
        bits = _reference(value, opened.measures.bits_per_dim[train])
    if opened.measures is not None and traits.encoder != "exact":
        among_errors = _reference(error, opened.measures.reconstruction[train])
    if traits.prior != "sphere":
        norm = _reference(float(latents.norm()), opened.gallery.norms)
    return Plausibility(
        pixels=drawn,
        exact=error == 0,
        psnr=float("inf") if error == 0 else -20 * float(np.log10(error)),
        bits=bits,
        error=among_errors,
        norm=norm,
    )


def _reference(value: float, values: Float[np.ndarray, " n"]) -> Reference:
    known = values[np.isfinite(values)].astype(np.float64)
    low, median, high = np.quantile(known, [USUAL[0], 0.5, USUAL[1]]).tolist()
    return Reference(value, float((known < value).mean()), low, median, high, len(known))
