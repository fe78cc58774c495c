import numpy as np
import pytest
import torch
from tiny_models import GLICO, GLOW

from explorer.data.images import to_images
from explorer.errors import ConfigError, DataError, NotSupportedError
from explorer.latent.interpolate import slerp
from explorer.service.augment import augment
from explorer.service.plan import Plan, checked_plan, sources_of
from explorer.service.workbench import Workbench


@pytest.fixture(scope="module")
def workbench(tiny_root):
    return Workbench(tiny_root)


@pytest.fixture(scope="module", params=[GLICO, GLOW])
def made(request, workbench):
    return augment(workbench, request.param, Plan(per_class=3, seed=4))


def test_images_come_class_by_class_with_parents_of_the_class(workbench, made):
    gallery = workbench.open(made.model).gallery
    assert made.pixels.shape == (15, 32, 32, 3)
    assert made.labels.tolist() == [0] * 3 + [1] * 3 + [2] * 3 + [3] * 3 + [4] * 3
    assert made.numbers.tolist() == [0, 1, 2] * 5
    assert (gallery.labels[made.parents] == made.labels[:, None]).all()
    assert not gallery.held_out[made.parents].any()
    assert (made.mixture == np.eye(5)[made.labels]).all()
    assert made.version == workbench.open(made.model).version


def test_each_image_is_that_of_its_parents_and_position(workbench, made):
    for row in (0, 7, 14):
        start, end = (workbench.latents(made.model, [int(one)]) for one in made.parents[row])
        latent = slerp(start, end, float(made.t[row]))
        expected = workbench.decode(made.model, latent, as_sample=True)[0]
        assert np.abs(expected.astype(int) - made.pixels[row]).max() <= 1


def test_more_images_and_fewer_classes_leave_the_rest_as_it_is(workbench, made):
    other = augment(workbench, made.model, Plan(per_class=5, classes=("hat",), seed=4))
    difference = other.pixels[:3].astype(int) - made.pixels[made.labels == 4]
    assert np.abs(difference).max() <= 1, "other batches, other rounding"
    np.testing.assert_array_equal(other.parents[:3], made.parents[made.labels == 4])


def test_mixed_classes_have_mixed_labels(workbench):
    made = augment(
        workbench, GLICO, Plan(per_class=6, partner="other-class", law="uniform", seed=1)
    )
    labels = workbench.open(GLICO).gallery.labels[made.parents]
    rows = np.arange(len(made))
    assert (labels[:, 0] == made.labels).all() and (labels[:, 1] != made.labels).all()
    np.testing.assert_allclose(made.mixture[rows, labels[:, 0]], 1 - made.t, atol=1e-6)
    np.testing.assert_allclose(made.mixture[rows, labels[:, 1]], made.t, atol=1e-6)
    np.testing.assert_allclose(made.mixture.sum(1), 1, atol=1e-6)
    assert (made.mixture.argmax(1) == made.labels).all()


def test_residuals_add_the_models_change_to_the_training_image(workbench):
    plan = Plan(per_class=2, seed=2)
    bare = augment(workbench, GLICO, plan)
    found = augment(workbench, GLICO, plan.model_copy(update={"residual": True}))
    anchors = bare.parents[:, 0].tolist()
    images = to_images(workbench.open(GLICO).gallery.pixels[anchors])
    rebuilt = to_images(workbench.decode(GLICO, workbench.latents(GLICO, anchors), as_sample=True))
    expected = (images + to_images(bare.pixels) - rebuilt).clamp(0, 1)
    assert float((to_images(found.pixels) - expected).abs().max()) <= 1.1 / 255


def test_a_model_that_knows_classes_draws_its_own_samples(workbench):
    few, many = (
        augment(workbench, GLOW, Plan(per_class=n, source="sample", classes=("bald",)))
        for n in (2, 20)
    )
    assert np.abs(few.pixels.astype(int) - many.pixels[:2]).max() <= 1
    assert (many.parents == -1).all() and np.isnan(many.t).all()


def test_completion_moves_images_of_the_class(workbench):
    plan = Plan(per_class=2, source="complete", attributes=("smile",))
    made = augment(workbench, GLICO, plan)
    gallery = workbench.open(GLICO).gallery
    assert (gallery.labels[made.parents[:, 0]] == made.labels).all()
    assert (made.parents[:, 1] == -1).all() and np.isnan(made.t).all()
    np.testing.assert_array_equal(made.pixels, augment(workbench, GLICO, plan).pixels)


def test_noise_changes_every_image(workbench):
    bare, noisy = (augment(workbench, GLICO, Plan(per_class=2, noise=n)) for n in (0.0, 0.5))
    assert (bare.pixels != noisy.pixels).any(axis=(1, 2, 3)).all()
    np.testing.assert_array_equal(bare.parents, noisy.parents)


@pytest.mark.parametrize(
    ("plan", "message"),
    [
        ({"classes": ("hta",)}, "Did you mean 'hat'"),
        ({"classes": ("hat", "hat")}, "named twice"),
        ({"per_class": 4001}, "20,005; at most 20,000"),
        ({"source": "complete"}, "No attribute is named"),
        ({"source": "sample", "residual": True}, "no training image whose details"),
    ],
)
def test_what_cannot_be_made_is_refused(workbench, plan, message):
    with pytest.raises(ConfigError, match=message):
        augment(workbench, GLICO, checked_plan({"per_class": 1} | plan))


def test_plans_name_what_is_wrong_in_them():
    with pytest.raises(ConfigError, match="'per_class' is 0"):
        checked_plan({"per_class": 0})
    with pytest.raises(ConfigError, match="Did you mean 'partner'"):
        checked_plan({"partners": "nearest"})


def test_samples_without_classes_are_refused(workbench, monkeypatch):
    from dataclasses import replace

    opened = workbench.open(GLOW)
    monkeypatch.setattr(opened.model, "traits", replace(opened.model.traits, knows_classes=False))
    assert "sample" not in sources_of(opened.model.traits, attributes=True)
    with pytest.raises(NotSupportedError, match="without classes"):
        augment(workbench, GLOW, Plan(source="sample"))


def test_a_class_of_one_image_is_named(workbench):
    gallery = workbench.open(GLICO).gallery
    labels = np.where(gallery.labels == 4, 0, gallery.labels)
    labels[0] = 4
    before = gallery.labels.copy()
    gallery.labels[:] = labels
    try:
        with pytest.raises(DataError, match="Class 'hat' has a single training image"):
            augment(workbench, GLICO, Plan(per_class=1))
    finally:
        gallery.labels[:] = before


def test_work_that_nobody_waits_for_ends(workbench):
    from explorer.service.progress import Cancelled

    def leave(share, doing):
        raise Cancelled("Cancelled.")

    with pytest.raises(Cancelled):
        augment(workbench, GLICO, Plan(per_class=1), leave)


def test_torch_is_left_as_it_was(workbench):
    state = torch.get_rng_state()
    augment(workbench, GLOW, Plan(per_class=1, source="sample"))
    assert torch.equal(state, torch.get_rng_state())
