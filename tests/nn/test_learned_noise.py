"""Learned noise is a distribution within the bin, whatever its network says."""

import math

import pytest
import torch

from explorer.nn.learned_noise import LearnedNoise


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def moved(channels=3):
    """Return a float64 network that is no longer what it starts as."""
    model = LearnedNoise(channels).double()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(0.05 * torch.randn(parameter.shape, generator=generator(3)))
    return model


def images(count=4, channels=3):
    drawn = torch.rand(count, channels, 8, 8, generator=generator(1), dtype=torch.float64)
    return drawn - 0.5


def test_it_starts_nearly_uniform_and_the_same_for_every_value():
    model = LearnedNoise(1)
    noise = torch.randn(1, 1, 100, 100, generator=generator())
    u, log_density = model(torch.rand(1, 1, 100, 100) - 0.5, noise)
    torch.testing.assert_close(u, (1.6 * noise).sigmoid())
    assert log_density.item() / 10_000 == pytest.approx(0.0, abs=0.05)  # uniform: 0 nats
    assert u.mean().item() == pytest.approx(0.5, abs=0.02)
    assert u.var().item() == pytest.approx(1 / 12, abs=0.01)


def test_the_log_density_is_that_of_a_change_of_variables():
    model, x = moved(), images()
    noise = torch.randn(x.shape, generator=generator(2), dtype=torch.float64)
    u, found = model(x, noise)
    noise.requires_grad_()  # each value depends on its own noise alone
    slope = torch.autograd.grad(model(x, noise)[0].sum(), noise)[0]
    normal = -0.5 * (noise.square() + math.log(2 * math.pi))
    torch.testing.assert_close(found, (normal - slope.log()).flatten(1).sum(1), rtol=1e-6, atol=0)
    assert ((u > 0) & (u < 1)).all()


def test_it_sums_to_one_over_the_bin():
    model, count = moved(1), 4001
    x = torch.full((count, 1, 1, 1), 0.2, dtype=torch.float64)
    u, log_density = model(
        x, torch.linspace(-9, 9, count, dtype=torch.float64)[:, None, None, None]
    )
    assert torch.trapezoid(log_density.exp(), u.flatten()).item() == pytest.approx(1, abs=1e-4)


def test_extreme_noise_leaves_everything_finite():
    model, x = moved().float(), images().float()
    noise = torch.full_like(x, 30.0).requires_grad_()
    u, log_density = model(x, noise)
    (u.sum() + log_density.sum()).backward()
    assert log_density.isfinite().all() and noise.grad.isfinite().all()
    assert ((u >= 0) & (u <= 1)).all()
