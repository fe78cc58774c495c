"""Great circles between unit rows, each with its own position."""

import math

import torch
from hypothesis import given
from hypothesis import strategies as st

from explorer.nn.sphere import slerp_rows, to_sphere

ROUNDING = 1e-5


def unit_rows(count, dim, seed):
    return to_sphere(torch.randn(count, dim, generator=torch.Generator().manual_seed(seed)))


@given(seed=st.integers(0, 2**31), dim=st.integers(2, 64), t=st.floats(0, 1))
def test_rows_stay_on_the_sphere_and_turn_by_their_share_of_the_angle(seed, dim, t):
    start, end = unit_rows(3, dim, seed), unit_rows(3, dim, seed + 1)
    found = slerp_rows(start, end, torch.full((3,), t))
    torch.testing.assert_close(found.norm(dim=1), torch.ones(3))
    whole = torch.arccos((start * end).sum(1).double().clamp(-1, 1))
    turned = torch.arccos((start * found).sum(1).double().clamp(-1, 1))
    ordinary = (whole > 0.1) & (whole < math.pi - 0.1)
    torch.testing.assert_close(turned[ordinary], t * whole[ordinary], atol=2e-3, rtol=0)


def test_each_row_goes_its_own_way():
    start, end = torch.eye(3), torch.eye(3).roll(1, dims=0)
    found = slerp_rows(start, end, torch.tensor([0.0, 0.5, 1.0]))
    half = math.sqrt(0.5)
    expected = torch.tensor([[1.0, 0, 0], [half, half, 0], [0, 1.0, 0]])
    torch.testing.assert_close(found, expected, atol=ROUNDING, rtol=0)


def test_equal_near_and_opposite_rows_give_finite_unit_rows_and_gradients():
    start = unit_rows(3, 8, 0).requires_grad_()
    end = torch.stack([start[0], start[1] + 1e-5, -start[2]]).detach()
    found = slerp_rows(start, to_sphere(end), torch.tensor([0.3, 0.3, 0.3]))
    torch.testing.assert_close(found.norm(dim=1), torch.ones(3))
    found.square().sum().backward()
    assert torch.isfinite(start.grad).all()
    torch.testing.assert_close(found[2], start[2])


def test_to_sphere_leaves_a_zero_row_zero():
    assert torch.equal(to_sphere(torch.zeros(1, 4)), torch.zeros(1, 4))
