import numpy as np
import pytest

from explorer.errors import CheckpointError
from explorer.latent.arrayfile import load_arrays, save_arrays


def test_arrays_come_back_as_they_were(tmp_path):
    numbers, text = np.arange(6, dtype=np.float32).reshape(2, 3), np.array(["a", "größer"])
    save_arrays(tmp_path / "x.npz", {"numbers": numbers, "text": text})
    loaded = load_arrays(tmp_path / "x.npz", ["numbers", "text"])
    assert loaded["numbers"].dtype == np.float32
    np.testing.assert_array_equal(loaded["numbers"], numbers)
    np.testing.assert_array_equal(loaded["text"], text)


def test_objects_are_refused_on_writing_and_leave_no_file(tmp_path):
    with pytest.raises(ValueError, match="allow_pickle=False"):
        save_arrays(tmp_path / "x.npz", {"bad": np.array([object()])})
    assert list(tmp_path.iterdir()) == []


def test_pickled_objects_are_never_loaded(tmp_path):
    np.savez(tmp_path / "x.npz", bad=np.array([print], dtype=object))
    with pytest.raises(CheckpointError, match="not a readable npz file"):
        load_arrays(tmp_path / "x.npz", ["bad"])


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(CheckpointError, match=r"No file at .*x\.npz"):
        load_arrays(tmp_path / "x.npz", ["numbers"])


def test_a_missing_array_is_named_beside_those_that_are_there(tmp_path):
    save_arrays(tmp_path / "x.npz", {"other": np.zeros(1)})
    with pytest.raises(CheckpointError, match="lacks numbers; it holds other"):
        load_arrays(tmp_path / "x.npz", ["numbers"])


def test_one_bare_array_is_refused(tmp_path):
    np.save(tmp_path / "x.npy", np.zeros(3))
    with pytest.raises(CheckpointError, match="one bare array"):
        load_arrays(tmp_path / "x.npy", ["numbers"])


@pytest.mark.parametrize("kept", [0, 1, 100, 300, -1, -30])
def test_a_truncated_file_is_refused(tmp_path, kept):
    save_arrays(tmp_path / "x.npz", {"numbers": np.arange(100.0)})
    content = (tmp_path / "x.npz").read_bytes()
    (tmp_path / "x.npz").write_bytes(content[:kept])
    with pytest.raises(CheckpointError, match="not a readable npz file"):
        load_arrays(tmp_path / "x.npz", ["numbers"])


def test_a_changed_byte_is_noticed(tmp_path):
    save_arrays(tmp_path / "x.npz", {"numbers": np.arange(100.0)})
    content = bytearray((tmp_path / "x.npz").read_bytes())
    content[500] ^= 255
    (tmp_path / "x.npz").write_bytes(bytes(content))
    with pytest.raises(CheckpointError, match="not a readable npz file"):
        load_arrays(tmp_path / "x.npz", ["numbers"])
