import numpy as np
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from explorer.latent.principal import principal_directions


def classes(seed: int, count: int = 300, dim: int = 12):
    """Classes far apart, their scatter 5, 3 and 2 along the first axes and 0.1 along the rest."""
    generator = torch.Generator().manual_seed(seed)
    labels = torch.randint(0, 4, (count,), generator=generator)
    sizes = torch.tensor([5.0, 3.0, 2.0] + [0.1] * (dim - 3))
    means = 50 * torch.randn(4, dim, generator=generator)
    return means[labels] + sizes * torch.randn(count, dim, generator=generator), labels


@given(seed=st.integers(0, 1000))
@settings(max_examples=10)
def test_it_equals_the_exact_decomposition_of_the_centred_latents(seed):
    latents, labels = classes(seed)
    centred = latents.double().clone()
    for label in range(4):
        centred[labels == label] -= centred[labels == label].mean(0)
    _, lengths, axes = np.linalg.svd(centred.numpy(), full_matrices=False)
    found = principal_directions(latents, labels, 3)
    for row in range(3):
        axis = found[row].double().numpy()
        expected = lengths[row] / np.sqrt(300 - 4)
        np.testing.assert_allclose(np.linalg.norm(axis), expected, rtol=1e-3)
        assert abs(axis @ axes[row]) / np.linalg.norm(axis) > 0.999


def test_classes_that_lie_apart_do_not_count_as_variation():
    latents, labels = classes(0)
    first = principal_directions(latents, labels, 1)[0]
    assert abs(first[0]) > 0.95 * first.norm()
    ignored = principal_directions(latents, torch.zeros_like(labels), 1)[0]
    assert abs(ignored[0]) < 0.9 * ignored.norm()


def test_it_repeats_itself_and_its_largest_value_is_positive():
    latents, labels = classes(1)
    found = principal_directions(latents, labels, 3)
    assert torch.equal(found, principal_directions(latents, labels, 3))
    assert (found.gather(1, found.abs().argmax(1, keepdim=True)) > 0).all()


def test_there_are_no_more_directions_than_the_images_span():
    latents = torch.randn(5, 9, generator=torch.Generator().manual_seed(0))
    assert principal_directions(latents, torch.tensor([0, 0, 0, 1, 1]), 8).shape == (3, 9)
    assert principal_directions(latents, torch.arange(5), 8).shape == (0, 9)
    assert principal_directions(torch.ones(6, 9), torch.zeros(6).long(), 8).shape == (0, 9)
