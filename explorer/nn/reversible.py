r"""Steps of flow whose backward recomputes their inputs by inverting them, so that none is kept.

A step is `u = A x + a` at each position, then a coupling of the halves of u,

.. math:: y_1 = u_1, \qquad y_2 = (u_2 + m(u_1))\, e^{s(u_1)}

where A and a hold an ActNorm and a 1x1 convolution, and m and s come from `column_net`. Between
forward and backward nothing must be kept but the first input and the last output; the price is one
more forward of the networks. What the caller affords to keep lowers it. The backward compares the
first input with what inverting leads to. Where they differ by more than `TOLERANCE`, that pass is
computed again with the input of every step kept (checkpointing), so that no gradient rests on a
wrong input.

Flow and log-determinants are of the dtype of the maps, the networks may be of a narrower
one: forward and inverse see the same rounding.

Source: Gomez et al., The Reversible Residual Network, NeurIPS 2017, for the backward; Kingma &
Dhariwal, Glow, 2018, for the step.
"""

__all__ = ["TOLERANCE", "Exactness", "run_steps", "undo_steps"]

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, cast

import torch
from jaxtyping import Float
from torch import Tensor
from torch.autograd.function import once_differentiable

from explorer.nn.column_net import NetWeights
from explorer.nn.columns import from_columns, to_columns
from explorer.nn.passes import (
    Keep,
    Passes,
    StepList,
    StepStack,
    grid_of,
    image_parts,
    inverted,
    is_recorded,
)
from explorer.nn.rooms import Rooms
from explorer.nn.scales import Scale

Maps = Float[Tensor, "batch channel height width"]
LogDet = Float[Tensor, " batch"]

TOLERANCE = 1e-2
"""Largest error of a recomputed input, in units of the maps, before a pass is checkpointed."""


@dataclass(slots=True)
class Exactness:
    """What the last backward found; whoever replays a recorded one has to look at the error.

    Attributes:
        error: Largest error of the recomputed first input, a scalar; None before any backward.
        repeated: How many backward passes were checkpointed.
    """

    error: Tensor | None = None
    repeated: int = field(default=0)


def run_steps(
    x: Maps,
    stack: StepStack,
    scale: Scale | None,
    *,
    keep: Keep,
    watch: Exactness,
    rooms: Rooms,
) -> tuple[Maps, LogDet]:
    """Return the output of all steps and the couplings' log-determinant, nats.

    Differentiable once in the maps and in every parameter. The matrices' own log-determinants
    are the caller's.

    Args:
        x: Maps.
        stack: The steps' parameters.
        scale: Of the coupling; None for the additive one, where s = 0.
        keep: What is kept for the backward.
        watch: Is told how exact the backward was.
        rooms: Lends the memory to compute in.
    """
    found = _Steps.apply(x, scale, keep, watch, rooms, *stack[:2], *stack.net)
    return cast(tuple[Tensor, Tensor], found)


class _Steps(torch.autograd.Function):
    """The forward and the backward of `run_steps`."""

    @staticmethod
    def forward(
        ctx: Any,
        x: Tensor,
        scale: Scale | None,
        keep: Keep,
        watch: Exactness,
        rooms: Rooms,
        *parameters: Tensor,
    ) -> tuple[Tensor, Tensor]:
        dtype = keep.products or x.dtype
        passes = Passes(StepList.of(_stacked(parameters), dtype), scale, dtype, rooms)
        if not any(ctx.needs_input_grad):
            keep = Keep(products=keep.products)
        y, total, kept = torch.empty_like(x), x.new_empty(len(x)), []
        for part in image_parts(x, keep.products):
            grid, columns = grid_of(x[part]), to_columns(x[part])
            columns, total[part], computed = passes.forward(columns, grid, keep)
            y[part] = from_columns(columns, grid)
            kept.append(computed)
        if not any(ctx.needs_input_grad):  # in training it would be memory of every image
            passes.close()
        ctx.save_for_backward(x, y, *parameters)
        ctx.scale, ctx.dtype, ctx.rooms, ctx.watch, ctx.kept = scale, dtype, rooms, watch, kept
        return y, total

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor, grad_log_det: Tensor) -> tuple[Tensor | None, ...]:
        x, y, *parameters = ctx.saved_tensors
        stack, grads = _stacked(parameters), (grad, grad_log_det)
        passes = Passes(StepList.of(stack, ctx.dtype), ctx.scale, ctx.dtype, ctx.rooms)
        undone = inverted(stack.matrix, stack.offset)
        # Frozen parameters, as of a model that only decodes, cost no products.
        wanted = any(ctx.needs_input_grad[5:])
        sums = stack.zeros() if wanted else None
        error, grad_x = passes.backward(x, y, grads, ctx.kept, undone, sums)
        if not is_recorded(error) and not error <= TOLERANCE:
            sums = stack.zeros() if wanted else None
            _, grad_x = passes.backward(x, y, grads, None, undone, sums)
            ctx.watch.repeated += 1
        ctx.watch.error = error
        of_steps = (None,) * len(parameters) if sums is None else (*sums[:2], *sums.net)
        return grad_x, None, None, None, None, *of_steps


def _stacked(parameters: Sequence[Tensor]) -> StepStack:
    return StepStack(parameters[0], parameters[1], NetWeights(*parameters[2:]))


def undo_steps(
    y: Maps, inverses: StepList, scale: Scale | None, rooms: Rooms
) -> tuple[Maps, LogDet]:
    """Return the input of all steps and minus the couplings' log-determinant; no gradients.

    Args:
        y: Output of the steps.
        inverses: Of each step `A^{-1}`, `-A^{-1} a` and the network itself.
        scale: Of the coupling, or None.
        rooms: Lends the memory to compute in.
    """
    passes = Passes(inverses, scale, y.dtype, rooms)
    x, total = torch.empty_like(y), y.new_empty(len(y))
    for part in image_parts(y):
        grid = grid_of(y[part])
        columns, total[part] = passes.undo(to_columns(y[part]), grid)
        x[part] = from_columns(columns, grid)
    passes.close()
    return x, total
