"""Glow as a whole: density, inversion, priors and noise."""

import itertools
import math

import numpy as np
import pytest
import torch
from torch.distributions import Normal
from toy_images import ellipses

from explorer.data.images import to_images, to_pixels
from explorer.errors import CheckpointError, ConfigError, DataError
from explorer.models.glow import Glow, GlowSettings
from explorer.protocol import Batch, DataInfo
from explorer.settings import TrainSettings
from explorer.train.loop import fit, start

PERMUTATIONS = ("conv1x1", "conv1x1_lu", "shuffle", "reverse")
COUPLINGS = ("affine", "sigmoid", "additive")
INFO = DataInfo((3, 8, 8), (5, 3, 2))
NOISES = (
    {"dequantisation": "uniform", "n_bits": 8},
    {"dequantisation": "uniform", "n_bits": 5},
    {"dequantisation": "uniform", "n_bits": 1},
    {"dequantisation": "variational", "n_bits": 8},
    {"dequantisation": "variational", "n_bits": 5},
    {"dequantisation": "gaussian", "noise": 0.03},
)


def new_generator(seed=0):
    return torch.Generator().manual_seed(seed)


def noise_images(count, shape=(3, 8, 8), seed=0):
    """Every 8-bit value equally likely at every place."""
    drawn = torch.randint(0, 256, (count, *shape), generator=new_generator(seed))
    return drawn.float() / 255


def as_batch(images):
    labels = torch.arange(len(images)) % INFO.num_classes
    return Batch(images, labels, torch.arange(len(images)))


def new_glow(info=INFO, *, spread=0.15, **settings):
    """Return a prepared float64 Glow of two levels whose parameters were all moved at random."""
    shape = {"num_steps": (2, 2), "hidden_channels": (5, 6)} | settings
    model = Glow(GlowSettings(**shape), info)
    model.prepare([as_batch(noise_images(16, info.image_shape))])
    generator = new_generator(7)
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.requires_grad:
                parameter.add_(spread * torch.randn(parameter.shape, generator=generator))
    return model.double()


@pytest.mark.parametrize("permutation", PERMUTATIONS)
@pytest.mark.parametrize("coupling", COUPLINGS)
def test_the_log_determinant_of_the_whole_is_the_jacobian_s(permutation, coupling):
    info = DataInfo((1, 8, 8), (5, 3))
    spread = 0.03 if coupling == "sigmoid" else 0.15  # its scale has no lower bound
    model = new_glow(info, spread=spread, permutation=permutation, coupling=coupling)
    x = model.centre(noise_images(2, info.image_shape).double())
    z, log_det = model.flow(x)
    for row, value in zip(x, log_det, strict=True):
        jacobian = torch.autograd.functional.jacobian(lambda v: model.flow(v[None])[0][0], row)
        dense = torch.linalg.slogdet(jacobian.reshape(z.shape[1], -1))[1]
        torch.testing.assert_close(value, dense)
    back, log_det_back = model.inverse_flow(z)
    torch.testing.assert_close(back, x)
    torch.testing.assert_close(log_det_back, -log_det)


def test_uniform_noise_costs_8_2546_bits_a_value_at_initialisation():
    """A Gaussian of variance 1/12 needs 0.2546 bits more than the uniform law it is fitted to.

    The tolerance: each of four ActNorms fits two numbers a channel to at least 256 * 16 values,
    which can win or lose about 1 / 4096 nats a value, 0.0014 bits in all.
    """
    excess = 0.5 * math.log2(2 * math.pi * math.e / 12)
    assert round(8 + excess, 4) == 8.2546
    images = noise_images(256, (3, 16, 16))
    model = Glow(
        GlowSettings(num_steps=(2, 2), hidden_channels=(8, 8)), DataInfo((3, 16, 16), (256,))
    )
    model.prepare([Batch(images, torch.zeros(256, dtype=torch.int64), torch.arange(256))])
    bits = model.bits_per_dim(images, generator=new_generator()).mean().item()
    assert bits == pytest.approx(8 + excess, abs=0.002)


