"""What GLICO promises: codes on the sphere, true slerp partners, losses on logits."""

import copy
import math
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError
from safetensors.torch import load_file, save_file
from torch import nn

from explorer.errors import ConfigError, DataError
from explorer.models.glico import (
    FURTHEST_T,
    SPEC,
    Glico,
    GlicoSettings,
    interpolation_partners,
    principal_codes,
)
from explorer.protocol import Batch, DataInfo, GenerativeModel

SHAPE = (3, 16, 16)
COUNTS = (3, 2, 4)
ROUNDING = 1e-5


def pictures(counts=COUNTS, shape=SHAPE, seed=0):
    """Smooth coloured pictures, one batch with all of them in a shuffled order."""
    source = torch.Generator().manual_seed(seed)
    labels = torch.repeat_interleave(torch.arange(len(counts)), torch.tensor(counts))
    order = torch.randperm(len(labels), generator=source)
    coarse = torch.rand(len(labels), shape[0], 4, 4, generator=source)
    images = nn.functional.interpolate(coarse, shape[1:], mode="bilinear")
    return Batch(images[order], labels[order], torch.arange(len(labels)))


def prepared(settings=None, *, counts=COUNTS, shape=SHAPE, seed=0):
    torch.manual_seed(seed)
    model = Glico(settings or SPEC.tiny(), DataInfo(shape, counts))
    batch = pictures(counts, shape)
    model.prepare([batch])
    return model, batch


def optimise(model, batch, steps, rate=0.01):
    groups = [{**g, "lr": rate * g["lr_scale"]} for g in model.parameter_groups()]
    optimiser = torch.optim.Adam(groups)
    history = []
    for step in range(steps):
        terms = model.loss(batch, generator=torch.Generator().manual_seed(step))
        optimiser.zero_grad()
        terms["total"].backward()
        optimiser.step()
        model.after_step()
        history.append({name: term.item() for name, term in terms.items()})
    return history


def test_the_model_meets_the_protocol():
    model, _ = prepared()
    assert isinstance(model, GenerativeModel)
    assert model.traits.prior == "sphere"
    assert not model.traits.has_density


def test_codes_are_on_the_sphere_after_preparation_and_after_each_step():
    model, batch = prepared()
    torch.testing.assert_close(model.codes.norm(dim=1), torch.ones(len(batch.labels)))
    optimise(model, batch, 3, rate=0.3)
    torch.testing.assert_close(model.codes.norm(dim=1), torch.ones(len(batch.labels)))


def test_after_step_mends_an_average_of_codes():
    model, _ = prepared()
    average = copy.deepcopy(model)
    with torch.no_grad():
        average.codes.lerp_(average.codes.flip(0), 0.4)
    assert average.codes.norm(dim=1).min() < 0.95
    average.after_step()
    torch.testing.assert_close(average.codes.norm(dim=1), torch.ones(sum(COUNTS)))


def test_reconstruction_falls_when_four_images_are_learnt_by_heart():
    settings = SPEC.tiny().model_copy(update={"width": 8})
    model, batch = prepared(settings, counts=(2, 2))
    history = optimise(model, batch, 60)
    assert history[-1]["reconstruction"] < 0.3 * history[0]["reconstruction"]
    assert history[-1]["perceptual"] < 0.3 * history[0]["perceptual"]


def test_a_gradient_reaches_every_parameter():
    model, batch = prepared()
    model.loss(batch, generator=torch.Generator().manual_seed(0))["total"].backward()
    for name, parameter in model.named_parameters():
        assert parameter.grad is not None, name
        assert parameter.grad.abs().max() > 0, name


def test_the_optimiser_groups_hold_every_parameter_once():
    model, _ = prepared()
    grouped = [id(p) for group in model.parameter_groups() for p in group["params"]]
    assert sorted(grouped) == sorted(id(p) for p in model.parameters())


def test_total_is_the_weighted_sum_of_the_terms():
    settings = SPEC.tiny().model_copy(
        update={
            "reconstruction_weight": 2.0,
            "perceptual_weight": 3.0,
            "classification_weight": 5.0,
        }
    )
    model, batch = prepared(settings)
    terms = model.loss(batch, generator=torch.Generator().manual_seed(0))
    expected = 2 * terms["reconstruction"] + 3 * terms["perceptual"] + 5 * terms["classification"]
    torch.testing.assert_close(terms["total"], expected)


class SureClassifier(nn.Module):
    """Gives one logit of 30 to a wanted class, in the order of the rows."""

    def __init__(self, classes):
        super().__init__()
        self.num_classes = len(COUNTS)
        self.classes = classes

    def forward(self, images):
        return 30.0 * nn.functional.one_hot(self.classes[: len(images)], self.num_classes).float()


