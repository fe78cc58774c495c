"""How often each attribute turns up among samples, beside how often it does among real images."""

__all__ = ["AttributeShare", "attribute_shares", "measure_samples", "wilson_interval"]

import math
from dataclasses import dataclass

import torch
from jaxtyping import Bool
from torch import Tensor

from explorer.data.images import to_images
from explorer.data.labelled import LabelledImages
from explorer.judge.attribute_classifier import AttributeClassifier
from explorer.judge.pictures import decoded, finished
from explorer.protocol import GenerativeModel

_Z95 = 1.959963984540054


@dataclass(frozen=True, slots=True)
class AttributeShare:
    """Share of the samples that a classifier gives an attribute.

    Attributes:
        attribute: Its name.
        temperature: Of the samples.
        count: Samples judged.
        share: Of the samples with it.
        low: Lower end of the 95 % interval of `share`.
        high: Upper end.
        real_share: Share among real images, by the same classifier.
    """

    attribute: str
    temperature: float
    count: int
    share: float
    low: float
    high: float
    real_share: float


@torch.no_grad()
def measure_samples(
    model: GenerativeModel,
    classifier: AttributeClassifier,
    real: LabelledImages,
    *,
    temperature: float,
    count: int = 1000,
    seed: int = 0,
) -> tuple[AttributeShare, ...]:
    """Return the share of each attribute among samples.

    Args:
        model: The judged one.
        classifier: Counts the attributes.
        real: Images to compare with, held out.
        temperature: Spread of the samples.
        count: Samples to draw.
        seed: Of the draw.
    """
    generator = torch.Generator().manual_seed(seed)
    latents = model.sample_latents(count, generator=generator, temperature=temperature)
    samples = finished(model, decoded(model, latents))
    marks, real_marks = classifier.has(samples), classifier.has(to_images(real.images))
    return attribute_shares(classifier.names, marks, real_marks, temperature=temperature)


def attribute_shares(
    names: tuple[str, ...],
    marks: Bool[Tensor, "sample attribute"],
    real_marks: Bool[Tensor, "image attribute"],
    *,
    temperature: float,
) -> tuple[AttributeShare, ...]:
    """Compare the marks of samples with those of real images, attribute by attribute."""
    rows = zip(names, marks.sum(0).tolist(), real_marks.double().mean(0).tolist(), strict=True)
    return tuple(
        AttributeShare(
            name,
            temperature,
            len(marks),
            positives / len(marks),
            *wilson_interval(positives, len(marks)),
            real_share,
        )
        for name, positives, real_share in rows
    )


def wilson_interval(positives: int, count: int) -> tuple[float, float]:
    """Return the 95 % interval of a share.

    Args:
        positives: How many of `count` have it.
        count: At least 1.

    Source:
        Wilson, Probable Inference, Journal of the American Statistical Association 22, 1927.

    Example:
        >>> low, high = wilson_interval(50, 100)
        >>> round(low, 3), round(high, 3)
        (0.404, 0.596)
    """
    share, z2 = positives / count, _Z95**2
    centre = (share + z2 / (2 * count)) / (1 + z2 / count)
    spread = math.sqrt(share * (1 - share) / count + z2 / (4 * count**2))
    half = _Z95 * spread / (1 + z2 / count)
    low, high = max(0.0, centre - half), min(1.0, centre + half)
    return (low if positives else 0.0), (high if positives < count else 1.0)  # both exactly
