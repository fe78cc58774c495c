"""Two coordinates a latent, for the map: PCA at once, UMAP when there is time."""

__all__ = [
    "METRICS",
    "MIN_POINTS",
    "MIN_UMAP_POINTS",
    "Projection",
    "load_projection",
    "pca",
    "pca_layout",
    "save_projection",
    "umap_layout",
]

import json
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from jaxtyping import Float, Float32
from torch import Tensor

from explorer.errors import CheckpointError, ConfigError, DataError, near_match
from explorer.latent.arrayfile import load_arrays, save_arrays

METRICS = ("euclidean", "cosine", "manhattan", "correlation", "chebyshev")
"""Distances UMAP is offered with; they apply to the principal components."""

MIN_POINTS = 3
"""Two points have a line, not a map."""

MIN_UMAP_POINTS = 4
"""UMAP's spectral start needs more points than eigenvectors: 3 of them for 2 coordinates."""

PCA_DIM = 50
"""Principal components UMAP gets: the rest is mostly noise and costs most of the time."""

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


def pca_layout(latents: Float[Tensor, "n dim"]) -> Projection:
    """Return the map along the first two principal components.

    Raises:
        DataError: Fewer than `MIN_POINTS` points, or a latent is not finite.
        ConfigError: The latents have fewer than 2 dimensions.
    """
    start = time.perf_counter()
    coordinates = pca(latents, 2)
    return Projection(coordinates, "pca", {}, 0, time.perf_counter() - start)


def umap_layout(
    latents: Float[Tensor, "n dim"],
    *,
    n_neighbors: int = 15,
    min_dist: float = 0.1,
    metric: str = "euclidean",
    seed: int = 0,
) -> Projection:
    """Return a UMAP of the first `PCA_DIM` principal components; slow, one thread at a time.

    The first call in a process compiles for some 15 seconds. The same latents, settings and seed
    give the same map on the same machine.

    Args:
        latents: Finite, shape (n, dim), n at least `MIN_UMAP_POINTS`.
        n_neighbors: Points that count as near, 2 to n - 1: few show detail, many the whole.
        min_dist: Smallest distance of points on the map, [0, 1].
        metric: One of `METRICS`, between principal components.
        seed: Of the layout's random draws, at least 0.

    Raises:
        DataError: Fewer than `MIN_UMAP_POINTS` points, or a latent is not finite.
        ConfigError: A setting is not allowed.

    Source:
        McInnes, Healy, Melville, UMAP, 2018 (arXiv 1802.03426), by the umap-learn package.
    """
    start = time.perf_counter()
    count = len(_checked(latents, at_least=MIN_UMAP_POINTS))
    _check_umap_settings(count, n_neighbors, min_dist, metric, seed)
    components = pca(latents, min(PCA_DIM, *latents.shape))
    with _UMAP:
        coordinates = _run_umap(components, n_neighbors, min_dist, metric, seed)
    settings: dict[str, int | float | str] = {
        "n_neighbors": n_neighbors,
        "min_dist": min_dist,
        "metric": metric,
    }
    return Projection(coordinates, "umap", settings, seed, time.perf_counter() - start)


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


def _run_umap(
    components: np.ndarray, n_neighbors: int, min_dist: float, metric: str, seed: int
) -> np.ndarray:
    from umap import UMAP  # noqa: PLC0415  (imports numba: seconds, and not thread-safe)

    layout = UMAP(
        n_neighbors=n_neighbors,
        min_dist=min_dist,
        metric=metric,
        random_state=seed,
        n_jobs=1,  # a seeded layout runs on one thread; saying so avoids umap's warning
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


def _check_umap_settings(
    count: int, n_neighbors: int, min_dist: float, metric: str, seed: int
) -> None:
    if not 2 <= n_neighbors < count:
        raise ConfigError(
            f"n_neighbors is {n_neighbors}; for {count} latents it must lie in 2 to {count - 1}."
        )
    if not 0 <= min_dist <= 1:
        raise ConfigError(f"min_dist is {min_dist}; it must lie in [0, 1].")
    if metric not in METRICS:
        hint = near_match(metric, METRICS)
        raise ConfigError(f"No metric '{metric}'.{hint} Choose one of {', '.join(METRICS)}.")
    if not 0 <= seed < 2**32:
        raise ConfigError(f"seed is {seed}; it must lie in 0 to {2**32 - 1}.")
