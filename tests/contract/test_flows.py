"""What every layer of a flow promises, whatever its parameters are."""

import copy
import math

import pytest
import torch
from hypothesis import given, settings, strategies

from explorer.nn.flow import (
    ActNorm,
    AdditiveCoupling,
    AffineCoupling,
    FixedPermutation,
    FlowStep,
    InvertibleConv1x1,
    InvertibleConv1x1LU,
    SigmoidCoupling,
    Split,
    Squeeze,
)

CHANNELS = {"even": 4, "odd": 5}
BATCH = 2


def new_generator(seed=0):
    return torch.Generator().manual_seed(seed)


def step_of(channels):
    return FlowStep(
        ActNorm(channels),
        InvertibleConv1x1(channels, generator=new_generator()),
        AffineCoupling(channels, 6, bound=1.5, generator=new_generator()),
    )


LAYERS = {
    "actnorm": ActNorm,
    "conv1x1": lambda channels: InvertibleConv1x1(channels, generator=new_generator()),
    "conv1x1-lu": lambda channels: InvertibleConv1x1LU(channels, generator=new_generator()),
    "shuffle": lambda channels: FixedPermutation(
        torch.randperm(channels, generator=new_generator())
    ),
    "squeeze": lambda channels: Squeeze(),
    "split": Split,
    "split-ones": lambda channels: Split(channels, bound=10_000.0, beyond=1.0),
    "affine": lambda channels: AffineCoupling(channels, 6, bound=1.5, generator=new_generator()),
    "sigmoid": lambda channels: SigmoidCoupling(channels, 6, generator=new_generator()),
    "additive": lambda channels: AdditiveCoupling(channels, 6, generator=new_generator()),
    "step": step_of,
}


def randomised(layer, seed=1):
    """Move every parameter, so that nothing is zero and no scale is one."""
    generator = new_generator(seed)
    with torch.no_grad():
        for parameter in layer.parameters():
            parameter.add_(0.2 * torch.randn(parameter.shape, generator=generator))
    return layer.double()


@pytest.fixture(params=LAYERS)
def name(request):
    return request.param


@pytest.fixture(params=CHANNELS)
def channels(request):
    return CHANNELS[request.param]


@pytest.fixture
def layer(name, channels):
    return randomised(LAYERS[name](channels))


@pytest.fixture
def x(channels):
    return torch.randn(BATCH, channels, 4, 2, generator=new_generator(2), dtype=torch.float64)


def dense_log_det(function, x):
    """Return log|det| of the Jacobian of each row, from autograd, entry by entry."""
    rows = []
    for row in x:
        jacobian = torch.autograd.functional.jacobian(
            lambda v: function(v[None])[0].flatten(), row
        )
        rows.append(torch.linalg.slogdet(jacobian.reshape(row.numel(), row.numel()))[1])
    return torch.stack(rows)


def check(layer, x):
    z, log_det = layer(x)
    back, log_det_back = layer.inverse(z)
    torch.testing.assert_close(back, x)
    torch.testing.assert_close(log_det_back, -log_det)
    assert log_det.shape == (len(x),)
    torch.testing.assert_close(log_det, dense_log_det(layer, x))
    torch.testing.assert_close(log_det_back, dense_log_det(layer.inverse, z.detach()))


def test_a_layer_is_inverted_and_its_log_determinant_is_the_jacobian_s(layer, x):
    check(layer, x)


def test_both_hold_again_for_a_layer_that_was_saved_and_loaded(layer, name, channels, x):
    fresh = LAYERS[name](channels).double()
    fresh.load_state_dict(copy.deepcopy(layer.state_dict()))
    check(fresh, x)
    torch.testing.assert_close(fresh(x)[0], layer(x)[0], rtol=0, atol=0)


def test_initialising_returns_what_forward_then_returns(layer, x):
    torch.testing.assert_close(layer.initialise(x), layer(x)[0])


def test_parameters_can_hardly_be_moved_without_effect(layer, x):
    """Every parameter of every layer takes part: a gradient reaches it."""
    z, log_det = layer(x)
    loss = (z**3).sum() + log_det.sum()
    parameters = dict(layer.named_parameters())
    if not parameters:
        return
    gradients = torch.autograd.grad(loss, list(parameters.values()), allow_unused=True)
    for name, gradient in zip(parameters, gradients, strict=True):
        assert gradient is not None and gradient.abs().sum() > 0, name


@given(
    offset=strategies.floats(-100, 100),
    spread=strategies.floats(1e-3, 1e3),
    seed=strategies.integers(0, 9),
)
@settings(max_examples=25)
def test_the_first_batch_leaves_actnorm_with_mean_0_and_variance_1(offset, spread, seed):
    draw = torch.randn(3, 4, 5, 5, generator=new_generator(seed), dtype=torch.float64)
    z = ActNorm(4).double().initialise(offset + spread * draw)
    variance, mean = torch.var_mean(z, dim=(0, 2, 3), correction=0)
    torch.testing.assert_close(mean, torch.zeros_like(mean), atol=1e-9, rtol=0)
    torch.testing.assert_close(variance, torch.ones_like(variance))


