"""Fashion-MNIST in Debian's and in torchvision's folder layout."""

import gzip

import numpy as np
import pytest
from tiny_sets import fashion_mnist, write_idx

from explorer.data import fashion_mnist as module
from explorer.data.load import load_data
from explorer.errors import DataError
from explorer.settings import DataSettings


@pytest.fixture
def elsewhere(tmp_path, monkeypatch):
    """Neither the system's files nor the person's cache."""
    monkeypatch.setattr(module, "DEBIAN", tmp_path / "debian")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path


def test_pixels_are_padded_to_32_and_left_alone_at_28(tmp_path):
    settings = fashion_mnist(tmp_path)
    raw = np.random.default_rng(30).integers(0, 256, (30, 28, 28), dtype=np.uint8)
    padded = load_data(settings, "train").images
    np.testing.assert_array_equal(padded[:, 2:30, 2:30, 0], raw)
    assert padded.sum() == raw.sum()
    small = load_data(settings.model_copy(update={"image_size": 28}), "train").images
    np.testing.assert_array_equal(small[..., 0], raw)


def test_other_sizes_are_resized(tmp_path):
    settings = fashion_mnist(tmp_path).model_copy(update={"image_size": 64})
    assert load_data(settings, "train").images.shape == (30, 64, 64, 1)


@pytest.mark.parametrize("place", ["", "FashionMNIST/raw", "raw"])
@pytest.mark.parametrize("suffix", ["", ".gz"])
def test_all_layouts_give_the_same_images(tmp_path, place, suffix):
    fashion_mnist(tmp_path / "there" / place, suffix)
    fashion_mnist(tmp_path / "reference")
    digests = [
        load_data(DataSettings(name="fashion-mnist", root=str(tmp_path / root)), "test").digest()
        for root in ("there", "reference")
    ]
    assert digests[0] == digests[1]


def test_the_package_of_the_system_is_found_without_a_root(elsewhere):
    fashion_mnist(elsewhere / "debian")
    assert len(load_data(DataSettings(name="fashion-mnist"), "train")) == 30


def test_without_files_it_is_downloaded_once(elsewhere, monkeypatch):
    calls = []

    class FashionMNIST:
        def __init__(self, root, download):
            calls.append(root)
            fashion_mnist(module.Path(root) / "FashionMNIST" / "raw", "")

    monkeypatch.setattr("torchvision.datasets.FashionMNIST", FashionMNIST)
    for _ in range(2):
        assert len(load_data(DataSettings(name="fashion-mnist"), "train")) == 30
    assert len(calls) == 1


def test_without_a_network_the_person_learns_how_to_get_it(elsewhere, monkeypatch):
    def fail(root, download):
        raise RuntimeError("Error downloading train-images:\nname resolution")

    monkeypatch.setattr("torchvision.datasets.FashionMNIST", fail)
    with pytest.raises(DataError, match="apt install dataset-fashion-mnist") as caught:
        load_data(DataSettings(name="fashion-mnist"), "train")
    assert "\n" not in str(caught.value)
    assert list((elsewhere / "cache" / "latent-explorer").iterdir()) == []


def spoil_truncated(path):
    path.write_bytes(path.read_bytes()[:-100])


def spoil_foreign(path):
    path.write_bytes(gzip.compress(b"hello"))


def spoil_html(path):
    path.write_bytes(b"<html></html>")


def spoil_empty(path):
    path.write_bytes(b"")


def spoil_shape(path):
    write_idx(path, np.zeros((30, 27, 28), dtype=np.uint8))


def spoil_count(path):
    write_idx(path, np.zeros((29, 28, 28), dtype=np.uint8))


def spoil_length(path):
    content = gzip.decompress(path.read_bytes())
    path.write_bytes(gzip.compress(content + b"\0"))


@pytest.mark.parametrize(
    "spoil",
    [
        spoil_truncated,
        spoil_foreign,
        spoil_html,
        spoil_empty,
        spoil_shape,
        spoil_count,
        spoil_length,
    ],
)
def test_a_damaged_file_is_named(tmp_path, spoil):
    settings = fashion_mnist(tmp_path)
    spoil(tmp_path / "train-images-idx3-ubyte.gz")
    with pytest.raises(DataError, match=r"train-images-idx3-ubyte\.gz") as caught:
        load_data(settings, "train")
    assert "\n" not in str(caught.value)


def test_a_label_out_of_range_is_refused(tmp_path):
    settings = fashion_mnist(tmp_path)
    write_idx(tmp_path / "train-labels-idx1-ubyte.gz", np.full(30, 10, dtype=np.uint8))
    with pytest.raises(DataError, match="label 10"):
        load_data(settings, "train")


def test_the_check_names_a_missing_test_file(tmp_path):
    settings = fashion_mnist(tmp_path)
    (tmp_path / "t10k-labels-idx1-ubyte.gz").unlink()
    with pytest.raises(DataError, match="t10k-labels"):
        module.check(settings)
