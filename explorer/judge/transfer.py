r"""Whether a direction that some classes taught works on another, against pictures of the truth.

The truth is the same subject with the attribute (`ImagePairs`). Each picture without it is edited
in four ways, and compared with the truth:

* **within**: along the direction that its own class taught; left out where a class has too few
  images to teach;
* **across**: along the direction that other classes taught;
* **image**: the across regression on pixels instead of latents, added to the picture: what
  one would do without a model (the mean image difference, other attributes held);
* **random**: along a random direction as long as the across one.

**untouched** leaves the picture alone. Editing along the way to the truth's own latent has error
0 for a model that encodes exactly, so 0 is the floor.

A direction is the ridge regression of latents on all attributes at once, after the mean of its
class was taken from every image: nothing of where a class lies, or of attributes that happen to
go together, gets into it.
"""

__all__ = [
    "METHODS",
    "Examples",
    "TransferError",
    "TransferResult",
    "learn_attribute_direction",
    "learn_direction",
    "measure_transfer",
]

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Bool, Float, Float64, Int64
from torch import Tensor

from explorer.data.images import to_images, to_pixels
from explorer.data.labelled import ImagePairs, LabelledImages
from explorer.errors import DataError
from explorer.judge.intervals import Interval, mean_interval, ratio_interval
from explorer.judge.pictures import decoded, in_batches
from explorer.nn.perceptual import feature_distance
from explorer.protocol import GenerativeModel, Images, Latents

METHODS = ("within", "across", "image", "random", "untouched")
MIN_GROUP = 5
"""Images with, and images without an attribute, below which a set of classes teaches nothing."""


@dataclass(frozen=True, slots=True, eq=False)
class Examples:
    """Labelled images to learn directions from, with their latents.

    Attributes:
        data: Images, labels and attributes.
        latents: Float, shape (n, dim).
    """

    data: LabelledImages
    latents: Latents

    def of(self, labels: Sequence[int]) -> "Examples":
        """Return those of some classes."""
        chosen = np.flatnonzero(np.isin(self.data.labels, list(labels))).astype(np.int64)
        return Examples(self.data.subset(chosen), self.latents[torch.from_numpy(chosen)])


@dataclass(frozen=True, slots=True)
class TransferError:
    """How far one way to edit stays from the truth.

    Attributes:
        method: One of `METHODS`.
        pixels: Root mean square error of the 8-bit values, in units of their whole range [0, 1].
        features: `explorer.nn.perceptual.feature_distance`: EfficientNet-Lite0.
    """

    method: str
    pixels: Interval
    features: Interval


@dataclass(frozen=True, slots=True)
class TransferResult:
    """Every way to edit by one attribute, on the same pictures.

    Attributes:
        attribute: Its name.
        learn_on: Classes that taught the across direction, less the picture's own.
        apply_to: Classes of the edited pictures.
        count: Pictures edited.
        strength: How far; 1 is the difference between with and without.
        seed: Of the random direction and of the intervals' draws.
        errors: One a method, in the order of `METHODS`.
        pixel_ratio: Error of "across" over that of "image", in pixels.
        feature_ratio: The same in features.
    """

    attribute: str
    learn_on: tuple[str, ...]
    apply_to: tuple[str, ...]
    count: int
    strength: float
    seed: int
    errors: tuple[TransferError, ...]
    pixel_ratio: Interval
    feature_ratio: Interval


def learn_direction(
    values: Float[Tensor, "n dim"],
    attributes: Bool[np.ndarray, "n attribute"],
    labels: Int64[np.ndarray, " n"],
    column: int,
    *,
    ridge_lambda: float = 1.0,
) -> Float64[Tensor, " dim"]:
    """Return what an attribute adds within classes, the other attributes held.

    Args:
        values: Latents, or pixels.
        attributes: Whether image i has each attribute.
        labels: Class numbers.
        column: The attribute; it varies within at least one class.
        ridge_lambda: Penalty on the squared coefficients, above 0.
    """
    x = _centred(torch.from_numpy(attributes.astype(np.float64)), labels)
    z = _centred(values.to(torch.float64), labels)
    varies = x.abs().sum(0) > 0
    x = x[:, varies]
    penalty = ridge_lambda * torch.eye(x.shape[1], dtype=torch.float64)
    coefficients: Tensor = torch.linalg.solve(x.T @ x + penalty, x.T @ z)
    return coefficients[int(varies[:column].sum())]


def _centred(rows: Tensor, labels: Int64[np.ndarray, " n"]) -> Tensor:
    """Take from each row the mean of its class."""
    centred = rows.clone()
    for label in np.unique(labels):
        own = torch.from_numpy(labels == label)
        centred[own] -= rows[own].mean(0)
    return centred


