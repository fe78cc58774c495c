r"""A three-layer convolutional network as three matrix products, with its backward written out.

.. math:: W_3 * \mathrm{relu}(W_2\, \mathrm{relu}(W_1 * x + b_1) + b_2)

`W_1` and `W_3` are 3x3 convolutions with zero padding, `W_2` a 1x1 convolution. Activations are
kept channel-major, (channels, batch * height * width), so that every layer is one large GEMM: on a
CPU the library convolutions are slow where one side has few channels, as in a flow's coupling.
The first layer unfolds its few inputs; the last one multiplies first and folds its few outputs.
"""

__all__ = ["conv_net"]

from typing import Any, cast

import torch
from jaxtyping import Float
from torch import Tensor
from torch.autograd.function import once_differentiable

_SHIFTS = [(row, column) for row in range(3) for column in range(3)]


def conv_net(
    x: Float[Tensor, "batch inputs height width"],
    weight1: Float[Tensor, "hidden inputs 3 3"],
    bias1: Float[Tensor, " hidden"],
    weight2: Float[Tensor, "hidden hidden"],
    bias2: Float[Tensor, " hidden"],
    weight3: Float[Tensor, "outputs hidden 3 3"],
) -> Float[Tensor, "batch outputs height width"]:
    """Return the network's output; differentiable once in every argument.

    Args:
        x: Input, any float dtype.
        weight1: First 3x3 convolution.
        bias1: Added before the first ReLU.
        weight2: 1x1 convolution.
        bias2: Added before the second ReLU.
        weight3: Last 3x3 convolution, without bias.
    """
    return cast(Tensor, _ConvNet.apply(x, weight1, bias1, weight2, bias2, weight3))


def _unfold(x: Tensor) -> Tensor:
    """Return (channels, batch, h, w) as (9 * channels, batch * h * w), shift-major."""
    channels, batch, height, width = x.shape
    padded = torch.nn.functional.pad(x, (1, 1, 1, 1))
    patches = x.new_empty(9, channels, batch, height, width)
    for k, (row, column) in enumerate(_SHIFTS):
        patches[k] = padded[:, :, row : row + height, column : column + width]
    return patches.view(9 * channels, -1)


def _fold(patches: Tensor, shape: tuple[int, int, int, int]) -> Tensor:
    """Sum (9 * channels, batch * h * w) back to (channels, batch, h, w): `_unfold` transposed."""
    channels, batch, height, width = shape
    parts = patches.view(9, channels, batch, height, width)
    padded = patches.new_zeros(channels, batch, height + 2, width + 2)
    for k, (row, column) in enumerate(_SHIFTS):
        padded[:, :, row : row + height, column : column + width] += parts[k]
    return padded[:, :, 1:-1, 1:-1]


class _ConvNet(torch.autograd.Function):
    """The forward and the backward of `conv_net`."""

    @staticmethod
    def forward(
        ctx: Any,
        x: Tensor,
        weight1: Tensor,
        bias1: Tensor,
        weight2: Tensor,
        bias2: Tensor,
        weight3: Tensor,
    ) -> Tensor:
        batch, inputs, height, width = x.shape
        hidden, outputs = weight1.shape[0], weight3.shape[0]
        columns = _unfold(x.transpose(0, 1))
        w1 = weight1.permute(0, 2, 3, 1).reshape(hidden, 9 * inputs)
        # convolving with a kernel is folding with its mirror image
        w3 = weight3.flip(2, 3).permute(2, 3, 0, 1).reshape(9 * outputs, hidden)
        hidden1 = torch.addmm(bias1[:, None], w1, columns).relu_()
        hidden2 = torch.addmm(bias2[:, None], weight2, hidden1).relu_()
        out = _fold(w3 @ hidden2, (outputs, batch, height, width))
        ctx.save_for_backward(columns, hidden1, hidden2, w1, weight2, w3)
        ctx.x_shape = x.shape
        return out.transpose(0, 1).contiguous()

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor | None, ...]:
        columns, hidden1, hidden2, w1, weight2, w3 = ctx.saved_tensors
        batch, inputs, height, width = ctx.x_shape
        hidden, outputs = len(w1), grad.shape[1]
        patches = _unfold(grad.transpose(0, 1))
        grad2 = torch.ops.aten.threshold_backward(w3.T @ patches, hidden2, 0)
        grad1 = torch.ops.aten.threshold_backward(weight2.T @ grad2, hidden1, 0)
        grad_x = _fold(w1.T @ grad1, (inputs, batch, height, width)).transpose(0, 1)
        if not any(ctx.needs_input_grad[1:]):
            return grad_x, None, None, None, None, None
        return (
            grad_x,
            (grad1 @ columns.T).view(hidden, 3, 3, inputs).permute(0, 3, 1, 2),
            grad1.sum(1),
            grad2 @ hidden1.T,
            grad2.sum(1),
            (patches @ hidden2.T).view(3, 3, outputs, hidden).permute(2, 3, 0, 1).flip(2, 3),
        )
