"""What every model of the registry promises; a new model is tested here without an edit."""

import numpy as np
import pytest
import torch
from toy_images import ellipses

from explorer import models
from explorer.data.images import to_images, to_pixels
from explorer.protocol import DataInfo, Density, GenerativeModel
from explorer.train.checkpoint import fill, write_tensors

DATA = {channels: ellipses(12, 16, channels) for channels in (1, 3)}
ROUNDING = {"atol": 5e-5, "rtol": 1e-4}  # a batch is summed in another order than an image


def new_generator(seed=0):
    return torch.Generator().manual_seed(seed)


def images_of(data, count=3):
    return to_images(data.images[:count])


def whole(data):
    return data.batch(np.arange(len(data)))


def build(name, data, *, prepared=True):
    spec = models.get(name)
    torch.manual_seed(0)
    model = spec.build(spec.tiny(), data.info).eval()
    if prepared:
        model.prepare([whole(data)])
    return model


def moved(model, by=0.05):
    """Move every parameter, so that none is still at the value it started from."""
    generator = new_generator(1)
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.requires_grad:
                parameter.add_(by * torch.randn(parameter.shape, generator=generator))
    model.after_step()
    return model


@pytest.fixture(params=models.available())
def name(request):
    return request.param


@pytest.fixture(params=DATA, ids=lambda channels: f"{channels}-channel")
def data(request):
    return DATA[request.param]


@pytest.fixture
def model(name, data):
    return moved(build(name, data))


def test_the_protocol_is_met_and_the_traits_tell_the_truth(model, data):
    traits = model.traits
    assert isinstance(model, GenerativeModel)
    assert isinstance(model, Density) == traits.has_density
    assert traits.image_shape == data.info.image_shape
    latents = model.sample_latents(2, generator=new_generator())
    assert latents.shape == (2, traits.latent_dim)
    if traits.prior == "sphere":
        torch.testing.assert_close(latents.norm(dim=1), torch.ones(2))


def test_shapes_types_and_ranges(model, data):
    images = images_of(data)
    with torch.no_grad():
        latents = model.encode(images)
        decoded = model.decode(model.sample_latents(4, generator=new_generator()))
    assert latents.shape == (3, model.traits.latent_dim)
    assert decoded.shape == (4, *model.traits.image_shape)
    for values in (latents, decoded):
        assert values.dtype == torch.float32
        assert values.isfinite().all()
    assert decoded.min() >= 0 and decoded.max() <= 1


def test_the_same_seed_gives_the_same_sample_and_another_seed_another(model):
    first, again, other = (
        model.sample_latents(3, generator=new_generator(seed)) for seed in (5, 5, 6)
    )
    torch.testing.assert_close(first, again, rtol=0, atol=0)
    assert not torch.equal(first, other)


def test_no_sample_depends_on_the_global_random_state(model):
    latents = []
    for seed in (1, 2):
        torch.manual_seed(seed)
        latents.append(model.sample_latents(3, generator=new_generator()))
    torch.testing.assert_close(*latents, rtol=0, atol=0)


def test_samples_of_each_class_can_be_asked_for(model, data):
    labels = torch.tensor([2, 0, 1, 1])
    latents = model.sample_latents(4, generator=new_generator(), labels=labels)
    assert latents.shape == (4, model.traits.latent_dim)
    assert latents.isfinite().all()


def test_a_batch_is_the_same_as_its_items(model, data):
    images = images_of(data)
    with torch.no_grad():
        latents = model.encode(images)
        one_by_one = torch.cat([model.encode(image[None]) for image in images])
        decoded = model.decode(latents)
        decoded_one_by_one = torch.cat([model.decode(row[None]) for row in latents])
    torch.testing.assert_close(latents, one_by_one, **ROUNDING)
    torch.testing.assert_close(decoded, decoded_one_by_one, **ROUNDING)


def test_encoding_and_decoding_are_deterministic_and_keep_their_input(model, data):
    images = images_of(data)
    before = images.clone()
    with torch.no_grad():
        first, second = model.encode(images), model.encode(images)
        kept = first.clone()
        pictures = [model.decode(first) for _ in range(2)]
    torch.testing.assert_close(first, second, rtol=0, atol=0)
    torch.testing.assert_close(pictures[0], pictures[1], rtol=0, atol=0)
    assert torch.equal(images, before) and torch.equal(first, kept)


def test_decoding_what_was_encoded_keeps_the_promise_of_the_encoder(model, data):
    unseen = ellipses(4, 16, model.traits.image_shape[0], seed=9).images
    images = to_images(unseen)
    with torch.no_grad():
        back = model.decode(model.encode(images))
        if model.traits.encoder == "exact":
            np.testing.assert_array_equal(to_pixels(back), unseen)
            return
        known = model.decode(model.latents([whole(data)]))
    error = (back - images).square().mean((1, 2, 3))
    nearest = (known[None] - images[:, None]).square().mean((2, 3, 4)).min(1).values
    assert error.mean() < nearest.mean()  # better than the best picture of a training latent


