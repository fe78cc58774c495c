"""What can be chosen of a map, by the names people type; a setting also names its map."""

__all__ = [
    "METRICS",
    "LayoutSettings",
    "PcaSettings",
    "UmapSettings",
    "settings_of",
    "title_of",
]

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass

from explorer.errors import ConfigError, near_match

METRICS = ("euclidean", "cosine", "manhattan", "correlation", "chebyshev")
"""Distances UMAP is offered with; they apply to the principal components."""


@dataclass(frozen=True, slots=True)
class PcaSettings:
    """Two principal axes of the latents.

    Attributes:
        first: The axis to the right, counted from 1, largest variance first.
        second: The axis upwards.
    """

    first: int = 1
    second: int = 2

    @property
    def name(self) -> str:
        """Fit for a file name and an address; the first two axes are "pca"."""
        return "pca" if self == PcaSettings() else f"pca-{self.first}-{self.second}"

    @property
    def title(self) -> str:
        """For people."""
        return title_of("pca", asdict(self))

    def check(self, count: int, dim: int) -> None:
        """Refuse what cannot be laid out.

        Args:
            count: Latents.
            dim: Length of a latent.

        Raises:
            ConfigError: An axis does not exist, or both are the same.
        """
        most = min(count, dim)
        for axis in (self.first, self.second):
            if not 1 <= axis <= most:
                raise ConfigError(
                    f"Principal axis {axis} of {count} latents with {dim} dimensions; "
                    f"1 to {most} exist."
                )
        if self.first == self.second:
            raise ConfigError(f"Both axes are {self.first}. Choose two different ones.")


@dataclass(frozen=True, slots=True)
class UmapSettings:
    """How UMAP lays latents out.

    Attributes:
        n_neighbors: Points that count as near, 2 to n - 1: few show detail, many the whole.
        min_dist: Smallest distance of points on the map, [0, 1].
        metric: One of `METRICS`, between principal components.
        seed: Of its random draws, 0 to 2^32 - 1.
    """

    n_neighbors: int = 15
    min_dist: float = 0.1
    metric: str = "euclidean"
    seed: int = 0

    @property
    def name(self) -> str:
        """Fit for a file name and an address; the usual settings are "umap"."""
        if self == UmapSettings():
            return "umap"
        seed = f"-seed{self.seed}" if self.seed else ""
        return f"umap-{self.n_neighbors}-{float(self.min_dist)}-{self.metric}{seed}"

    @property
    def title(self) -> str:
        """For people."""
        settings = asdict(self)
        return title_of("umap", settings, settings.pop("seed"))

    def check(self, count: int, dim: int) -> None:
        """Refuse what cannot be laid out.

        Args:
            count: Latents.
            dim: Length of a latent; any will do.

        Raises:
            ConfigError: A setting is not allowed.
        """
        if not 2 <= self.n_neighbors < count:
            raise ConfigError(
                f"n_neighbors is {self.n_neighbors}; for {count} latents it must lie in 2 to "
                f"{count - 1}."
            )
        if not 0 <= self.min_dist <= 1:
            raise ConfigError(f"min_dist is {self.min_dist}; it must lie in [0, 1].")
        if self.metric not in METRICS:
            hint = near_match(self.metric, METRICS)
            raise ConfigError(
                f"No metric '{self.metric}'.{hint} Choose one of {', '.join(METRICS)}."
            )
        if not 0 <= self.seed < 2**32:
            raise ConfigError(f"seed is {self.seed}; it must lie in 0 to {2**32 - 1}.")


LayoutSettings = PcaSettings | UmapSettings
"""What a map is computed from, besides the latents."""

_PCA = re.compile(r"pca(-(?P<first>\d{1,9})-(?P<second>\d{1,9}))?")
_UMAP = re.compile(
    r"umap(-(?P<n>\d{1,9})-(?P<dist>\d+\.\d+|\d(\.\d+)?e-\d{2,3})-(?P<metric>[a-z]+)"
    r"(-seed(?P<seed>\d{1,10}))?)?"
)


def settings_of(name: str) -> LayoutSettings:
    """Return the settings that name a map so.

    Raises:
        ConfigError: None do.

    >>> settings_of("umap-30-0.1-cosine")
    UmapSettings(n_neighbors=30, min_dist=0.1, metric='cosine', seed=0)
    """
    if found := _PCA.fullmatch(name):
        return PcaSettings(int(found["first"] or 1), int(found["second"] or 2))
    if found := _UMAP.fullmatch(name):
        if found["n"] is None:
            return UmapSettings()
        seed = int(found["seed"] or 0)
        return UmapSettings(int(found["n"]), float(found["dist"]), found["metric"], seed)
    raise ConfigError(
        f'\'{name[:80]}\' names no map. Write it as "umap", "pca" or "umap-30-0.1-cosine".'
    )


def title_of(method: str, settings: Mapping[str, int | float | str], seed: int = 0) -> str:
    """Return what people read of a map.

    >>> title_of("umap", {"n_neighbors": 30, "min_dist": 0.1, "metric": "cosine"})
    'UMAP 30 / 0.1 / cosine'
    >>> title_of("pca", {})
    'PCA 1 / 2'
    """
    values = settings.values() or (1, 2)
    words = [str(value) for value in values]
    words += [f"seed {seed}"] if seed else []
    return f"{method.upper()} {' / '.join(words)}"
