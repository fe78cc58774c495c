"""A classifier of classes: right on what it never saw, honest about how sure, small on disk."""

import numpy as np
import pytest
import torch
from toy_images import CLASS_NAMES, ellipses

from explorer.data.images import to_images
from explorer.errors import CheckpointError
from explorer.judge.class_classifier import (
    accuracy,
    load_class_classifier,
    save_class_classifier,
    train_class_classifier,
)
from explorer.latent.arrayfile import load_arrays, save_arrays


@pytest.fixture(scope="module")
def classifier():
    return train_class_classifier(ellipses(120, size=32))


def test_it_is_right_on_pictures_it_never_saw(classifier):
    assert accuracy(classifier, ellipses(300, size=32, seed=9)) > 0.7


def test_it_is_about_as_sure_as_it_is_right(classifier):
    unseen = ellipses(300, size=32, seed=9)
    sure = float(classifier.predict(to_images(unseen.images)).amax(1).mean())
    assert sure == pytest.approx(accuracy(classifier, unseen), abs=0.1)


def test_its_probabilities_sum_to_one_for_any_size(classifier):
    for size in (16, 28, 32, 64):
        shares = classifier.predict(to_images(ellipses(5, size=size).images))
        assert shares.shape == (5, len(CLASS_NAMES))
        torch.testing.assert_close(shares.sum(1), torch.ones(5))


def test_same_seed_same_classifier():
    images = to_images(ellipses(8).images)
    one, two = (train_class_classifier(ellipses(12), seed=3).predict(images) for _ in range(2))
    assert torch.equal(one, two)


def test_a_class_of_one_image_is_enough_to_train():
    classifier = train_class_classifier(ellipses(3))
    assert classifier.temperature == 1


def test_what_is_kept_judges_as_what_was_trained_and_is_small(classifier, tmp_path):
    path = tmp_path / "judge.npz"
    save_class_classifier(path, classifier)
    images = to_images(ellipses(30, size=32, seed=4).images)
    kept = load_class_classifier(path).predict(images)
    torch.testing.assert_close(kept, classifier.predict(images), rtol=0, atol=0.02)
    assert path.stat().st_size < 40_000


@pytest.mark.parametrize(
    "damage",
    [
        {"weights": np.zeros(7, dtype=np.float16)},
        {"weights": np.full(13_000, np.nan, dtype=np.float16)},
        {"shape": np.array([3, 2])},
        {"shape": np.array([0, 3])},
        {"temperature": np.zeros(1, dtype=np.float32)},
        {"temperature": np.full(1, np.nan, dtype=np.float32)},
    ],
)
def test_a_file_that_holds_no_classifier_is_refused(classifier, tmp_path, damage):
    path = tmp_path / "judge.npz"
    save_class_classifier(path, classifier)
    save_arrays(path, load_arrays(path, ["weights", "shape", "temperature"]) | damage)
    with pytest.raises(CheckpointError, match=r"judge\.npz"):
        load_class_classifier(path)
