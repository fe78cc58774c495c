"""Fetch a public data set once, all or nothing."""

__all__ = ["cache_folder", "fetch"]

import logging
import os
import shutil
import socket
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from explorer.errors import DataError

TIMEOUT = 30.0

log = logging.getLogger(__name__)


def cache_folder(name: str) -> Path:
    """Return where a downloaded data set lies: `~/.cache/latent-explorer/NAME`.

    `XDG_CACHE_HOME` is obeyed where it is set.
    """
    base = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(base) / "latent-explorer" / name


def fetch(root: Path, download: Callable[[Path], object], *, name: str, how_to_get: str) -> None:
    """Fill a new folder by a download; it appears only when the download is whole.

    Args:
        root: The folder; must not exist, or be empty.
        download: Puts the files into the folder it is given.
        name: The data set's name, for the texts.
        how_to_get: What a person can do where there is no network.

    Raises:
        DataError: The download failed, or the folder cannot be written; nothing is left behind.
    """
    log.info("%s: downloading to %s", name, root)
    temporary: str | None = None
    try:
        root.parent.mkdir(parents=True, exist_ok=True)
        temporary = tempfile.mkdtemp(dir=root.parent, prefix=f".{root.name}.")
        with _timeout(TIMEOUT):
            download(Path(temporary))
        os.replace(temporary, root)
    except Exception as error:  # torchvision raises RuntimeError, URLError, OSError and others
        lines = str(error).strip().splitlines() or [type(error).__name__]
        raise DataError(
            f"{name}: no files in '{root}', and the download failed ({lines[0][:160]}). "
            f"{how_to_get}"
        ) from None
    finally:
        if temporary is not None:
            shutil.rmtree(temporary, ignore_errors=True)


@contextmanager
def _timeout(seconds: float) -> Iterator[None]:
    """Bound every wait for the network: torchvision gives its requests no limit."""
    before = socket.getdefaulttimeout()
    socket.setdefaulttimeout(seconds)
    try:
        yield
    finally:
        socket.setdefaulttimeout(before)
