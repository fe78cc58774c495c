"""Convolutional networks of GLICO: a generator of images and a small classifier of them."""

__all__ = ["ImageClassifier", "ImageGenerator", "ResidualUp", "check_image_shape"]

import math
from itertools import pairwise
from typing import cast

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional

from explorer.errors import ConfigError
from explorer.protocol import Images, Latents

SMALLEST = 4
"""Side of the generator's first and of the classifier's last feature map, pixels."""

SLOPE = 0.2
"""Slope of the leaky rectifiers for negative values."""

WIDEST = 4
"""The small maps have at most this many times the width of the largest one."""

Maps = Float[Tensor, "batch _ _ _"]
"""Feature maps: channels, rows and columns differ from layer to layer."""
Logits = Float[Tensor, "batch classes"]


def check_image_shape(image_shape: tuple[int, int, int]) -> None:
    """Refuse images these networks are not made for.

    Args:
        image_shape: (channel, height, width).

    Raises:
        ConfigError: Not square, the side is no power of two from 16, or not 1 or 3 channels.
    """
    channels, height, width = image_shape
    if height != width or height < 16 or height & (height - 1):
        raise ConfigError(
            f"Images of {width}x{height} pixels do not fit this model; it needs squares with a "
            "side of 16, 32, 64 or 128 pixels. Set data.image_size to one of these."
        )
    if channels not in (1, 3):
        raise ConfigError(
            f"Images with {channels} channels do not fit this model; it needs 1 (grey) or "
            "3 (colour). Convert the images first."
        )


class ResidualUp(nn.Module):
    """Double the side of the maps: two 3x3 convolutions beside a 1x1 short cut.

    There is no batch normalisation, so an image does not depend on its batch.
    """

    def __init__(self, maps_in: int, maps_out: int) -> None:
        """Make the three convolutions.

        Args:
            maps_in: Maps that come in.
            maps_out: Maps that go out.
        """
        super().__init__()
        self.first = nn.Conv2d(maps_in, maps_out, 3, padding=1)
        self.second = nn.Conv2d(maps_out, maps_out, 3, padding=1)
        self.short_cut = nn.Conv2d(maps_in, maps_out, 1)
        self.apply(_initialise)
        with torch.no_grad():
            self.second.weight.mul_(0.1)  # a stack of blocks then keeps the variance

    def forward(self, maps: Maps) -> Maps:
        """Return maps of twice the side, shape (batch, maps_out, 2 rows, 2 columns)."""
        # Both convolutions that can run at the small side do: a quarter of the arithmetic.
        hidden = _double(self.first(functional.leaky_relu(maps, SLOPE)))
        hidden = self.second(functional.leaky_relu(hidden, SLOPE))
        return cast(Tensor, hidden + _double(self.short_cut(maps)))


class ImageGenerator(nn.Module):
    """Map latents to images: a linear layer to 4x4 maps, residual doublings, a convolution."""

    def __init__(self, latent_dim: int, image_shape: tuple[int, int, int], *, width: int) -> None:
        """Make the layers with random weights from torch's global generator.

        Args:
            latent_dim: Length of a latent row.
            image_shape: (channel, height, width); see `check_image_shape`.
            width: Maps at the full side; doubled with each halving up to `WIDEST` times.
        """
        super().__init__()
        check_image_shape(image_shape)
        channels, side, _ = image_shape
        doublings = int(math.log2(side // SMALLEST))
        widths = [width * min(2 ** (doublings - i), WIDEST) for i in range(doublings + 1)]
        self.project = nn.Linear(latent_dim, widths[0] * SMALLEST**2)
        self.blocks = nn.ModuleList(
            ResidualUp(maps_in, maps_out) for maps_in, maps_out in pairwise(widths)
        )
        self.to_image = nn.Conv2d(width, channels, 3, padding=1)
        _initialise(self.project)
        _initialise(self.to_image)
        with torch.no_grad():
            self.to_image.weight.mul_(0.1)  # all images start about grey

    def forward(self, latents: Latents) -> Images:
        """Return images about [0, 1], not yet clamped to it.

        A sigmoid would do that, but dark images drive it to where it passes no gradient, and the
        generator stays black; a clamp after the loss also reaches 0 and 1 exactly.

        Args:
            latents: Unit rows, shape (batch, dim).
        """
        scaled = latents * math.sqrt(latents.shape[1])  # entries of variance 1
        maps = self.project(scaled).unflatten(1, (-1, SMALLEST, SMALLEST))
        maps = maps.contiguous(memory_format=torch.channels_last)
        for block in self.blocks:
            maps = block(maps)
        return (0.5 + self.to_image(functional.leaky_relu(maps, SLOPE))).contiguous()


class ImageClassifier(nn.Module):
    """Map images to class logits: strided convolutions down to 4x4, the mean, a linear layer."""

    def __init__(self, image_shape: tuple[int, int, int], num_classes: int, *, width: int) -> None:
        """Make the layers with random weights from torch's global generator.

        Args:
            image_shape: (channel, height, width); see `check_image_shape`.
            num_classes: Number of logits.
            width: Maps of the first layer; doubled once.
        """
        super().__init__()
        check_image_shape(image_shape)
        self.num_classes = num_classes
        channels, side, _ = image_shape
        halvings = int(math.log2(side // SMALLEST))
        widths = [channels] + [width * min(2**i, 2) for i in range(halvings)]
        self.convolutions = nn.ModuleList(
            nn.Conv2d(maps_in, maps_out, 4, stride=2, padding=1)
            for maps_in, maps_out in pairwise(widths)
        )
        self.to_logits = nn.Linear(widths[-1], num_classes)
        self.apply(_initialise)

    def forward(self, images: Images) -> Logits:
        """Return logits, not probabilities: shape (batch, num_classes), no softmax applied."""
        maps = images - 0.5
        for convolution in self.convolutions:
            maps = functional.leaky_relu(convolution(maps), SLOPE)
        return cast(Tensor, self.to_logits(maps.mean(dim=(2, 3))))


def _double(maps: Maps) -> Maps:
    return functional.interpolate(maps, scale_factor=2.0, mode="nearest")


def _initialise(module: nn.Module) -> None:
    """Keep the variance through leaky rectifiers (He et al. 2015); biases start at 0."""
    if isinstance(module, nn.Conv2d | nn.Linear):
        nn.init.kaiming_normal_(module.weight, a=SLOPE)
        if module.bias is not None:
            nn.init.zeros_(module.bias)
