"""What else changes when one attribute is moved: every attribute against every other.

The classifier never saw the model, so what it says of an edited image is no echo of how the
direction was found.
"""

__all__ = ["Leakage", "measure_leakage", "position_leakage"]

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Bool, Float, Float64, Int64
from torch import Tensor

from explorer.judge.attribute_classifier import AttributeClassifier
from explorer.judge.pictures import decoded, finished
from explorer.protocol import GenerativeModel, Latents


@dataclass(frozen=True, slots=True, eq=False)
class Leakage:
    """Row: the attribute that is moved by one step. Column: the attribute that changes.

    Attributes:
        changed: Share of the images whose label changed; on the diagonal, the share that the
            step gave the attribute. NaN where it was not measured.
        drift: Mean change of the labels, -1 to 1 (of the positions, in steps, where there is no
            classifier): which way they changed.
        counts: Images moved along each attribute, int64, shape (attribute,).
    """

    changed: Float64[np.ndarray, "attribute attribute"]
    drift: Float64[np.ndarray, "attribute attribute"]
    counts: Int64[np.ndarray, " attribute"]


@torch.no_grad()
def measure_leakage(
    model: GenerativeModel,
    classifier: AttributeClassifier,
    names: Sequence[str],
    latents: Latents,
    axes: Float[Tensor, "n attribute dim"],
    movable: Bool[np.ndarray, "n attribute"],
    *,
    progress: Callable[[float], None] = lambda share: None,
) -> Leakage:
    """Move images along each attribute by one step and let the classifier compare.

    Both pictures, before and after, are the model's own, so that nothing but the step differs.

    Args:
        model: The judged one.
        classifier: Knows all the names.
        names: Attributes in the order of the directions.
        latents: Of the images, shape (n, dim).
        axes: The direction of each attribute for each image.
        movable: Which images may be moved along which attribute: those that lack it and on
            which it could be seen.
        progress: Told the share that is done.
    """
    columns = [classifier.names.index(name) for name in names]
    before = classifier.has(_pictures(model, latents))[:, columns]
    size = len(names)
    changed, drift = np.full((size, size), np.nan), np.full((size, size), np.nan)
    counts = np.zeros(size, dtype=np.int64)
    for row in range(size):
        progress(row / size)
        chosen = torch.from_numpy(np.flatnonzero(movable[:, row]))
        counts[row] = len(chosen)
        if not len(chosen):
            continue
        after = classifier.has(_pictures(model, latents[chosen] + axes[chosen, row]))[:, columns]
        had = before[chosen]
        changed[row] = (had != after).double().mean(0).numpy()
        drift[row] = (after.double() - had.double()).mean(0).numpy()
    return Leakage(changed, drift, counts)


def position_leakage(
    axes: Float[Tensor, "cls attribute dim"], shares: Float64[np.ndarray, " cls"]
) -> Leakage:
    """Return how far a step along each direction moves the position along each other.

    For models without a classifier: geometry, which no one has checked on pictures.

    Args:
        axes: The direction of each attribute for each class.
        shares: Share of the images in each class; they weight the classes.
    """
    rows = axes.to(torch.float64)
    gram = rows @ rows.mT
    steps = gram / torch.diagonal(gram, dim1=1, dim2=2)[:, None, :]
    drift = (torch.from_numpy(shares)[:, None, None] * steps).sum(0).numpy()
    unknown = np.full(drift.shape, np.nan)
    return Leakage(unknown, drift, np.zeros(len(drift), dtype=np.int64))


def _pictures(model: GenerativeModel, latents: Latents) -> Tensor:
    if model.traits.prior == "sphere":
        latents = torch.nn.functional.normalize(latents)
    return finished(model, decoded(model, latents))