@torch.no_grad()
def measure_transfer(
    model: GenerativeModel,
    examples: Examples,
    pairs: ImagePairs,
    attribute: str,
    *,
    learn_on: Sequence[int],
    strength: float = 1.0,
    seed: int = 0,
) -> TransferResult:
    """Edit pictures without an attribute in every way, and compare with the truth.

    Args:
        model: Encodes exactly.
        examples: To learn from; no picture of `pairs` is among them.
        pairs: Pictures without and with the attribute, at least one.
        attribute: One of the examples' attributes.
        learn_on: Classes that teach the across direction; a picture's own class never does.
        strength: How far to move.
        seed: Of the random direction and of the intervals' draws.

    Raises:
        DataError: The classes that teach have fewer than `MIN_GROUP` images with or without the
            attribute, where it varies.
    """
    names = examples.data.class_names
    before, truth = to_images(pairs.without), to_images(pairs.with_it)
    latents = torch.cat([model.encode(part) for part in in_batches(before)])
    generator = torch.Generator().manual_seed(seed)
    results = {method: torch.empty_like(before) for method in METHODS}
    if not all(
        _can_teach(examples.of([int(label)]), attribute) for label in np.unique(pairs.labels)
    ):
        del results["within"]
    for label in np.unique(pairs.labels):
        rows = torch.from_numpy(pairs.labels == label)
        teachers = examples.of([other for other in learn_on if other != label])
        across = learn_attribute_direction(teachers, attribute)
        random = torch.randn(len(across), generator=generator, dtype=torch.float64)
        random *= across.norm() / random.norm()
        axes = {"across": across, "random": random}
        if "within" in results:
            own = examples.of([int(label)])
            axes["within"] = learn_attribute_direction(own, attribute)
        for method, axis in axes.items():
            moved = latents[rows] + strength * axis.to(latents)
            results[method][rows] = _shown(decoded(model, moved))
        difference = _image_difference(teachers, attribute).to(before)
        results["image"][rows] = _shown(before[rows] + strength * difference)
        results["untouched"][rows] = before[rows]
    pixels = {method: _pixel_errors(found, truth) for method, found in results.items()}
    features = {method: _feature_errors(found, truth) for method, found in results.items()}
    return TransferResult(
        attribute=attribute,
        learn_on=tuple(names[label] for label in learn_on),
        apply_to=tuple(names[label] for label in np.unique(pairs.labels)),
        count=len(pairs),
        strength=strength,
        seed=seed,
        errors=tuple(
            TransferError(
                method,
                mean_interval(pixels[method], seed=seed),
                mean_interval(features[method], seed=seed),
            )
            for method in results
        ),
        pixel_ratio=ratio_interval(pixels["across"], pixels["image"], seed=seed),
        feature_ratio=ratio_interval(features["across"], features["image"], seed=seed),
    )


def learn_attribute_direction(examples: Examples, attribute: str) -> Float64[Tensor, " dim"]:
    """Return the direction of an attribute by `learn_direction`.

    Raises:
        DataError: In the classes where the attribute varies, fewer than `MIN_GROUP` images have
            it, or fewer have it not.
    """
    data, column = examples.data, _checked_column(examples.data, attribute)
    return learn_direction(examples.latents, data.attributes, data.labels, column)


def _image_difference(examples: Examples, attribute: str) -> Float64[Tensor, "channel _ _"]:
    data, column = examples.data, _checked_column(examples.data, attribute)
    images = to_images(data.images)
    flat = learn_direction(images.flatten(1), data.attributes, data.labels, column)
    difference: Tensor = flat.unflatten(0, images.shape[1:])
    return difference


def _can_teach(examples: Examples, attribute: str) -> bool:
    return min(_counts(examples.data, attribute)) >= MIN_GROUP


def _checked_column(data: LabelledImages, attribute: str) -> int:
    """Return the attribute's column, if it varies within the classes often enough."""
    positives, negatives = _counts(data, attribute)
    if min(positives, negatives) < MIN_GROUP:
        classes = ", ".join(data.class_names[label] for label in np.unique(data.labels)) or "none"
        raise DataError(
            f"'{attribute}' has {positives} images with it and {negatives} without in the classes "
            f"that have both (of: {classes}); at least {MIN_GROUP} of each are needed to learn "
            "from. Tick further classes."
        )
    return data.attribute_names.index(attribute)


def _counts(data: LabelledImages, attribute: str) -> tuple[int, int]:
    """Return how many images of the classes in which it varies have an attribute, and have not."""
    marks = data.attributes[:, data.attribute_names.index(attribute)]
    varying = [
        label for label in np.unique(data.labels) if len(set(marks[data.labels == label])) > 1
    ]
    usable = marks[np.isin(data.labels, varying)]
    return int(usable.sum()), int((~usable).sum())


def _shown(images: Images) -> Images:
    """Return images in 8 bits, as a file holds them."""
    return to_images(to_pixels(images.nan_to_num(0.0)))


def _pixel_errors(images: Images, truth: Images) -> Float64[np.ndarray, " n"]:
    errors = (images - truth).to(torch.float64).square().mean((1, 2, 3)).sqrt()
    return np.asarray(errors.numpy(), dtype=np.float64)


def _feature_errors(images: Images, truth: Images) -> Float64[np.ndarray, " n"]:
    parts = zip(in_batches(images), in_batches(truth), strict=True)
    errors = torch.cat([feature_distance(found, wanted) for found, wanted in parts])
    return np.asarray(errors.to(torch.float64).numpy(), dtype=np.float64)
