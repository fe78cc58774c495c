"""A small network that tells attributes apart, trained on labelled images and nothing else.

It never sees a generative model, so it can judge one: whether an edit did what it should, and how
often an attribute turns up among samples.
"""

__all__ = ["AttributeClassifier", "accuracies", "train_classifier"]

from typing import cast

import torch
from jaxtyping import Bool, Float
from torch import Generator, Tensor, nn

from explorer.data.images import to_images
from explorer.data.labelled import LabelledImages
from explorer.errors import DataError
from explorer.judge.pictures import in_batches
from explorer.protocol import Images

WIDTHS = (32, 64, 96)
GRID = 4
STEPS = 1000
BATCH_SIZE = 64
LEARNING_RATE = 4e-3
LARGEST_NOISE = 0.05
"""Deviation of the noise in training, drawn an image: speckle must not pass for an attribute."""


class AttributeClassifier(nn.Module):
    """Three strided convolutions and one linear layer: images in, a probability an attribute.

    Attributes:
        names: Attributes in the order of the outputs.
    """

    def __init__(self, names: tuple[str, ...], channels: int) -> None:
        super().__init__()
        self.names = names
        inner, kernel, layers = channels, 4, list[nn.Module]()
        for width in WIDTHS:
            layers += [nn.Conv2d(inner, width, kernel, 2, 1), nn.BatchNorm2d(width), nn.ReLU()]
            inner, kernel = width, 3
        grid = [nn.AdaptiveAvgPool2d(GRID), nn.Flatten()]
        self.layers = nn.Sequential(*layers, *grid, nn.Linear(inner * GRID**2, len(names)))

    def forward(self, images: Images) -> Float[Tensor, "batch attribute"]:
        """Return the log-odds of every attribute."""
        return cast(Tensor, self.layers(images - 0.5))

    @torch.no_grad()
    def predict(self, images: Images) -> Float[Tensor, "batch attribute"]:
        """Return the probability of every attribute, in batches that fit any memory."""
        parts = [self(part).sigmoid() for part in in_batches(images)]
        return torch.cat(parts)

    def has(self, images: Images) -> Bool[Tensor, "batch attribute"]:
        """Return which attributes are more likely there than not."""
        return self.predict(images) > 0.5


def train_classifier(
    data: LabelledImages, *, steps: int = STEPS, seed: int = 0
) -> AttributeClassifier:
    """Fit a classifier to the attributes of labelled images.

    Args:
        data: Training images with attributes; none that the judgement will be made on.
        steps: Updates of 64 images each.
        seed: Of the weights, the batches and the noise: same seed, same classifier.

    Raises:
        DataError: The images have no attributes.
    """
    if not data.attribute_names:
        raise DataError(
            f"{data.name}: the images have no attributes, so none can be told apart. "
            "Add an attributes.csv to the data."
        )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        classifier = AttributeClassifier(data.attribute_names, data.images.shape[3])
    classifier.to(memory_format=torch.channels_last)  # twice as fast on a CPU
    optimiser = torch.optim.Adam(classifier.parameters(), lr=LEARNING_RATE)
    rate = torch.optim.lr_scheduler.OneCycleLR(optimiser, LEARNING_RATE, total_steps=steps)
    marks = torch.from_numpy(data.attributes).to(torch.float32)
    generator = Generator().manual_seed(seed)
    for _ in range(steps):
        chosen = torch.randint(len(data), (BATCH_SIZE,), generator=generator)
        images = _with_noise(to_images(data.images[chosen.numpy()]), generator)
        loss = nn.functional.binary_cross_entropy_with_logits(classifier(images), marks[chosen])
        optimiser.zero_grad()
        torch.autograd.backward(loss)
        optimiser.step()
        rate.step()
    return classifier.requires_grad_(False).eval()


def _with_noise(images: Images, generator: Generator) -> Images:
    """Add noise of its own strength to each image."""
    strengths = LARGEST_NOISE * torch.rand(len(images), 1, 1, 1, generator=generator)
    return images + strengths * torch.randn(images.shape, generator=generator)


def accuracies(classifier: AttributeClassifier, data: LabelledImages) -> dict[str, float]:
    """Return the share of images judged rightly, by attribute.

    Args:
        classifier: Knows the attributes of the data.
        data: Images it was not trained on.
    """
    right = classifier.has(to_images(data.images)) == torch.from_numpy(data.attributes)
    shares = right.to(torch.float64).mean(0).tolist()
    return dict(zip(classifier.names, shares, strict=True))
