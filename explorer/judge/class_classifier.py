"""A small network that tells the classes of a model's data apart, trained on labelled images only.

It never sees a generative model, so it can judge one: of which class a generated picture is. It
is kept beside the weights, so it is small: about 15,000 weights in half precision.

A part of the training images is left out of the fit and gives the temperature, by which the
probabilities mean what they say.

Source:
    Guo et al., On Calibration of Modern Neural Networks, ICML 2017, section 4.2 (temperature).
"""

__all__ = [
    "ClassClassifier",
    "accuracy",
    "load_class_classifier",
    "save_class_classifier",
    "train_class_classifier",
]

from pathlib import Path
from typing import cast

import numpy as np
import torch
from jaxtyping import Float, Int64
from torch import Generator, Tensor, nn

from explorer.data.images import to_images
from explorer.data.labelled import LabelledImages
from explorer.errors import CheckpointError
from explorer.judge.pictures import in_batches
from explorer.latent.arrayfile import load_arrays, save_arrays
from explorer.protocol import Images

WIDTHS = (16, 24, 32)
GROUPS = 8
GRID = 4
LARGEST_SIDE = 32
"""Pixels; larger images are averaged down to about this first."""

MOST_STEPS = 800
PASSES = 150
"""Times each image is seen, where that takes no more than `MOST_STEPS`."""

BATCH_SIZE = 64
LEARNING_RATE = 5e-3
SMOOTHING = 0.05
LARGEST_NOISE = 0.05
"""Deviation of the noise in training, drawn an image: speckle must not pass for a class."""

LARGEST_SHIFT = 2
"""Pixels by which training images are moved, of `LARGEST_SIDE`."""

CALIBRATION_SHARE = 0.2
TEMPERATURES = torch.logspace(-0.3, 0.6, 46)
"""From 0.5 to 4: a few images that are all judged rightly must not make it too certain."""


class ClassClassifier(nn.Module):
    """Three strided convolutions and one linear layer: images in, a probability a class.

    Attributes:
        num_classes: Number of outputs.
        channels: Of the images, 1 or 3.
        temperature: By which the log-odds are divided.
    """

    def __init__(self, num_classes: int, channels: int) -> None:
        super().__init__()
        self.num_classes, self.channels = num_classes, channels
        self.temperature = 1.0
        inner, kernel, layers = channels, 4, list[nn.Module]()
        for width in WIDTHS:
            layers += [nn.Conv2d(inner, width, kernel, 2, 1), nn.GroupNorm(GROUPS, width)]
            layers += [nn.ReLU()]
            inner, kernel = width, 3
        grid = [nn.AdaptiveAvgPool2d(GRID), nn.Flatten()]
        self.layers = nn.Sequential(*layers, *grid, nn.Linear(inner * GRID**2, num_classes))

    def forward(self, images: Images) -> Float[Tensor, "batch class_"]:
        """Return log-odds of every class, before the temperature."""
        return cast(Tensor, self.layers(_shrunk(images) - 0.5))

    @torch.no_grad()
    def predict(self, images: Images) -> Float[Tensor, "batch class_"]:
        """Return the probability of every class, in batches that fit any memory; rows sum to 1."""
        parts = [(self(part) / self.temperature).softmax(1) for part in in_batches(images)]
        return torch.cat(parts)


