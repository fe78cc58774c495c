"""Convolutional networks of GLICO: a generator of images and a small classifier of them."""

__all__ = ["ImageClassifier", "ImageGenerator", "check_image_shape"]

import math
from itertools import pairwise
from typing import cast

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional

from explorer.errors import ConfigError
from explorer.protocol import Images, Latents

FIRST_SIDE = 8
"""Side of the generator's first maps, pixels."""

LAST_SIDE = 4
"""Side of the classifier's last maps, pixels."""

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


class ImageGenerator(nn.Module):
    """Map latents to images: two linear layers to 8x8 maps, transposed convolutions, a sigmoid.

    There is no normalisation, so an image does not depend on its batch. The second linear layer
    holds most of the weights and gives each of the few images what is its own. Residual blocks
    from 4x4 maps, with other rates, came to 21.9 dB after 18,500 images where this had 23.1 dB
    after 14,000 (Fashion-MNIST, 10 a class).

    Source:
        Azuri and Weinshall 2020, reference code for 32x32 images (the shape is GLANN's).
    """

    def __init__(
        self, latent_dim: int, image_shape: tuple[int, int, int], *, hidden: int, width: int
    ) -> None:
        """Make the layers with random weights from torch's global generator.

        Args:
            latent_dim: Length of a latent row.
            image_shape: (channel, height, width); see `check_image_shape`.
            hidden: Units between the two linear layers.
            width: Maps at the full side; doubled with each halving up to `WIDEST` times.
        """
        super().__init__()
        check_image_shape(image_shape)
        channels, side, _ = image_shape
        doublings = int(math.log2(side // FIRST_SIDE))
        widths = [width * min(2 ** (doublings - i), WIDEST) for i in range(doublings + 1)]
        self.spread = nn.Linear(latent_dim, hidden)
        self.draw = nn.Linear(hidden, widths[0] * FIRST_SIDE**2)
        self.enlarge = nn.ModuleList(
            nn.ConvTranspose2d(maps_in, maps_out, 4, stride=2, padding=1)
            for maps_in, maps_out in pairwise(widths)
        )
        self.to_pixels = nn.Conv2d(width, channels, 3, padding=1)
        self.apply(_initialise)

    def forward(self, latents: Latents) -> Images:
        """Return images in [0, 1].

        Args:
            latents: Unit rows, shape (batch, dim).
        """
        hidden = functional.leaky_relu(self.spread(latents), SLOPE)
        maps = functional.leaky_relu(self.draw(hidden), SLOPE)
        maps = maps.view(len(maps), -1, FIRST_SIDE, FIRST_SIDE)
        maps = maps.contiguous(memory_format=torch.channels_last)  # faster on a CPU
        for layer in self.enlarge:
            maps = functional.leaky_relu(layer(maps), SLOPE)
        return torch.sigmoid(self.to_pixels(maps)).contiguous()


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
        halvings = int(math.log2(side // LAST_SIDE))
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


def _initialise(module: nn.Module) -> None:
    """Xavier's normal weights with gain sqrt(2), as in the reference; biases start at 0."""
    if isinstance(module, nn.Conv2d | nn.ConvTranspose2d | nn.Linear):
        nn.init.xavier_normal_(module.weight, gain=math.sqrt(2))
        if module.bias is not None:
            nn.init.zeros_(module.bias)
