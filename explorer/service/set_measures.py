"""What is known of generated images as a set, beside real sets of the same size.

The yardstick is drawn from the training images: random halves of them, compared with the held-out
images in the same way. What a set of real images cannot reach, a generated one need not.
"""

__all__ = ["SET_MEASURES", "SetMeasure", "SetMeasures", "measure_set"]

from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Bool, Int64
from torch import Tensor

from explorer.judge.kernel_distance import polynomial_kernel, unbiased_mmd
from explorer.judge.manifold import Manifold, manifold_of_distances
from explorer.judge.nearness import within_class_distance
from explorer.service.augment import NewImages
from explorer.service.judgement import Judgement
from explorer.service.real_images import Measure

DRAWS = 20
FEWEST = 4
"""Images a set needs for its measures."""

SET_MEASURES = {
    "kid": Measure("KID", "Distance of the sets' features to held-out images; 0 is best.", 3),
    "precision": Measure("Precision", "Share of new images that lie among real ones.", 2),
    "recall": Measure("Recall", "Share of real images that lie among new ones.", 2),
    "density": Measure("Density", "How densely new images lie where real ones do; 1 is even.", 2),
    "coverage": Measure("Coverage", "Share of real images with a new one close by.", 2),
    "diversity": Measure("Diversity", "Mean distance of two images of a class.", 2),
}
"""The numbers of a set by name."""


@dataclass(frozen=True, slots=True)
class SetMeasure:
    """One number of a set.

    Attributes:
        name: One of `SET_MEASURES`.
        value: Of the generated images: the mean over draws of `size` of them.
        low: 5 % quantile over real sets of that size.
        median: 50 % quantile.
        high: 95 % quantile.
    """

    name: str
    value: float
    low: float
    median: float
    high: float


@dataclass(frozen=True, slots=True)
class SetMeasures:
    """All numbers of a set.

    Attributes:
        found: May be none.
        size: Images of each set that is compared.
        note: On what they rest, or why there are none; for people.
    """

    found: tuple[SetMeasure, ...]
    size: int
    note: str


def measure_set(
    made: NewImages, judged: Judgement, kept: Bool[np.ndarray, " n"], *, seed: int = 0
) -> SetMeasures:
    """Measure the kept images as a set, against held-out images of the same classes.

    Args:
        made: The images.
        judged: Their features and the yardstick.
        kept: Which of them form the set.
        seed: Of the draws.

    Raises:
        ValueError: The judgement has no features; see `with_features`.
    """
    real, features = judged.real, judged.features
    if real is None or features is None:
        raise ValueError("the judgement comes from a file: take `with_features` first")
    classes = np.unique(made.labels)
    own = np.isin(real.labels, classes)
    held = np.isin(real.unseen_labels, classes)
    size = min(int(kept.sum()), int(own.sum()) // 2)
    if size < FEWEST:
        return SetMeasures((), size, f"A set of {size} images is too small to be measured.")
    chance = np.random.default_rng(seed)
    new = _Set.of(features[kept], made.labels[kept], size, chance)
    known = _Set.of(real.features[own], real.labels[own], size, chance)
    against = torch.from_numpy(real.unseen[held]).double()
    found = [_diversity(new, known)]
    note = f"{size} images; {real.unseen_origin}"
    if len(against) >= FEWEST:
        found = [*_compared(new, known, against), *found]
        note = f"{size} images against {len(against):,} of {real.unseen_origin}"
    return SetMeasures(tuple(found), size, note)


@dataclass(frozen=True, slots=True, eq=False)
class _Set:
    """Features of a set, float64, their classes, and draws of its rows, shape (draw, size)."""

    features: Tensor
    labels: Tensor
    draws: Int64[np.ndarray, "draw size"]

    @classmethod
    def of(
        cls, features: np.ndarray, labels: np.ndarray, size: int, chance: np.random.Generator
    ) -> "_Set":
        draws = [chance.permutation(len(features))[:size] for _ in range(DRAWS)]
        return cls(
            torch.from_numpy(features).double(),
            torch.from_numpy(labels),
            np.stack(draws).astype(np.int64),
        )


def _compared(new: _Set, known: _Set, against: Tensor) -> list[SetMeasure]:
    """Return what compares a set with held-out images; kernels and distances are found once."""
    columns = {"kid": [_kid(one, against) for one in (new, known)]}
    manifolds = [_manifolds(one, against) for one in (new, known)]
    for name in ("precision", "recall", "density", "coverage"):
        columns[name] = [[getattr(row, name) for row in rows] for rows in manifolds]
    return [_measure(name, *values) for name, values in columns.items()]


def _kid(one: _Set, against: Tensor) -> list[float]:
    own = polynomial_kernel(one.features, one.features)
    between = polynomial_kernel(one.features, against)
    other = polynomial_kernel(against, against)
    return [
        unbiased_mmd(own[rows][:, rows], other, between[rows])
        for rows in map(torch.from_numpy, one.draws)
    ]


def _manifolds(one: _Set, against: Tensor) -> list[Manifold]:
    own, between = torch.cdist(one.features, one.features), torch.cdist(against, one.features)
    real = torch.cdist(against, against)
    return [
        manifold_of_distances(real, own[rows][:, rows], between[:, rows])
        for rows in map(torch.from_numpy, one.draws)
    ]


def _diversity(new: _Set, known: _Set) -> SetMeasure:
    def each(one: _Set) -> list[float]:
        return [
            within_class_distance(one.features[rows], one.labels[rows])
            for rows in map(torch.from_numpy, one.draws)
        ]

    return _measure("diversity", each(new), each(known))


def _measure(name: str, values: list[float], real: list[float]) -> SetMeasure:
    low, median, high = np.nanquantile(real, [0.05, 0.5, 0.95]).tolist()
    return SetMeasure(name, float(np.nanmean(values)), low, median, high)
