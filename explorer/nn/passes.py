r"""Passes through K steps of flow: forward, backward, inverse.

Images go through all steps a few at a time, so that what is computed stays in the processor's
cache. `reversible` says what a step is, and why the backward needs no more than its output.
"""

__all__ = ["Keep", "Passes", "StepStack", "grid_of", "image_parts", "inverted", "is_recorded"]

import itertools
import math
from functools import cached_property
from typing import NamedTuple, cast

import torch
from jaxtyping import Float
from torch import Tensor

from explorer.nn.column_net import (
    Computed,
    NetRoom,
    NetWeights,
    net_again,
    net_backward,
    net_forward,
)
from explorer.nn.columns import Columns, Grid, from_columns, to_columns
from explorer.nn.scales import Scale

Maps = Float[Tensor, "batch channel height width"]
LogDet = Float[Tensor, " batch"]

PLACES = 2048
"""Columns of float32 a thread of a CPU computes at once. More of them leave the processor's cache,
fewer of them cost more calls than they save; measured at 128 hidden channels."""


class StepStack(NamedTuple):
    """Parameters of K steps, each stacked.

    Attributes:
        matrix: A, shape (K, channel, channel).
        offset: a, shape (K, channel, 1).
        net: Weights of the networks, each with K in front.
    """

    matrix: Float[Tensor, "step channel channel"]
    offset: Float[Tensor, "step channel 1"]
    net: NetWeights

    def zeros(self) -> "StepStack":
        """Return room for a sum of gradients in each parameter."""
        matrix, offset, *net = map(torch.zeros_like, (self.matrix, self.offset, *self.net))
        return StepStack(matrix, offset, NetWeights(*net))


class Keep(NamedTuple):
    """How many of the last steps keep what their networks computed, and in what dtype that is.

    Attributes:
        out: Of how many the outputs are kept.
        hidden2: Of how many the second hidden maps.
        hidden1: Of how many the first ones.
        products: What the networks are computed in; None for what their weights are.
    """

    out: int = 0
    hidden2: int = 0
    hidden1: int = 0
    products: torch.dtype | None = None


