import math

import pytest
import torch

from explorer.latent.bootstrap import SKETCH, LatentSketch, spread_over_draws

DIM = 2000


def test_a_sketch_keeps_lengths_and_angles_on_average():
    generator = torch.Generator().manual_seed(0)
    rows = torch.randn(200, DIM, generator=generator)
    products = torch.stack([LatentSketch(DIM, seed=seed)(rows[:2]) for seed in range(400)])
    squares = products.square().sum(-1).mean(0)
    torch.testing.assert_close(squares, rows[:2].square().sum(-1), rtol=0.03, atol=0)
    inner = (products[:, 0] * products[:, 1]).sum(-1).mean()
    assert float(inner) == pytest.approx(float(rows[0] @ rows[1]), abs=0.02 * DIM)


def test_a_sketch_is_linear_and_repeats_itself():
    generator = torch.Generator().manual_seed(1)
    a, b = torch.randn(2, 3, DIM, generator=generator)
    sketch = LatentSketch(DIM)
    torch.testing.assert_close(sketch(2 * a - b), 2 * sketch(a) - sketch(b), atol=1e-3, rtol=0)
    assert torch.equal(sketch(a), LatentSketch(DIM)(a))
    assert sketch(a).shape == (3, SKETCH)


def test_a_short_latent_is_its_own_sketch():
    rows = torch.randn(2, 4, SKETCH, generator=torch.Generator().manual_seed(2))
    assert torch.equal(LatentSketch(SKETCH)(rows), rows)


def mean_of(latents, marks):
    """Find the mean of the marked ones among some images."""
    return lambda rows: {"pooled": latents[rows][marks[rows]].mean(0, keepdim=True)}


@pytest.mark.parametrize("step", [0.0, 1.0, 30.0])
def test_the_error_of_a_mean_is_that_of_theory(step):
    """The mean of n draws with unit scatter misses its own length by sqrt(dim / n)."""
    count = 400
    latents = torch.randn(count, DIM, generator=torch.Generator().manual_seed(3))
    latents[:, 0] += step
    length = latents.mean(0, keepdim=True).norm(dim=-1)
    found = spread_over_draws(
        count,
        mean_of(LatentSketch(DIM)(latents), torch.ones(count, dtype=torch.bool)),
        {"pooled": LatentSketch(DIM)(latents.mean(0, keepdim=True))},
        {"pooled": length},
    )["pooled"]
    expected = math.sqrt(DIM / count) / float(length)
    assert float(found.errors) == pytest.approx(expected, rel=0.15)
    assert float(found.cosines) == pytest.approx(1 / math.sqrt(1 + expected**2), abs=0.05)


def test_draws_without_the_attribute_are_left_out():
    latents = torch.randn(20, 4, generator=torch.Generator().manual_seed(4))
    marks = torch.arange(20) == 0
    whole = {"pooled": latents[:1]}
    lengths = {"pooled": latents[:1].norm(dim=-1)}
    found = spread_over_draws(20, mean_of(latents, marks), whole, lengths)["pooled"]
    assert float(found.errors) == 0 and float(found.cosines) == pytest.approx(1)


def test_a_direction_of_length_zero_has_no_spread():
    latents = torch.randn(20, 4, generator=torch.Generator().manual_seed(5))
    marks, nothing = torch.ones(20, dtype=torch.bool), torch.zeros(1, 4)
    found = spread_over_draws(
        20,
        mean_of(latents, marks),
        {"pooled": nothing},
        {"pooled": nothing.norm(dim=-1)},
    )["pooled"]
    assert found.errors.isnan().all() and found.cosines.isnan().all()
