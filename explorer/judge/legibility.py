r"""Whether a picture shows anything: how sharp it is, and how much its brightness varies.

.. math:: \text{sharpness} = \sqrt{\operatorname{mean} (\Delta x)^2}, \qquad
    \text{information} = -\sum_b p_b \log_2 p_b

with the five-point Laplacian of the grey image and the shares of its 256 grey levels.

Source:
    Pertuz, Puig and Garcia, Analysis of Focus Measure Operators, Pattern Recognition 46, 2013
    (energy of the Laplacian, here its root).
"""

__all__ = ["information", "sharpness"]

import math

import torch
from jaxtyping import Float64
from torch import Tensor
from torch.nn import functional

from explorer.protocol import Images

GREY = (0.299, 0.587, 0.114)
"""Weights of red, green and blue, ITU-R BT.601."""


def sharpness(images: Images) -> Float64[Tensor, " batch"]:
    """Return the root mean square of the Laplacian; 0 for one plain colour, low for a blur.

    Args:
        images: Shape (batch, channel, height, width), 1 or 3 channels, [0, 1].
    """
    grey = functional.pad(_grey(images)[:, None], (1, 1, 1, 1), mode="replicate")
    kernel = torch.tensor([[0.0, 1, 0], [1, -4, 1], [0, 1, 0]], dtype=torch.float64)
    return functional.conv2d(grey, kernel[None, None]).square().mean(dim=(1, 2, 3)).sqrt()


def information(images: Images) -> Float64[Tensor, " batch"]:
    """Return the entropy of the grey levels, bits: 0 for one plain colour, 8 at most.

    Args:
        images: Shape (batch, channel, height, width), 1 or 3 channels, [0, 1].
    """
    levels = _grey(images).mul(255).round().clamp(0, 255).long().flatten(1)
    counts = torch.zeros(len(levels), 256, dtype=torch.float64)
    counts.scatter_add_(1, levels, torch.ones_like(levels, dtype=torch.float64))
    bits: Tensor = torch.special.entr(counts / levels.shape[1]).sum(1) / math.log(2)
    return bits


def _grey(images: Images) -> Float64[Tensor, "batch height width"]:
    plain = images.double()
    if images.shape[1] == 1:
        return plain[:, 0]
    return torch.einsum("bchw,c->bhw", plain, torch.tensor(GREY, dtype=torch.float64))
