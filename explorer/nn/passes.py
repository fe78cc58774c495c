r"""Passes through K steps of flow: forward, backward, inverse.

Images go through all steps a few at a time, so that what is computed stays in the processor's
cache. `reversible` says what a step is, and why the backward needs no more than its output.
"""

__all__ = [
    "Keep",
    "Passes",
    "StepList",
    "StepStack",
    "grid_of",
    "image_parts",
    "inverted",
    "is_recorded",
]

import itertools
import math
from collections.abc import Callable
from functools import partial
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
    net_output,
)
from explorer.nn.columns import Columns, Grid, from_columns, to_columns
from explorer.nn.rooms import Rooms
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


class StepList(NamedTuple):
    """Parameters of K steps one by one, the networks' of the dtype that they are computed in.

    Attributes:
        matrices: A of each step, shape (channel, channel).
        offsets: a of each step, shape (channel, 1).
        nets: Weights of each network; `bias3` is of the maps' dtype.
    """

    matrices: tuple[Tensor, ...]
    offsets: tuple[Tensor, ...]
    nets: list[NetWeights]

    @classmethod
    def of(cls, stack: StepStack, dtype: torch.dtype) -> "StepList":
        """Return the steps of a stack."""
        weights = NetWeights(*(part.to(dtype) for part in stack.net))
        nets = weights._replace(bias3=stack.net.bias3).each()
        return cls(stack.matrix.unbind(), stack.offset.unbind(), nets)


class Passes:
    """The passes through all steps, with what they share.

    Args:
        steps: The steps.
        scale: Of the coupling, or None.
        dtype: What the networks are computed in.
        rooms: Where memory is borrowed; `close` gives it back.
    """

    def __init__(
        self, steps: StepList, scale: Scale | None, dtype: torch.dtype, rooms: Rooms
    ) -> None:
        self._matrices, self._offsets, self._nets = steps
        self._scale, self._dtype, self._rooms = scale, dtype, rooms
        self._borrowed: dict[Grid, NetRoom] = {}

    def close(self) -> None:
        """Give the memory back; what passes returned must have been copied."""
        for room in self._borrowed.values():
            self._rooms.give_back(room)
        self._borrowed.clear()

    def _room(self, grid: Grid) -> NetRoom:
        if grid not in self._borrowed:
            self._borrowed[grid] = self._rooms.borrow(self._nets[0], grid, self._dtype)
        return self._borrowed[grid]

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
        undone: tuple[Tensor, Tensor],
        sums: StepStack | None,
    ) -> tuple[Tensor, Maps]:
        """Return the error of the first input and its gradient.

        Args:
            x: The first input.
            y: The last output.
            grads: Gradients in y and in the log-determinants.
            kept: What `forward` kept of each part; is used up. None: each step starts from its
                input, not from the inverse.
            undone: `A^{-1}` and `-A^{-1} a` of each step.
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
            source = partial(_undone, undone) if inputs is None else partial(_kept, inputs)
            found, grad = self._back(pair, grads[1][part], grid, source, computed, sums)
            error = torch.maximum(error, (found - first).abs().amax())
            grad_x[part] = from_columns(grad, grid)
        return error, grad_x

    def _back(
        self,
        pair: tuple[Columns, Columns],
        grad_log_det: LogDet,
        grid: Grid,
        source: Callable[[int, Columns], Columns],
        computed: list[Computed],
        sums: StepStack | None,
    ) -> tuple[Columns, Columns]:
        """Return the first input and its gradient, given the last output and its gradient.

        Args:
            pair: Both; are overwritten.
            grad_log_det: Gradient in the log-determinants.
            grid: What the columns are.
            source: Returns the input of a step, given its number and the coupling's input.
            computed: What was kept of each step; is used up.
            sums: To these the parameters' gradients are added, if any.
        """
        (y, grad), room = pair, self._room(grid)
        nets = [None] * len(computed) if sums is None else sums.net.each()
        of_place = grad_log_det.expand(grid.height * grid.width, -1).reshape(1, -1)
        for k in reversed(range(len(computed))):
            kept, computed[k] = computed[k], Computed()
            self._uncouple(k, (y, grad), of_place, kept, room, nets[k])
            y = source(k, y)
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

        The matrices and offsets are those of the inverse. The input lies in borrowed memory.
        """
        room = self._room(grid)
        total = torch.zeros_like(room.halves[0][1])
        steps = len(self._nets)
        room.maps[0].copy_(y)
        for number, k in enumerate(reversed(range(steps))):
            now, after = number % 2, (number + 1) % 2
            given, changed = room.halves[now]
            out = net_output(given, self._nets[k], room)
            if self._scale is None:
                changed.sub_(out)
            else:
                shift, raw = room.out_halves
                log_scale = self._scale.log_scale(raw)
                total.sub_(log_scale)
                changed.div_(log_scale.exp_()).sub_(shift)
            torch.addmm(self._offsets[k], self._matrices[k], room.maps[now], out=room.maps[after])
        return room.maps[steps % 2], _a_sample(total, grid)


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


def _undone(inverse: tuple[Tensor, Tensor], k: int, y: Columns) -> Columns:
    matrix, offset = inverse
    return torch.addmm(offset[k], matrix[k], y)


def _kept(inputs: list[Columns], k: int, y: Columns) -> Columns:
    return inputs[k]


def _a_sample(total: Columns, grid: Grid) -> LogDet:
    """Return the sum over channels and places of each image."""
    return total.view(-1, grid.images).sum(0)