def test_the_classification_loss_is_taken_on_logits():
    # Probabilities fed to cross-entropy could not fall below ln(e + 2) - 1 = 0.55 with 3 classes.
    model, batch = prepared(SPEC.tiny().model_copy(update={"mixed_share": 1.0}))
    model.classifier = SureClassifier(torch.cat([batch.labels, batch.labels]))
    terms = model.loss(batch, generator=torch.Generator().manual_seed(0))
    assert terms["classification"] < 1e-3


def test_the_classification_loss_also_looks_at_interpolated_codes():
    model, batch = prepared(SPEC.tiny().model_copy(update={"mixed_share": 1.0}))
    wrong = (batch.labels + 1) % len(COUNTS)
    model.classifier = SureClassifier(torch.cat([batch.labels, wrong]))
    terms = model.loss(batch, generator=torch.Generator().manual_seed(0))
    torch.testing.assert_close(terms["classification"].item(), 15.0)


def test_an_image_alone_in_its_class_is_trained_without_a_partner():
    settings = SPEC.tiny().model_copy(update={"mixed_share": 1.0})
    model, batch = prepared(settings, counts=(1, 1))
    terms = model.loss(batch, generator=torch.Generator().manual_seed(0))
    assert torch.isfinite(terms["total"])


def test_without_code_noise_the_reconstruction_does_not_depend_on_the_generator():
    model, batch = prepared()
    terms = [model.loss(batch, generator=torch.Generator().manual_seed(s)) for s in (0, 1)]
    assert terms[0]["reconstruction"] == terms[1]["reconstruction"]


def test_code_noise_moves_the_reconstruction():
    model, batch = prepared(SPEC.tiny().model_copy(update={"code_noise": 0.5}))
    terms = [model.loss(batch, generator=torch.Generator().manual_seed(s)) for s in (0, 1)]
    assert terms[0]["reconstruction"] != terms[1]["reconstruction"]


@given(
    sizes=st.lists(st.integers(2, 5), min_size=1, max_size=4),
    seed=st.integers(0, 2**32),
    shuffle=st.randoms(use_true_random=False),
)
def test_a_partner_is_another_image_of_the_same_class(sizes, seed, shuffle):
    classes = [c for c, size in enumerate(sizes) for _ in range(size)]
    shuffle.shuffle(classes)
    labels = torch.tensor(classes)
    anchors = torch.arange(len(labels)).repeat(3)
    generator = torch.Generator().manual_seed(seed)
    partners = interpolation_partners(labels, anchors, generator=generator)
    assert (partners != anchors).all()
    assert torch.equal(labels[partners], labels[anchors])


def test_every_other_image_of_the_class_becomes_a_partner_about_equally_often():
    labels = torch.tensor([1, 0, 1, 1, 0, 1])
    generator = torch.Generator().manual_seed(0)
    partners = interpolation_partners(labels, torch.full((3000,), 2), generator=generator)
    counts = partners.bincount(minlength=6)
    assert counts[[1, 2, 4]].sum() == 0
    assert (counts[[0, 3, 5]] - 1000).abs().max() < 150


def test_the_label_of_a_sample_is_that_of_both_its_ends():
    model, _ = prepared()
    labels = torch.tensor([2, 0, 1, 1, 2])
    latents = model.sample_latents(5, generator=torch.Generator().manual_seed(3), labels=labels)
    codes = model.codes.detach()
    for latent, label in zip(latents, labels, strict=True):
        own = codes[model.code_labels == label]
        # A point between two rows lies in the plane they span: two weights explain it.
        pairs = [(a, b) for a in range(len(own)) for b in range(len(own)) if a != b]
        errors = [
            (torch.linalg.lstsq(own[[a, b]].T, latent[:, None]).solution.T @ own[[a, b]] - latent)
            .norm()
            .item()
            for a, b in pairs
        ]
        assert min(errors) < ROUNDING


def test_samples_lie_on_the_sphere_nearer_to_their_anchor():
    model, _ = prepared()
    latents = model.sample_latents(40, generator=torch.Generator().manual_seed(0))
    torch.testing.assert_close(latents.norm(dim=1), torch.ones(40))
    codes = model.codes.detach()
    angle = torch.arccos((latents @ codes.T).clamp(-1, 1)).min(dim=1).values
    assert angle.max() <= FURTHEST_T * math.pi + ROUNDING
    assert angle.min() > 0


