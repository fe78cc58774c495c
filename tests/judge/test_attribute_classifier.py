import dataclasses

import pytest
import torch
from planted import ATTRIBUTES, squares

from explorer.data.images import to_images
from explorer.errors import DataError
from explorer.judge.attribute_classifier import accuracies, train_classifier


def test_it_tells_attributes_of_unseen_images(classifier):
    found = accuracies(classifier, squares(300, seed=1))
    assert tuple(found) == ATTRIBUTES
    assert min(found.values()) > 0.97, found


def test_speckle_does_not_pass_for_an_attribute(classifier):
    data = squares(300, seed=1)
    images = to_images(data.images)
    noisy = images + 0.05 * torch.randn(images.shape, generator=torch.Generator().manual_seed(0))
    right = classifier.has(noisy) == torch.from_numpy(data.attributes)
    assert right.double().mean() > 0.95


def test_accuracies_count_each_attribute_by_itself(classifier):
    data = squares(300, seed=1)
    marks = data.attributes.copy()
    marks[:150, 1] = ~marks[:150, 1]
    before = accuracies(classifier, data)
    after = accuracies(classifier, dataclasses.replace(data, attributes=marks))
    assert after["bottom"] == pytest.approx(0.5, abs=0.03)
    assert (after["top"], after["lid"]) == (before["top"], before["lid"])


def test_the_same_seed_trains_the_same_classifier_and_another_seed_another():
    data = squares(50)
    first, same, other = (train_classifier(data, steps=2, seed=seed) for seed in (3, 3, 4))
    images = to_images(data.images[:4])
    assert torch.equal(first(images), same(images))
    assert not torch.equal(first(images), other(images))


def test_training_leaves_the_global_generator_alone():
    torch.manual_seed(5)
    expected = torch.rand(1)
    torch.manual_seed(5)
    train_classifier(squares(20), steps=1, seed=0)
    assert torch.equal(torch.rand(1), expected)


def test_a_long_set_is_judged_as_its_images_one_by_one(classifier):
    images = to_images(squares(130).images)
    alone = torch.cat([classifier.predict(image[None]) for image in images])
    torch.testing.assert_close(classifier.predict(images), alone, atol=1e-5, rtol=0)


def test_images_of_other_sizes_and_of_one_channel_can_be_judged():
    data = squares(20)
    grey = dataclasses.replace(data, images=data.images[:, :7, :5, :1])
    assert train_classifier(grey, steps=1).predict(to_images(grey.images)).shape == (20, 3)


def test_images_without_attributes_are_refused_by_name():
    data = dataclasses.replace(squares(10), attribute_names=())
    with pytest.raises(DataError, match=r"squares: the images have no attributes"):
        train_classifier(data, steps=1)
