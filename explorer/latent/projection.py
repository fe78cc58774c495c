"""Two coordinates a latent, for the map: principal axes at once, UMAP when there is time."""

__all__ = [
    "MIN_POINTS",
    "MIN_UMAP_POINTS",
    "PCA_DIM",
    "Projection",
    "lay_out",
    "load_projection",
    "pca",
    "pca_layout",
    "save_projection",
    "umap_layout",
]

import json
import re
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path

import numpy as np
from jaxtyping import Float, Float32
from torch import Tensor

from explorer.errors import CheckpointError, ConfigError, DataError
from explorer.latent.arrayfile import load_arrays, save_arrays
from explorer.latent.layout_settings import (
    LayoutSettings,
    PcaSettings,
    UmapSettings,
    title_of,
)

MIN_POINTS = 3
"""Two points have a line, not a map."""

MIN_UMAP_POINTS = 4
"""UMAP's spectral start needs more points than eigenvectors: 3 of them for 2 coordinates."""

PCA_DIM = 50
"""Principal components UMAP gets: the rest is mostly noise and costs most of the time."""

Progress = Callable[[float], None]
"""Takes the share that is done, 0 to 1."""

_FIRST_AXES, _USUAL = PcaSettings(), UmapSettings()

_UMAP = threading.Lock()
"""UMAP and its compiled functions are not safe in two threads at once."""


@dataclass(frozen=True, slots=True, eq=False)
class Projection:
    """Where each latent lies on the map, and how that was found.

    Attributes:
        coordinates: float32, shape (n, 2), one row a latent in the latents' order.
        method: "pca" or "umap".
        settings: What can be chosen, by the method's own names.
        seed: Seed of the method's random draws.
        seconds: Wall time it took.
    """

    coordinates: Float32[np.ndarray, "n 2"]
    method: str
    settings: Mapping[str, int | float | str] = field(default_factory=dict)
    seed: int = 0
    seconds: float = 0.0

    @property
    def count(self) -> int:
        """Points on the map."""
        return len(self.coordinates)

    @property
    def title(self) -> str:
        """Method and settings, for people."""
        return title_of(self.method, self.settings, self.seed)


def pca(latents: Float[Tensor, "n dim"], dim: int = 2) -> Float32[np.ndarray, "n components"]:
    """Return the coordinates along the first principal components, largest variance first.

    Args:
        latents: Finite, shape (n, dim), n at least `MIN_POINTS`.
        dim: How many components, 1 to min(n, dim of the latents).

    Returns:
        Centred coordinates. The sign of each component is fixed, so that equal latents give
        equal maps; above 500 rows and columns a randomised solver with a fixed seed is used.

    Raises:
        DataError: Fewer than `MIN_POINTS` points, or a latent is not finite.
        ConfigError: The number of components is not allowed.
    """
    from sklearn.decomposition import PCA  # noqa: PLC0415  (slow to import)

    values = _checked(latents, at_least=MIN_POINTS)
    most = min(values.shape)
    if not 1 <= dim <= most:
        raise ConfigError(
            f"{dim} principal components of {len(values)} latents with {values.shape[1]} "
            f"dimensions; 1 to {most} exist."
        )
    centred = values - values.mean(axis=0, dtype=np.float64).astype(np.float32)
    if not centred.any():
        return np.zeros((len(values), dim), dtype=np.float32)
    coordinates = PCA(dim, random_state=0).fit_transform(centred)
    return np.ascontiguousarray(coordinates, dtype=np.float32)


def lay_out(
    latents: Float[Tensor, "n dim"], settings: LayoutSettings, progress: Progress | None = None
) -> Projection:
    """Return the map of the settings; see `pca_layout` and `umap_layout`."""
    if isinstance(settings, PcaSettings):
        return pca_layout(latents, settings)
    return umap_layout(latents, settings, progress)


def pca_layout(latents: Float[Tensor, "n dim"], settings: PcaSettings = _FIRST_AXES) -> Projection:
    """Return the map along two principal axes, the first two if not chosen.

    Raises:
        DataError: Fewer than `MIN_POINTS` points, or a latent is not finite.
        ConfigError: An axis does not exist.
    """
    start = time.perf_counter()
    settings.check(*_checked(latents, at_least=MIN_POINTS).shape)
    axes = [settings.first - 1, settings.second - 1]
    coordinates = np.ascontiguousarray(pca(latents, max(axes) + 1)[:, axes])
    return Projection(coordinates, "pca", asdict(settings), 0, time.perf_counter() - start)