@pytest.fixture(
    scope="module", params=NOISES, ids=lambda noise: "-".join(map(str, noise.values()))
)
def trained(request):
    """A Glow that took sixty real steps, its data, and its losses."""
    choices = itertools.cycle(itertools.product(PERMUTATIONS, COUPLINGS))
    permutation, coupling = next(itertools.islice(choices, NOISES.index(request.param) * 3, None))
    settings = GlowSettings(
        num_steps=(3, 3),
        hidden_channels=(12, 12),
        permutation=permutation,
        coupling=coupling,
        class_conditional=True,
        **request.param,
    )
    data = ellipses(36)
    model = Glow(settings, data.info)
    plan = TrainSettings(steps=60, batch_size=12, learning_rate=5e-3, warmup_steps=5)
    losses = [progress.terms["total"] for progress in fit(start(model, data, plan), data, plan)]
    return model.eval(), data, losses


def test_training_lowers_the_bits(trained):
    _, _, losses = trained
    assert np.mean(losses[-5:]) < np.mean(losses[:5]) - 0.1


def test_after_training_every_8_bit_image_comes_back_exactly(trained):
    """Whatever bits and noise it was trained with: encoding neither adds nor drops anything."""
    model, data, _ = trained
    unseen = ellipses(36, seed=1).images
    noise = to_pixels(noise_images(8, (3, 16, 16)))
    with torch.no_grad():
        for pixels in (data.images, unseen, noise):
            back = model.decode(model.encode(to_images(pixels)))
            np.testing.assert_array_equal(to_pixels(back), pixels)


def test_after_training_samples_are_finite_and_can_be_encoded_again(trained):
    model, _, _ = trained
    with torch.no_grad():
        latents = model.sample_latents(16, generator=new_generator(), temperature=0.7)
        x, log_det = model.inverse_flow(latents)
        z, log_det_back = model.flow(x)
    assert x.isfinite().all()
    torch.testing.assert_close(z, latents, atol=2e-3, rtol=1e-3)  # float32 through 6 steps
    torch.testing.assert_close(log_det, -log_det_back, atol=0.1, rtol=1e-3)


def test_every_8_bit_value_comes_back_exactly():
    model = new_glow()
    values = torch.arange(256).repeat(3)[: 4 * 192].reshape(4, 3, 8, 8).double() / 255
    np.testing.assert_array_equal(to_pixels(model.decode(model.encode(values))), to_pixels(values))


# priors


def test_temperature_0_is_the_mean_on_every_level():
    model = new_glow()
    latents = model.sample_latents(3, generator=new_generator(), temperature=0.0)
    torch.testing.assert_close(latents, torch.zeros_like(latents), rtol=0, atol=0)
    x, _ = model.inverse_flow(latents.double())
    maps, _ = model.levels[0].squeeze(x)
    for step in model.levels[0].steps:
        maps, _ = step(maps)
    kept, rest = maps.chunk(2, 1)
    mean, _ = model.levels[0].split.prior(kept).chunk(2, 1)
    torch.testing.assert_close(rest, mean)
    top, _ = model.levels[1](kept)
    torch.testing.assert_close(top, model.top_mean.expand_as(top))


def test_temperature_scales_the_deviation_on_every_level():
    model = new_glow()
    whole, half = (
        model.sample_latents(4, generator=new_generator(3), temperature=temperature)
        for temperature in (1.0, 0.5)
    )
    torch.testing.assert_close(half, whole / 2)
    deviations = [part.std() for part in whole.split([96, 96], 1)]
    assert all(0.8 < deviation < 1.2 for deviation in deviations)


def test_temperature_0_of_a_class_is_its_mean():
    model = new_glow(class_conditional=True)
    latents = model.sample_latents(
        3, generator=new_generator(), temperature=0.0, labels=torch.tensor([2, 0, 1])
    )
    rest, top = latents[:, :96], latents[:, 96:]
    assert not rest.any()
    torch.testing.assert_close(top.double(), model.class_mean[[2, 0, 1]])


def test_without_a_label_the_density_is_the_mixture_over_the_classes():
    model = new_glow(class_conditional=True, spread=0.05)
    images = noise_images(4).double()
    with torch.no_grad():
        found = model.log_prob(images, generator=new_generator(5))
        x, _ = model.dequantise(images, new_generator(5))
        z, log_det = model.flow(x)
    rest, top = z[:, :96], z[:, 96:]
    shares = torch.tensor(INFO.class_counts, dtype=torch.float64) / INFO.num_images
    whole = np.zeros(4, dtype=np.longdouble)  # whose exponent reaches far enough for a plain sum
    for label, share in enumerate(shares):
        prior = Normal(model.class_mean[label], model.class_log_sigma[label].exp())
        nats = prior.log_prob(top).sum(1).detach().numpy()
        whole += float(share) * np.exp(nats, dtype=np.longdouble)
    mixture = torch.from_numpy(np.log(whole).astype(np.float64))
    expected = Normal(0, 1).log_prob(rest).sum(1) + mixture + log_det
    torch.testing.assert_close(found, expected - 192 * 8 * math.log(2))