def test_the_latents_of_training_images_come_in_the_order_of_the_batches(model, data):
    straight = model.latents([whole(data)])
    order = np.random.default_rng(0).permutation(len(data))
    parts = [data.batch(order[:5]), data.batch(order[5:])]
    assert straight.shape == (len(data), model.traits.latent_dim)
    torch.testing.assert_close(model.latents(parts), straight[order], **ROUNDING)


def test_a_gradient_reaches_every_trainable_parameter(model, data):
    terms = model.loss(whole(data), generator=new_generator())
    assert all(value.ndim == 0 and value.isfinite() for value in terms.values())
    terms["total"].backward()
    for name, parameter in model.named_parameters():
        if parameter.requires_grad:
            assert parameter.grad is not None and parameter.grad.any(), name


def test_the_groups_hold_every_trainable_parameter_once(model):
    groups = model.parameter_groups()
    grouped = [id(parameter) for group in groups for parameter in group["params"]]
    trainable = [id(parameter) for parameter in model.parameters() if parameter.requires_grad]
    assert sorted(grouped) == sorted(trainable)
    assert all(group["lr_scale"] > 0 for group in groups)


def test_the_loss_follows_from_the_generator_alone(model, data):
    values = []
    for seed in (1, 2):
        torch.manual_seed(seed)
        values.append(model.loss(whole(data), generator=new_generator())["total"])
    torch.testing.assert_close(*values, rtol=0, atol=0)


def test_preparing_twice_gives_the_same_model(name, data):
    once, twice = build(name, data), build(name, data)
    for key, value in once.state_dict().items():
        torch.testing.assert_close(value, twice.state_dict()[key], rtol=0, atol=0)


def test_after_a_step_latents_are_where_the_prior_says(model, data):
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.mul_(1.3)
    model.after_step()
    latents = model.latents([whole(data)])
    if model.traits.prior == "sphere":
        torch.testing.assert_close(latents.norm(dim=1), torch.ones(len(data)))
    before = {key: value.clone() for key, value in model.state_dict().items()}
    model.after_step()  # once is enough
    for key, value in model.state_dict().items():
        torch.testing.assert_close(value, before[key])


def test_saving_and_loading_gives_the_same_outputs(model, name, data, tmp_path):
    write_tensors(tmp_path / "weights.safetensors", model.state_dict())
    torch.manual_seed(99)
    spec = models.get(name)
    loaded = spec.build(spec.tiny(), data.info).eval()
    fill(loaded, tmp_path / "weights.safetensors")
    images = images_of(data)
    with torch.no_grad():
        latents = model.encode(images)
        torch.testing.assert_close(loaded.encode(images), latents, rtol=0, atol=0)
        torch.testing.assert_close(loaded.decode(latents), model.decode(latents), rtol=0, atol=0)
    first, second = (m.sample_latents(3, generator=new_generator()) for m in (model, loaded))
    torch.testing.assert_close(first, second, rtol=0, atol=0)


def test_a_density_is_in_nats_and_bits_and_can_be_repeated(model, data):
    if not model.traits.has_density:
        return
    images = images_of(data)
    with torch.no_grad():
        nats = model.log_prob(images, generator=new_generator())
        bits = model.bits_per_dim(images, generator=new_generator())
        cleaned = model.denoise(images)
    assert nats.shape == bits.shape == (3,)
    values = np.prod(model.traits.image_shape)
    torch.testing.assert_close(bits, -nats / (values * np.log(2)))
    assert cleaned.shape == images.shape
    assert cleaned.min() >= 0 and cleaned.max() <= 1


def test_one_class_and_one_image_a_class_can_be_built(name):
    for counts in ((4,), (1, 1)):
        spec = models.get(name)
        model = spec.build(spec.tiny(), DataInfo((3, 16, 16), counts))
        assert model.traits.image_shape == (3, 16, 16)


def test_the_text_form_names_the_model_and_its_parts(model):
    text = repr(model)
    assert text.startswith(type(model).__name__)
    assert len(text.splitlines()) > 3


def test_the_registry_entry_is_fit_to_be_shown(name):
    spec = models.get(name)
    assert spec.name == name == name.lower()
    assert spec.title and spec.source
    assert len(spec.summary.splitlines()) == 1 and len(spec.summary) < 90
    assert spec.settings() == spec.settings.model_validate({})
    for setting, field in spec.settings.model_fields.items():
        assert field.description, setting
