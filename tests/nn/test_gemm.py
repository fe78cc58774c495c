"""The hand-written network against the library's convolutions."""

import pytest
import torch
from torch.nn import functional as F

from explorer.nn.gemm import conv_net


def arguments(batch, inputs, hidden, outputs, height, width, seed=0):
    generator = torch.Generator().manual_seed(seed)
    shapes = [
        (batch, inputs, height, width),
        (hidden, inputs, 3, 3),
        (hidden,),
        (hidden, hidden),
        (hidden,),
        (outputs, hidden, 3, 3),
    ]
    return [
        torch.randn(shape, generator=generator, dtype=torch.float64).requires_grad_()
        for shape in shapes
    ]


def library(x, weight1, bias1, weight2, bias2, weight3):
    hidden = F.conv2d(x, weight1, bias1, padding=1).relu()
    hidden = F.conv2d(hidden, weight2[:, :, None, None], bias2).relu()
    return F.conv2d(hidden, weight3, padding=1)


@pytest.mark.parametrize(
    "sizes", [(1, 1, 1, 1, 1, 1), (2, 3, 5, 4, 4, 4), (3, 2, 6, 7, 3, 5), (2, 6, 4, 12, 1, 6)]
)
def test_values_and_gradients_are_those_of_the_library(sizes):
    ours = arguments(*sizes)
    theirs = arguments(*sizes)
    found, expected = conv_net(*ours), library(*theirs)
    torch.testing.assert_close(found, expected)
    direction = torch.randn_like(expected)
    found.backward(direction)
    expected.backward(direction)
    for mine, other in zip(ours, theirs, strict=True):
        torch.testing.assert_close(mine.grad, other.grad)


def test_the_backward_is_the_derivative_of_the_forward():
    assert torch.autograd.gradcheck(conv_net, arguments(2, 2, 3, 2, 3, 4))


def test_the_dtype_of_the_input_is_kept():
    single = [value.detach().float() for value in arguments(2, 3, 5, 4, 4, 4)]
    assert conv_net(*single).dtype == torch.float32


def test_a_second_derivative_is_refused_and_not_wrong():
    values = arguments(1, 1, 2, 1, 2, 2)
    (gradient,) = torch.autograd.grad(
        conv_net(*values).square().sum(), values[0], create_graph=True
    )
    with pytest.raises(RuntimeError, match="once_differentiable"):
        gradient.sum().backward()
