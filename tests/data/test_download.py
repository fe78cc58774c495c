"""A download appears whole or not at all."""

import socket
from urllib.error import URLError

import pytest

from explorer.data.download import cache_folder, fetch
from explorer.errors import DataError


def test_a_whole_download_appears_under_its_name(tmp_path):
    root = tmp_path / "deep" / "set"
    fetch(root, lambda folder: (folder / "a").write_text("x"), name="toy", how_to_get="Ask.")
    assert (root / "a").read_text() == "x"
    assert [path.name for path in root.parent.iterdir()] == ["set"]


@pytest.mark.parametrize("error", [RuntimeError("md5\nbad"), URLError("offline"), OSError(28, "")])
def test_a_broken_download_leaves_nothing_and_says_what_to_do(tmp_path, error):
    def download(folder):
        (folder / "half").write_text("x")
        raise error

    with pytest.raises(DataError, match=r"toy: no files in .* download failed .* Ask\.") as caught:
        fetch(tmp_path / "set", download, name="toy", how_to_get="Ask.")
    assert "\n" not in str(caught.value)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_with_files_is_never_replaced(tmp_path):
    (tmp_path / "set").mkdir()
    (tmp_path / "set" / "mine").write_text("x")
    with pytest.raises(DataError):
        fetch(tmp_path / "set", lambda folder: None, name="toy", how_to_get="Ask.")
    assert (tmp_path / "set" / "mine").read_text() == "x"


def test_waiting_for_the_network_is_bounded_only_meanwhile(tmp_path):
    seen = []
    fetch(
        tmp_path / "set",
        lambda folder: seen.append(socket.getdefaulttimeout()),
        name="toy",
        how_to_get="Ask.",
    )
    assert seen == [30.0]
    assert socket.getdefaulttimeout() is None


def test_the_cache_obeys_the_desktop_standard(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert cache_folder("toy") == tmp_path / "latent-explorer" / "toy"
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert cache_folder("toy") == tmp_path / ".cache" / "latent-explorer" / "toy"
