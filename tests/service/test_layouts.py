"""Maps computed on demand: once, in another process, and never half."""

import numpy as np
import pytest
import torch
from tiny_models import GLICO, GLOW

from explorer.errors import ConfigError
from explorer.latent.layout_settings import PcaSettings, UmapSettings
from explorer.latent.projection import pca
from explorer.service import kept as kept_module
from explorer.service.codes import gallery_codes
from explorer.service.kept import kept_folder
from explorer.service.layouts import compute_layout, layouts_of
from explorer.service.placing import path_on_map, place
from explorer.service.progress import Cancelled, unreported
from explorer.service.workbench import Workbench


@pytest.fixture(scope="module")
def bench(tiny_root):
    return Workbench(tiny_root)


@pytest.fixture
def no_process(monkeypatch):
    """Fail where another process would be started."""

    def started(work, report):
        raise AssertionError(f"{work} was started")

    monkeypatch.setattr(kept_module, "aside", started)


def files_below(folder):
    return sorted(path for path in folder.rglob("*") if path.is_file())


@pytest.mark.parametrize("name", [GLOW, GLICO])
def test_the_codes_are_the_latents_of_all_images(bench, name):
    codes = gallery_codes(bench.open(name), unreported)
    torch.testing.assert_close(codes[[0, 7, 59]], bench.latents(name, [0, 7, 59]))
    assert len(codes) == 60


def test_encoded_latents_are_read_from_the_disk_the_next_time(bench, request):
    first = gallery_codes(bench.open(GLOW), unreported)
    request.getfixturevalue("no_process")
    assert torch.equal(gallery_codes(bench.open(GLOW), unreported), first)


def test_a_computed_map_is_kept_and_the_folder_left_alone(bench, request):
    opened = bench.open(GLICO)
    before = files_below(opened.folder)
    name = compute_layout(bench, GLICO, PcaSettings(2, 3), unreported)
    assert name == "pca-2-3"
    layout = layouts_of(opened)[name]
    expected = pca(gallery_codes(opened, unreported), 3)[:, 1:]
    np.testing.assert_allclose(layout.coordinates, expected, atol=1e-5)
    assert layout.count == 60
    assert files_below(opened.folder) == before
    assert bench.open(GLICO) is opened
    request.getfixturevalue("no_process")
    assert compute_layout(bench, GLICO, PcaSettings(2, 3), unreported) == name


def test_a_map_that_came_with_the_model_is_not_computed(bench, no_process):
    assert compute_layout(bench, GLICO, PcaSettings(), unreported) == "pca"


def test_cancelling_leaves_nothing(bench):
    opened = bench.open(GLICO)

    def report(share, doing):
        if "60 images" in doing:
            raise Cancelled("Cancelled.")

    with pytest.raises(Cancelled):
        compute_layout(bench, GLICO, UmapSettings(n_neighbors=5), report)
    assert UmapSettings(n_neighbors=5).name not in layouts_of(opened)
    assert not [path for path in files_below(kept_folder(opened)) if "umap-5" in path.name]


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (UmapSettings(n_neighbors=60), "n_neighbors is 60"),
        (UmapSettings(min_dist=float("nan")), "min_dist is nan"),
        (UmapSettings(metric="../x"), "No metric"),
        (PcaSettings(1, 1), "Both axes are 1"),
        (PcaSettings(1, 9), "axis 9 of 60 latents with 8 dimensions"),
    ],
)
def test_settings_that_are_not_allowed_start_nothing(bench, no_process, settings, message):
    with pytest.raises(ConfigError, match=message):
        compute_layout(bench, GLICO, settings, unreported)


def test_a_damaged_kept_map_is_left_out_and_said(bench, caplog):
    opened = bench.open(GLICO)
    compute_layout(bench, GLICO, PcaSettings(3, 4), unreported)
    (path,) = [path for path in files_below(kept_folder(opened)) if path.stem == "pca-3-4"]
    path.write_bytes(b"no map")
    assert "pca-3-4" not in layouts_of(opened)
    assert "left out" in caplog.text
    path.unlink()


def test_other_weights_or_images_are_kept_elsewhere(bench, tiny_root):
    assert kept_folder(bench.open(GLOW)) != kept_folder(bench.open(GLICO))
    assert kept_folder(Workbench(tiny_root).open(GLOW)) == kept_folder(bench.open(GLOW))


@pytest.mark.slow
def test_a_umap_is_computed_with_progress_and_repeats(bench):
    opened, shares = bench.open(GLICO), []
    settings = UmapSettings(n_neighbors=6, min_dist=0.3, metric="cosine")
    name = compute_layout(bench, GLICO, settings, lambda share, doing: shares.append(share))
    assert name == "umap-6-0.3-cosine"
    layout = layouts_of(opened)[name]
    assert layout.title == "UMAP 6 / 0.3 / cosine"
    assert shares == sorted(shares)
    assert any(0.4 < share <= 1.0 for share in shares)
    (path,) = [path for path in files_below(kept_folder(opened)) if path.stem == name]
    path.unlink()
    compute_layout(bench, GLICO, settings, unreported)
    np.testing.assert_array_equal(layouts_of(opened)[name].coordinates, layout.coordinates)


@pytest.mark.parametrize("name", [GLOW, GLICO])
def test_gallery_images_are_placed_where_they_lie(bench, name):
    layout = layouts_of(bench.open(name))["pca"]
    found = place(bench, name, "pca", bench.latents(name, [0, 8, 59]))
    slack = 0.01 * layout.coordinates.std()
    np.testing.assert_allclose(found, layout.coordinates[[0, 8, 59]], atol=slack)


def test_a_path_passes_the_images_it_runs_through(bench):
    latents = bench.latents(GLICO, [4, 9])
    latents = torch.stack([latents[0], latents.mean(0), latents[1]])
    path = path_on_map(bench, GLICO, "pca", latents)
    assert path.points.shape == (3, 2)
    assert (path.nearest[0], path.nearest[2]) == (4, 9)
    # The middle of two latents lies in the middle on a map along axes.
    np.testing.assert_allclose(path.points[1], path.points[[0, 2]].mean(0), atol=1e-4)


def test_what_cannot_be_placed_is_refused(bench):
    latents = bench.latents(GLICO, [4])
    with pytest.raises(ConfigError, match="no map 'tsne'"):
        place(bench, GLICO, "tsne", latents)
    with pytest.raises(ConfigError, match="finite ones with 8 values"):
        place(bench, GLICO, "pca", latents * float("nan"))
    with pytest.raises(ConfigError, match="finite ones with 8 values"):
        place(bench, GLICO, "pca", latents[:, :5])
