import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.linear_model import Ridge

from explorer.errors import ConfigError, DataError
from explorer.latent.attributes import (
    conditional_directions,
    conditional_midpoints,
    difference_of_means,
    midpoints,
    ridge_directions,
    usable_attributes,
    within_class_directions,
)
from explorer.latent.direction_fit import fit_directions
from explorer.latent.direction_sums import DirectionSums
from explorer.latent.directions import MIN_GROUP

NAMES = ("smile", "glasses", "hat")
CLASSES = ("short", "long", "bald", "hat")


def drawn(seed: int, count: int = 200, dim: int = 7):
    """Latents, attributes and labels; "hat" is a class of its own, "glasses" leans on "smile"."""
    generator = np.random.default_rng(seed)
    labels = generator.integers(0, len(CLASSES), count)
    attributes = generator.random((count, 3)) < 0.4
    attributes[:, 1] |= attributes[:, 0] & (generator.random(count) < 0.5)
    attributes[:, 2] = labels == 3
    effects = generator.normal(size=(3, dim))
    latents = generator.normal(size=(count, dim)) + attributes @ effects + 3 * labels[:, None]
    return latents, attributes, labels


def sums_of(latents, attributes, labels, batch: int = 64) -> DirectionSums:
    sums = DirectionSums(attributes.shape[1], latents.shape[1], len(CLASSES))
    for i in range(0, len(latents), batch):
        part = slice(i, i + batch)
        sums.update(
            torch.from_numpy(latents[part]),
            torch.from_numpy(attributes[part]),
            torch.from_numpy(labels[part]),
        )
    return sums


@given(seed=st.integers(0, 2**31 - 1), batch=st.integers(1, 250))
@settings(max_examples=20)
def test_difference_of_means_equals_a_plain_loop(seed, batch):
    latents, attributes, labels = drawn(seed)
    sums = sums_of(latents, attributes, labels, batch)
    for a in range(3):
        positive = np.mean([z for z, x in zip(latents, attributes, strict=True) if x[a]], axis=0)
        negative = np.mean(
            [z for z, x in zip(latents, attributes, strict=True) if not x[a]], axis=0
        )
        np.testing.assert_allclose(difference_of_means(sums)[a], positive - negative, atol=1e-10)
        np.testing.assert_allclose(midpoints(sums)[a], (positive + negative) / 2, atol=1e-10)


@pytest.mark.parametrize("ridge_lambda", [0.01, 1.0, 30.0])
def test_ridge_equals_that_of_scikit_learn(ridge_lambda):
    latents, attributes, labels = drawn(3)
    reference = Ridge(alpha=ridge_lambda).fit(attributes.astype(float), latents).coef_.T
    found = ridge_directions(sums_of(latents, attributes, labels), ridge_lambda=ridge_lambda)
    np.testing.assert_allclose(found, reference, rtol=0, atol=1e-9)


def test_ridge_of_attributes_that_add_up_to_one_is_finite():
    latents, _, labels = drawn(4)
    attributes = np.eye(len(CLASSES), dtype=bool)[labels]
    assert torch.isfinite(ridge_directions(sums_of(latents, attributes, labels))).all()


def plain_conditional(latents, attributes, labels, a, c, ridge, shrinkage):
    """The module's formula, written image by image with masks."""
    has = attributes[:, a]
    groups = {}
    for name, mask in (("target", has), ("source", ~has)):
        own = mask & (labels == c)
        groups[name] = own if own.sum() >= MIN_GROUP else mask
    target, source = groups["target"], groups["source"]
    n = min(target.sum(), source.sum())
    weight = n / (n + shrinkage)

    def gap(values):
        own = values[target].mean(0) - values[source].mean(0)
        return weight * own + (1 - weight) * (values[has].mean(0) - values[~has].mean(0))

    direction = gap(latents)
    for b in range(attributes.shape[1]):
        table = {(bool(p), bool(q)) for p, q in attributes[:, [a, b]]}
        if len(table) == 4:
            direction = direction - gap(attributes[:, b].astype(float)) * ridge[b]
    return direction


