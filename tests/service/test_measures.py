import shutil

import numpy as np
import pytest
from tiny_models import GLICO, GLOW

from explorer.data.images import to_pixels
from explorer.errors import CheckpointError, DataError
from explorer.latent.arrayfile import save_arrays
from explorer.service.colours import colours
from explorer.service.prepare import measure, seal
from explorer.service.references import bits_reference, histogram, norm_reference
from explorer.service.workbench import Workbench


@pytest.fixture(scope="module")
def bench(tiny_root):
    return Workbench(tiny_root)


@pytest.mark.parametrize("name", [GLOW, GLICO])
def test_measures_are_what_a_direct_computation_gives(bench, name):
    opened = bench.open(name)
    for position in (0, 7, 59):
        pixels = opened.gallery.pixels[position : position + 1]
        bits = bench.bits_per_dim(name, pixels)[0]
        np.testing.assert_allclose(
            opened.measures.bits_per_dim[position], bits, rtol=1e-5, equal_nan=True
        )
        back = opened.model.decode(bench.latents(name, [position]))
        gaps = (to_pixels(back).astype(float) - pixels) / 255
        error = np.sqrt((gaps**2).mean())
        np.testing.assert_allclose(opened.measures.reconstruction[position], error, rtol=1e-3)


def test_only_a_model_with_a_likelihood_has_bits(bench):
    assert bench.open(GLOW).measures.has_density
    assert not bench.open(GLICO).measures.has_density
    assert bits_reference(bench.open(GLICO)) is None


def test_measuring_again_changes_the_measures_only(tiny_root, tmp_path):
    folder = shutil.copytree(tiny_root / GLICO, tmp_path / GLICO)
    (folder / "measures.npz").unlink()
    seal(folder)
    before = {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}
    found = measure(folder)
    for name, content in before.items():
        if name != "manifest.json":
            assert (folder / name).read_bytes() == content
    opened = Workbench(tmp_path).open(GLICO)  # opens: the manifest fits
    np.testing.assert_array_equal(opened.measures.reconstruction, found.reconstruction)


def test_a_folder_without_measures_opens_without(tiny_root, tmp_path):
    folder = shutil.copytree(tiny_root / GLOW, tmp_path / GLOW)
    (folder / "measures.npz").unlink()
    seal(folder)
    opened = Workbench(tmp_path).open(GLOW)
    assert opened.measures is None
    assert bits_reference(opened) is None
    assert {"bits", "error"}.isdisjoint(colour.name for colour in colours(opened))


def test_measures_of_another_gallery_are_refused(tiny_root, tmp_path):
    folder = shutil.copytree(tiny_root / GLOW, tmp_path / GLOW)
    wrong = np.zeros(3, dtype=np.float32)
    save_arrays(folder / "measures.npz", {"bits_per_dim": wrong, "reconstruction": wrong})
    seal(folder)
    with pytest.raises(CheckpointError, match=r"shape \(3,\).*\(60,\).*measure --model"):
        Workbench(tmp_path).open(GLOW)


def test_a_histogram_holds_every_finite_value():
    values = np.append(np.linspace(0, 10, 101), np.nan)
    found = histogram(values, bins=10)
    assert found.count == 101
    assert found.shares.sum() == pytest.approx(1)
    assert (found.edges[0], found.edges[-1]) == (0, 10)
    assert (found.low, found.median, found.high) == pytest.approx((0.25, 5, 9.75))
    with pytest.raises(DataError, match="no finite value"):
        histogram(np.array([np.nan]))


def test_references_are_of_training_images(bench):
    opened = bench.open(GLOW)
    assert norm_reference(opened).count == len(opened.gallery.norms)
    assert bits_reference(opened).count == int((~opened.gallery.held_out).sum())


def test_colours_say_what_they_are(bench):
    opened = bench.open(GLOW)
    found = {colour.name: colour for colour in colours(opened)}
    np.testing.assert_array_equal(found["class"].values, opened.gallery.labels)
    assert found["class"].labels == opened.data.class_names
    for column, name in enumerate(opened.data.attribute_names):
        assert found[f"attribute-{column}"].title == name
        np.testing.assert_array_equal(
            found[f"attribute-{column}"].values, opened.gallery.attributes[:, column]
        )
    assert found["bits"].low < np.median(found["bits"].values) < found["bits"].high
    assert "bits" not in {colour.name for colour in colours(bench.open(GLICO))}
