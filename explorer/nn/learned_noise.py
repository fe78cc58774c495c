r"""Noise whose distribution depends on the image: variational dequantisation.

Uniform noise asks a smooth density to fill cubes. Any other noise in the same cubes bounds the
probability of the 8-bit image too, if its own density is counted,

.. math:: \log P(v) \ge E_{u \sim q(u | v)} [\log p(v + u) - \log q(u | v)],

so that the noise can be learned with the flow.

Source: Ho et al., Flow++, ICML 2019, section 3.1. There q is a flow; here each value has a normal
of its own before the sigmoid, and given the image they are independent.
"""

__all__ = ["LearnedNoise"]

import math
from typing import cast

import torch
from torch import Generator, Tensor, nn
from torch.nn import functional

from explorer.nn.flow import ZeroConv
from explorer.protocol import Images, PerSample

HIDDEN = 32
START = math.log(1.6)
"""Log-deviation before the sigmoid at which the noise is closest to uniform."""
BOUND = 3.0


class LearnedNoise(nn.Module):
    """A small network that says where in its bin each value of an image is likely to lie.

    At first it says the same of every value, and the noise is nearly uniform.

    Args:
        channels: Of the images.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        generator = Generator().manual_seed(0)
        self.first = nn.Conv2d(channels, HIDDEN, 3, padding=1)
        self.second = nn.Conv2d(HIDDEN, HIDDEN, 3, padding=1)
        for layer in (self.first, self.second):
            nn.init.kaiming_normal_(layer.weight, nonlinearity="relu", generator=generator)
            nn.init.constant_(cast(Tensor, layer.bias), 0.0)
        self.out = ZeroConv(HIDDEN, 2 * channels)

    def forward(self, x: Images, noise: Images) -> tuple[Images, PerSample]:
        """Return noise in [0, 1] and its log-density given the image, nats.

        Args:
            x: The quantised images, in [-0.5, 0.5].
            noise: Standard normal, shape of x.
        """
        hidden = functional.relu(self.second(functional.relu(self.first(x))))
        mean, raw = self.out(hidden).chunk(2, dim=1)
        log_deviation = START + BOUND * torch.tanh(raw / BOUND)
        logits: Tensor = mean + log_deviation.exp() * noise
        log_slope = functional.logsigmoid(logits) + functional.logsigmoid(-logits)
        normal = -0.5 * (noise.square() + math.log(2 * math.pi))
        log_density = (normal - log_deviation - log_slope).flatten(1).sum(1)
        return logits.sigmoid(), log_density
