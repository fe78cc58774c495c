"""A level's fast path against its layers one after the other, differentiated by autograd."""

import copy
import itertools

import pytest
import torch
from small_level import CHANNELS, COUPLINGS, HIDDEN, PERMUTATIONS, STEPS, new_level, new_x

from explorer.nn import passes, reversible
from explorer.nn.passes import Keep


def layer_by_layer(level, x):
    z, total = level.squeeze(x)
    for layer in (*level.steps, level.split):
        z, log_det = layer(z)
        total = total + log_det
    return z, total


def gradients(level, x, function):
    z, log_det = function(x)
    generator = torch.Generator().manual_seed(2)
    direction = torch.randn(z.shape, generator=generator, dtype=torch.float64).to(z.dtype)
    loss = (z * direction).sum() + (log_det * torch.arange(1, len(x) + 1)).sum()
    return torch.autograd.grad(loss, [x, *level.parameters()])


@pytest.mark.parametrize(
    ("permutation", "coupling"), list(itertools.product(PERMUTATIONS, COUPLINGS))
)
def test_values_are_those_of_the_layers(permutation, coupling):
    level, x = new_level(permutation, coupling), new_x()
    expected = layer_by_layer(level, x)
    torch.testing.assert_close(level(x), expected)
    with torch.no_grad():
        torch.testing.assert_close(level(x), expected)
        back, log_det = level.inverse(expected[0])
    torch.testing.assert_close(back, x.detach())
    torch.testing.assert_close(log_det, -expected[1].detach())


@pytest.mark.parametrize(
    "kept", [Keep(), Keep(1), Keep(2, 1), Keep(0, 1, 2), Keep(STEPS, STEPS, STEPS)]
)
@pytest.mark.parametrize(
    ("permutation", "coupling"), list(itertools.product(PERMUTATIONS, COUPLINGS))
)
def test_gradients_are_those_of_autograd(permutation, coupling, kept):
    level, x = new_level(permutation, coupling), new_x()
    level.keep = kept
    found = gradients(level, x, level)
    expected = gradients(level, x, lambda x: layer_by_layer(level, x))
    for mine, other in zip(found, expected, strict=True):
        torch.testing.assert_close(mine, other)
    assert level.exactness.error < 1e-10 and level.exactness.repeated == 0


def test_where_inverting_is_inexact_inputs_are_kept_and_gradients_stay_right():
    """A matrix of condition 1e18: going back leads anywhere, although going there is harmless."""
    level, x = new_level(), new_x()
    with torch.no_grad():
        weight = level.steps[1].permutation.weight
        left, values, right = torch.linalg.svd(weight)
        values[-1] = values[0] * 1e-18
        weight.copy_(left @ torch.diag(values) @ right)

    def without_determinants(function):
        return lambda x: (function(x)[0], torch.zeros(len(x), dtype=torch.float64))

    found = gradients(level, x, without_determinants(level))
    assert level.exactness.repeated == 1
    assert not level.exactness.error <= reversible.TOLERANCE
    expected = gradients(level, x, without_determinants(lambda x: layer_by_layer(level, x)))
    for mine, other in zip(found, expected, strict=True):
        torch.testing.assert_close(mine, other)


def test_memory_does_not_grow_with_the_steps_unless_it_may():
    """Outputs, then second, then first hidden maps, as many as there is room for."""
    level = new_level().float()
    assert level.afford(0.0, 6) == 0 and level.keep == Keep()
    out, hidden = (channels * 6 * 4 / 2**20 for channels in (CHANNELS, HIDDEN))
    assert level.afford(STEPS * out + 2.5 * hidden, 6) == pytest.approx(0.5 * hidden)
    assert level.keep == Keep(STEPS, 2, 0)
    assert level.afford(10.0, 6) == pytest.approx(10 - STEPS * (out + 2 * hidden))
    assert level.keep == Keep(STEPS, STEPS, STEPS)
    level.products = torch.bfloat16
    assert level.afford(10.0, 6) == pytest.approx(10 - STEPS * (out + hidden))


@pytest.mark.parametrize("places", [1, 50, 10_000])
def test_images_may_be_computed_in_any_parts(places, monkeypatch):
    level, x = new_level(), new_x()
    level.keep = Keep(2, 2, 1)
    expected = gradients(level, x, lambda x: layer_by_layer(level, x))
    monkeypatch.setattr(passes, "PLACES", places)
    for mine, other in zip(gradients(level, x, level), expected, strict=True):
        torch.testing.assert_close(mine, other)


def test_bfloat16_products_lead_about_where_float32_ones_do():
    level, x = new_level().float(), new_x().detach().float().requires_grad_()
    exact = gradients(level, x, level)
    level.products = torch.bfloat16
    rounded = gradients(level, x, level)
    for mine, other in zip(rounded, exact, strict=True):
        assert torch.cosine_similarity(mine.flatten(), other.flatten(), 0) > 0.999
        assert mine.dtype == torch.float32
    assert not torch.equal(rounded[0], exact[0])
    assert level.exactness.error < reversible.TOLERANCE


@pytest.mark.parametrize("change", [lambda p: p.add_(0.1), lambda p: setattr(p, "data", p + 0.1)])
def test_what_is_kept_of_parameters_goes_when_they_change(change):
    level, x = new_level(), new_x().detach()
    twin = copy.deepcopy(level)
    with torch.no_grad():
        for _ in range(2):
            z, _ = level(x)
            torch.testing.assert_close(z, layer_by_layer(level, x)[0])
            torch.testing.assert_close(level.inverse(z)[0], x)
            for parameter in level.parameters():
                change(parameter)
        torch.testing.assert_close(twin(x)[0], layer_by_layer(twin, x)[0])


def test_frozen_parameters_let_gradients_reach_the_input():
    level, x = new_level(), new_x()
    (expected, *_) = gradients(level, x, level)
    level.requires_grad_(False)
    z, log_det = level(x)
    generator = torch.Generator().manual_seed(2)
    direction = torch.randn(z.shape, generator=generator, dtype=torch.float64)
    loss = (z * direction).sum() + (log_det * torch.arange(1, 4)).sum()
    torch.testing.assert_close(torch.autograd.grad(loss, x)[0], expected)
