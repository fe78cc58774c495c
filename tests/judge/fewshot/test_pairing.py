"""Arms of a seed share all draws; nobody's random numbers move another's."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from toy_images import ellipses

from explorer.errors import ConfigError
from explorer.judge.fewshot.arms import ARMS, Recipe, check_arms
from explorer.judge.fewshot.augmentation import augmented, mixed
from explorer.judge.fewshot.batches import draw_batches
from explorer.judge.fewshot.chance import source_of
from explorer.judge.fewshot.classifier import _logits, score, train_arm
from explorer.judge.fewshot.generator import fit_generator, psnr
from explorer.judge.fewshot.pools import NEAR, confident, draw_pairs, make_pool, with_mirrored
from explorer.judge.fewshot.settings import (
    AugmentationSettings,
    ClassifierSettings,
    FewshotSettings,
    GeneratorSettings,
)
from explorer.nn.sphere import slerp_rows

DATA = ellipses(12)
TINY = GeneratorSettings(
    config={"latent_dim": 8, "hidden": 16, "width": 4, "classifier_width": 4}, steps=3
)
FAST = FewshotSettings(classifier=ClassifierSettings(steps=4, batch_size=6), generator=TINY)
PLAIN = AugmentationSettings(flip=False, shift=0, intensity=0)


@pytest.fixture(scope="module")
def model():
    return fit_generator(DATA, TINY, seed=0)


def pool_of(name, model=None, seed=3):
    recipe = ARMS[name].recipe
    pairs = draw_pairs(DATA, recipe, 5, source_of(seed, "pairs"))
    return pairs, make_pool(DATA, recipe, pairs, model)


@pytest.mark.parametrize("name", ["slerp", "cross-slerp", "completion"])
def test_a_control_mixes_the_same_pairs_at_the_same_places_with_the_same_labels(name, model):
    pairs, pool = pool_of(name, model)
    others, control = pool_of(ARMS[name].control)
    assert torch.equal(pairs.partners, others.partners)
    assert torch.equal(pairs.t, others.t)
    assert torch.equal(pool.targets, control.targets)
    assert pool.images.shape == control.images.shape


def test_the_pixel_control_is_the_blend_in_double_precision():
    pairs, pool = pool_of("pixel-slerp")
    t = pairs.t.numpy().astype(np.float64)[:, None, None, None]
    wanted = (1 - t) * DATA.images[pairs.anchors] + t * DATA.images[pairs.partners]
    assert np.abs(pool.images - wanted).max() <= 0.51


def test_slerp_of_the_paper_uses_its_four_positions_and_never_the_anchor_itself():
    pairs, _ = pool_of("pixel-slerp")
    assert {round(t, 6) for t in pairs.t.tolist()} == {0.1, 0.2, 0.3, 0.4}
    assert (pairs.anchors != pairs.partners).all()
    assert np.array_equal(DATA.labels[pairs.anchors], DATA.labels[pairs.partners])


def test_residual_decode_keeps_what_the_generator_misses(model):
    pairs, pool = pool_of("cross-slerp", model)
    codes = model.codes.detach()
    with torch.no_grad():
        moved = model.decode(slerp_rows(codes[pairs.anchors], codes[pairs.partners], pairs.t))
        own = model.decode(codes)[pairs.anchors]
    anchors = torch.from_numpy(DATA.images[pairs.anchors]).permute(0, 3, 1, 2) / 255
    wanted = (anchors + moved - own).clamp(0, 1).permute(0, 2, 3, 1).numpy() * 255
    assert np.abs(pool.images - wanted).max() <= 0.51


def test_soft_labels_are_shares_and_hard_ones_are_the_anchors(model):
    pairs, soft = pool_of("cross-slerp", model)
    assert torch.allclose(soft.targets.sum(1), torch.ones(len(pairs.t)))
    rows = torch.arange(len(pairs.t))
    same = DATA.labels[pairs.anchors] == DATA.labels[pairs.partners]
    share = soft.targets[rows, DATA.labels[pairs.anchors]]
    assert torch.allclose(share, torch.where(torch.from_numpy(same), 1.0, 1 - pairs.t))
    _, hard = pool_of("completion", model)
    assert np.array_equal(hard.targets.argmax(1), DATA.labels[pairs.anchors])


def test_one_image_a_class_gets_itself_as_partner_within_the_class():
    data = replace(ellipses(3), labels=np.array([0, 1, 1], dtype=np.int64))
    pairs = draw_pairs(data, Recipe("slerp"), 4, source_of(0, "pairs"))
    assert pairs.partners[:4].tolist() == [0] * 4
    assert pairs.partners[4:8].tolist() == [2] * 4


def test_arms_see_the_same_order_and_the_same_shifts():
    """Where no image is made, the batches of all arms are equal to the last bit."""
    long = FAST.model_copy(update={"classifier": ClassifierSettings(steps=40, batch_size=6)})
    plain = list(draw_batches(DATA, ARMS["standard"], None, long, seed=1))
    _, pool = pool_of("pixel-slerp")
    made = list(draw_batches(DATA, ARMS["pixel-slerp"], pool, long, seed=1))
    assert len(plain) == len(made) == 40
    for one, other in zip(plain, made, strict=True):
        equal = (one.images == other.images).flatten(1).all(1)
        assert equal[~other.is_made].all()
    assert 0.4 < torch.cat([one.is_made for one in made]).float().mean() < 0.6


def test_training_depends_on_the_seed_alone_and_leaves_the_global_generator():
    torch.manual_seed(5)
    before = torch.get_rng_state()
    first = train_arm(DATA, ARMS["standard"], None, FAST, seed=2)
    assert torch.equal(before, torch.get_rng_state())
    torch.rand(7)
    again = train_arm(DATA, ARMS["standard"], None, FAST, seed=2)
    other = train_arm(DATA, ARMS["standard"], None, FAST, seed=4)
    weights = [torch.cat([p.flatten() for p in n.parameters()]) for n in (first, again, other)]
    assert torch.equal(weights[0], weights[1])
    assert not torch.equal(weights[0], weights[2])


def test_the_classifier_learns_what_can_be_learned():
    settings = FewshotSettings(
        augmentation=PLAIN, classifier=ClassifierSettings(steps=60, batch_size=12)
    )
    network = train_arm(ellipses(60), ARMS["standard"], None, settings, seed=0)
    assert score(network, ellipses(60)) > 0.8


def test_no_augmentation_changes_nothing_and_full_erasing_does():
    images = torch.rand(8, 3, 16, 16) * 0.8 + 0.1
    generator = source_of(0, "x")
    assert torch.allclose(augmented(images, PLAIN, generator), images, atol=1e-5)
    erased = augmented(
        images, PLAIN.model_copy(update={"erasing": 1.0, "erased_side": 0.5}), generator
    )
    changed = ((erased - images).abs() > 1e-3).any(1).float().mean((1, 2))
    assert torch.allclose(changed, torch.full((8,), 0.25), atol=0.02)


def test_a_shift_moves_whole_pixels_and_a_flip_mirrors():
    images = torch.rand(64, 1, 16, 16)
    moved = augmented(
        images, PLAIN.model_copy(update={"flip": True, "shift": 1}), source_of(0, "")
    )
    inner = moved[:, :, 2:-2, 2:-2]
    for one, original in zip(inner, images, strict=True):
        places = [
            base[:, 2 + down : 14 + down, 2 + right : 14 + right]
            for base in (original, original.flip(-1))
            for down in (-1, 0, 1)
            for right in (-1, 0, 1)
        ]
        assert min(float((one - place).abs().max()) for place in places) < 1e-4


@pytest.mark.parametrize("way", ["mixup", "cutmix"])
def test_mixing_keeps_the_sum_of_labels_and_the_share_of_pixels(way):
    targets = torch.nn.functional.one_hot(torch.arange(16) % 2, 2).float()
    images = targets[:, 1][:, None, None, None].expand(-1, 1, 20, 20)
    blended, labels = mixed(images, targets, way, source_of(1, way))
    assert torch.allclose(labels.sum(1), torch.ones(16))
    assert torch.allclose(blended.mean((1, 2, 3)), labels[:, 1], atol=1e-5)


def test_transductive_codes_come_after_the_labelled_ones():
    model = fit_generator(DATA, TINY, seed=0, unlabelled=ellipses(5, seed=9))
    assert len(model.codes) == 17
    assert psnr(model, DATA) > 3


def test_fitting_improves_the_reconstructions():
    slow = TINY.model_copy(update={"steps": 60, "batch_size": 12})
    assert psnr(fit_generator(DATA, slow, seed=0), DATA) > 1 + psnr(
        fit_generator(DATA, TINY, seed=0), DATA
    )


def test_a_near_partner_is_among_the_nearest_by_pixels():
    recipe = replace(ARMS["cross-slerp-near"].recipe, pixels=True)
    pairs = draw_pairs(DATA, recipe, 20, source_of(1, "pairs"))
    flat = DATA.images.reshape(len(DATA), -1).astype(np.float64)
    distances = np.linalg.norm(flat[:, None] - flat[None], axis=2)
    rank = distances.argsort(1, kind="stable").argsort(1)[pairs.anchors, pairs.partners]
    assert set(rank.tolist()) == set(range(1, NEAR + 1))


def test_a_power_brings_the_draws_of_t_to_the_anchor():
    plain, near_anchor = (
        draw_pairs(DATA, ARMS[name].recipe, 50, source_of(1, "pairs")).t.double()
        for name in ("cross-slerp", "cross-slerp-ends")
    )
    assert torch.allclose(near_anchor / 0.5, (plain / 0.5) ** 2, atol=1e-6)


def test_mirrored_images_follow_their_originals():
    both = with_mirrored(DATA)
    assert np.array_equal(both.images[0::2], DATA.images)
    assert np.array_equal(both.images[1::2], DATA.images[:, :, ::-1])
    assert np.array_equal(both.labels, np.repeat(DATA.labels, 2))


def test_only_images_the_classifier_agrees_with_stay():
    """A classifier that knows one class only: all others give way to their anchors."""

    class Sure(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.weight = torch.nn.Parameter(torch.zeros(1))

        def forward(self, images):
            return torch.tensor([[9.0, *[0.0] * (len(DATA.class_names) - 1)]]).repeat(
                len(images), 1
            )

    pairs, pool = pool_of("pixel-cross-slerp")
    kept = confident(pool, DATA, Sure(), 0.5)
    has_first = pool.targets[:, 0] > 0
    assert has_first.any()
    assert not has_first.all()
    assert np.array_equal(kept.images[has_first], pool.images[has_first])
    assert np.array_equal(kept.images[~has_first], DATA.images[pairs.anchors[~has_first]])
    assert np.array_equal(
        kept.targets[~has_first].argmax(1), DATA.labels[pairs.anchors[~has_first]]
    )
    assert torch.equal(kept.targets[~has_first].max(1).values, torch.ones(int((~has_first).sum())))


def batches_of(name, steps=100, **changes):
    settings = FAST.model_copy(
        update={"classifier": ClassifierSettings(steps=steps, batch_size=6), **changes}
    )
    return list(draw_batches(DATA, ARMS[name], pool_of(name)[1], settings, seed=1))


def test_an_annealed_share_falls_to_nothing():
    made = torch.stack([one.is_made for one in batches_of("pixel-cross-slerp-annealed")])
    assert not made[80:].any()
    assert 0.3 < made[:40].float().mean() < 0.5  # (0.5 + 0.25) / 2
    assert 0.02 < made[40:80].float().mean() < 0.22  # 0.25 / 2


def test_made_images_can_stay_unaugmented():
    erased = AugmentationSettings(flip=False, shift=0, intensity=0, erasing=1.0)
    batch = batches_of("pixel-cross-slerp-unaugmented", steps=5, augmentation=erased)[0]
    same = batches_of("pixel-cross-slerp", steps=5, augmentation=PLAIN)[0]
    assert torch.allclose(batch.images[batch.is_made], same.images[same.is_made], atol=1e-5)
    differs = (batch.images - same.images).abs().flatten(1).amax(1) > 1e-3
    assert torch.equal(differs, ~batch.is_made)


def test_statistics_of_made_images_do_not_reach_those_of_labelled_ones():
    network = torch.nn.Sequential(
        torch.nn.BatchNorm2d(1, momentum=1.0), torch.nn.Flatten(), torch.nn.Linear(16, 2)
    )
    images = torch.cat([torch.full((3, 1, 4, 4), 0.2), torch.full((5, 1, 4, 4), 0.9)])
    is_made = torch.arange(8) >= 3
    found = _logits(network, images, is_made)
    assert network[0].running_mean.item() == pytest.approx(0.2)
    assert network[0].momentum == 1.0
    alone = network(images[:3])
    assert torch.allclose(found[:3], alone)


def test_trivial_augmentation_changes_its_share_and_leaves_the_global_generator():
    images = torch.rand(200, 3, 16, 16)
    state = torch.get_rng_state()
    found = augmented(images, PLAIN.model_copy(update={"trivial": 0.5}), source_of(0, "augment"))
    assert torch.equal(state, torch.get_rng_state())
    changed = ((found - images).abs() > 1e-3).flatten(1).any(1).float().mean()
    assert 0.3 < changed < 0.55  # some operations leave an image as it is
    assert found.min() >= 0
    assert found.max() <= 1


@pytest.mark.parametrize("name", [name for name in ARMS if not name.endswith("-alone")])
def test_every_arm_trains(name, model):
    """Two updates of the whole way: pairs, made images, batches, a classifier that is finite."""
    arm, data = ARMS[name], DATA
    pool = None
    if arm.recipe is not None:
        data = with_mirrored(DATA) if arm.recipe.flips else DATA
        fitted = fit_generator(data, TINY, seed=0) if arm.recipe.flips else model
        pairs = draw_pairs(data, arm.recipe, 2, source_of(0, "pairs"))
        pool = make_pool(data, arm.recipe, pairs, fitted if arm.needs_generator else None)
    settings = FAST.model_copy(update={"classifier": ClassifierSettings(steps=2, batch_size=6)})
    network = train_arm(DATA, arm, pool, settings, seed=0)
    assert all(one.isfinite().all() for one in network.state_dict().values())


def test_a_wrong_arm_or_setting_is_named():
    with pytest.raises(ConfigError, match="Did you mean 'slerp'"):
        check_arms(["slerb"])
    with pytest.raises(ConfigError, match="empty"):
        check_arms([])
    with pytest.raises(ConfigError, match=r"generator\.config.*colour"):
        fit_generator(DATA, GeneratorSettings(config={"colour": 1}), seed=0)


def test_every_control_is_an_arm():
    assert all(arm.control in {"", *ARMS} for arm in ARMS.values())
