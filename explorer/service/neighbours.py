"""The gallery images whose latents are nearest: exactly, in latent space and not on a map."""

__all__ = [
    "MOST",
    "Neighbour",
    "NeighbourTable",
    "Neighbourhood",
    "neighbour_count",
    "neighbour_table",
    "neighbours",
]

from dataclasses import dataclass
from functools import lru_cache, partial
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Float32, Int32

from explorer.errors import ConfigError, NotSupportedError
from explorer.latent.arrayfile import load_arrays, save_arrays
from explorer.latent.interpolate import angles, norms
from explorer.latent.nearest import nearest
from explorer.latent.neighbour_table import nearest_of_each
from explorer.protocol import Latents
from explorer.service.codes import gallery_codes
from explorer.service.kept import kept, kept_folder
from explorer.service.progress import Report, part, unreported
from explorer.service.shelf import OpenModel
from explorer.service.workbench import Workbench

COUNT = 8
"""Neighbours of each image in the table."""

MOST = 100
"""Neighbours that can be asked for."""

MOST_PRODUCTS = 1e12
"""Multiplications that comparing all images with all may take: about a minute on one core."""

PAIRS = 200
"""Random pairs that say what a typical distance is: its median moves by about 1 % with more."""


@dataclass(frozen=True, slots=True)
class Neighbour:
    """One image near another.

    Attributes:
        position: In the gallery.
        distance: Euclidean, between the latents.
        angle: Between the latents, radians; NaN where one is zero.
        class_name: Its class.
    """

    position: int
    distance: float
    angle: float
    class_name: str


@dataclass(frozen=True, slots=True)
class Neighbourhood:
    """The nearest gallery images of one image, and what to compare their distances with.

    Attributes:
        position: The image, which is not among them.
        records: Nearest first.
        typical_distance: Median over random pairs of gallery images.
        typical_angle: The same, radians.
    """

    position: int
    records: tuple[Neighbour, ...]
    typical_distance: float
    typical_angle: float


@dataclass(frozen=True, slots=True, eq=False)
class NeighbourTable:
    """The nearest other gallery images of every gallery image, nearest first.

    Attributes:
        positions: int32, shape (n, k).
        distances: Euclidean, float32, shape (n, k).
        angles: Radians, float32, shape (n, k); NaN where a latent is zero.
    """

    positions: Int32[np.ndarray, "n k"]
    distances: Float32[np.ndarray, "n k"]
    angles: Float32[np.ndarray, "n k"]


def neighbour_count(opened: OpenModel) -> int:
    """Return how many neighbours the table has of each image; 0 where there can be no table."""
    count = len(opened.gallery)
    if count**2 * opened.generative.traits.latent_dim > MOST_PRODUCTS:
        return 0
    return min(COUNT, count - 1)


def neighbour_table(opened: OpenModel, report: Report) -> NeighbourTable:
    """Compare all gallery images with all, the first time in a process of its own.

    Args:
        opened: The model.
        report: Told how far it is; where it raises, nothing is left behind.

    Raises:
        NotSupportedError: There are too many images for that.
    """
    k = neighbour_count(opened)
    if not k:
        raise NotSupportedError(
            f"{len(opened.gallery):,} images of '{opened.name}' are too many to compare all with "
            "all. Ask for the neighbours of one image."
        )
    path = kept_folder(opened) / "neighbours.npz"
    if not path.exists():
        codes = gallery_codes(opened, part(report, 0.0, 0.5)).numpy()
        kept(path, partial(_compare, codes, k), part(report, 0.5, 1.0))
    return _loaded(path, path.stat().st_mtime_ns)


def neighbours(
    workbench: Workbench,
    model: str,
    position: int,
    k: int = COUNT,
    report: Report = unreported,
) -> Neighbourhood:
    """Return the gallery images nearest to an image in latent space.

    Args:
        workbench: Where the model lies.
        model: Its name.
        position: A gallery image or guest; a gallery image is not its own neighbour.
        k: How many, 1 to `MOST`; fewer where the gallery has fewer others.
        report: Told how far it is: the first time all images may have to be encoded.

    Raises:
        ConfigError: There is no image at the position, or `k` is out of range.
    """
    if not 1 <= k <= MOST:
        raise ConfigError(f"{k} neighbours; 1 to {MOST} can be shown.")
    opened = workbench.open(model)
    query = workbench.latents(model, [position])
    codes = gallery_codes(opened, report)
    # One more, because a gallery image finds itself; equal images may be found in its place.
    found = nearest(codes, query, min(k + 1, len(codes)))
    columns = (found.indices[0].tolist(), found.distances[0].tolist(), found.angles[0].tolist())
    others = [row for row in zip(*columns, strict=True) if row[0] != position][:k]
    labels = opened.gallery.labels
    records = tuple(
        Neighbour(index, distance, angle, opened.data.class_names[labels[index]])
        for index, distance, angle in others
    )
    return Neighbourhood(position, records, *_typical(codes))


def _typical(codes: Latents) -> tuple[float, float]:
    """Median distance and angle of random pairs of different latents."""
    chance = np.random.default_rng(0)
    first = chance.integers(0, len(codes), PAIRS)
    second = (first + chance.integers(1, len(codes), PAIRS)) % len(codes)
    a, b = codes[torch.from_numpy(first)], codes[torch.from_numpy(second)]
    return float(norms(a - b).median()), float(angles(a, b).nanmedian())


def _compare(codes: np.ndarray, k: int, target: Path, report: Report) -> None:
    """Write the table of latents into an npz file."""
    found = nearest_of_each(
        torch.from_numpy(codes), k, lambda share: report(share, "Comparing the images")
    )
    table = {
        "positions": found.indices.numpy().astype(np.int32),
        "distances": found.distances.numpy().astype(np.float32),
        "angles": found.angles.numpy().astype(np.float32),
    }
    save_arrays(target, table)


@lru_cache(maxsize=8)
def _loaded(path: Path, changed: int) -> NeighbourTable:
    """The table of a file; `changed` makes a new file a new entry."""
    return NeighbourTable(**load_arrays(path, ["positions", "distances", "angles"]))
