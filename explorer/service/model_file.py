"""A model as one file, to give away and to take in: a zip of plain files with hashes, no code.

What is taken in is checked before it is anywhere: names, sizes, hashes, then the weights against
the model's own settings. It appears as a whole or not at all.
"""

__all__ = ["export_model", "import_model", "is_model_file", "take_in"]

import re
import shutil
import tempfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from explorer.errors import CheckpointError, ConfigError, TrainingError
from explorer.service.prepare import COMPANIONS, seal
from explorer.service.runs import folder_of
from explorer.settings import with_changes
from explorer.train import checkpoint
from explorer.train.process import LOCK, is_alive
from explorer.train.run import MODEL_FILES, RunFolder
from explorer.train.session import load_model

HISTORY = ("metrics.jsonl", "status.json")
MOST_BYTES = 2_000_000_000
PIECE = 1 << 20


def export_model(root: Path, name: str, path: Path) -> list[str]:
    """Write a finished model with all that exploring needs into one file.

    A GLICO model holds a code for each training image: close copies of these can be drawn from it.

    Args:
        root: Folder of all models.
        name: The model.
        path: The zip file to write; replaced if it is there.

    Returns:
        Names of the files in it.

    Raises:
        CheckpointError: The model is not finished, or a file was altered.
        TrainingError: It is being trained.
    """
    folder = folder_of(root, name)
    names = files_of(folder)
    temporary = path.with_name(f".{path.name}.part")
    try:
        with zipfile.ZipFile(temporary, "w", zipfile.ZIP_STORED) as archive:
            for one in names:
                archive.write(folder / one, one)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
    return names


def is_model_file(path: Path) -> bool:
    """Return whether a file looks like one that `export_model` wrote: a zip with a manifest."""
    try:
        with zipfile.ZipFile(path) as archive:
            return checkpoint.MANIFEST in archive.namelist()
    except (OSError, zipfile.BadZipFile):
        return False


def import_model(root: Path, path: Path, name: str = "") -> str:
    """Take a model in from one file and return its name.

    Args:
        root: Folder of all models.
        path: A file that `export_model` wrote.
        name: Its name here; that of its experiment if empty.

    Raises:
        CheckpointError: The file is no such file, is damaged, or holds something else.
        ConfigError: The name is taken.
    """
    with take_in(root) as (folder, finish):
        try:
            with zipfile.ZipFile(path) as archive:
                _unpack(archive, folder)
        except FileNotFoundError:
            raise CheckpointError(f"No file at '{path}'. Give a file made by `export`.") from None
        except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError):
            raise CheckpointError(
                f"'{path}' is not a whole model file. Export the model again, or copy it again."
            ) from None
        return finish(name)


class _Finish:
    """Checks a folder that was filled, and gives it its place."""

    def __init__(self, root: Path, folder: Path) -> None:
        self.root, self.folder = root, folder

    def __call__(self, name: str) -> str:
        run = RunFolder(self.folder)
        checkpoint.verify(self.folder)
        _check_names(list(checkpoint.manifest(self.folder)))
        named = {*checkpoint.manifest(self.folder), *HISTORY, checkpoint.MANIFEST}
        for path in self.folder.iterdir():
            if path.name not in named:
                raise CheckpointError(f"The model file holds '{path.name}' without a hash.")
        experiment = run.experiment()
        experiment = with_changes(experiment, {"name": name or experiment.name})
        load_model(self.folder)  # names, shapes and values of all weights
        if (self.root / experiment.name).exists():
            raise ConfigError(
                f"There is a model '{experiment.name}' already. Give the new one another name."
            )
        run.record(experiment)
        seal(self.folder)
        (self.folder / LOCK).touch()
        self.folder.chmod(0o755)
        self.folder.rename(self.root / experiment.name)
        return experiment.name


@contextmanager
def take_in(root: Path) -> Iterator[tuple[Path, _Finish]]:
    """Give a folder to fill, and a function that makes it a model; else it is thrown away."""
    root.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(dir=root, prefix=".import-"))
    try:
        yield folder, _Finish(root, folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def files_of(folder: Path) -> list[str]:
    """Return the names of the files that make up a finished model, all of them verified.

    Raises:
        CheckpointError: The model is not finished, or a file was altered.
        TrainingError: It is being trained.
    """
    if is_alive(folder):
        raise TrainingError(f"'{folder.name}' is being trained. Stop it first.")
    checkpoint.verify(folder)
    history = [name for name in HISTORY if (folder / name).exists()]
    return [*checkpoint.manifest(folder), *history, checkpoint.MANIFEST]


def is_known(name: str) -> bool:
    """Return whether a model consists of files of this name; it has no folder in it."""
    known = {*MODEL_FILES, *COMPANIONS, *HISTORY, checkpoint.MANIFEST}
    return name in known or bool(re.fullmatch(r"layout-[A-Za-z0-9._-]{1,80}\.npz", name))


def _check_names(names: list[str]) -> None:
    for name in names:
        if not is_known(name):
            raise CheckpointError(
                f"The model file holds '{name[:80]}', which is no part of a model. Nothing was "
                "taken in."
            )
    if len(set(names)) != len(names):
        raise CheckpointError("The model file holds a file twice. Nothing was taken in.")


def _unpack(archive: zipfile.ZipFile, folder: Path) -> None:
    _check_names([info.filename for info in archive.infolist()])
    left = MOST_BYTES
    for info in archive.infolist():
        with archive.open(info) as source, (folder / info.filename).open("wb") as target:
            while piece := source.read(PIECE):
                left -= len(piece)
                if left < 0:
                    raise CheckpointError(
                        f"The model file unpacks to more than {MOST_BYTES / 1e9:.0f} GB. Nothing "
                        "was taken in."
                    )
                target.write(piece)
