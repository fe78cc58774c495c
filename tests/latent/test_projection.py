import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from explorer.errors import CheckpointError, ConfigError, DataError
from explorer.latent.arrayfile import save_arrays
from explorer.latent.layout_settings import METRICS, PcaSettings, UmapSettings, settings_of
from explorer.latent.projection import (
    Projection,
    lay_out,
    load_projection,
    pca,
    pca_layout,
    save_projection,
    umap_layout,
)


def drawn(seed: int, count: int, dim: int) -> torch.Tensor:
    latents = torch.randn(count, dim, generator=torch.Generator().manual_seed(seed))
    return latents * torch.linspace(4, 1, dim) + 10


def reference_components(latents: torch.Tensor, dim: int) -> np.ndarray:
    values = latents.double().numpy()
    u, s, _ = np.linalg.svd(values - values.mean(0), full_matrices=False)
    return (u * s)[:, :dim]


@given(seed=st.integers(0, 2**31 - 1), count=st.integers(3, 40), dim=st.integers(2, 20))
@settings(max_examples=30)
def test_pca_agrees_with_the_singular_value_decomposition(seed, count, dim):
    latents = drawn(seed, count, dim)
    found, expected = pca(latents, 2), reference_components(latents, 2)
    # Squared distances do not depend on the signs; equal variances could swap, but not here.
    for i in range(2):
        signs = np.sign(found[:, i] @ expected[:, i])
        np.testing.assert_allclose(found[:, i] * signs, expected[:, i], atol=0.02)


def test_the_randomised_solver_finds_the_same_plane():
    latents = drawn(0, 600, 520) + 100 * drawn(1, 600, 2) @ drawn(2, 2, 520)
    expected = reference_components(latents, 2)
    found = pca(latents, 2)
    overlap = np.linalg.svd(
        (found / np.linalg.norm(found, axis=0)).T @ (expected / np.linalg.norm(expected, axis=0))
    )[1]
    np.testing.assert_allclose(overlap, 1, atol=1e-4)


def test_pca_of_equal_latents_gives_equal_maps():
    latents = drawn(0, 600, 520)
    np.testing.assert_array_equal(pca_layout(latents).coordinates, pca_layout(latents).coordinates)


def test_pca_of_one_repeated_latent_is_one_point():
    assert not pca(torch.full((5, 4), 0.1), 2).any()


def test_the_pca_layout_says_what_it_is():
    found = pca_layout(drawn(0, 10, 4))
    assert (found.method, found.count) == ("pca", 10)
    np.testing.assert_array_equal(found.coordinates, pca(drawn(0, 10, 4), 2))


def test_other_axes_are_the_later_components():
    latents = drawn(0, 30, 6)
    found = lay_out(latents, PcaSettings(4, 2))
    np.testing.assert_allclose(found.coordinates, pca(latents, 4)[:, [3, 1]], atol=1e-4)
    assert (found.title, found.settings) == ("PCA 4 / 2", {"first": 4, "second": 2})


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (PcaSettings(0, 1), "axis 0 .* 1 to 4 exist"),
        (PcaSettings(1, 5), "axis 5 .* 1 to 4 exist"),
        (PcaSettings(2, 2), "Both axes are 2"),
    ],
)
def test_axes_that_do_not_exist_are_refused(settings, message):
    with pytest.raises(ConfigError, match=message):
        pca_layout(drawn(0, 20, 4), settings)


def test_settings_name_their_map_for_files_and_for_people():
    assert (UmapSettings().name, PcaSettings().name) == ("umap", "pca")
    other = UmapSettings(30, 0.25, "cosine", 7)
    assert other.name == "umap-30-0.25-cosine-seed7"
    assert other.title == "UMAP 30 / 0.25 / cosine / seed 7"
    assert PcaSettings(3, 4).name == "pca-3-4"


@pytest.mark.parametrize("layout", [pca_layout, umap_layout])
def test_two_latents_are_too_few_for_a_map(layout):
    with pytest.raises(DataError, match="there are 2"):
        layout(drawn(0, 2, 5))


def test_three_latents_are_too_few_for_umap():
    with pytest.raises(DataError, match="at least 4 latents; there are 3"):
        umap_layout(drawn(0, 3, 5), UmapSettings(n_neighbors=2))


@pytest.mark.parametrize("layout", [pca_layout, umap_layout])
def test_a_latent_that_is_not_finite_is_named(layout):
    latents = drawn(0, 20, 5)
    latents[7, 2] = math.inf
    with pytest.raises(DataError, match="Latent 7 is not finite"):
        layout(latents)


