"""The network on columns, and its written-out backward, against the library's layers."""

import pytest
import torch
from torch.nn import functional as F

from explorer.nn.column_net import (
    Computed,
    NetRoom,
    NetWeights,
    net_again,
    net_backward,
    net_forward,
)
from explorer.nn.columns import Grid, from_columns, to_columns


def arguments(inputs, hidden, outputs, grid):
    generator = torch.Generator().manual_seed(0)
    shapes = [
        (grid.images, inputs, grid.height, grid.width),
        (hidden, 9 * inputs), (hidden, 1), (hidden, hidden), (hidden, 1),
        (9 * outputs, hidden), (outputs, 1), (grid.images, outputs, grid.height, grid.width),
    ]  # fmt: skip
    drawn = [torch.randn(shape, generator=generator, dtype=torch.float64) for shape in shapes]
    return drawn[0], NetWeights(*drawn[1:-1]), drawn[-1]


def library(x, weight1, bias1, weight2, bias2, weight3, bias3):
    """Compute the same by convolutions of the same numbers."""
    kernel1 = weight1.unflatten(1, (3, 3, -1)).permute(0, 3, 1, 2)
    kernel3 = weight3.unflatten(0, (3, 3, -1)).permute(2, 3, 0, 1).flip(2, 3)
    hidden = F.conv2d(x, kernel1, bias1[:, 0], padding=1).relu()
    hidden = F.conv2d(hidden, weight2[:, :, None, None], bias2[:, 0]).relu()
    return F.conv2d(hidden, kernel3, bias3[:, 0], padding=1)


@pytest.mark.parametrize("keeps", [(False, False), (True, False), (False, True), (True, True)])
@pytest.mark.parametrize(
    "sizes", [(1, 1, 1, Grid(1, 1, 1)), (3, 5, 4, Grid(4, 5, 2)), (2, 6, 2, Grid(3, 1, 3))]
)
def test_values_and_gradients_are_those_of_the_library(sizes, keeps):
    grid, (x, weights, direction) = sizes[-1], arguments(*sizes)
    watched = [one.clone().requires_grad_() for one in (x, *weights)]
    expected = library(*watched)
    right = torch.autograd.grad(expected, watched, direction)
    room = NetRoom(weights, grid, torch.float64)
    kept = net_forward(to_columns(x), weights, room, keep1=keeps[0], keep2=keeps[1])
    assert (kept.hidden1 is not None, kept.hidden2 is not None) == keeps
    torch.testing.assert_close(from_columns(kept.out, grid), expected.detach())
    for found in (kept, kept._replace(out=None), Computed()):
        sums = NetWeights(*(torch.zeros_like(one) for one in weights))
        again = net_again(to_columns(x), weights, room, found)
        torch.testing.assert_close(from_columns(again.out, grid), expected.detach())
        grad = net_backward(to_columns(direction), weights, again, room, sums)
        for mine, other in zip((from_columns(grad, grid), *sums), right, strict=True):
            torch.testing.assert_close(mine, other)
        alone = net_backward(to_columns(direction), weights, again, room, None)
        torch.testing.assert_close(from_columns(alone, grid), right[0])
