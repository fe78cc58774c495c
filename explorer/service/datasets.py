"""Where images to learn from come from: known sets, folders, archives that were brought.

An archive is unpacked once, into a folder below the models' own that is named after its content,
so that a run which was trained on it can go on later; see `brought.py` for its end.
"""

__all__ = ["UPLOADS", "add_archive", "data_settings"]

import re
import zipfile
from pathlib import Path

from explorer.data.archive import unpack
from explorer.data.source import available, get
from explorer.errors import DataError
from explorer.files import sha256
from explorer.service.progress import Report, unreported
from explorer.settings import DataSettings, load_experiment

UPLOADS = ".data"
"""Folder below the models' root; no run can have its name."""

_LONGEST = 40


def add_archive(root: Path, archive: Path, *, name: str = "", report: Report = unreported) -> Path:
    """Unpack a ZIP archive of pictures where runs find it, and return the folder.

    Args:
        root: Folder of the models.
        archive: The file.
        name: What the person calls it; the file's own name if not given.
        report: Told how far it is; what it raises leaves nothing behind.

    Raises:
        DataError: It is no ZIP archive of pictures; see `explorer.data.archive`.
    """
    called = re.sub(r"[^A-Za-z0-9]+", "-", Path(name or archive.name).stem).strip("-").lower()
    folder = root / UPLOADS / f"{called[:_LONGEST] or 'images'}-{sha256(archive)[:10]}"
    if not folder.exists():
        try:
            unpack(archive, folder, lambda share: report(share, "Unpacking"))
        except OSError:
            if not folder.exists():  # else the same archive was brought twice at once
                raise
    return folder


def data_settings(named: str, root: Path, report: Report = unreported) -> DataSettings:
    """Return the data that a person names: a known set, a folder, an archive, an experiment.

    Args:
        named: Name of a set, path of a folder, of a ZIP archive, or of an experiment's JSON file.
        root: Folder of the models, below which an archive is unpacked.
        report: Told how far that is.

    Raises:
        DataError: It is none of these.
        ConfigError: A setting of the experiment is wrong.
    """
    path = Path(named).expanduser()
    if named in available():
        return DataSettings(name=named)
    if path.is_dir():
        return DataSettings(name="folder", root=str(path))
    if path.suffix.lower() == ".json" and path.is_file():
        return load_experiment(path).data
    if path.is_file() and zipfile.is_zipfile(path):
        return DataSettings(name="folder", root=str(add_archive(root, path, report=report)))
    if path.is_file():
        raise DataError(
            f"'{named}' is a file, but no ZIP archive and no experiment. Give a folder with one "
            "sub-folder of pictures for each class, or put that into a ZIP archive."
        )
    get(named)  # says which sets are known
    raise DataError(f"'{named}' is not there.")
