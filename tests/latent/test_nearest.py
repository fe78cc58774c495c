import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from explorer.errors import ConfigError
from explorer.latent import nearest as module
from explorer.latent.nearest import nearest


def drawn(seed: int, count: int, dim: int = 6) -> torch.Tensor:
    return torch.randn(count, dim, generator=torch.Generator().manual_seed(seed))


@given(seed=st.integers(0, 2**31 - 1), n=st.integers(1, 30), data=st.data())
def test_neighbours_are_those_of_a_plain_search(seed, n, data):
    k = data.draw(st.integers(1, n))
    latents, query = drawn(seed, n), drawn(seed + 1, 3)
    found = nearest(latents, query, k)
    for i in range(3):
        gaps = latents.numpy().astype(np.float64) - query[i].numpy().astype(np.float64)
        distances = np.sqrt((gaps**2).sum(1))
        np.testing.assert_allclose(found.distances[i], np.sort(distances)[:k], rtol=1e-12)
        np.testing.assert_allclose(found.distances[i], distances[found.indices[i]], rtol=1e-12)


def test_a_latent_finds_itself_at_distance_exactly_zero():
    latents = 1e4 + drawn(0, 20)
    found = nearest(latents, latents, 1)
    assert found.indices.flatten().tolist() == list(range(20))
    assert found.distances.max() == 0
    assert found.angles.max() == 0


def test_of_equal_latents_the_lower_row_comes_first():
    latents = drawn(0, 3).repeat(3, 1)
    assert nearest(latents, latents[:1], 3).indices.tolist() == [[0, 3, 6]]


def test_of_latents_at_equal_distance_the_lower_row_comes_first():
    query, steps = drawn(0, 1).double(), drawn(1, 50).double()
    mirrored = torch.stack([query + steps, query - steps], dim=1).reshape(100, -1)
    found = nearest(mirrored, query, 100).indices[0].reshape(50, 2)
    assert torch.equal(found[:, 0] + 1, found[:, 1])


def test_angles_are_those_between_query_and_neighbour():
    latents = torch.tensor([[0.0, 2.0], [-3.0, 0.0]])
    found = nearest(latents, torch.tensor([[1.0, 0.0]]), 2)
    assert found.indices.tolist() == [[0, 1]]
    assert found.angles[0].tolist() == pytest.approx([math.pi / 2, math.pi])


def test_searching_in_chunks_changes_nothing(monkeypatch):
    latents, query = drawn(0, 50), drawn(1, 4)
    whole = nearest(latents, query, 7)
    monkeypatch.setattr(module, "CHUNK", 8)
    parts = nearest(latents, query, 7)
    assert torch.equal(whole.indices, parts.indices)
    assert torch.equal(whole.distances, parts.distances)


@pytest.mark.parametrize("k", [0, 6])
def test_more_neighbours_than_there_are_latents_are_refused(k):
    with pytest.raises(ConfigError, match=f"k is {k}; of 5 latents 1 to 5"):
        nearest(drawn(0, 5), drawn(1, 1), k)
