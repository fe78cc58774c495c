import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import ks_2samp

from explorer.errors import DataError
from explorer.latent.completion import draw_targets, moved_to, positions_along


def planted(count, size, dim, seed):
    generator = torch.Generator().manual_seed(seed)
    return (
        torch.randn(count, dim, generator=generator, dtype=torch.float64),
        torch.randn(size, dim, generator=generator, dtype=torch.float64),
        torch.randn(size, generator=generator, dtype=torch.float64),
        torch.randn(count, size, generator=generator, dtype=torch.float64),
    )


@given(st.integers(1, 8), st.integers(1, 4), st.integers(5, 12), st.integers(0, 2**31 - 1))
def test_every_target_is_reached_however_the_directions_lie(count, size, dim, seed):
    latents, axes, offsets, targets = planted(count, size, dim, seed)
    moved = moved_to(latents, axes, offsets, targets, sphere=False)
    torch.testing.assert_close(positions_along(moved, axes, offsets), targets)


def test_the_way_is_the_shortest():
    latents, axes, offsets, targets = planted(4, 2, 6, 3)
    shift = moved_to(latents, axes, offsets, targets, sphere=False) - latents
    basis = torch.linalg.qr(axes.T).Q
    torch.testing.assert_close(shift @ basis @ basis.T, shift), "nothing outside the span"


def test_without_attributes_nothing_moves():
    latents, axes, offsets, targets = planted(4, 0, 6, 3)
    assert torch.equal(moved_to(latents, axes, offsets, targets, sphere=False), latents)


def test_rows_of_a_sphere_stay_on_it_and_still_reach_their_targets():
    latents, axes, offsets, _ = planted(6, 2, 30, 5)
    latents = torch.nn.functional.normalize(latents)
    targets = positions_along(latents, axes, offsets)
    wanted = targets + 0.02 * torch.tensor([[1.0, -1.0]])
    moved = moved_to(latents, axes, offsets, wanted, sphere=True)
    torch.testing.assert_close(moved.norm(dim=1), torch.ones(6, dtype=torch.float64))
    torch.testing.assert_close(positions_along(moved, axes, offsets), wanted, atol=1e-6, rtol=0)


def test_directions_that_depend_on_each_other_are_refused():
    latents, axes, offsets, targets = planted(3, 2, 6, 1)
    axes[1] = -2 * axes[0]
    with pytest.raises(DataError, match="Choose fewer attributes"):
        moved_to(latents, axes, offsets, targets, sphere=False)


def test_positions_follow_the_wished_for_distribution():
    pools = [np.random.default_rng(1).gamma(2.0, size=3000), np.linspace(2, 4, 500)]
    targets = draw_targets(pools, 2000, np.random.default_rng(2))
    latents, axes, offsets, _ = planted(2000, 2, 5, 7)
    moved = moved_to(latents, axes, offsets, torch.from_numpy(targets), sphere=False)
    reached = positions_along(moved, axes, offsets).numpy()
    for pool, before, after in zip(
        pools, positions_along(latents, axes, offsets).numpy().T, reached.T, strict=True
    ):
        assert ks_2samp(after, pool).pvalue > 0.01
        assert ks_2samp(before, pool).pvalue < 1e-6


def test_attributes_are_drawn_independently_and_from_a_seed():
    pools = [np.arange(100.0), np.arange(100.0)]
    drawn = draw_targets(pools, 5000, np.random.default_rng(0))
    assert abs(np.corrcoef(drawn.T)[0, 1]) < 0.05
    assert np.array_equal(drawn, draw_targets(pools, 5000, np.random.default_rng(0)))
