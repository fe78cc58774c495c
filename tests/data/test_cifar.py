"""CIFAR-10 and CIFAR-100 read from the pickles of their authors, and from nothing worse."""

import os
import pickle

import numpy as np
import pytest
from tiny_sets import cifar10, cifar100, cifar_batch, write_cifar

from explorer.data.load import load_data
from explorer.errors import DataError
from explorer.settings import DataSettings


def test_planes_become_pixels_in_the_order_of_the_batches(tmp_path):
    data = load_data(cifar10(tmp_path), "train")
    assert data.images.shape == (50, 32, 32, 3)
    second = cifar_batch(2, 10, 10, "labels")["data"][0]
    np.testing.assert_array_equal(data.images[10, :, :, 0].ravel(), second[:1024])
    np.testing.assert_array_equal(data.images[10, :, :, 2].ravel(), second[2048:])
    assert data.class_names[0] == "kind 0"


def test_a_hundred_classes_come_from_the_fine_labels(tmp_path):
    data = load_data(cifar100(tmp_path), "train")
    assert data.class_counts == (2,) * 100


def test_the_folder_of_batches_itself_may_be_the_root(tmp_path):
    cifar10(tmp_path)
    root = str(tmp_path / "cifar-10-batches-py")
    assert len(load_data(DataSettings(name="cifar-10", root=root), "test")) == 10


class Attack:
    def __init__(self, marker):
        self.marker = marker

    def __reduce__(self):
        return os.mkdir, (self.marker,)


def test_code_in_a_pickle_is_named_and_never_run(tmp_path):
    settings = cifar10(tmp_path)
    marker = tmp_path / "ran"
    path = tmp_path / "cifar-10-batches-py" / "data_batch_3"
    path.write_bytes(pickle.dumps({"data": Attack(str(marker)), "labels": []}, protocol=2))
    with pytest.raises(DataError, match=r"data_batch_3.*mkdir"):
        load_data(settings, "train")
    assert not marker.exists()


@pytest.mark.parametrize(
    "content",
    [
        {},
        {"data": np.zeros((2, 3072), dtype=np.uint8), "labels": [1]},
        {"data": np.zeros((1, 3072), dtype=np.float32), "labels": [1]},
        {"data": np.zeros((1, 30), dtype=np.uint8), "labels": [1]},
        {"data": np.zeros((1, 3072), dtype=np.uint8), "labels": [10]},
        {"data": np.zeros((1, 3072), dtype=np.uint8), "labels": ["cat"]},
        [1, 2],
    ],
)
def test_a_batch_of_another_form_is_refused_by_name(tmp_path, content):
    settings = cifar10(tmp_path)
    write_cifar(tmp_path / "cifar-10-batches-py" / "data_batch_1", content)
    with pytest.raises(DataError, match="data_batch_1"):
        load_data(settings, "train")


@pytest.mark.parametrize("share", [0.0, 0.5, 0.99])
def test_a_truncated_batch_is_refused_by_name(tmp_path, share):
    settings = cifar10(tmp_path)
    path = tmp_path / "cifar-10-batches-py" / "data_batch_1"
    content = path.read_bytes()
    path.write_bytes(content[: int(share * len(content))])
    with pytest.raises(DataError, match="data_batch_1"):
        load_data(settings, "train")


def test_without_files_torchvision_downloads_them_once(tmp_path, monkeypatch):
    calls = []

    def download(root, download):
        calls.append(root)
        cifar10(type(tmp_path)(root))

    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr("torchvision.datasets.CIFAR10", download)
    for _ in range(2):
        assert len(load_data(DataSettings(name="cifar-10"), "train")) == 50
    assert len(calls) == 1