class Passes:
    """The passes through all steps, with what they share.

    Args:
        x: Maps of the size that come.
        stack: The steps' parameters.
        scale: Of the coupling, or None.
        products: What the networks are computed in; None for what their weights are.
    """

    def __init__(
        self, x: Tensor, stack: StepStack, scale: Scale | None, products: torch.dtype | None
    ) -> None:
        self._stack, self._scale, self._dtype = stack, scale, products or x.dtype
        self._matrices, self._offsets = stack.matrix.unbind(), stack.offset.unbind()
        weights = NetWeights(*(part.to(self._dtype) for part in stack.net))
        self._nets = weights._replace(bias3=stack.net.bias3).each()
        self._rooms: dict[Grid, NetRoom] = {}

    @cached_property
    def _undone(self) -> tuple[Tensor, Tensor]:
        return inverted(self._stack.matrix, self._stack.offset)

    def _room(self, grid: Grid) -> NetRoom:
        if grid not in self._rooms:
            self._rooms[grid] = NetRoom(self._stack.net, grid, self._dtype)
        return self._rooms[grid]

    def step(
        self, k: int, x: Columns, room: NetRoom, *, keep1: bool = False, keep2: bool = False
    ) -> tuple[Columns, Computed]:
        """Return a step's output and, with log-scales for raw ones, what its network computed."""
        y, half = torch.addmm(self._offsets[k], self._matrices[k], x), len(x) // 2
        found = net_forward(y[:half], self._nets[k], room, keep1=keep1, keep2=keep2)
        out, changed = cast(Tensor, found.out), y[half:]
        if self._scale is None:
            changed.add_(out)
        else:
            shift, raw = out.chunk(2)
            raw.copy_(self._scale.log_scale(raw))
            changed.add_(shift).mul_(raw.exp())
        return y, found

    def forward(
        self, x: Columns, grid: Grid, keep: Keep
    ) -> tuple[Columns, LogDet, list[Computed]]:
        """Return the output, the couplings' log-determinant and of each step what is kept."""
        room, half, kept = self._room(grid), len(x) // 2, list[Computed]()
        total, steps = torch.zeros_like(x[half:]), len(self._nets)
        for k in range(steps):
            after = steps - 1 - k
            keep1, keep2 = after < keep.hidden1, after < keep.hidden2
            x, found = self.step(k, x, room, keep1=keep1, keep2=keep2)
            if self._scale is not None:
                total.add_(cast(Tensor, found.out)[-len(total) :])
            kept.append(found if after < keep.out else found._replace(out=None))
        return x, _a_sample(total, grid), kept

    def inputs(self, x: Columns, grid: Grid) -> list[Columns]:
        """Return the input of every step."""
        found, room = [], self._room(grid)
        for k in range(len(self._nets)):
            found.append(x)
            x, _ = self.step(k, x, room)
        return found

    def backward(
        self,
        x: Maps,
        y: Maps,
        grads: tuple[Maps, LogDet],
        kept: list[list[Computed]] | None,
        sums: StepStack | None,
    ) -> tuple[Tensor, Maps]:
        """Return the error of the first input and its gradient.

        Args:
            x: The first input.
            y: The last output.
            grads: Gradients in y and in the log-determinants.
            kept: What `forward` kept of each part; is used up. None: each step starts from its
                input, not from the inverse.
            sums: To these the parameters' gradients are added; None: none are computed.
        """
        error, grad_x = x.new_zeros(()), torch.empty_like(x)
        for number, part in enumerate(image_parts(x, self._dtype)):
            grid, first = grid_of(x[part]), to_columns(x[part])
            if kept is None:
                inputs, computed = self.inputs(first, grid), [Computed()] * len(self._nets)
            else:
                inputs, computed = None, kept[number]
            pair = to_columns(y[part]), to_columns(grads[0][part])
            found, grad = self._back(pair, grads[1][part], grid, inputs, computed, sums)
            error = torch.maximum(error, (found - first).abs().amax())
            grad_x[part] = from_columns(grad, grid)
        return error, grad_x

    def _back(
        self,
        pair: tuple[Columns, Columns],
        grad_log_det: LogDet,
        grid: Grid,
        inputs: list[Columns] | None,
        computed: list[Computed],
        sums: StepStack | None,
    ) -> tuple[Columns, Columns]:
        """Return the first input and its gradient, given the last output and its gradient.

        Args:
            pair: Both; are overwritten.
            grad_log_det: Gradient in the log-determinants.
            grid: What the columns are.
            inputs: Of each step; None: they are found by inverting.
            computed: What was kept of each step; is used up.
            sums: To these the parameters' gradients are added, if any.
        """
        (y, grad), room = pair, self._room(grid)
        nets = [None] * len(computed) if sums is None else sums.net.each()
        of_place = grad_log_det.expand(grid.height * grid.width, -1).reshape(1, -1)
        matrix_back, offset_back = self._undone
        for k in reversed(range(len(computed))):
            kept, computed[k] = computed[k], Computed()
            self._uncouple(k, (y, grad), of_place, kept, room, nets[k])
            y = torch.addmm(offset_back[k], matrix_back[k], y) if inputs is None else inputs[k]
            if sums is not None:
                sums.matrix[k].addmm_(grad, y.T)
                sums.offset[k].add_(grad.sum(1, keepdim=True))
            grad = self._matrices[k].T @ grad
        return y, grad

    def _uncouple(
        self,
        k: int,
        pair: tuple[Columns, Columns],
        of_place: Tensor,
        kept: Computed,
        room: NetRoom,
        sums: NetWeights | None,
    ) -> None:
        """Turn a coupling's output and the gradient in it into its input and the gradient there.

        Args:
            k: Number of the step.
            pair: Both; are overwritten.
            of_place: Gradient in the log-scale at each place, shape (1, place).
            kept: What was kept of the network, log-scales for raw ones.
            room: Is used.
            sums: To these the network's gradients are added, if any.
        """
        y, grad = pair
        half, net = len(y) // 2, self._nets[k]
        changed, grad_changed = y[half:], grad[half:]
        found = net_again(y[:half], net, room, kept)
        out = found.out
        if self._scale is None:
            grad_out = grad_changed
            changed.sub_(out)
        else:
            shift, log_scale = out.chunk(2)
            if kept.out is None:
                log_scale = self._scale.log_scale(log_scale)
            factor, grad_out = log_scale.exp(), torch.empty_like(out)
            grad_shift, grad_raw = grad_out.chunk(2)
            torch.addcmul(of_place, grad_changed, changed, out=grad_raw)
            grad_raw.mul_(self._scale.slope(log_scale))
            torch.mul(grad_changed, factor, out=grad_shift)
            changed.div_(factor).sub_(shift)
            grad_changed.copy_(grad_shift)
        grad[:half].add_(net_backward(grad_out, net, found, room, sums))

    def undo(self, y: Columns, grid: Grid) -> tuple[Columns, LogDet]:
        """Return the first input and the couplings' log-determinant of that direction.

        The stack's matrices and offsets are those of the inverse.
        """
        half, room = len(y) // 2, self._room(grid)
        total = torch.zeros_like(y[half:])
        for k in reversed(range(len(self._nets))):
            out = cast(Tensor, net_forward(y[:half], self._nets[k], room).out)
            if self._scale is None:
                y[half:].sub_(out)
            else:
                shift, raw = out.chunk(2)
                log_scale = self._scale.log_scale(raw)
                total.sub_(log_scale)
                y[half:].div_(log_scale.exp()).sub_(shift)
            y = torch.addmm(self._offsets[k], self._matrices[k], y)
        return y, _a_sample(total, grid)


def inverted(
    matrix: Float[Tensor, "step channel channel"], offset: Float[Tensor, "step channel 1"]
) -> tuple[Tensor, Tensor]:
    """Return `A^{-1}` and `-A^{-1} a` of each step, found in float64."""
    check = not is_recorded(matrix)
    inverse = torch.linalg.inv_ex(matrix.double(), check_errors=check).inverse
    undone = -(inverse @ offset.double())
    return inverse.to(matrix.dtype), undone.to(matrix.dtype)


def is_recorded(x: Tensor) -> bool:
    """Return whether a CUDA graph is being recorded, where nothing can be asked of the device."""
    return x.is_cuda and torch.cuda.is_current_stream_capturing()


def image_parts(x: Maps, products: torch.dtype | None = None) -> list[slice]:
    """Return which images are computed at once: parts as equal as can be."""
    count = 1
    if x.device.type == "cpu":
        places = PLACES * torch.get_num_threads() * 4 // (products or x.dtype).itemsize
        count = math.ceil(len(x) / max(1, places // (x.shape[2] * x.shape[3])))
    ends = [len(x) * number // max(1, count) for number in range(count + 1)]
    return [slice(*pair) for pair in itertools.pairwise(ends)]


def grid_of(x: Maps) -> Grid:
    """Return what the columns of these images are."""
    return Grid(x.shape[2], x.shape[3], len(x))


def _a_sample(total: Columns, grid: Grid) -> LogDet:
    """Return the sum over channels and places of each image."""
    return total.view(-1, grid.images).sum(0)
