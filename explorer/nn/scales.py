"""How an affine coupling makes its log-scale of what its network says."""

__all__ = ["BoundedScale", "Scale", "SigmoidScale"]

from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import torch
from torch import Tensor
from torch.nn import functional


@runtime_checkable
class Scale(Protocol):
    """A log-scale and its derivative."""

    def log_scale(self, raw: Tensor) -> Tensor:
        """Return the log-scale s of a raw value."""
        ...

    def slope(self, log_scale: Tensor) -> Tensor:
        """Return the derivative of s in the raw value, given s."""
        ...


@dataclass(frozen=True, slots=True)
class BoundedScale:
    """`bound * tanh(raw / bound)`.

    Attributes:
        bound: Largest log-scale, either way.
    """

    bound: float

    def log_scale(self, raw: Tensor) -> Tensor:
        """Return the log-scale s of a raw value."""
        return self.bound * torch.tanh(raw / self.bound)

    def slope(self, log_scale: Tensor) -> Tensor:
        """Return the derivative of s in the raw value, given s."""
        return 1 - (log_scale / self.bound).square()


@dataclass(frozen=True, slots=True)
class SigmoidScale:
    """`log sigmoid(raw + 2)`, which only shrinks: that of the authors' code.

    Source: openai/glow, `revnet2d_step`; so in the implementations that follow it.
    """

    def log_scale(self, raw: Tensor) -> Tensor:
        """Return the log-scale s of a raw value."""
        return functional.logsigmoid(raw + 2)

    def slope(self, log_scale: Tensor) -> Tensor:
        """Return the derivative of s in the raw value, given s."""
        return -torch.expm1(log_scale)