def test_with_its_label_the_loss_sees_the_prior_of_that_class_only():
    model = new_glow(class_conditional=True)
    batch = as_batch(noise_images(3).double())
    terms = model.loss(batch, generator=new_generator(5))
    terms["total"].backward()
    assert (model.class_mean.grad.abs().sum(1) > 0).all()
    model.zero_grad()
    one = Batch(batch.images[:1], batch.labels[:1], batch.indices[:1])
    model.loss(one, generator=new_generator(5))["total"].backward()
    assert model.class_mean.grad[0].any()
    assert not model.class_mean.grad[1:].any()


def test_samples_of_a_class_come_from_the_prior_of_that_class():
    model = new_glow(class_conditional=True)
    count = 4000
    for label in range(INFO.num_classes):
        labels = torch.full((count,), label)
        latents = model.sample_latents(count, generator=new_generator(), labels=labels).double()
        rest, top = latents[:, :96], latents[:, 96:]
        deviation = model.class_log_sigma[label].exp()
        error = (top.mean(0) - model.class_mean[label]) / deviation
        assert error.abs().max() < 5 / math.sqrt(count)  # five standard errors
        assert (top.std(0) / deviation - 1).abs().max() < 5 / math.sqrt(2 * count)
        assert rest.mean(0).abs().max() < 5 / math.sqrt(count)


def test_without_labels_classes_are_drawn_by_their_shares():
    model = new_glow(class_conditional=True)
    with torch.no_grad():
        model.class_mean.copy_(10.0 * torch.arange(3)[:, None].expand_as(model.class_mean))
    top = model.sample_latents(4000, generator=new_generator())[:, 96:]
    drawn = (top.mean(1) / 10).round()
    shares = [(drawn == label).float().mean().item() for label in range(3)]
    assert shares == pytest.approx([0.5, 0.3, 0.2], abs=0.04)  # five standard errors


def test_a_class_that_is_not_there_is_refused():
    model = new_glow(class_conditional=True)
    with pytest.raises(ConfigError, match=r"class 3.*0 to 2"):
        model.sample_latents(1, generator=new_generator(), labels=torch.tensor([3]))


def test_a_top_prior_that_is_not_learned_has_no_gradient():
    model = new_glow(learn_top=False)
    trained = [id(p) for group in model.parameter_groups() for p in group["params"]]
    model.loss(as_batch(noise_images(4).double()), generator=new_generator())["total"].backward()
    for parameter in (model.top_mean, model.top_log_sigma):
        assert not parameter.requires_grad and parameter.grad is None
        assert id(parameter) not in trained
        assert not parameter.any()


# noise and bits


@pytest.mark.parametrize("noise", NOISES)
def test_dequantising_leaves_its_input_as_it_is(noise):
    model = new_glow(**noise)
    images = noise_images(4).double()
    before = images.clone()
    model.dequantise(images, new_generator())
    torch.testing.assert_close(images, before, rtol=0, atol=0)