def umap_layout(
    latents: Float[Tensor, "n dim"],
    settings: UmapSettings = _USUAL,
    progress: Progress | None = None,
) -> Projection:
    """Return a UMAP of the first `PCA_DIM` principal components; slow, one thread at a time.

    The first call in a process compiles for some 15 seconds. The same latents, settings and seed
    give the same map on the same machine with the same library; umap-learn promises no more.

    Args:
        latents: Finite, shape (n, dim), n at least `MIN_UMAP_POINTS`. All are laid out.
        settings: Neighbours, smallest distance, metric and seed.
        progress: Told the share of the optimisation that is done; what it raises ends it.

    Raises:
        DataError: Fewer than `MIN_UMAP_POINTS` points, or a latent is not finite.
        ConfigError: A setting is not allowed.

    Source:
        McInnes, Healy, Melville, UMAP, 2018 (arXiv 1802.03426), by the umap-learn package.
    """
    start = time.perf_counter()
    settings.check(*_checked(latents, at_least=MIN_UMAP_POINTS).shape)
    components = pca(latents, min(PCA_DIM, *latents.shape))
    with _UMAP:
        coordinates = _run_umap(components, settings, progress)
    chosen = asdict(settings)
    seed = chosen.pop("seed")
    return Projection(coordinates, "umap", chosen, seed, time.perf_counter() - start)


def save_projection(path: Path, projection: Projection) -> None:
    """Replace the npz file at `path` by this projection.

    Raises:
        OSError: The disk is full or the folder is not writable; the old file is untouched.
    """
    about = {
        "method": projection.method,
        "settings": dict(projection.settings),
        "seed": projection.seed,
        "seconds": round(projection.seconds, 3),
    }
    text = json.dumps(about, allow_nan=False)
    save_arrays(path, {"coordinates": projection.coordinates, "about": np.array(text)})


def load_projection(path: Path) -> Projection:
    """Return the projection saved at `path`.

    Raises:
        CheckpointError: The file is missing, damaged, or not a projection.
    """
    arrays = load_arrays(path, ["coordinates", "about"])
    coordinates = arrays["coordinates"]
    if coordinates.dtype != np.float32 or coordinates.ndim != 2 or coordinates.shape[1] != 2:
        raise CheckpointError(
            f"'{path}': coordinates are {coordinates.dtype} of shape {coordinates.shape}; "
            "expected float32 of shape (n, 2). Compute the map again."
        )
    if not np.isfinite(coordinates).all():
        raise CheckpointError(f"'{path}': a coordinate is not finite. Compute the map again.")
    try:
        about = json.loads(str(arrays["about"]))
        return Projection(
            coordinates,
            str(about["method"]),
            dict(about["settings"]),
            int(about["seed"]),
            float(about["seconds"]),
        )
    except (ValueError, KeyError, TypeError) as error:
        raise CheckpointError(
            f"'{path}' does not say how its map was made ({error!r}). Compute the map again."
        ) from None


class _Epochs:
    """A text file that umap's progress bar writes to: it passes the share on."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress

    def write(self, text: str) -> None:
        counts = re.search(r"(\d+)/(\d+)", text)
        if counts:
            self._progress(int(counts[1]) / int(counts[2]))

    def flush(self) -> None:
        """Nothing waits."""


def _run_umap(
    components: np.ndarray, settings: UmapSettings, progress: Progress | None
) -> np.ndarray:
    from umap import UMAP  # noqa: PLC0415  (imports numba: seconds, and not thread-safe)

    bar = {"disable": True} if progress is None else {"disable": False, "file": _Epochs(progress)}
    layout = UMAP(
        n_neighbors=settings.n_neighbors,
        min_dist=settings.min_dist,
        metric=settings.metric,
        random_state=settings.seed,
        n_jobs=1,  # a seeded layout runs on one thread; saying so avoids umap's warning
        tqdm_kwds={"bar_format": "{n_fmt}/{total_fmt}", "mininterval": 0.3, **bar},
    )
    return np.ascontiguousarray(layout.fit_transform(components), dtype=np.float32)


def _checked(latents: Tensor, *, at_least: int) -> np.ndarray:
    """Latents as a float32 array that can be laid out."""
    values: np.ndarray = latents.detach().cpu().float().numpy()
    if len(values) < at_least:
        raise DataError(
            f"This map needs at least {at_least} latents; there are {len(values)}. Add images."
        )
    if not np.isfinite(values).all():
        row = int(np.nonzero(~np.isfinite(values).all(axis=1))[0][0])
        raise DataError(
            f"Latent {row} is not finite, so it has no place on a map. "
            "Check the model: its training may have failed."
        )
    return values
