"""Squares between four corners: exact corners, straight or round edges, no first axis."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from explorer.errors import ConfigError
from explorer.latent.interpolate import norms, path
from explorer.latent.plane import PLANE_METHODS, plane_points, spherical

seeds = st.integers(0, 2**31 - 1)
sizes = st.integers(2, 6)


def corners(seed, dim=6, spread=0.8):
    """Four latents of different length, all within a hemisphere."""
    drawn = torch.Generator().manual_seed(seed)
    base = torch.zeros(dim, dtype=torch.float64)
    base[0] = 2.0
    noise = torch.randn(4, dim, generator=drawn, dtype=torch.float64)
    return base + spread * noise / noise.norm(dim=1, keepdim=True)


EDGES = {"top": (0, 1), "bottom": (2, 3), "left": (0, 2), "right": (1, 3)}


def edge(square, name):
    return {"top": square[0], "bottom": square[-1], "left": square[:, 0], "right": square[:, -1]}[
        name
    ]


@pytest.mark.parametrize("method", PLANE_METHODS)
@given(seed=seeds, size=sizes)
def test_corners_are_exact(method, seed, size):
    given_ones = corners(seed).float()
    square = plane_points(given_ones, size, method)
    found = torch.stack([square[0, 0], square[0, -1], square[-1, 0], square[-1, -1]])
    assert torch.equal(found, given_ones)


@pytest.mark.parametrize(("method", "walk"), [("spherical", "slerp"), ("bilinear", "lerp")])
@pytest.mark.parametrize("name", EDGES)
@given(seed=seeds, size=sizes)
@settings(max_examples=20)
def test_edges_are_the_walks_between_their_corners(method, walk, name, seed, size):
    four = corners(seed)
    first, last = EDGES[name]
    expected = path(four[first], four[last], size, walk)
    found = edge(plane_points(four, size, method), name)
    torch.testing.assert_close(found, expected, rtol=0, atol=1e-8)


@pytest.mark.parametrize("method", PLANE_METHODS)
@given(seed=seeds, size=sizes)
def test_no_axis_comes_first(method, seed, size):
    four = corners(seed)
    turned = plane_points(four[[0, 2, 1, 3]], size, method).transpose(0, 1)
    torch.testing.assert_close(plane_points(four, size, method), turned, rtol=0, atol=1e-8)


@given(seed=seeds)
def test_spherical_points_of_unit_corners_are_unit(seed):
    four = torch.nn.functional.normalize(corners(seed))
    lengths = norms(plane_points(four, 5, "spherical").flatten(0, 1))
    torch.testing.assert_close(lengths, torch.ones_like(lengths), rtol=0, atol=1e-9)


@given(seed=seeds)
@settings(max_examples=20)
def test_the_spherical_mean_has_the_least_sum_of_squared_angles(seed):
    four = torch.nn.functional.normalize(corners(seed))
    weights = torch.tensor([[0.4, 0.3, 0.2, 0.1]], dtype=torch.float64)
    best = spherical(four, weights)

    def cost(point):
        return float((weights[0] * torch.acos((four @ point).clamp(-1, 1)).square()).sum())

    nudges = torch.randn(20, 6, generator=torch.Generator().manual_seed(seed)).double() * 1e-2
    others = torch.nn.functional.normalize(best + nudges)
    assert all(cost(best[0]) <= cost(other) + 1e-12 for other in others)


def test_four_equal_corners_give_one_point():
    square = plane_points(torch.ones(4, 3), 3, "spherical")
    torch.testing.assert_close(square, torch.ones(3, 3, 3))


def test_corners_around_the_whole_sphere_are_refused_with_the_way_out():
    around = torch.tensor([[1.0, 0], [0, 1], [-1, 0], [0, -1]])
    with pytest.raises(ConfigError, match="bilinear"):
        plane_points(around, 3, "spherical")


@pytest.mark.parametrize("value", [0.0, math.nan])
def test_a_corner_without_direction_is_refused(value):
    four = torch.ones(4, 3)
    four[2] = value
    with pytest.raises(ConfigError, match="no direction"):
        plane_points(four, 3, "spherical")


@pytest.mark.parametrize(
    ("size", "method", "message"),
    [(1, "bilinear", "no four corners"), (3, "sphrical", "Did you mean 'spherical'")],
)
def test_other_wishes_are_refused(size, method, message):
    with pytest.raises(ConfigError, match=message):
        plane_points(torch.ones(4, 3), size, method)