@pytest.mark.parametrize("n_bits", range(1, 9))
@pytest.mark.parametrize("dequantisation", ["uniform", "variational"])
def test_noise_stays_in_the_bin_of_its_value(n_bits, dequantisation):
    model = new_glow(n_bits=n_bits, dequantisation=dequantisation)
    values = torch.arange(256).repeat(3).reshape(4, 3, 8, 8)
    x, above = model.dequantise((values / 255).double(), new_generator())
    if dequantisation == "uniform":
        assert above.tolist() == pytest.approx([192 * n_bits * math.log(2)] * 4)
    found = ((x.double() + 0.5) * 2**n_bits).floor().long()
    assert torch.equal(found, values // 2 ** (8 - n_bits))


def test_gaussian_noise_has_the_deviation_that_was_set():
    model = new_glow(dequantisation="gaussian", noise=0.03)
    images = noise_images(64)
    x, above = model.dequantise(images, new_generator())
    assert above.tolist() == pytest.approx([192 * 8 * math.log(2)] * 64)
    assert (x - model.centre(images)).std().item() == pytest.approx(0.03, rel=0.03)


def test_bits_per_dim_at_5_bits_agree_with_their_definition():
    """Bits that name one of 32 values: -log2 of density times the volume of a bin, 1/32 each."""
    model = new_glow(n_bits=5)
    images = noise_images(4).double()
    with torch.no_grad():
        found = model.bits_per_dim(images, generator=new_generator(9))
        drawn = torch.empty(images.shape, dtype=torch.float64).uniform_(generator=new_generator(9))
        values = torch.div((images * 255).round(), 8, rounding_mode="floor")
        z, log_det = model.flow((values + drawn) / 32 - 0.5)
    density = (Normal(0.0, 1.0).log_prob(z).sum(1) + log_det) / math.log(2)
    torch.testing.assert_close(found, -(density - 192 * 5) / 192)


def test_the_loss_is_the_mean_of_bits_per_dim():
    model = new_glow(dequantisation="gaussian")
    images = noise_images(4).double()
    terms = model.loss(as_batch(images), generator=new_generator(2))
    bits = model.bits_per_dim(images, generator=new_generator(2))
    torch.testing.assert_close(terms["total"], bits.mean())
    floor = 8 + math.log2(0.03) + 0.5 * math.log2(2 * math.pi * math.e)
    torch.testing.assert_close(terms["excess"], bits.mean().detach() - floor)


def test_denoising_a_gaussian_is_the_wiener_filter():
    """With couplings at zero the flow is linear, so p is a Gaussian of known covariance."""
    info = DataInfo((1, 8, 8), (2,))
    model = new_glow(info, spread=0.0, dequantisation="gaussian", noise=0.1)
    images = (noise_images(2, info.image_shape) * 0.2 + 0.4).double()
    x = model.centre(images)
    matrix = torch.autograd.functional.jacobian(lambda v: model.flow(v[None])[0][0], x[0])
    matrix = matrix.reshape(64, 64)
    covariance = torch.linalg.inv(matrix.T @ matrix)
    mean = model.inverse_flow(torch.zeros(1, 64, dtype=torch.float64))[0].flatten()
    clean = covariance - 0.1**2 * torch.eye(64, dtype=torch.float64)
    gain = clean @ torch.linalg.inv(covariance)
    expected = mean + (x.flatten(1) - mean) @ gain.T
    found = model.denoise(images)
    assert ((found > 0) & (found < 1)).all()
    torch.testing.assert_close(found, model.uncentre(expected.reshape(images.shape)).detach())


def test_denoising_works_where_gradients_are_switched_off():
    model = new_glow().requires_grad_(False)
    with torch.no_grad():
        images = model.denoise(noise_images(2).double())
    assert not images.requires_grad
    assert images.min() >= 0 and images.max() <= 1


# bad input


def test_a_size_that_cannot_be_halved_for_each_level_is_refused():
    with pytest.raises(ConfigError, match=r"2 levels.*divisible by 4.*10x10"):
        Glow(GlowSettings(num_steps=(1, 1), hidden_channels=(4, 4)), DataInfo((3, 10, 10), (4,)))


@pytest.mark.parametrize("shape", [(3, 16, 16), (1, 8, 8), (3, 8, 16)])
def test_images_of_another_shape_are_refused(shape):
    model = new_glow()
    with pytest.raises(DataError, match=r"\(3, 8, 8\)"):
        model.encode(noise_images(1, shape).double())


def test_a_glow_without_initial_values_is_refused():
    model = Glow(GlowSettings(num_steps=(1,), hidden_channels=(4,)), INFO)
    with pytest.raises(CheckpointError, match="prepare"):
        model.encode(noise_images(1))


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"hidden_channels": (8,)}, "one width a level"),
        ({"num_steps": (0, 1), "hidden_channels": (8, 8)}, "at least 1"),
        ({"dequantisation": "gaussian", "n_bits": 5}, "keeps all 8"),
        ({"n_bits": 9}, "less than or equal to 8"),
        ({"noise": float("nan")}, "noise"),
        ({"log_scale_bound": float("inf")}, "finite"),
    ],
)
def test_a_wrong_setting_is_refused_in_words(wrong, words):
    with pytest.raises(ValueError, match=words):
        GlowSettings(**wrong)
