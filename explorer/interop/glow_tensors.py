"""Parts of our Glow's state_dict, by the names that `explorer.models.glow` gives them."""

__all__ = [
    "NO_BOUND",
    "actnorm",
    "class_priors",
    "conv1x1",
    "conv1x1_lu",
    "coupling_net",
    "top_prior",
    "zero_conv",
]

import torch
from jaxtyping import Float
from torch import Tensor

NO_BOUND = 10_000.0
"""`log_sigma_bound` of those who have none: `b * tanh(r / b)` is then r to the last bit."""

Tensors = dict[str, Tensor]


def actnorm(
    prefix: str,
    bias: Float[Tensor, "*_"],
    log_scale: Float[Tensor, "*_"],
    *,
    gain: float = 1.0,
    offset: float = 0.0,
) -> Tensors:
    """Return an ActNorm that does to x what the foreign one does to `gain * x + offset`."""
    shifted, log_gain = bias.flatten().double() + offset, torch.tensor(gain).double().log()
    return {
        f"{prefix}.bias": (shifted / gain).float(),
        f"{prefix}.log_scale": (log_scale.flatten().double() + log_gain).float(),
        f"{prefix}.initialised": torch.tensor(True),
    }


def conv1x1(prefix: str, weight: Tensor) -> Tensors:
    """Return an invertible 1x1 convolution; the weight may have two trailing axes of length 1."""
    return {f"{prefix}.weight": weight.flatten(1).float().contiguous()}


def conv1x1_lu(
    prefix: str, permutation: Tensor, sign: Tensor, lower: Tensor, upper: Tensor, log_s: Tensor
) -> Tensors:
    """Return an invertible 1x1 convolution `P L (U + diag(sign * exp(log_s)))`."""
    return {
        f"{prefix}.permutation": permutation.float(),
        f"{prefix}.sign": sign.float(),
        f"{prefix}.lower": lower.float().tril(-1),
        f"{prefix}.upper": upper.float().triu(1),
        f"{prefix}.log_s": log_s.float(),
    }


def zero_conv(prefix: str, weight: Tensor, bias: Tensor, log_scale: Tensor) -> Tensors:
    """Return a convolution that started as zero, `(conv(x) + bias) * exp(3 * log_scale)`."""
    return {
        f"{prefix}.weight": weight.float().contiguous(),
        f"{prefix}.bias": bias.flatten().float().contiguous(),
        f"{prefix}.log_scale": log_scale.flatten().float().contiguous(),
    }


def coupling_net(prefix: str, weight1: Tensor, weight2: Tensor) -> Tensors:
    """Return the two first convolutions of a coupling's network."""
    return {
        f"{prefix}.weight1": weight1.float().contiguous(),
        f"{prefix}.weight2": weight2.flatten(1).float().contiguous(),
    }


def top_prior(
    mean: Float[Tensor, "channel height width"], log_sigma: Float[Tensor, "channel height width"]
) -> Tensors:
    """Return the prior of the last level."""
    return {
        "top_mean": mean.float().contiguous(),
        "top_log_sigma": log_sigma.float().contiguous(),
    }


def class_priors(mean: Float[Tensor, "cls dim"], log_sigma: Float[Tensor, "cls dim"]) -> Tensors:
    """Return the priors of classes of equal share, in whitened terms of the top prior."""
    shares = torch.full((len(mean),), 1 / len(mean))
    return {
        "class_mean": mean.float().contiguous(),
        "class_log_sigma": log_sigma.float().contiguous(),
        "class_log_share": shares.log(),
    }
