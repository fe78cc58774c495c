"""Fitting and sampling from a person's own code, with good and with bad input."""

import re
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torch.utils.data import DataLoader, TensorDataset

from explorer.augment import Augmented, Glico, MixInBatch, ReplaceInBatch
from explorer.errors import CheckpointError, ConfigError, DataError
from explorer.latent import mixing
from explorer.models import glico as models

README = Path(__file__).parents[2] / "README.md"
TINY = models._tiny()


def photos(count=12, classes=3, channels=3, side=16, seed=0):
    """Images whose class can be seen: bright, middle, dark."""
    chance = np.random.default_rng(seed)
    labels = np.arange(count) % classes
    pixels = (
        chance.integers(0, 60, (count, side, side, channels)) + 60 * labels[:, None, None, None]
    )
    return pixels.astype(np.uint8), labels


def small(**more):
    return Glico(steps=2, image_size=16, settings=TINY, device="cpu", **more)


@pytest.fixture(scope="module")
def fitted():
    return small().fit(*photos())


def test_samples_come_class_by_class_and_repeat_themselves(fitted):
    images, labels = fitted.sample(4, seed=1)
    assert images.shape == (12, 3, 16, 16) and labels.tolist() == [0] * 4 + [1] * 4 + [2] * 4
    assert float(images.min()) >= 0 and float(images.max()) <= 1
    again, _ = small().fit(*photos()).sample(4, seed=1)
    torch.testing.assert_close(images, again)
    fewer, _ = fitted.sample(2, seed=1)
    torch.testing.assert_close(images[labels == 1][:2], fewer[2:4])
    assert not torch.equal(images, fitted.sample(4, seed=2)[0])


def test_a_fit_leaves_torchs_own_draws_alone():
    torch.manual_seed(3)
    expected = torch.rand(2)
    torch.manual_seed(3)
    small().fit(*photos())
    assert torch.equal(torch.rand(2), expected)


def test_tensors_arrays_and_folders_are_the_same_images(fitted, tmp_path):
    pixels, labels = photos()
    floats = torch.from_numpy(pixels).permute(0, 3, 1, 2).float() / 255
    other = small().fit(floats, torch.from_numpy(labels))
    torch.testing.assert_close(other.sample(2)[0], fitted.sample(2)[0])
    for row, (picture, label) in enumerate(zip(pixels, labels, strict=True)):
        (tmp_path / f"kind {label}").mkdir(exist_ok=True)
        Image.fromarray(picture).save(tmp_path / f"kind {label}" / f"{row}.png")
    folder = small().fit(tmp_path, shots=3)
    assert folder.classes == ("kind 0", "kind 1", "kind 2")
    assert folder.sample(1)[0].shape == (3, 3, 16, 16)


def test_it_comes_back_from_its_folder(fitted, tmp_path):
    fitted.save(tmp_path / "mine")
    back = Glico.load(tmp_path / "mine")
    torch.testing.assert_close(back.sample(3)[0], fitted.sample(3)[0])
    assert back.classes == ("0", "1", "2")
    with pytest.raises(ConfigError, match="holds a model already"):
        fitted.save(tmp_path / "mine")


def test_another_model_is_no_glico(tiny_root):
    with pytest.raises(CheckpointError, match="another model than GLICO"):
        Glico.load(tiny_root / "tiny-glow")
    assert len(Glico.load(tiny_root / "tiny-glico").classes) == 5


def test_soft_labels_are_mixed_as_the_images_are(fitted):
    images, shares = fitted.sample_soft(6, seed=2)
    assert images.shape == (18, 3, 16, 16) and shares.shape == (18, 3)
    torch.testing.assert_close(shares.sum(1), torch.ones(18))
    assert shares.argmax(1).tolist() == [0] * 6 + [1] * 6 + [2] * 6
    assert (shares.max(1).values >= 0.5).all() and (shares.max(1).values < 1).any()
    fewer, _ = fitted.sample_soft(2, seed=2)
    torch.testing.assert_close(images[6:8], fewer[2:4])
    pixels, labels = photos()
    lone = small().fit(pixels[labels == 0], np.zeros((labels == 0).sum(), dtype=int))
    with pytest.raises(DataError, match="no other class"):
        lone.sample_soft(1)


