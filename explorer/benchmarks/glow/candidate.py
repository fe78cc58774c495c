"""What every flow that is compared can do: a density to train by, and images to draw."""

__all__ = ["Candidate", "GlowShape", "dequantised", "optimiser_of"]

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from explorer.protocol import Images


@dataclass(frozen=True, slots=True)
class GlowShape:
    """What all candidates have in common.

    Attributes:
        side: Height and width of the images, pixels.
        channels: Of the images.
        steps: Steps of flow a level, K.
        levels: L.
        hidden: Channels of the couplings' networks.
    """

    side: int = 32
    channels: int = 3
    steps: int = 16
    levels: int = 3
    hidden: int = 128

    @property
    def dimensions(self) -> int:
        """Values of one image."""
        return self.channels * self.side**2


class Candidate(ABC):
    """One implementation of a Glow.

    Attributes:
        name: Of the library.
        model: What it trains.
        shape: Of the flow.
    """

    name: str

    def __init__(self, model: nn.Module, shape: GlowShape) -> None:
        self.model = model
        self.shape = shape

    def prepare(self, images: Images) -> None:
        """Set what depends on data from a first batch."""
        with torch.no_grad():
            self.bits(images, torch.Generator(images.device).manual_seed(0))

    def bits(self, images: Images, generator: torch.Generator) -> Tensor:
        """Return the mean bits per dimension of noisy images, a scalar."""
        x = dequantised(images, generator)
        nats = -self.log_density(x).mean()
        return 8 + nats / (math.log(2) * self.shape.dimensions)

    @abstractmethod
    def log_density(self, x: Tensor) -> Tensor:
        """Return log p(x) in the range [-0.5, 0.5], nats, shape (batch,)."""

    @abstractmethod
    def draw(self, count: int) -> Tensor:
        """Return images decoded from new latents."""

    @abstractmethod
    def there_and_back(self, x: Tensor) -> Tensor:
        """Return x in [-0.5, 0.5] after encoding and decoding."""

    def parameters(self) -> list[nn.Parameter]:
        """Return what is trained."""
        return [one for one in self.model.parameters() if one.requires_grad]


def optimiser_of(candidate: Candidate, rate: float) -> torch.optim.Optimizer:
    """Return the optimiser that every candidate gets: Adam, fused."""
    return torch.optim.Adam(candidate.parameters(), lr=rate, fused=True)


def dequantised(images: Images, generator: torch.Generator) -> Tensor:
    """Return 8-bit images with uniform noise, in [-0.5, 0.5]."""
    noise = torch.empty_like(images).uniform_(generator=generator)
    return ((images * 255).round() + noise) / 256 - 0.5