@pytest.mark.parametrize("count", [40, 200])
@pytest.mark.parametrize("shrinkage", [0.0, 10.0])
def test_conditional_directions_equal_a_plain_implementation(count, shrinkage):
    latents, attributes, labels = drawn(5, count)
    sums = sums_of(latents, attributes, labels)
    ridge = ridge_directions(sums)
    found = conditional_directions(sums, ridge, shrinkage=shrinkage)
    assert found.shape == (3, len(CLASSES), latents.shape[1])
    for a in range(3):
        for c in range(len(CLASSES)):
            expected = plain_conditional(
                latents, attributes, labels, a, c, ridge.numpy(), shrinkage
            )
            np.testing.assert_allclose(found[a, c], expected, rtol=0, atol=1e-9)


def test_an_attribute_that_is_a_class_leads_from_each_other_class_to_it():
    generator = np.random.default_rng(0)
    labels = np.repeat(np.arange(4), 500)
    places = 4 * generator.normal(size=(4, 6))
    latents = places[labels] + 0.01 * generator.normal(size=(2000, 6))
    attributes = (labels == 3)[:, None]
    sums = sums_of(latents, attributes, labels)
    found = conditional_directions(sums, ridge_directions(sums), shrinkage=0.0)
    for c in range(3):
        np.testing.assert_allclose(found[0, c], places[3] - places[c], atol=0.01)
    np.testing.assert_allclose(found[0, 3], places[3] - places[:3].mean(0), atol=0.01)


def test_each_estimator_recovers_a_planted_direction():
    generator = np.random.default_rng(1)
    labels = generator.integers(0, 4, 4000)
    attributes = generator.random((4000, 2)) < 0.5
    planted = np.eye(8)[:2] * 3
    latents = attributes @ planted + 0.5 * generator.normal(size=(4000, 8)) + labels[:, None] / 5
    sums = sums_of(latents, attributes, labels)
    ridge = ridge_directions(sums)
    error = 0.1  # noise 0.5 over groups of about 500 is 0.03; class means differ by 0.2 at most
    np.testing.assert_allclose(difference_of_means(sums), planted, atol=error)
    np.testing.assert_allclose(ridge, planted, atol=error)
    for c in range(4):
        conditional = conditional_directions(sums, ridge)[:, c]
        np.testing.assert_allclose(conditional, planted, atol=error)


def test_an_attribute_that_comes_along_is_taken_out_of_ridge_and_conditional_only():
    generator = np.random.default_rng(2)
    labels = generator.integers(0, 4, 8000)
    smile = generator.random(8000) < 0.5
    glasses = np.where(smile, generator.random(8000) < 0.8, generator.random(8000) < 0.2)
    attributes = np.stack([smile, glasses], axis=1).astype(bool)
    latents = attributes @ (np.eye(6)[:2] * 3) + 0.1 * generator.normal(size=(8000, 6))
    sums = sums_of(latents, attributes, labels)
    ridge = ridge_directions(sums)
    assert float(difference_of_means(sums)[0, 1]) == pytest.approx(0.6 * 3, abs=0.1)
    assert float(ridge[0, 1]) == pytest.approx(0, abs=0.02)
    for c in range(4):
        assert float(conditional_directions(sums, ridge)[0, c, 1]) == pytest.approx(0, abs=0.02)


def test_attributes_that_exclude_each_other_are_exchanged_not_added():
    generator = np.random.default_rng(3)
    colour = generator.integers(0, 2, 2000)
    attributes = np.stack([colour == 0, colour == 1], axis=1)
    places = np.eye(5)[:2]
    latents = places[colour] + 0.01 * generator.normal(size=(2000, 5))
    sums = sums_of(latents, attributes, np.zeros(2000, dtype=np.int64))
    found = conditional_directions(sums, ridge_directions(sums), shrinkage=0.0)
    np.testing.assert_allclose(found[0, 0], places[0] - places[1], atol=0.01)


def test_a_small_class_is_shrunk_towards_the_pooled_direction():
    latents, attributes, labels = drawn(6, 60)
    attributes = attributes[:, :1]
    sums = sums_of(latents, attributes, labels)
    ridge, pooled = ridge_directions(sums), difference_of_means(sums)
    own = conditional_directions(sums, ridge, shrinkage=0.0)
    half = conditional_directions(sums, ridge, shrinkage=10.0)
    nearly_pooled = conditional_directions(sums, ridge, shrinkage=1e9)
    for c in range(len(CLASSES)):
        gap = (own[0, c] - pooled[0]).norm()
        assert 0 < (half[0, c] - pooled[0]).norm() < gap
        torch.testing.assert_close(nearly_pooled[0, c], pooled[0], rtol=0, atol=1e-6)


