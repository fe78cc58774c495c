"""The last part of a training: gallery, map, judge and directions, so that it can be opened."""

__all__ = ["drop_readiness", "make_run_ready"]

import logging
from dataclasses import replace
from pathlib import Path

from explorer.errors import ExplorerError
from explorer.latent.layout_settings import UmapSettings
from explorer.service.gallery import load_gallery
from explorer.service.layouts import compute_layout
from explorer.service.prepare import prepare
from explorer.service.progress import unreported
from explorer.service.workbench import Workbench
from explorer.train.checkpoint import MANIFEST, manifest
from explorer.train.run import RunFolder

_log = logging.getLogger(__name__)

SECOND_MAP_FROM = 100
"""Images from which a map by UMAP is laid out too; of fewer, the principal components show all."""

MAPPING = "It can be explored; a second map, by UMAP, is being laid out."
READYING = "The steps are done; it is being made ready to explore."


def make_run_ready(folder: Path) -> None:
    """Prepare a run's model to be explored; its status says so, and how that ended.

    Args:
        folder: A run that is done or stopped.

    Raises:
        ExplorerError: The data are gone, or a file cannot be written.
    """
    run = RunFolder(folder)
    status = run.status()
    run.write_status(replace(status, state="readying", message=READYING))
    try:
        prepare(folder)
    except Exception as error:
        message = f"Trained, but not ready to explore: {error} Resume it to try again."
        run.write_status(replace(status, state="failed", message=message))
        raise
    if len(load_gallery(folder, run.data_card().image_shape)) >= SECOND_MAP_FROM:
        run.write_status(replace(status, state="readying", message=MAPPING))
        _add_second_map(folder)
    run.write_status(status)


def drop_readiness(folder: Path) -> None:
    """Let a model whose weights have changed be explored no more, until it is made ready anew."""
    if (folder / MANIFEST).exists() and "gallery.npz" not in manifest(folder):
        (folder / "gallery.npz").unlink(missing_ok=True)


def _add_second_map(folder: Path) -> None:
    """Lay the images out by UMAP; the page shows that map as soon as it is there."""
    try:
        compute_layout(Workbench(folder.parent), folder.name, UmapSettings(), unreported)
    except ExplorerError as error:
        _log.warning("'%s' has no map by UMAP: %s", folder.name, error)
