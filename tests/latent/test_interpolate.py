import cmath
import inspect
import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from explorer.errors import ConfigError
from explorer.latent.interpolate import (
    METHODS,
    MIN_ANGLE,
    angles,
    lerp,
    nlerp,
    norms,
    path,
    slerp,
)

ROUNDING = 1e-9
"""Float64 mathematics, a few operations deep."""

SINGLE = 1e-6
"""Results rounded to float32."""

positions = st.floats(0, 1)
seeds = st.integers(0, 2**31 - 1)
dims = st.integers(2, 40)


def rows(seed: int, dim: int, count: int = 3, dtype: torch.dtype = torch.float64) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(count, dim, generator=generator, dtype=torch.float64).to(dtype)


def unit_rows(seed: int, dim: int) -> torch.Tensor:
    drawn = rows(seed, dim)
    return drawn / drawn.norm(dim=1, keepdim=True)


@pytest.mark.parametrize("method", METHODS)
@given(seed=seeds, dim=dims)
def test_ends_are_exact(method, seed, dim):
    a, b = rows(seed, dim, dtype=torch.float32), rows(seed + 1, dim, dtype=torch.float32)
    assert torch.equal(METHODS[method](a, b, 0.0), a)
    assert torch.equal(METHODS[method](a, b, 1.0), b)


@pytest.mark.parametrize("method", METHODS)
@given(seed=seeds, dim=dims, t=positions)
def test_walking_back_meets_the_same_points(method, seed, dim, t):
    a, b = rows(seed, dim), rows(seed + 1, dim)
    there, back = METHODS[method](a, b, t), METHODS[method](b, a, 1 - t)
    torch.testing.assert_close(there, back, rtol=0, atol=1e-6)


@given(seed=seeds, dim=dims, t=positions)
def test_slerp_keeps_unit_rows_on_the_sphere(seed, dim, t):
    lengths = norms(slerp(unit_rows(seed, dim), unit_rows(seed + 1, dim), t))
    torch.testing.assert_close(lengths, torch.ones_like(lengths), rtol=0, atol=1e-6)


@given(seed=seeds, dim=dims, t=positions)
def test_slerp_turns_at_constant_speed(seed, dim, t):
    a, b = rows(seed, dim), rows(seed + 1, dim)
    torch.testing.assert_close(
        angles(a, slerp(a, b, t)), t * angles(a, b), rtol=ROUNDING, atol=ROUNDING
    )


@given(seed=seeds, dim=dims, t=positions)
def test_slerp_changes_the_norm_linearly(seed, dim, t):
    a, b = rows(seed, dim), 5 * rows(seed + 1, dim)
    expected = (1 - t) * norms(a) + t * norms(b)
    torch.testing.assert_close(norms(slerp(a, b, t)), expected, rtol=1e-6, atol=0)


@given(
    first=st.floats(-3.1, 3.1),
    turn=st.floats(-3.1, 3.1),
    length=st.floats(0.1, 10),
    growth=st.floats(0.1, 10),
    t=positions,
)
def test_slerp_in_the_plane_is_a_turn_of_complex_numbers(first, turn, length, growth, t):
    a = torch.tensor([length * cmath.exp(1j * first)], dtype=torch.complex128)
    b = a * growth * cmath.exp(1j * turn)
    turned = a * ((1 - t) + t * growth) * cmath.exp(1j * t * turn)
    found = slerp(torch.view_as_real(a), torch.view_as_real(b), t)
    torch.testing.assert_close(found, torch.view_as_real(turned), rtol=ROUNDING, atol=ROUNDING)


@given(seed=seeds, dim=st.integers(3, 12), t=positions)
@settings(max_examples=30)
def test_slerp_agrees_with_the_matrix_exponential_of_a_rotation(seed, dim, t):
    a, b = unit_rows(seed, dim)[:1], unit_rows(seed + 1, dim)[:1]
    cosine = float(a @ b.T)
    side = b - cosine * a
    side = side / side.norm()
    generator = side.T @ a - a.T @ side
    rotation = torch.linalg.matrix_exp(t * math.acos(cosine) * generator)
    torch.testing.assert_close(slerp(a, b, t), a @ rotation.T, rtol=0, atol=1e-7)


@given(seed=seeds, dim=dims, t=positions)
def test_equal_ends_stay_where_they_are(seed, dim, t):
    a = rows(seed, dim, dtype=torch.float32)
    assert torch.equal(slerp(a, a.clone(), t), a)


@given(seed=seeds, exponent=st.floats(-12, -4), t=positions)
def test_slerp_is_finite_and_between_the_ends_at_tiny_angles(seed, exponent, t):
    a = unit_rows(seed, 5)
    b = a + 10**exponent * unit_rows(seed + 1, 5)
    torch.testing.assert_close(slerp(a, b, t), lerp(a, b, t), rtol=0, atol=1e-8)


def test_the_straight_line_takes_over_without_a_jump():
    a = torch.tensor([[1.0, 0.0]], dtype=torch.float64)
    just_below, just_above = (
        slerp(a, torch.tensor([[math.cos(w), math.sin(w)]], dtype=torch.float64), 0.3)
        for w in (MIN_ANGLE * 0.999, MIN_ANGLE * 1.001)
    )
    torch.testing.assert_close(just_below, just_above, rtol=0, atol=3e-3 * MIN_ANGLE)


