"""How near images lie to others by their features: memorised, doubled, varied."""

__all__ = ["Nearest", "nearest_earlier", "nearest_of", "nearest_other", "within_class_distance"]

from dataclasses import dataclass

import torch
from jaxtyping import Float, Float64, Int64
from torch import Tensor

from explorer.judge.pictures import in_batches

Features = Float[Tensor, "n feature"]


@dataclass(frozen=True, slots=True, eq=False)
class Nearest:
    """The nearest image of each.

    Attributes:
        distances: Euclidean, float64, shape (n,); infinite where there is no other.
        indices: Which one, int64, shape (n,); -1 where there is no other.
    """

    distances: Float64[Tensor, " n"]
    indices: Int64[Tensor, " n"]


def nearest_of(features: Features, others: Float[Tensor, "m feature"]) -> Nearest:
    """Return the nearest of the others for each row; at least one other is needed."""
    found = [_distances(part, others).min(1) for part in in_batches(features)]
    if not found:
        return Nearest(torch.zeros(0, dtype=torch.float64), torch.zeros(0, dtype=torch.int64))
    return Nearest(torch.cat([f.values for f in found]), torch.cat([f.indices for f in found]))


def nearest_other(features: Features) -> Nearest:
    """Return the nearest other row of the same set for each row: real-to-real distances."""
    distances = _distances(features, features).fill_diagonal_(torch.inf)
    return _nearest(distances)


def nearest_earlier(features: Features) -> Nearest:
    """Return the nearest row that comes earlier in the same set: of twins the first has none."""
    distances = _distances(features, features)
    later = torch.ones_like(distances, dtype=torch.bool).triu()
    return _nearest(distances.masked_fill(later, torch.inf))


def within_class_distance(features: Features, labels: Int64[Tensor, " n"]) -> float:
    """Return the mean distance of two images of a class, averaged over classes with two or more.

    NaN where no class has two.
    """
    means = []
    for label in labels.unique():
        own = features[labels == label]
        if len(own) > 1:
            means.append(_distances(own, own).sum() / (len(own) * (len(own) - 1)))
    return float(torch.stack(means).mean()) if means else float("nan")


def _nearest(distances: Float64[Tensor, "n n"]) -> Nearest:
    if not len(distances):
        return Nearest(torch.zeros(0, dtype=torch.float64), torch.zeros(0, dtype=torch.int64))
    found = distances.min(1)
    return Nearest(found.values, found.indices.where(found.values.isfinite(), -1))


def _distances(rows: Tensor, others: Tensor) -> Tensor:
    # Differences, not dot products: equal rows must have distance 0.
    return torch.cdist(rows.double(), others.double(), compute_mode="donot_use_mm_for_euclid_dist")
