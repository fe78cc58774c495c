import pytest
import torch
from planted import NoisyPixelModel, squares

from explorer.data.images import to_images
from explorer.judge.density import measure_density


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
