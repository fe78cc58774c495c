"""The maps of a model: those that came with it, and those computed here from other settings."""

__all__ = ["compute_layout", "layouts_of"]

import logging
from functools import lru_cache, partial
from importlib.metadata import version
from pathlib import Path

import numpy as np
import torch

from explorer.errors import CheckpointError
from explorer.latent.layout_settings import LayoutSettings
from explorer.latent.projection import Projection, lay_out, load_projection, save_projection
from explorer.service.codes import gallery_codes
from explorer.service.kept import kept, kept_folder
from explorer.service.progress import Report, part
from explorer.service.shelf import OpenModel
from explorer.service.workbench import Workbench

FIRST = "umap"
LIBRARIES = ("umap-learn", "scikit-learn")

_log = logging.getLogger(__name__)


def layouts_of(opened: OpenModel) -> dict[str, Projection]:
    """Return the maps by name, the one to show first in front; every one has all images."""
    found = dict(opened.layouts)
    for path in sorted(_folder(opened).glob("*.npz")):
        layout = _loaded(path, path.stat().st_mtime_ns)
        if layout is not None and layout.count == len(opened.gallery):
            found.setdefault(path.stem, layout)
    names = sorted(found, key=lambda name: (name != FIRST, name not in opened.layouts, name))
    return {name: found[name] for name in names}


def compute_layout(
    workbench: Workbench, model: str, settings: LayoutSettings, report: Report
) -> str:
    """Lay all gallery images out on a map, unless it is there already, and return its name.

    The work is done by a process of its own; the map is kept on this machine, beside the folder
    of the model, which stays as it is. The same settings give the same map on the same machine
    with the same versions of the libraries.

    Args:
        workbench: Where the model lies.
        model: Its name.
        settings: Of the map.
        report: Told how far it is; where it raises, the work ends and nothing is left behind.

    Raises:
        ConfigError: A setting is not allowed.
        DataError: There are too few images.
    """
    opened = workbench.open(model)
    settings.check(len(opened.gallery), opened.generative.traits.latent_dim)
    if settings.name in layouts_of(opened):
        return settings.name
    codes = gallery_codes(opened, part(report, 0.0, 0.4)).numpy()
    path = _folder(opened) / f"{settings.name}.npz"
    kept(path, partial(_lay_out, codes, settings), part(report, 0.4, 1.0))
    return settings.name


def _lay_out(codes: np.ndarray, settings: LayoutSettings, target: Path, report: Report) -> None:
    doing = f"Laying {len(codes):,} images out"
    report(0.0, doing)
    layout = lay_out(torch.from_numpy(codes), settings, lambda share: report(share, doing))
    save_projection(target, layout)


def _folder(opened: OpenModel) -> Path:
    versions = "-".join(version(library) for library in LIBRARIES)
    return kept_folder(opened) / f"layouts-{versions}"


@lru_cache(maxsize=64)
def _loaded(path: Path, changed: int) -> Projection | None:
    """A kept map; None where its file is damaged. `changed` makes a new file a new entry."""
    try:
        return load_projection(path)
    except CheckpointError as error:
        _log.warning("A kept map is left out: %s", error)
        return None