@torch.enable_grad()
def train_class_classifier(data: LabelledImages, *, seed: int = 0) -> ClassClassifier:
    """Fit a classifier to labelled images and set its temperature.

    Args:
        data: Training images; none that the judgement will be made on. A fifth of each class,
            rounded down, is kept for the temperature; where that is nothing, it stays 1.
        seed: Of the weights, the split, the batches and the noise: same seed, same classifier.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        classifier = ClassClassifier(len(data.class_names), data.images.shape[3])
    classifier.to(memory_format=torch.channels_last)  # twice as fast on a CPU
    learned, kept = _split(data.labels, seed)
    steps = min(MOST_STEPS, -(-PASSES * len(learned) // BATCH_SIZE))
    optimiser = torch.optim.AdamW(classifier.parameters(), lr=LEARNING_RATE, weight_decay=0.02)
    rate = torch.optim.lr_scheduler.OneCycleLR(optimiser, LEARNING_RATE, total_steps=steps)
    labels = torch.from_numpy(data.labels)
    generator = Generator().manual_seed(seed)
    for _ in range(steps):
        chosen = learned[torch.randint(len(learned), (BATCH_SIZE,), generator=generator).numpy()]
        images = _varied(_shrunk(to_images(data.images[chosen])), generator)
        loss = nn.functional.cross_entropy(
            classifier(images), labels[chosen], label_smoothing=SMOOTHING
        )
        optimiser.zero_grad()
        torch.autograd.backward(loss)
        optimiser.step()
        rate.step()
    classifier.requires_grad_(False).eval()
    if len(kept):
        classifier.temperature = _temperature(classifier, data.subset(kept))
    return classifier


def accuracy(classifier: ClassClassifier, data: LabelledImages) -> float:
    """Return the share of images whose most probable class is theirs.

    Args:
        classifier: Knows the classes of the data.
        data: Images it was not trained on.
    """
    found = classifier.predict(to_images(data.images)).argmax(1).numpy()
    return float((found == data.labels).mean())


def save_class_classifier(path: Path, classifier: ClassClassifier) -> None:
    """Write a classifier as one npz file: its weights in half precision, one flat row."""
    # parameters_to_vector needs contiguous memory; these are channels last.
    weights = torch.cat([one.detach().reshape(-1) for one in classifier.parameters()])
    save_arrays(
        path,
        {
            "weights": weights.to(torch.float16).numpy(),
            "shape": np.array([classifier.num_classes, classifier.channels], dtype=np.int64),
            "temperature": np.array([classifier.temperature], dtype=np.float32),
        },
    )


def load_class_classifier(path: Path) -> ClassClassifier:
    """Read a classifier.

    Raises:
        CheckpointError: The file is missing, damaged, or holds no classifier.
    """
    arrays = load_arrays(path, ["weights", "shape", "temperature"])
    weights, shape, temperature = arrays["weights"], arrays["shape"], arrays["temperature"]
    if shape.shape != (2,) or not (1 <= shape[0] <= 10_000 and shape[1] in (1, 3)):
        raise CheckpointError(f"'{path}' holds no classifier of 1 or 3 channels. Prepare again.")
    classifier = ClassClassifier(int(shape[0]), int(shape[1])).requires_grad_(False).eval()
    expected = sum(parameter.numel() for parameter in classifier.parameters())
    if weights.shape != (expected,) or not np.isfinite(weights).all():
        raise CheckpointError(
            f"'{path}' holds {weights.size} weights; {expected} finite ones are expected. "
            "Prepare the model again."
        )
    if temperature.shape != (1,) or not temperature[0] > 0:
        raise CheckpointError(f"'{path}' has no positive temperature. Prepare the model again.")
    flat = torch.from_numpy(weights.astype(np.float32))
    nn.utils.vector_to_parameters(flat, classifier.parameters())
    classifier.temperature = float(temperature[0])
    return classifier


def _shrunk(images: Images) -> Float[Tensor, "batch channel high wide"]:
    """Average whole blocks of pixels until no side is longer than `LARGEST_SIDE`."""
    block = -(-max(images.shape[2:]) // LARGEST_SIDE)
    return nn.functional.avg_pool2d(images, block) if block > 1 else images


def _split(
    labels: Int64[np.ndarray, " n"], seed: int
) -> tuple[Int64[np.ndarray, " learned"], Int64[np.ndarray, " kept"]]:
    """Split positions into those to learn from and those for the temperature, class by class."""
    chance = np.random.default_rng(seed)
    kept = []
    for label in np.unique(labels):
        members = chance.permutation(np.flatnonzero(labels == label))
        kept.append(members[: int(CALIBRATION_SHARE * len(members))])
    chosen = np.sort(np.concatenate(kept)).astype(np.int64)
    return np.setdiff1d(np.arange(len(labels), dtype=np.int64), chosen), chosen


def _varied(images: Images, generator: Generator) -> Images:
    """Move each image by a few pixels and add noise of its own strength."""
    pad = nn.functional.pad(images, [LARGEST_SHIFT] * 4, mode="replicate")
    height, width = images.shape[2:]
    places = torch.randint(2 * LARGEST_SHIFT + 1, (len(images), 2), generator=generator).tolist()
    moved = torch.stack(
        [
            image[:, top : top + height, left : left + width]
            for image, (top, left) in zip(pad, places, strict=True)
        ]
    )
    strengths = LARGEST_NOISE * torch.rand(len(images), 1, 1, 1, generator=generator)
    return moved + strengths * torch.randn(moved.shape, generator=generator)


def _temperature(classifier: ClassClassifier, data: LabelledImages) -> float:
    """Return the temperature under which the labels of held-out images are most likely."""
    with torch.no_grad():
        odds = torch.cat([classifier(part) for part in in_batches(to_images(data.images))])
    labels = torch.from_numpy(data.labels)
    losses = [float(nn.functional.cross_entropy(odds / heat, labels)) for heat in TEMPERATURES]
    return float(TEMPERATURES[int(np.argmin(losses))])