def test_a_constant_channel_gives_finite_values():
    x = torch.randn(3, 4, 5, 5, generator=new_generator())
    x[:, 1] = 0.5
    norm = ActNorm(4)
    norm.initialise(x)
    z, log_det = norm(x)
    assert z.isfinite().all() and log_det.isfinite().all()
    torch.testing.assert_close(z[:, 1], torch.zeros_like(z[:, 1]))


def test_that_actnorm_is_set_is_saved_with_it():
    norm = ActNorm(4)
    assert not norm.initialised
    norm.initialise(torch.randn(3, 4, 5, 5, generator=new_generator()))
    fresh = ActNorm(4)
    fresh.load_state_dict(norm.state_dict())
    assert fresh.initialised
    assert "initialised" not in dict(fresh.named_parameters())


def test_a_coupling_leaves_the_first_half_as_it_is(channels, x):
    for name in ("affine", "sigmoid", "additive"):
        z, _ = randomised(LAYERS[name](channels))(x)
        kept = channels // 2
        torch.testing.assert_close(z[:, :kept], x[:, :kept], rtol=0, atol=0)
        assert (z[:, kept:] != x[:, kept:]).all()


def test_a_new_coupling_and_a_new_split_are_the_identity(channels, x):
    for name in ("affine", "additive", "split"):
        layer = LAYERS[name](channels).double()
        layer.initialise(x)
        torch.testing.assert_close(layer(x)[0], x, rtol=0, atol=0)


def test_no_network_can_scale_beyond_the_bound():
    coupling = AffineCoupling(4, 6, bound=1.5, generator=new_generator()).double()
    with torch.no_grad():
        coupling.net.out.bias.fill_(1e6)
    x = torch.randn(1, 4, 3, 3, generator=new_generator(), dtype=torch.float64)
    _, log_det = coupling(x)
    torch.testing.assert_close(log_det, torch.full((1,), 1.5 * 2 * 9, dtype=torch.float64))


def test_a_new_1x1_convolution_is_a_rotation():
    for kind in (InvertibleConv1x1, InvertibleConv1x1LU):
        layer = kind(6, generator=new_generator()).double()
        weight, log_det = layer.matrix()
        torch.testing.assert_close(
            weight @ weight.T, torch.eye(6, dtype=torch.float64), atol=1e-6, rtol=0
        )  # drawn in float32
        assert math.isclose(log_det.item(), 0, abs_tol=1e-6)


def test_both_forms_of_the_1x1_convolution_start_as_the_same_matrix():
    plain = InvertibleConv1x1(6, generator=new_generator()).matrix()[0]
    product = InvertibleConv1x1LU(6, generator=new_generator()).matrix()[0]
    torch.testing.assert_close(product, plain)


def test_squeezing_keeps_the_neighbours_together():
    x = torch.arange(16.0).reshape(1, 1, 4, 4)
    z, _ = Squeeze()(x)
    assert z[0, :, 0, 0].tolist() == [0, 1, 4, 5]
    assert z[0, :, 1, 1].tolist() == [10, 11, 14, 15]


@pytest.mark.parametrize("kind", [InvertibleConv1x1, InvertibleConv1x1LU])
def test_a_changed_1x1_convolution_is_inverted_anew(kind):
    layer = kind(4, generator=new_generator())
    x = torch.randn(1, 4, 2, 2, generator=new_generator(3), dtype=torch.float64)
    with torch.no_grad():
        layer.inverse(x.float())
        layer.double()
        for change in (lambda p: p.mul_(1.5), lambda p: setattr(p, "data", p.data * 0.5)):
            torch.testing.assert_close(layer.inverse(layer(x)[0])[0], x)
            for parameter in layer.parameters():
                change(parameter)
            torch.testing.assert_close(layer.inverse(layer(x)[0])[0], x)
    assert layer.inverse(layer(x)[0])[0].requires_grad


def test_a_new_sigmoid_coupling_shrinks_half_of_the_channels_to_0_88(channels, x):
    layer = LAYERS["sigmoid"](channels).double()
    layer.initialise(x)
    kept = channels // 2
    torch.testing.assert_close(layer(x)[0][:, kept:], x[:, kept:] / (1 + math.exp(-2)))


def test_a_split_that_sees_ones_knows_where_the_edge_is():
    split = randomised(Split(4, beyond=1.0))
    mean = split.inverse(torch.zeros(1, 4, 5, 5, dtype=torch.float64))[0][0, 2:]
    assert (mean[:, 1:-1, 1:-1] - mean[:, 2:3, 2:3]).abs().max() < 1e-12
    assert (mean[:, 0] - mean[:, 2]).abs().min() > 1e-4
