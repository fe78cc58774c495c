r"""The network of a coupling as products of matrices, with its backward written out.

.. math:: W_3 * \mathrm{relu}(W_2\, \mathrm{relu}(W_1 * x + b_1) + b_2) + b_3

`W_1` and `W_3` are 3x3 convolutions with zero padding, `W_2` is a matrix. Maps are columns. The
first layer multiplies its few inputs once they are shifted; the last one multiplies first and
shifts its few outputs. The backward can start from any of what the forward computed, and computes
the rest again.
"""

__all__ = [
    "Computed",
    "NetRoom",
    "NetWeights",
    "Trace",
    "net_again",
    "net_backward",
    "net_forward",
    "net_output",
]

from typing import NamedTuple

import torch
from torch import Tensor

from explorer.nn.columns import Columns, Grid, Shifted


class NetWeights(NamedTuple):
    """Weights and biases of one network; each may have the steps in front.

    Attributes:
        weight1: First 3x3 convolution, shape (hidden, 9 * inputs): (dy, dx, input).
        bias1: Shape (hidden, 1).
        weight2: 1x1 convolution, shape (hidden, hidden).
        bias2: Shape (hidden, 1).
        weight3: Last 3x3 convolution, shape (9 * outputs, hidden): (-dy, -dx, output).
        bias3: Shape (outputs, 1).
    """

    weight1: Tensor
    bias1: Tensor
    weight2: Tensor
    bias2: Tensor
    weight3: Tensor
    bias3: Tensor

    def each(self) -> list["NetWeights"]:
        """Return the weights of each step."""
        return [NetWeights(*one) for one in zip(*(part.unbind() for part in self), strict=True)]


class Computed(NamedTuple):
    """What a forward computed and still has: output and rectified hidden maps."""

    out: Columns | None = None
    hidden1: Columns | None = None
    hidden2: Columns | None = None


class Trace(NamedTuple):
    """All that a forward computed: output and rectified hidden maps."""

    out: Columns
    hidden1: Columns
    hidden2: Columns


