"""Named arrays in one npz file, written atomically and never pickled."""

__all__ = ["arrays_bytes", "load_arrays", "save_arrays"]

import io
import zipfile
import zlib
from collections.abc import Iterable, Mapping
from pathlib import Path

import numpy as np

from explorer.errors import CheckpointError
from explorer.files import write_bytes

_DAMAGED = (
    OSError,
    ValueError,
    EOFError,
    zipfile.BadZipFile,
    zlib.error,
    RuntimeError,
    MemoryError,
)
"""What numpy and zipfile raise on a damaged archive; the last two on tampered headers."""


def save_arrays(path: Path, arrays: Mapping[str, np.ndarray]) -> None:
    """Replace the file at `path` by these arrays; equal arrays give equal bytes.

    Args:
        path: The npz file; missing parent folders are made.
        arrays: Numbers, booleans or fixed-width text by name.

    Raises:
        OSError: The disk is full or the folder is not writable; the old file is untouched.
    """
    write_bytes(path, arrays_bytes(arrays))


def arrays_bytes(arrays: Mapping[str, np.ndarray]) -> bytes:
    """Return the npz file of these arrays; equal arrays give equal bytes."""
    content = io.BytesIO()
    np.savez(content, allow_pickle=False, **arrays)
    return content.getvalue()


def load_arrays(path: Path, names: Iterable[str]) -> dict[str, np.ndarray]:
    """Return the named arrays of a file; other arrays in it are not read.

    Args:
        path: The npz file.
        names: Which arrays it must hold.

    Raises:
        CheckpointError: The file is missing, is damaged, holds pickled objects, or lacks a name.
    """
    try:
        # From memory: numpy 2.4 leaves the file open where it is not a zip archive.
        archive = np.load(io.BytesIO(path.read_bytes()), allow_pickle=False)
        if not isinstance(archive, np.lib.npyio.NpzFile):
            raise CheckpointError(f"'{path}' is one bare array; an npz archive is expected.")
        with archive:
            return _read(path, archive, list(names))
    except FileNotFoundError:
        raise CheckpointError(f"No file at '{path}'. Compute it first.") from None
    except _DAMAGED as error:
        raise CheckpointError(
            f"'{path}' is not a readable npz file ({error}). Compute it again."
        ) from None


def _read(path: Path, archive: np.lib.npyio.NpzFile, names: list[str]) -> dict[str, np.ndarray]:
    missing = [name for name in names if name not in archive.files]
    if missing:
        held = ", ".join(archive.files) or "nothing"
        raise CheckpointError(
            f"'{path}' lacks {', '.join(missing)}; it holds {held}. Compute it again."
        )
    return {name: archive[name] for name in names}