def test_a_class_without_images_has_the_pooled_direction():
    latents, attributes, labels = drawn(7)
    sums = sums_of(latents, attributes[:, :1], labels % 2)
    found = conditional_directions(sums, ridge_directions(sums))
    torch.testing.assert_close(found[0, 3], difference_of_means(sums)[0])


def test_the_record_holds_every_estimate_and_the_counts():
    latents, attributes, labels = drawn(8)
    sums = sums_of(latents, attributes, labels)
    found = fit_directions(sums, NAMES, CLASSES)
    ridge = ridge_directions(sums)
    torch.testing.assert_close(found.pooled, difference_of_means(sums).float())
    torch.testing.assert_close(found.ridge, ridge.float())
    torch.testing.assert_close(found.conditional, conditional_directions(sums, ridge).float())
    within = within_class_directions(sums).nan_to_num(0.0)
    torch.testing.assert_close(found.within, within.float())
    for kind, middle in (
        ("pooled", midpoints(sums)),
        ("ridge", midpoints(sums)),
        ("conditional", conditional_midpoints(sums)),
    ):
        rows = found.rows(kind).double()
        expected = (rows * middle).sum(-1) / rows.square().sum(-1)
        torch.testing.assert_close(found.offsets[kind], expected, rtol=0, atol=1e-6)
    assert found.names == NAMES
    assert found.class_names == CLASSES
    assert found.positives.tolist() == attributes.sum(0).tolist()
    assert found.negatives.tolist() == (~attributes).sum(0).tolist()
    for c in range(len(CLASSES)):
        own = attributes[labels == c]
        assert found.class_positives[:, c].tolist() == own.sum(0).tolist()
        assert found.class_negatives[:, c].tolist() == (~own).sum(0).tolist()


@pytest.mark.parametrize("positives", [MIN_GROUP - 1, 200 - MIN_GROUP + 1])
def test_an_attribute_with_too_few_images_is_refused_with_its_counts(positives):
    latents, attributes, labels = drawn(9)
    attributes[:, 1] = np.arange(200) < positives
    sums = sums_of(latents, attributes, labels)
    expected = f"'glasses' has {positives} images with it and {200 - positives} without"
    with pytest.raises(DataError, match=expected):
        fit_directions(sums, NAMES, CLASSES)


def test_usable_attributes_are_those_that_are_not_refused():
    attributes = torch.arange(40)[:, None] < torch.tensor([0, 4, 5, 20, 35, 36, 40])
    assert usable_attributes(attributes).tolist() == [2, 3, 4]


def test_names_that_do_not_fit_are_refused():
    sums = sums_of(*drawn(10))
    with pytest.raises(DataError, match="2 attribute and 4 class names do not fit 3"):
        fit_directions(sums, NAMES[:2], CLASSES)


def test_a_latent_that_is_not_finite_is_refused_and_nothing_is_added():
    sums = DirectionSums(1, 2, 1)
    latents = torch.tensor([[1.0, float("nan")]])
    with pytest.raises(DataError, match="not finite"):
        sums.update(latents, torch.ones(1, 1, dtype=torch.bool), torch.zeros(1, dtype=torch.long))
    assert sums.count == 0


@pytest.mark.parametrize("label", [-1, 2])
def test_a_label_that_is_no_class_is_refused(label):
    sums = DirectionSums(1, 2, 2)
    with pytest.raises(DataError, match=f"Label {label} is not a class; 2 classes"):
        sums.update(torch.ones(1, 2), torch.ones(1, 1, dtype=torch.bool), torch.tensor([label]))


def test_settings_out_of_range_are_refused():
    sums = sums_of(*drawn(11))
    with pytest.raises(ConfigError, match="ridge_lambda is 0"):
        ridge_directions(sums, ridge_lambda=0.0)
    with pytest.raises(ConfigError, match="shrinkage is -1"):
        conditional_directions(sums, ridge_directions(sums), shrinkage=-1.0)