class NetRoom:
    """Memory that one pass after the other computes in.

    Fresh memory for every product would cost a tenth of the time.

    Args:
        weights: Of a network; what counts is their shapes, and of `bias3` that it is as wide as
            the maps.
        grid: What the columns are.
        dtype: What the products are computed in.

    Attributes:
        grid: As given.
        dtype: As given; the maps may be wider.
        maps: Two maps of the flow, shape (2 * inputs, place).
        halves: The two halves of each.
        out: What `net_output` returns.
        out_halves: The two halves of it.
    """

    def __init__(self, weights: NetWeights, grid: Grid, dtype: torch.dtype) -> None:
        inputs, outputs = weights.weight1.shape[-1] // 9, weights.bias3.shape[-2]
        hidden, self.grid, self.dtype = weights.bias1.shape[-2], grid, dtype
        flow, narrow = weights.bias3, weights.bias3.new_empty(0, dtype=dtype)
        self.maps = [flow.new_empty(2 * inputs, grid.places) for _ in range(2)]
        self.halves = [each.chunk(2) for each in self.maps]
        self.hidden = [narrow.new_empty(hidden, grid.places) for _ in range(4)]
        self.x, self.grad = Shifted(inputs, grid, narrow), Shifted(outputs, grid, narrow)
        self._sums = {count: Shifted(count, grid, flow) for count in (inputs, outputs)}
        self._products = {
            count: flow.new_empty(9 * count, grid.places, dtype=dtype)
            for count in (inputs, outputs)
            if dtype != flow.dtype
        }
        self.out = self._sums[outputs].middle
        self.out_halves = self.out.chunk(2)

    def convolved(self, weight: Tensor, x: Columns) -> Columns:
        """Return the folded product, of the maps' dtype; the next call overwrites it."""
        target = self._sums[len(weight) // 9]
        if self._products:  # a sum of nine is no sum in 8 bits of mantissa
            product = torch.mm(weight, x, out=self._products[len(weight) // 9])
            target.matrix.copy_(product)
        else:
            torch.mm(weight, x, out=target.matrix)
        return target.fold()


def net_forward(
    x: Columns, weights: NetWeights, room: NetRoom, *, keep1: bool = False, keep2: bool = False
) -> Computed:
    """Return the output and those hidden maps that are to be kept."""
    spare1, spare2 = room.hidden[:2]
    room.x.unfold(x)
    hidden1 = _hidden1(weights, room, torch.empty_like(spare1) if keep1 else spare1)
    hidden2 = _hidden2(hidden1, weights, torch.empty_like(spare2) if keep2 else spare2)
    out = room.convolved(weights.weight3, hidden2) + weights.bias3
    return Computed(out, hidden1 if keep1 else None, hidden2 if keep2 else None)


def net_output(x: Columns, weights: NetWeights, room: NetRoom) -> Columns:
    """Return the output alone, `room.out`; whatever uses the room next overwrites it."""
    room.x.unfold(x)
    hidden1 = _hidden1(weights, room, room.hidden[0])
    hidden2 = _hidden2(hidden1, weights, room.hidden[1])
    return room.convolved(weights.weight3, hidden2).add_(weights.bias3)


def net_again(x: Columns, weights: NetWeights, room: NetRoom, kept: Computed) -> Trace:
    """Return all that a forward computes, what was not kept computed again.

    The room then holds what `net_backward` needs.
    """
    out, hidden1, hidden2 = kept
    room.x.unfold(x)
    if hidden1 is None:
        hidden1 = _hidden1(weights, room, room.hidden[0])
    if hidden2 is None:
        hidden2 = _hidden2(hidden1, weights, room.hidden[1])
    if out is None:
        out = room.convolved(weights.weight3, hidden2) + weights.bias3
    return Trace(out, hidden1, hidden2)


def net_backward(
    grad: Columns, weights: NetWeights, trace: Trace, room: NetRoom, sums: NetWeights | None
) -> Columns:
    """Return the gradient in the input, of the maps' dtype; the next call overwrites it.

    Args:
        grad: Gradient in the output.
        weights: Of the room's dtype.
        trace: Of `net_again`, just before.
        room: Is used.
        sums: To each of these the gradient in that weight is added; None: none is computed.
    """
    _, hidden1, hidden2 = trace
    patches = room.grad.unfold(grad)
    grad2 = torch.mm(weights.weight3.T, patches, out=room.hidden[2])
    _rectify(grad2, hidden2)
    grad1 = torch.mm(weights.weight2.T, grad2, out=room.hidden[3])
    _rectify(grad1, hidden1)
    if sums is not None:
        _add_product(sums.weight3, patches, hidden2.T)
        _add_product(sums.weight2, grad2, hidden1.T)
        _add_product(sums.weight1, grad1, room.x.matrix.T)
        sums.bias3.add_(grad.sum(1, keepdim=True))
        sums.bias2.add_(grad2.sum(1, keepdim=True, dtype=sums.bias2.dtype))
        sums.bias1.add_(grad1.sum(1, keepdim=True, dtype=sums.bias1.dtype))
    return room.convolved(weights.weight1.T, grad1)


def _hidden1(weights: NetWeights, room: NetRoom, out: Tensor) -> Tensor:
    return torch.addmm(weights.bias1, weights.weight1, room.x.matrix, out=out).relu_()


def _hidden2(hidden1: Tensor, weights: NetWeights, out: Tensor) -> Tensor:
    return torch.addmm(weights.bias2, weights.weight2, hidden1, out=out).relu_()


def _rectify(grad: Tensor, hidden: Tensor) -> None:
    """Set the gradient in a rectified value to 0 where it is 0."""
    torch.ops.aten.threshold_backward.grad_input(grad, hidden, 0, grad_input=grad)


def _add_product(total: Tensor, left: Tensor, right: Tensor) -> None:
    if total.dtype == left.dtype:
        total.addmm_(left, right)
    else:
        total.add_(left @ right)
