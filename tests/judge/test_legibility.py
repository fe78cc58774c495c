import numpy as np
import pytest
import torch
from PIL import Image
from scipy.ndimage import gaussian_filter, laplace
from scipy.stats import entropy

from explorer.judge.legibility import information, sharpness


def noise(channels=1, side=16):
    return torch.rand(2, channels, side, side, generator=torch.Generator().manual_seed(0))


def test_sharpness_is_the_root_mean_square_of_scipys_laplacian():
    images = noise()
    expected = [np.sqrt(np.square(laplace(i[0].double().numpy())).mean()) for i in images]
    np.testing.assert_allclose(sharpness(images), expected, rtol=1e-6)


def test_a_blur_is_less_sharp_and_a_plain_colour_not_at_all():
    image = noise()
    blurred = torch.from_numpy(gaussian_filter(image.numpy(), (0, 0, 1.5, 1.5)))
    assert (sharpness(blurred) < 0.5 * sharpness(image)).all()
    assert sharpness(torch.full((1, 3, 8, 8), 0.3)).item() == pytest.approx(0, abs=1e-7)


def test_information_is_the_entropy_of_the_grey_levels():
    images = (noise(side=32) * 20).round() / 255
    expected = []
    for image in images:
        counts = np.unique((image[0] * 255).round().int().numpy(), return_counts=True)[1]
        expected.append(entropy(counts, base=2))
    np.testing.assert_allclose(information(images), expected, rtol=1e-9)
    assert information(torch.full((1, 3, 8, 8), 0.3)).tolist() == [0]


def test_colours_are_weighed_as_pillow_weighs_them():
    pixels = np.array([[[255, 0, 0], [0, 255, 0], [0, 0, 255], [255, 255, 255]]], dtype=np.uint8)
    grey = np.unique(np.asarray(Image.fromarray(pixels).convert("L")), return_counts=True)[1]
    image = torch.from_numpy(pixels).permute(2, 0, 1)[None].float() / 255
    assert information(image).item() == pytest.approx(entropy(grey, base=2)) == 2