def test_more_components_than_exist_are_refused():
    with pytest.raises(ConfigError, match="1 to 4 exist"):
        pca(drawn(0, 20, 4), 5)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"n_neighbors": 20}, "n_neighbors is 20; for 20 latents it must lie in 2 to 19"),
        ({"n_neighbors": 1}, "n_neighbors is 1"),
        ({"min_dist": -0.1}, "min_dist is -0.1"),
        ({"min_dist": math.nan}, "min_dist is nan"),
        ({"metric": "euclid"}, "Did you mean 'euclidean'"),
        ({"seed": -1}, "seed is -1"),
    ],
)
def test_a_umap_setting_out_of_range_is_refused(wrong, message):
    with pytest.raises(ConfigError, match=message):
        umap_layout(drawn(0, 20, 5), UmapSettings(**wrong))


@pytest.mark.slow
def test_umap_repeats_with_its_seed_and_changes_with_another():
    latents = drawn(0, 60, 80)
    first = umap_layout(latents, UmapSettings(n_neighbors=5, seed=3))
    assert first.coordinates.shape == (60, 2)
    assert first.coordinates.dtype == np.float32
    assert np.isfinite(first.coordinates).all()
    assert first.settings == {"n_neighbors": 5, "min_dist": 0.1, "metric": "euclidean"}
    assert (first.method, first.seed, first.count) == ("umap", 3, 60)
    assert first.seconds > 0
    again = umap_layout(latents, UmapSettings(n_neighbors=5, seed=3))
    np.testing.assert_array_equal(first.coordinates, again.coordinates)
    shares = []
    other = lay_out(latents, UmapSettings(n_neighbors=5, seed=4), shares.append)
    assert shares == sorted(shares)
    assert shares[-1] == 1
    assert not np.array_equal(first.coordinates, other.coordinates)


@pytest.mark.slow
@pytest.mark.parametrize("metric", METRICS)
def test_umap_keeps_far_groups_apart_under_each_metric(metric):
    latents = torch.randn(40, 6, generator=torch.Generator().manual_seed(0))
    latents[:20, 0] += 30
    latents[20:, 1] += 30
    points = umap_layout(latents, UmapSettings(n_neighbors=5, metric=metric)).coordinates
    first, second = points[:20], points[20:]
    nearest_other = np.linalg.norm(first[:, None] - second[None], axis=2).min()
    nearest_own = np.linalg.norm(
        first[:, None] - first[None] + 1e9 * np.eye(20)[..., None], axis=2
    )
    assert nearest_other > nearest_own.min(axis=1).max()


@pytest.mark.slow
def test_umap_takes_the_fewest_points_it_allows():
    assert np.isfinite(umap_layout(drawn(0, 4, 3), UmapSettings(n_neighbors=2)).coordinates).all()


def test_a_saved_projection_comes_back(tmp_path):
    before = Projection(
        np.arange(8, dtype=np.float32).reshape(4, 2), "umap", {"metric": "cosine"}, 5, 1.25
    )
    save_projection(tmp_path / "map.npz", before)
    after = load_projection(tmp_path / "map.npz")
    np.testing.assert_array_equal(after.coordinates, before.coordinates)
    assert (after.method, after.settings, after.seed, after.seconds) == (
        "umap",
        {"metric": "cosine"},
        5,
        1.25,
    )


@pytest.mark.parametrize(
    ("coordinates", "about", "message"),
    [
        (np.zeros((3, 3), dtype=np.float32), "{}", r"shape \(3, 3\)"),
        (np.zeros((3, 2)), "{}", "float64"),
        (np.full((3, 2), np.nan, dtype=np.float32), "{}", "not finite"),
        (np.zeros((3, 2), dtype=np.float32), "{}", "does not say"),
        (np.zeros((3, 2), dtype=np.float32), "no json", "does not say"),
        (np.zeros((3, 2), dtype=np.float32), "[1]", "does not say"),
    ],
)
def test_a_file_that_is_no_projection_is_refused(tmp_path, coordinates, about, message):
    save_arrays(tmp_path / "map.npz", {"coordinates": coordinates, "about": np.array(about)})
    with pytest.raises(CheckpointError, match=message):
        load_projection(tmp_path / "map.npz")


@given(
    st.builds(PcaSettings, st.integers(1, 999), st.integers(1, 999))
    | st.builds(
        UmapSettings,
        st.integers(2, 200),
        st.floats(0, 1),
        st.sampled_from(METRICS),
        st.integers(0, 2**32 - 1),
    )
)
def test_a_map_is_found_by_its_name_and_its_settings_by_that(settings):
    assert settings_of(settings.name) == settings


@pytest.mark.parametrize("name", ["", "umap-", "umap-3-x-cosine", "pca-1", "tsne", "pca-1-2-3"])
def test_a_name_of_no_map_is_refused(name):
    with pytest.raises(ConfigError, match="names no map"):
        settings_of(name)
