"""Maps as columns: shifts against the library's convolution."""

import pytest
import torch
from torch.nn import functional as F

from explorer.nn.columns import Grid, Shifted, from_columns, to_columns

GRIDS = [Grid(1, 1, 1), Grid(2, 3, 4), Grid(5, 1, 2), Grid(4, 6, 1)]


def maps(channels, grid, seed=0):
    generator = torch.Generator().manual_seed(seed)
    shape = (grid.images, channels, grid.height, grid.width)
    return torch.randn(shape, generator=generator, dtype=torch.float64)


@pytest.mark.parametrize("grid", GRIDS)
def test_maps_come_back_from_columns(grid):
    x = maps(3, grid)
    columns = to_columns(x)
    assert columns.shape == (3, grid.places)
    torch.testing.assert_close(from_columns(columns, grid), x, rtol=0, atol=0)
    columns.zero_()
    assert x.abs().min() > 0, "columns are a copy"


@pytest.mark.parametrize("grid", GRIDS)
def test_unfolding_and_folding_are_convolutions(grid):
    weight = torch.randn(2, 3, 3, 3, dtype=torch.float64)
    room = Shifted(3, grid, weight)
    back = Shifted(2, grid, weight)
    for seed in range(2):  # what was there before is of no effect
        x = maps(3, grid, seed)
        expected = F.conv2d(x, weight, padding=1)
        unfolded = weight.permute(0, 2, 3, 1).flatten(1) @ room.unfold(to_columns(x))
        torch.testing.assert_close(from_columns(unfolded, grid), expected)
        mirrored = weight.flip(2, 3).permute(2, 3, 0, 1).flatten(0, 2)
        torch.mm(mirrored, to_columns(x), out=back.matrix)
        torch.testing.assert_close(from_columns(back.fold(), grid), expected)