def test_temperature_zero_gives_training_codes():
    model, _ = prepared()
    latents = model.sample_latents(20, generator=torch.Generator().manual_seed(0), temperature=0.0)
    nearest = (latents @ model.codes.detach().T).max(dim=1).values
    torch.testing.assert_close(nearest, torch.ones(20))


def test_the_same_seed_gives_the_same_sample_and_another_seed_another():
    model, _ = prepared()
    first, again, other = (
        model.sample_latents(6, generator=torch.Generator().manual_seed(s)) for s in (5, 5, 6)
    )
    assert torch.equal(first, again)
    assert not torch.equal(first, other)


def test_a_class_with_one_image_cannot_be_sampled():
    model, _ = prepared(counts=(2, 1))
    generator = torch.Generator().manual_seed(0)
    with pytest.raises(DataError, match=r"Class 1 has 1 training image.*at least 2"):
        model.sample_latents(1, generator=generator, labels=torch.tensor([1]))
    sampled = model.sample_latents(8, generator=generator)
    assert torch.isfinite(sampled).all()


def test_no_class_with_two_images_leaves_nothing_to_sample():
    model, _ = prepared(counts=(1, 1))
    with pytest.raises(DataError, match="No class has two images"):
        model.sample_latents(1, generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize("temperature", [-0.1, math.nan, math.inf])
def test_a_temperature_out_of_range_is_refused(temperature):
    model, _ = prepared()
    with pytest.raises(ConfigError, match="temperature is"):
        model.sample_latents(1, generator=torch.Generator(), temperature=temperature)


@pytest.mark.parametrize("labels", [[3], [-1], [0, 1]])
def test_labels_that_do_not_fit_are_refused(labels):
    model, _ = prepared()
    with pytest.raises(ConfigError, match=r"no class|labels were given"):
        model.sample_latents(1, generator=torch.Generator(), labels=torch.tensor(labels))


def test_latents_are_looked_up_by_index_in_the_order_of_the_batches():
    model, batch = prepared()
    parts = [
        Batch(batch.images[rows], batch.labels[rows], batch.indices[rows])
        for rows in (torch.tensor([4, 1]), torch.tensor([7]))
    ]
    assert torch.equal(model.latents(parts), model.codes.detach()[[4, 1, 7]])


def test_preparation_does_not_depend_on_the_order_of_the_batches():
    model, batch = prepared()
    other = copy.deepcopy(model)
    rows = torch.randperm(sum(COUNTS), generator=torch.Generator().manual_seed(1))
    shuffled = Batch(batch.images[rows], batch.labels[rows], batch.indices[rows])
    other.prepare([shuffled])
    assert torch.equal(model.codes, other.codes)
    assert torch.equal(model.code_labels, other.code_labels)
    assert torch.equal(model.code_labels, batch.labels)


def test_preparation_refuses_other_data():
    model, batch = prepared()
    some = torch.arange(4)
    with pytest.raises(DataError, match="built for 9 training images and met 4"):
        model.prepare([Batch(batch.images[some], batch.labels[some], some)])
    with pytest.raises(DataError, match="not those GLICO was built for"):
        model.prepare([Batch(batch.images, torch.zeros_like(batch.labels), batch.indices)])


def test_principal_codes_of_points_on_a_line_show_the_side_of_the_mean():
    rows = torch.linspace(-1, 1, 7)[:, None] * torch.ones(1, 12) + 0.3
    codes = principal_codes(rows, 4)
    # On a line only the side of the mean is left once the length is gone.
    nearly = {"atol": 1e-2, "rtol": 0}  # float32 pixels leave a little in the other components
    torch.testing.assert_close(codes[:3], codes[:1].expand(3, -1), **nearly)
    torch.testing.assert_close(codes[0], -codes[-1], **nearly)


def test_principal_codes_agree_with_numpy_up_to_the_signs_of_axes():
    rows = torch.rand(9, 20, generator=torch.Generator().manual_seed(0))
    values = rows.double().numpy()
    left, scale, _ = np.linalg.svd(values - values.mean(0), full_matrices=False)
    expected = left[:, :5] * np.sqrt(scale[:5])
    expected /= np.linalg.norm(expected, axis=1, keepdims=True)
    found = principal_codes(rows, 5).double().numpy()
    np.testing.assert_allclose(np.abs(found), np.abs(expected), atol=ROUNDING)


def test_principal_codes_of_equal_images_are_finite_unit_rows():
    codes = principal_codes(torch.full((3, 12), 0.5), 4)
    torch.testing.assert_close(codes.norm(dim=1), torch.ones(3))


def test_more_dimensions_than_images_are_allowed():
    model, _ = prepared(SPEC.tiny().model_copy(update={"latent_dim": 32}))
    torch.testing.assert_close(model.codes.norm(dim=1), torch.ones(sum(COUNTS)))


def test_decoding_depends_on_directions_alone_and_stays_in_range():
    model, _ = prepared()
    latents = torch.randn(5, 8, generator=torch.Generator().manual_seed(0)) * 9
    images = model.decode(latents)
    assert images.shape == (5, *SHAPE)
    assert images.min() >= 0
    assert images.max() <= 1
    torch.testing.assert_close(images, model.decode(latents / 3))


def test_an_image_is_decoded_the_same_alone_and_in_a_batch():
    model, _ = prepared()
    latents = model.codes.detach()
    alone = torch.cat([model.decode(row[None]) for row in latents])
    torch.testing.assert_close(model.decode(latents), alone)


def test_encoding_finds_the_codes_of_decoded_images():
    settings = SPEC.tiny().model_copy(update={"width": 8, "encode_steps": 100})
    model, batch = prepared(settings)
    optimise(model, batch, 40)
    latents = model.sample_latents(3, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        images = model.decode(latents)
        found = model.encode(images)
        error = (model.decode(found) - images).abs().mean()
        start = (model.decode(model.codes[:1]) - images).abs().mean()
    torch.testing.assert_close(found.norm(dim=1), torch.ones(3))
    assert error < 0.25 * start


@pytest.mark.parametrize("mode", [torch.no_grad, torch.inference_mode])
def test_encoding_is_deterministic_and_leaves_no_gradient(mode):
    model, batch = prepared()
    with mode():
        first, again = model.encode(batch.images[:2]), model.encode(batch.images[:2])
    assert torch.equal(first, again)
    assert not first.requires_grad
    assert all(parameter.grad is None for parameter in model.parameters())


def test_encoding_refuses_images_of_another_shape():
    model, _ = prepared()
    with pytest.raises(DataError, match=r"\(1, 16, 16\) do not fit"):
        model.encode(torch.zeros(1, 1, 16, 16))


def test_saved_weights_give_the_same_images_and_samples(tmp_path: Path):
    model, batch = prepared()
    optimise(model, batch, 2)
    save_file(model.state_dict(), tmp_path / "weights.safetensors")
    torch.manual_seed(99)
    other = Glico(SPEC.tiny(), DataInfo(SHAPE, COUNTS))
    other.load_state_dict(load_file(tmp_path / "weights.safetensors"))
    samples = [
        m.sample_latents(5, generator=torch.Generator().manual_seed(1)) for m in (model, other)
    ]
    assert torch.equal(samples[0], samples[1])
    assert torch.equal(model.decode(samples[0]), other.decode(samples[1]))
    assert torch.equal(model.code_labels, other.code_labels)


def test_the_perceptual_network_is_no_part_of_the_model():
    settings = SPEC.tiny().model_copy(update={"perceptual": "efficientnet-lite0"})
    model, batch = prepared(settings, counts=(2, 2))
    before = set(model.state_dict())
    terms = model.loss(batch, generator=torch.Generator().manual_seed(0))
    assert terms["perceptual"] > 0
    assert set(model.state_dict()) == before
    assert {name.split(".")[0] for name in before} == {
        "codes",
        "code_labels",
        "generator",
        "classifier",
    }
    assert sum(p.numel() for p in copy.deepcopy(model).parameters()) < 50_000


@pytest.mark.parametrize("shape", [(1, 16, 16), (3, 32, 32), (1, 64, 64)])
def test_grey_and_colour_images_of_several_sizes_are_made(shape):
    model, batch = prepared(counts=(2, 2), shape=shape)
    assert model.decode(model.codes).shape == batch.images.shape


@pytest.mark.parametrize("shape", [(3, 8, 8), (3, 48, 48), (3, 32, 16), (2, 32, 32)])
def test_image_shapes_that_do_not_fit_are_refused(shape):
    with pytest.raises(ConfigError, match="do not fit this model"):
        Glico(SPEC.tiny(), DataInfo(shape, (2, 2)))


@pytest.mark.parametrize(
    "settings",
    [
        {"latent_dim": 1},
        {"perceptual": "vgg"},
        {"perceptual_weight": math.nan},
        {"classification_weight": -1.0},
        {"mixed_share": 1.5},
        {"code_noise": math.inf},
        {"latent_dims": 64},
    ],
)
def test_settings_out_of_range_are_refused(settings):
    with pytest.raises(ValidationError):
        GlicoSettings(**settings)
