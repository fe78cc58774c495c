"""Placing on maps; against UMAP's own transform in the slow test."""

import numpy as np
import pytest
import torch
from sklearn.decomposition import PCA

from explorer.latent.layout_settings import METRICS, PcaSettings, UmapSettings
from explorer.latent.placing import frame_of, on_axes, on_umap
from explorer.latent.projection import Projection, pca, pca_layout


def groups(seed: int, count: int, dim: int, spread: float = 0.3) -> torch.Tensor:
    """Five groups of latents."""
    chance = torch.Generator().manual_seed(seed)
    middles = torch.randn(5, dim, generator=torch.Generator().manual_seed(99))
    noise = torch.randn(count, dim, generator=chance)
    return middles[torch.arange(count) % 5] + spread * noise


def drawn_map(count: int, **settings) -> Projection:
    places = np.random.default_rng(0).normal(size=(count, 2)).astype(np.float32)
    chosen = {"n_neighbors": 15, "min_dist": 0.1, "metric": "euclidean", **settings}
    return Projection(places, "umap", chosen)


@pytest.mark.parametrize("axes", [(1, 2), (3, 4), (2, 1)])
def test_pca_places_new_latents_as_scikit_learn_does(axes):
    latents, others = groups(0, 90, 12) + 5, groups(1, 20, 12) + 5
    layout = pca_layout(latents, PcaSettings(*axes))
    reference = PCA(4, svd_solver="full").fit(latents.double().numpy())
    expected = reference.transform(others.double().numpy())[:, [axes[0] - 1, axes[1] - 1]]
    found = on_axes(frame_of(latents, layout), others)
    signs = np.sign((found * expected).sum(0))
    np.testing.assert_allclose(found * signs, expected, atol=1e-3)


def test_pca_places_the_maps_own_latents_where_they_lie():
    latents = groups(0, 60, 8)
    layout = pca_layout(latents)
    np.testing.assert_allclose(
        on_axes(frame_of(latents, layout), latents), layout.coordinates, atol=1e-4
    )


def test_the_randomised_solver_places_its_own_latents_almost_where_they_lie():
    latents = groups(0, 600, 520)
    layout = pca_layout(latents)
    found = on_axes(frame_of(latents, layout), latents)
    assert np.abs(found - layout.coordinates).max() < 0.01 * layout.coordinates.std()


def test_an_axis_without_variance_places_at_zero():
    latents = torch.zeros(10, 4)
    latents[:, 0] = torch.arange(10.0)
    found = on_axes(frame_of(latents, pca_layout(latents)), torch.ones(2, 4))
    np.testing.assert_array_equal(found[:, 1], 0)


@pytest.mark.parametrize("metric", METRICS)
def test_on_a_umap_the_maps_own_latents_get_their_own_places(metric):
    latents, layout = groups(0, 60, 8), drawn_map(60, metric=metric)
    found = on_umap(frame_of(latents, layout), layout, latents)
    np.testing.assert_allclose(found, layout.coordinates, atol=1e-3)


def test_a_new_latent_lies_between_its_neighbours_nearer_to_the_nearer_ones():
    latents, layout = groups(0, 200, 8), drawn_map(200, n_neighbors=6)
    new = groups(3, 10, 8)
    frame = frame_of(latents, layout)
    found = on_umap(frame, layout, new)
    for place, latent in zip(found, new, strict=True):
        gaps = np.linalg.norm(latents.numpy() - latent.numpy(), axis=1)
        near = np.argsort(gaps)[:6]
        places = layout.coordinates[near]
        assert (places.min(0) <= place + 1e-6).all() and (place <= places.max(0) + 1e-6).all()
        # The strengths of membership, found here by plain search for their width.
        widths = np.geomspace(1e-3, 1e3, 200_001)[:, None]
        width = widths[np.abs(np.exp(-gaps[near] / widths).sum(1) - np.log2(6)).argmin()]
        weights = np.exp(-gaps[near] / width)
        np.testing.assert_allclose(place, weights @ places / weights.sum(), atol=2e-3)


def test_a_latent_far_from_all_others_still_has_a_finite_place():
    latents, layout = groups(0, 60, 8), drawn_map(60)
    found = on_umap(frame_of(latents, layout), layout, torch.full((1, 8), 1e6))
    assert np.isfinite(found).all()


def test_a_latent_in_the_very_middle_has_a_place_by_angle_too():
    latents, layout = groups(0, 60, 8), drawn_map(60, metric="cosine")
    frame = frame_of(latents, layout)
    middle = torch.from_numpy(frame.mean)[None]
    assert not frame.project(middle).any()
    assert np.isfinite(on_umap(frame, layout, middle)).all()


@pytest.mark.slow
@pytest.mark.parametrize("metric", ["euclidean", "cosine"])
def test_places_are_near_those_of_umaps_own_transform(metric):
    from umap import UMAP

    latents, others = groups(0, 400, 60), groups(1, 100, 60)
    components = pca(latents, 50)
    fitted = UMAP(n_neighbors=15, min_dist=0.1, metric=metric, random_state=0, n_jobs=1)
    places = np.ascontiguousarray(fitted.fit_transform(components), dtype=np.float32)
    settings = UmapSettings(metric=metric)
    layout = Projection(places, "umap", {"n_neighbors": 15, "metric": settings.metric})
    frame = frame_of(latents, layout)
    expected = fitted.transform(frame.project(others))
    gaps = np.linalg.norm(on_umap(frame, layout, others) - expected, axis=1)
    spread = float(np.sqrt(places.var(axis=0).sum()))
    assert np.median(gaps) < 0.1 * spread