def test_residual_keeps_the_first_image_where_nothing_is_mixed(fitted, monkeypatch, tmp_path):
    mixes = mixing.Mixes(np.array([3]), np.array([4]), np.array([0.0]))
    monkeypatch.setattr("explorer.augment.glico.draw_mixes", lambda *_args, **_more: mixes)
    images, shares = fitted.sample_soft(1, residual=True)
    own = torch.from_numpy(photos()[0][3]).permute(2, 0, 1) / 255
    torch.testing.assert_close(images[0], own, atol=1e-5, rtol=0)
    assert shares[0].tolist() == [1, 0, 0]
    fitted.save(tmp_path / "soft")
    with pytest.raises(ConfigError, match="Leave `residual` out"):
        Glico.load(tmp_path / "soft").sample_soft(1, residual=True)


def test_a_batch_is_mixed_in_part_and_its_labels_with_it(fitted):
    images, labels = dataset().tensors
    made, shares = MixInBatch(fitted, probability=0.5, seed=1, residual=True)(images, labels)
    changed = (made != images).flatten(1).any(1)
    assert 5 < int(changed.sum()) < 35
    torch.testing.assert_close(shares.sum(1), torch.ones(40))
    assert shares.argmax(1).tolist() == labels.tolist()
    assert (shares[~changed].max(1).values == 1).all()
    assert (shares[changed].max(1).values < 1).any()
    again, others = MixInBatch(fitted, probability=0.5, seed=1, residual=True)(images, labels)
    torch.testing.assert_close((made, shares), (again, others))
    assert torch.equal(MixInBatch(fitted, probability=0.0)(images, labels)[0], images)


def dataset(count=40):
    pixels, labels = photos(count)
    return TensorDataset(
        torch.from_numpy(pixels).permute(0, 3, 1, 2).float() / 255, torch.from_numpy(labels)
    )


def replaced(wrapped, plain):
    return np.array(
        [not torch.equal(wrapped[k][0], plain[k][0]) for k in range(len(plain))], dtype=bool
    )


def test_elements_are_replaced_one_by_one_with_the_probability(fitted):
    plain = dataset(400)
    share = replaced(Augmented(plain, fitted, probability=0.3), plain).mean()
    assert abs(share - 0.3) < 4 * (0.3 * 0.7 / 400) ** 0.5
    assert not replaced(Augmented(plain, fitted, probability=0.0), plain).any()
    assert replaced(Augmented(plain, fitted, probability=1.0), plain).all()


def test_labels_stay_and_epochs_differ(fitted):
    plain = dataset()
    wrapped = Augmented(plain, fitted, probability=0.5, seed=4)
    assert [wrapped[k][1] for k in range(40)] == [plain[k][1] for k in range(40)]
    first = replaced(wrapped, plain)
    np.testing.assert_array_equal(first, replaced(wrapped, plain))
    wrapped.set_epoch(1)
    assert (first != replaced(wrapped, plain)).any()


def test_any_number_of_workers_gives_the_same(fitted):
    wrapped = Augmented(dataset(8), fitted, probability=0.5)
    batches = [
        torch.cat([images for images, _ in DataLoader(wrapped, 4, num_workers=workers)])
        for workers in (0, 2)
    ]
    torch.testing.assert_close(*batches)


def test_a_transform_meets_real_images_and_samples(fitted):
    wrapped = Augmented(dataset(), fitted, probability=0.5, transform=lambda image: image - 1)
    assert all(float(wrapped[k][0].max()) <= 0 for k in range(10))


def test_a_batch_is_replaced_in_part(fitted):
    images, labels = dataset().tensors
    change = ReplaceInBatch(fitted, probability=0.5, seed=1)
    before = images.clone()
    made, same = change(images, labels)
    assert torch.equal(images, before), "the batch that was given stays"
    changed = (made != images).flatten(1).any(1)
    assert 5 < int(changed.sum()) < 35 and same is labels
    assert not torch.equal(made, change(images, labels)[0]), "the next batch draws anew"
    repeated = ReplaceInBatch(fitted, probability=0.5, seed=1)(images, labels)[0]
    torch.testing.assert_close(made, repeated)


