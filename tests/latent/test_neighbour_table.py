import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.neighbors import NearestNeighbors

from explorer.errors import ConfigError
from explorer.latent import neighbour_table as module
from explorer.latent.neighbour_table import nearest_of_each


def drawn(seed: int, count: int, dim: int = 6) -> torch.Tensor:
    return torch.randn(count, dim, generator=torch.Generator().manual_seed(seed))


def quietly(share: float) -> None:
    """Take a report."""


@given(seed=st.integers(0, 2**31 - 1), count=st.integers(2, 60), data=st.data())
@settings(max_examples=40)
def test_neighbours_are_those_of_a_plain_search(seed, count, data):
    k = data.draw(st.integers(1, count - 1))
    latents = drawn(seed, count)
    found = nearest_of_each(latents, k, quietly)
    search = NearestNeighbors(n_neighbors=k, algorithm="brute").fit(latents.double().numpy())
    distances, indices = search.kneighbors()  # without arguments: the others of each row
    np.testing.assert_allclose(found.distances.numpy(), distances, rtol=1e-9)
    np.testing.assert_array_equal(found.indices.numpy(), indices)


def test_many_rows_in_high_dimensions_far_from_zero_are_found_exactly():
    latents = drawn(0, 700, 512) + 50
    found = nearest_of_each(latents, 8, quietly)
    search = NearestNeighbors(n_neighbors=8, algorithm="brute").fit(latents.double().numpy())
    distances, indices = search.kneighbors()
    np.testing.assert_allclose(found.distances.numpy(), distances, rtol=1e-9)
    np.testing.assert_array_equal(found.indices.numpy(), indices)


def test_where_rounding_hides_the_order_the_search_is_repeated_exactly():
    # Gaps of 1e-4 between latents of length 1e3: single precision sees none of them.
    latents = torch.zeros(80, 3)
    latents[:, 0] = torch.linspace(0, 80e-4, 80)
    latents[0, 1], latents[1, 1] = 1e3, -1e3
    found = nearest_of_each(latents, 2, quietly)
    for row in range(10, 70):
        gaps = (latents[2:].double() - latents[row].double()).norm(dim=1)
        expected = gaps.sort(stable=True).values[1:3]
        torch.testing.assert_close(found.distances[row], expected, rtol=1e-12, atol=0)


def test_equal_latents_find_one_another_and_never_themselves():
    latents = drawn(0, 3).repeat(20, 1)
    found = nearest_of_each(latents, 5, quietly)
    assert found.distances.max() == 0
    assert not (found.indices == torch.arange(60)[:, None]).any()
    assert (found.indices % 3 == (torch.arange(60) % 3)[:, None]).all()


def test_angles_are_those_between_the_latents():
    found = nearest_of_each(torch.tensor([[1.0, 0.0], [0.0, 2.0], [-9.0, 0.0]]), 1, quietly)
    assert found.indices.flatten().tolist() == [1, 0, 1]
    np.testing.assert_allclose(found.angles.flatten(), np.pi / 2)


def test_searching_in_chunks_changes_nothing_and_is_told(monkeypatch):
    latents, shares = drawn(0, 50), []
    whole = nearest_of_each(latents, 7, quietly)
    monkeypatch.setattr(module, "CHUNK", 8)
    parts = nearest_of_each(latents, 7, shares.append)
    assert torch.equal(whole.indices, parts.indices)
    assert torch.equal(whole.distances, parts.distances)
    assert shares == [first / 50 for first in range(0, 50, 8)]


@pytest.mark.parametrize("k", [0, 5])
def test_more_neighbours_than_there_are_others_are_refused(k):
    with pytest.raises(ConfigError, match=f"k is {k}; each of 5 latents has 1 to 4 others"):
        nearest_of_each(drawn(0, 5), k, quietly)
