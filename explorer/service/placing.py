"""New latents on a map: guests, walks and edits. They are placed, not laid out."""

__all__ = ["MapPath", "path_on_map", "place"]

from dataclasses import dataclass, field
from functools import lru_cache

import numpy as np
from jaxtyping import Float32, Int64

from explorer.errors import ConfigError, near_match
from explorer.latent.nearest import nearest
from explorer.latent.placing import Frame, frame_of, on_axes, on_umap
from explorer.latent.projection import Projection
from explorer.protocol import Latents
from explorer.service.codes import gallery_codes
from explorer.service.kept import kept_folder
from explorer.service.layouts import layouts_of
from explorer.service.progress import Report, unreported
from explorer.service.workbench import Workbench

FRAMES_KEPT = 8


@dataclass(frozen=True, slots=True, eq=False)
class MapPath:
    """A walk or an edit drawn on a map, which distorts distances: a straight path may wind.

    Attributes:
        points: Map coordinates, float32, shape (k, 2).
        nearest: Gallery position of the latent nearest to each point, int64, shape (k,).
    """

    points: Float32[np.ndarray, "k 2"]
    nearest: Int64[np.ndarray, " k"]


@dataclass(frozen=True, slots=True)
class _Laid:
    """A map and its latents; two are the same where they are kept under the same name."""

    key: str
    layout: Projection = field(compare=False)
    codes: Latents = field(compare=False)


def place(
    workbench: Workbench,
    model: str,
    layout: str,
    latents: Latents,
    report: Report = unreported,
) -> Float32[np.ndarray, "k 2"]:
    """Return map coordinates of any latents of a model.

    Along principal axes they are exact. On a UMAP they are the mean of the places of the nearest
    gallery images, weighted as UMAP's own transform does at its start; see
    `explorer.latent.placing`.

    Args:
        workbench: Where the model lies.
        model: Its name.
        layout: Name of a map of it.
        latents: Shape (k, dim).
        report: Told how far it is: the first time all images may have to be encoded.

    Raises:
        ConfigError: There is no such map, or the latents are not of this model or not finite.
    """
    opened = workbench.open(model)
    known = layouts_of(opened)
    if layout not in known:
        hint = near_match(layout[:60], known)
        raise ConfigError(
            f"'{model}' has no map '{layout[:60]}'.{hint} Known: {', '.join(known)}."
        )
    dim = opened.generative.traits.latent_dim
    if latents.shape[1] != dim or not bool(latents.isfinite().all()):
        raise ConfigError(
            f"Latents of shape {tuple(latents.shape)} cannot be placed on a map of '{model}'; "
            f"finite ones with {dim} values are expected."
        )
    key = f"{kept_folder(opened)}/{layout}/{opened.token}"
    laid = _Laid(key, known[layout], gallery_codes(opened, report))
    frame = _frame(laid)
    if laid.layout.method == "pca":
        return on_axes(frame, latents)
    return on_umap(frame, laid.layout, latents)


def path_on_map(
    workbench: Workbench,
    model: str,
    layout: str,
    latents: Latents,
    report: Report = unreported,
) -> MapPath:
    """Return where a path of latents runs on a map, and which images it passes.

    Args:
        workbench: Where the model lies.
        model: Its name.
        layout: Name of a map of it.
        latents: Of the frames, in order, shape (k, dim).
        report: Told how far it is: the first time all images may have to be encoded.

    Raises:
        ConfigError: As for `place`.
    """
    points = place(workbench, model, layout, latents, report)
    codes = gallery_codes(workbench.open(model), report)
    return MapPath(points, nearest(codes, latents, 1).indices[:, 0].numpy())


@lru_cache(maxsize=FRAMES_KEPT)
def _frame(laid: _Laid) -> Frame:
    return frame_of(laid.codes, laid.layout)