def test_one_image_a_class_can_be_fitted_but_not_mixed():
    pixels, _ = photos(3)
    lone = small().fit(pixels, ["a", "b", "c"])
    assert "'a' has one image" in lone.notes[0]
    with pytest.raises(DataError, match="single training image"):
        lone.sample(1)


def test_identical_images_are_told_and_those_of_two_classes_refused():
    pixels, labels = photos()
    pixels[3] = pixels[0]
    found = small().fit(pixels, labels)
    assert found.notes == ("1 images are identical to an earlier one of their class.",)
    assert torch.isfinite(found.sample(5)[0]).all()
    pixels[1] = pixels[0]
    with pytest.raises(DataError, match=r"Images 0 and 1 are identical.*'0'.*'1'"):
        small().fit(pixels, labels)


def test_grey_colour_and_large_photos_are_converted_and_told():
    pixels, labels = photos()
    pictures = list(pixels)
    pictures[2] = pictures[2][:, :, 0]
    pictures[4] = np.random.default_rng(0).integers(0, 255, (2000, 3000, 3)).astype(np.uint8)
    found = small().fit(pictures, labels)
    assert found.image_shape == (3, 16, 16)
    assert found.notes == (
        "1 grey images became colour ones, as others are in colour.",
        "1 images were cropped to their middle square, 16 pixels wide.",
    )


def test_two_hundred_classes_with_odd_names():
    pixels, labels = photos(400, 200, 1, seed=5)
    names = [f"../cläss/{label}\n" for label in labels]
    found = small().fit(pixels, names)
    images, numbers = found.sample(1)
    assert images.shape == (200, 1, 16, 16) and len(set(numbers.tolist())) == 200
    assert found.classes[int(found.numbers([names[7]])[0])] == names[7]


@pytest.mark.parametrize(
    ("images", "labels", "message"),
    [
        ("folder", [0, 1], "Labels were given beside a folder"),
        (photos()[0], None, "without labels"),
        (photos()[0], [0, 1], "12 images and 2 labels"),
        (photos()[0][:1], [0], "at least 2"),
        (np.zeros((2, 8, 8, 4), np.uint8), [0, 1], "1 or 3 channels"),
        (np.zeros((2, 8, 8, 3), np.int64), [0, 1], "8 bits or floats"),
        (torch.full((2, 3, 8, 8), 1.5), [0, 1], "Undo a normalisation"),
        (torch.full((2, 3, 8, 8), torch.nan), [0, 1], "values from nan"),
    ],
)
def test_what_is_no_labelled_image_is_refused(images, labels, message):
    with pytest.raises((ConfigError, DataError), match=message):
        small().fit(images, labels)


def test_use_before_a_fit_and_with_wrong_images_is_refused(fitted):
    with pytest.raises(ConfigError, match="not fitted yet"):
        small().sample(1)
    with pytest.raises(ConfigError, match=r"probability is 2\.0"):
        Augmented(dataset(), fitted, probability=2.0)
    with pytest.raises(ConfigError, match=r"samples are tensors of shape \(3, 16, 16\)"):
        Augmented(TensorDataset(torch.zeros(1, 1, 8, 8), torch.zeros(1)), fitted)[0]
    with pytest.raises(ConfigError, match="Label 9 was not fitted"):
        ReplaceInBatch(fitted)(torch.zeros(1, 3, 16, 16), torch.tensor([9]))
    with pytest.raises(ConfigError, match="whole classes"):
        fitted.sample(1, partner="other-class")


def test_the_ten_lines_of_the_readme_run(monkeypatch):
    code = re.search(r"```python\n(from explorer\.augment.+?)```", README.read_text(), re.DOTALL)[
        1
    ]
    assert len(code.strip().splitlines()) <= 10
    fast = code.replace("steps=2000", "steps=2")
    assert fast != code
    names: dict = {}
    exec(fast, names)
    assert names["new_images"].shape == (200, 1, 32, 32)
