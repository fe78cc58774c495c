import math

import pytest
import torch
from planted import NoisyPixelModel, squares

from explorer.data.images import to_images
from explorer.judge.density import measure_density
from explorer.models.glow import Glow, GlowSettings
from explorer.protocol import DataInfo


def test_bits_are_the_mean_over_images_and_the_excess_is_above_the_floor():
    data = squares(500)
    found = measure_density(NoisyPixelModel(), data, draws=20)
    truth = float(to_images(data.images).mean())
    assert (found.count, found.draws, found.noise_floor) == (500, 20, 0.25)
    assert found.bits_per_dim == pytest.approx(truth, abs=4 * found.standard_error)
    assert found.excess == pytest.approx(found.bits_per_dim - 0.25)


def test_the_standard_error_is_the_spread_of_the_mean_over_draws():
    data = squares(100)
    found = [measure_density(NoisyPixelModel(), data, draws=4, seed=s) for s in range(40)]
    spread = torch.tensor([row.bits_per_dim for row in found]).std()
    assert found[0].standard_error == pytest.approx(float(spread), rel=0.5)


def test_the_same_seed_draws_the_same_noise():
    data = squares(70)
    first, same, other = (measure_density(NoisyPixelModel(), data, seed=s) for s in (1, 1, 2))
    assert first == same != other


class TwoDensities(NoisyPixelModel):
    """Of each image one of two densities, as the noise falls: 2 or 4 bits a dimension."""

    noise_bits = 0.0

    def bits_per_dim(self, images, *, generator, same_noise=False):
        return 2.0 + 2.0 * torch.randint(0, 2, (len(images),), generator=generator)


def test_draws_together_bound_by_the_mean_of_densities():
    """With many draws `-log2(mean(2**(-2 d), 2**(-4 d))) / d`, not the mean of 2 and 4."""
    data = squares(40)
    dimensions = data.images[0].size
    found = measure_density(TwoDensities(), data, draws=200)
    assert found.bits_per_dim == pytest.approx(3, abs=0.1)
    assert found.bound == pytest.approx(2 + 1 / dimensions, abs=0.3 / dimensions)


def test_one_draw_bounds_as_it_measures_and_gaussian_noise_bounds_nothing():
    data = squares(30)
    found = measure_density(TwoDensities(), data, draws=1)
    assert found.bound == pytest.approx(found.bits_per_dim)
    assert measure_density(NoisyPixelModel(), data).bound is None


def test_more_draws_bound_tighter_where_a_flow_uses_the_noise():
    """A Glow of random numbers: its density varies within the bins."""
    data = squares(20)
    side, channels = data.images.shape[1], data.images.shape[3]
    model = Glow(
        GlowSettings(num_steps=(2,), hidden_channels=(8,)), DataInfo((channels, side, side), (1,))
    )
    model.prepare([data.batch(torch.arange(20).numpy())])
    generator = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter += 0.05 * torch.randn(parameter.shape, generator=generator)
    bounds = [measure_density(model, data, draws=draws).bound for draws in (1, 8, 64)]
    assert bounds[0] > bounds[1] > bounds[2]
    assert all(math.isfinite(bound) for bound in bounds)
