import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from planted import SIZE, PixelModel

from explorer.data.images import to_images, to_pixels
from explorer.data.labelled import ImagePairs, LabelledImages
from explorer.errors import DataError
from explorer.judge.transfer import METHODS, Examples, learn_direction, measure_transfer

CLASSES = ("plain", "bright", "lone")
ATTRIBUTES = ("stripe", "corner")
STRIPE = torch.zeros(3, SIZE, SIZE)
STRIPE[:, 2:4] = 2.0
CORNER = torch.zeros(3, SIZE, SIZE)
CORNER[:, 5:, 5:] = 1.5


class LogitModel(PixelModel):
    """Latents are the log-odds of the pixels: what adds up there does not add up in pixels."""

    def encode(self, images):
        return torch.logit(images.clamp(1e-3, 1 - 1e-3)).flatten(1)

    def decode(self, latents):
        return torch.sigmoid(latents.unflatten(1, self.traits.image_shape))


def drawn(labels, marks, seed):
    """Images by their latents: a shade of the class, noise, and what the attributes add."""
    rng = np.random.default_rng(seed)
    noise = torch.from_numpy(rng.normal(0, 0.3, (len(labels), 3, SIZE, SIZE))).float()
    latents = noise - 2.0 + torch.from_numpy(labels)[:, None, None, None]
    added = torch.from_numpy(marks.astype(np.float32))
    latents = latents + added[:, 0, None, None, None] * STRIPE
    return to_pixels(torch.sigmoid(latents + added[:, 1, None, None, None] * CORNER))


def world(count=360, seed=0):
    """Return labelled images; only "lone" never has a stripe."""
    rng = np.random.default_rng(seed)
    labels = np.arange(count, dtype=np.int64) % 3
    marks = rng.random((count, 2)) < 0.4
    marks[labels == 2, 0] = False
    return LabelledImages(
        "world", drawn(labels, marks, seed), labels, CLASSES, np.arange(count), ATTRIBUTES, marks
    )


def examples():
    data = world()
    return Examples(data, LogitModel().encode(to_images(data.images)))


def stripes(count=40, seed=7):
    """Return pairs that differ in the stripe alone."""
    labels = np.arange(count, dtype=np.int64) % 2
    corner = np.random.default_rng(seed).random(count) < 0.4
    pictures = [
        drawn(labels, np.stack([np.full(count, has), corner], axis=1), seed)
        for has in (False, True)
    ]
    return ImagePairs(pictures[0], pictures[1], labels, np.arange(count, dtype=np.int64))


@pytest.fixture(scope="module")
def result():
    return measure_transfer(LogitModel(), examples(), stripes(), "stripe", learn_on=[0, 1])


def errors(result):
    return {row.method: row.pixels.value for row in result.errors}


def test_a_direction_transfers_in_a_world_where_attributes_add_up(result):
    found = errors(result)
    assert found["across"] < 0.02, "noise of the mean over the examples, and 8-bit rounding"
    assert found["within"] < 0.02


def test_every_control_is_worse_than_the_direction(result):
    found = errors(result)
    assert found["image"] > 2 * found["across"]
    assert found["random"] > 5 * found["across"]
    assert found["untouched"] > 5 * found["across"]
    assert result.pixel_ratio.high < 0.5
    assert result.feature_ratio.value < 1


def test_the_record_says_what_was_done(result):
    assert (result.attribute, result.count, result.strength, result.seed) == ("stripe", 40, 1.0, 0)
    assert result.learn_on == result.apply_to == ("plain", "bright")
    assert tuple(row.method for row in result.errors) == METHODS


def test_a_pictures_own_class_never_teaches_the_across_direction():
    spoilt = examples()
    own = torch.from_numpy(spoilt.data.labels == 0)
    striped = torch.from_numpy(spoilt.data.attributes[:, 0])
    spoilt.latents[own & striped] += 100.0
    pairs = stripes()
    found = errors(
        measure_transfer(LogitModel(), spoilt, pairs.of([0]), "stripe", learn_on=[0, 1])
    )
    assert found["across"] < 0.02
    assert found["within"] > 0.1


def test_a_class_that_is_too_small_to_teach_itself_is_still_taught_by_others():
    few = examples()
    few.data.attributes[np.flatnonzero(few.data.labels == 0)[4:], 0] = False
    found = measure_transfer(LogitModel(), few, stripes().of([0]), "stripe", learn_on=[1])
    assert tuple(row.method for row in found.errors) == METHODS[1:]
    assert errors(found)["across"] < 0.02


def test_a_perfect_direction_has_no_error_but_rounding():
    data = examples()
    exact = Examples(data.data, torch.zeros_like(data.latents))
    exact.latents[torch.from_numpy(data.data.attributes[:, 0])] += STRIPE.flatten()
    found = measure_transfer(LogitModel(), exact, stripes(), "stripe", learn_on=[0, 1])
    assert errors(found)["across"] < 3 / 255


def test_at_strength_zero_every_way_leaves_the_picture_alone():
    pairs = stripes()
    found = measure_transfer(
        LogitModel(), examples(), pairs, "stripe", learn_on=[0, 1], strength=0.0
    )
    assert len({round(value, 4) for value in errors(found).values()}) == 1


def test_classes_without_the_attribute_teach_nothing():
    with pytest.raises(DataError, match=r"'stripe' has 0 images with it .*lone.*Tick further"):
        measure_transfer(LogitModel(), examples(), stripes(), "stripe", learn_on=[2])
    with pytest.raises(DataError, match="of: none"):
        measure_transfer(LogitModel(), examples(), stripes(), "stripe", learn_on=[])


@given(st.integers(0, 2**31 - 1))
def test_a_direction_ignores_class_offsets_and_correlated_attributes(seed):
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, 3, 200)
    marks = rng.random((200, 1)) < 0.3 + 0.2 * labels[:, None]
    marks = np.concatenate([marks, marks ^ (rng.random((200, 1)) < 0.2)], axis=1)
    planted = rng.normal(size=(2, 5))
    latents = marks @ planted + 50.0 * labels[:, None]
    found = learn_direction(torch.from_numpy(latents), marks, labels, 0, ridge_lambda=1e-9)
    np.testing.assert_allclose(found.numpy(), planted[0], atol=1e-6)


def test_attributes_that_do_not_vary_are_left_out_of_the_regression():
    rng = np.random.default_rng(0)
    marks = rng.random((50, 3)) < 0.5
    marks[:, 0] = True
    latents = marks @ np.diag([1.0, 2.0, 3.0])
    labels = np.zeros(50, dtype=np.int64)
    found = learn_direction(torch.from_numpy(latents), marks, labels, 2, ridge_lambda=1e-9)
    np.testing.assert_allclose(found.numpy(), [0, 0, 3], atol=1e-6)
