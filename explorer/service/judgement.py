"""What is known of each generated image, beside the same number of real images."""

__all__ = ["Judgement", "Yardstick", "judge", "share_below", "with_features"]

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import torch
from jaxtyping import Float, Float32, Float64, Int64

from explorer.data.images import to_images
from explorer.judge.feature_classifier import label_agreement
from explorer.judge.features import DEFAULT_BACKBONE, backbone_features
from explorer.judge.legibility import information, sharpness
from explorer.judge.nearness import nearest_earlier, nearest_of
from explorer.service.augment import NewImages
from explorer.service.progress import Report, part, unreported
from explorer.service.real_images import (
    MEASURES,
    RealImages,
    bits_of,
    pixel_difference,
    real_images,
)
from explorer.service.workbench import Workbench


@dataclass(frozen=True, slots=True)
class Yardstick:
    """A measure's numbers on real images.

    Attributes:
        low: 2.5 % quantile.
        median: 50 % quantile.
        high: 97.5 % quantile.
        source: Which images they are, for people.
    """

    low: float
    median: float
    high: float
    source: str


@dataclass(frozen=True, slots=True, eq=False)
class Judgement:
    """The numbers of generated images.

    Attributes:
        values: One number an image by measure, float64, shape (n,); measures that cannot be had
            are not there. Infinite where an image has no earlier one.
        shares: Share of the real images with a smaller number, by measure, same shape; NaN
            where no real image was measured.
        yardsticks: The real images' numbers by measure.
        nearest: Gallery position of the nearest training image, int64, shape (n,).
        backbone: Network whose features judged.
        features: float32, shape (n, feature); None where they were read from a file.
        real: The real images themselves; None where they were read from a file.
    """

    values: Mapping[str, Float64[np.ndarray, " n"]]
    shares: Mapping[str, Float64[np.ndarray, " n"]]
    yardsticks: Mapping[str, Yardstick]
    nearest: Int64[np.ndarray, " n"]
    backbone: str
    features: Float32[np.ndarray, "n feature"] | None
    real: RealImages | None

    @property
    def typical(self) -> float:
        """Median distance of a real image to its nearest other."""
        return self.yardsticks["novelty"].median

    @property
    def count(self) -> int:
        """Number of images."""
        return len(self.nearest)


@torch.no_grad()
def judge(
    workbench: Workbench,
    made: NewImages,
    report: Report = unreported,
    *,
    backbone: str = DEFAULT_BACKBONE,
) -> Judgement:
    """Measure generated images.

    Args:
        workbench: Where their model lies.
        made: The images.
        report: Told how far it is; real images are measured first, once a model.
        backbone: Whose features; see `explorer.judge.features`.

    Raises:
        ConfigError: The network is unknown or its weights cannot be had.
        Cancelled: The person has cancelled.
    """
    real = real_images(workbench, made.model, part(report, 0.0, 0.5), backbone=backbone)
    opened = workbench.open(made.model)
    images = to_images(made.pixels)
    see = part(report, 0.5, 0.85)
    features = backbone_features(
        images, backbone, progress=lambda share: see(share, "Looking at the new images")
    )
    found = nearest_of(features, torch.from_numpy(real.features))
    nearest = real.positions[found.indices.numpy()]
    values: dict[str, Float64[np.ndarray, " n"]] = {
        "novelty": found.distances.numpy(),
        "difference": pixel_difference(made.pixels, opened.gallery.pixels[nearest]),
        "twin": nearest_earlier(features).distances.numpy(),
        "pretrained": label_agreement(real.second.predict(features.numpy()), made.mixture),
        "sharpness": sharpness(images).numpy(),
        "information": information(images).numpy(),
    }
    if opened.class_judge is not None:
        chances = opened.class_judge.predict(images).double().numpy()
        values["agreement"] = label_agreement(chances, made.mixture)
    if real.flow:
        values["bits"] = bits_of(workbench, real.flow, made.pixels, part(report, 0.85, 1.0))
    return Judgement(
        values={name: values[name] for name in MEASURES if name in values},
        shares={
            name: share_below(real.values.get(name), values[name])
            for name in MEASURES
            if name in values
        },
        yardsticks=_yardsticks(real),
        nearest=nearest,
        backbone=backbone,
        features=features.numpy(),
        real=real,
    )


@torch.no_grad()
def with_features(workbench: Workbench, made: NewImages, judged: Judgement) -> Judgement:
    """Return a judgement that was read from a file with features, so that its set can be measured.

    Raises:
        UnknownModelError: The model is not here.
        ConfigError: The network's weights cannot be had.
    """
    if judged.features is not None:
        return judged
    real = real_images(workbench, made.model, unreported, backbone=judged.backbone)
    features = backbone_features(to_images(made.pixels), judged.backbone).numpy()
    return replace(judged, features=features, real=real)


def share_below(
    known: Float[np.ndarray, " m"] | None, values: Float64[np.ndarray, " n"]
) -> Float64[np.ndarray, " n"]:
    """Return the share of known numbers below each value; NaN where none is known.

    >>> share_below(np.array([1.0, 2.0, 3.0, 4.0]), np.array([0.0, 2.5, 9.0])).tolist()
    [0.0, 0.5, 1.0]
    """
    finite = np.zeros(0) if known is None else np.sort(known[np.isfinite(known)])
    if not len(finite):
        return np.full(len(values), np.nan)
    return np.searchsorted(finite, values, side="left") / len(finite)


def _yardsticks(real: RealImages) -> dict[str, Yardstick]:
    found = {}
    for name, numbers in real.values.items():
        finite = numbers[np.isfinite(numbers)]
        if len(finite):
            low, median, high = np.quantile(finite, [0.025, 0.5, 0.975]).tolist()
            found[name] = Yardstick(low, median, high, real.source(name))
    return found