@pytest.mark.parametrize("t", [0.0, 0.5, 1.0])
@pytest.mark.parametrize("method", [slerp, nlerp])
def test_opposite_ends_are_refused_with_the_way_out(method, t):
    a = rows(0, 4, dtype=torch.float32)
    b = a.clone()
    b[1] = -2 * a[1]
    with pytest.raises(ConfigError, match=r"row 1 point in opposite directions.*lerp"):
        method(a, b, t)


@pytest.mark.parametrize(("value", "word"), [(0.0, "zero"), (math.nan, "not finite")])
@pytest.mark.parametrize("method", [slerp, nlerp])
def test_a_row_without_direction_is_refused(method, value, word):
    a, b = rows(0, 4), rows(1, 4)
    b[2] = value
    with pytest.raises(ConfigError, match=f"Row 2 of end is {word}"):
        method(a, b, 0.5)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("t", [-0.1, 1.1, math.nan])
def test_positions_off_the_path_are_refused(method, t):
    with pytest.raises(ConfigError, match=r"must lie in \[0, 1\]"):
        METHODS[method](rows(0, 3), rows(1, 3), t)


@pytest.mark.parametrize("method", METHODS)
def test_ends_of_different_models_are_refused(method):
    unchecked = inspect.unwrap(METHODS[method])  # without the shape check of the test run
    with pytest.raises(ConfigError, match=r"\(1, 4\) and \(1, 3\)"):
        unchecked(torch.ones(1, 4), torch.ones(1, 3), 0.5)


@pytest.mark.parametrize("method", METHODS.values())
def test_rows_are_independent_of_their_batch(method):
    a, b = rows(0, 6), rows(1, 6)
    alone = torch.cat([method(a[i : i + 1], b[i : i + 1], 0.3) for i in range(3)])
    torch.testing.assert_close(method(a, b, 0.3), alone, rtol=0, atol=ROUNDING)


def test_slerp_keeps_the_dtype_and_leaves_its_input_alone():
    a, b = rows(0, 4, dtype=torch.float32), rows(1, 4, dtype=torch.float32)
    before = a.clone(), b.clone()
    assert slerp(a, b, 0.5).dtype == torch.float32
    end = slerp(a, b, 1.0)
    end += 1
    assert torch.equal(a, before[0])
    assert torch.equal(b, before[1])


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("num_points", [2, 3, 12])
def test_a_path_runs_evenly_from_end_to_end(method, num_points):
    a, b = rows(0, 5, dtype=torch.float32)[:2]
    points = path(a, b, num_points, method)
    assert points.shape == (num_points, 5)
    assert torch.equal(points[0], a)
    assert torch.equal(points[-1], b)
    for i in range(num_points):
        expected = METHODS[method](a[None], b[None], i / (num_points - 1))
        assert torch.equal(points[i : i + 1], expected)


def test_an_unknown_path_names_the_near_match():
    with pytest.raises(ConfigError, match="Did you mean 'slerp'"):
        path(torch.ones(2), torch.ones(2), 3, "slurp")


def test_a_path_of_one_point_is_refused():
    with pytest.raises(ConfigError, match="at least 2"):
        path(torch.ones(2), torch.ones(2), 1, "lerp")


def test_angles_are_accurate_where_the_arc_cosine_is_not():
    a = torch.tensor([[1.0, 0.0]], dtype=torch.float64)
    for omega in (1e-12, 1e-3, 2.0, math.pi - 1e-9):
        b = torch.tensor([[math.cos(omega), math.sin(omega)]], dtype=torch.float64)
        assert float(angles(a, b)) == pytest.approx(omega, rel=1e-6, abs=0)


@given(seed=seeds, dim=dims, t=positions)
def test_nlerp_keeps_unit_rows_on_the_sphere(seed, dim, t):
    lengths = norms(nlerp(unit_rows(seed, dim), unit_rows(seed + 1, dim), t))
    torch.testing.assert_close(lengths, torch.ones_like(lengths), rtol=0, atol=1e-6)


@given(seed=seeds, dim=dims, t=positions)
def test_nlerp_has_the_direction_of_lerp_and_the_length_of_slerp(seed, dim, t):
    a, b = rows(seed, dim), 5 * rows(seed + 1, dim)
    found = nlerp(a, b, t)
    turned = angles(found, lerp(a, b, t))
    torch.testing.assert_close(turned, torch.zeros_like(turned), rtol=0, atol=1e-6)
    torch.testing.assert_close(norms(found), norms(slerp(a, b, t)), rtol=1e-6, atol=0)


@given(seed=seeds, dim=dims)
def test_nlerp_meets_slerp_halfway_between_ends_of_equal_length(seed, dim):
    a, b = unit_rows(seed, dim), unit_rows(seed + 1, dim)
    torch.testing.assert_close(nlerp(a, b, 0.5), slerp(a, b, 0.5), rtol=0, atol=1e-6)


def test_nlerp_is_slower_than_slerp_near_the_ends():
    a, b = torch.tensor([[1.0, 0.0]]), torch.tensor([[0.0, 1.0]])
    turned = float(angles(a, nlerp(a, b, 0.1)))
    assert turned == pytest.approx(math.atan(0.1 / 0.9), abs=SINGLE)
    assert turned < 0.1 * math.pi / 2
