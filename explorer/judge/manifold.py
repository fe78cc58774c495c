r"""Precision, recall, density and coverage of generated images among real ones.

Around each image lies a ball that reaches to its k-th nearest neighbour in its own set. With
real images `x`, generated ones `y` and balls `B`:

===========  ==================================================================
precision    share of `y` in the ball of any `x`: are they realistic?
recall       share of `x` in the ball of any `y`: is everything real generated?
density      balls of `x` that hold a `y`, on average, over k: unlike precision
             not fooled by one outlier with a wide ball; may exceed 1
coverage     share of `x` whose ball holds any `y`
===========  ==================================================================

Source:
    Kynkaanniemi et al., Improved Precision and Recall Metric, NeurIPS 2019 (precision, recall).
    Naeem et al., Reliable Fidelity and Diversity Metrics, ICML 2020 (density, coverage).
"""

__all__ = ["NEIGHBOURS", "Manifold", "manifold_measures", "manifold_of_distances"]

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

NEIGHBOURS = 5
"""The k of the balls, where a set is that large."""


@dataclass(frozen=True, slots=True)
class Manifold:
    """The four numbers; see the table of this module.

    Attributes:
        precision: 0 to 1.
        recall: 0 to 1.
        density: At least 0; 1 on average for images of the same distribution.
        coverage: 0 to 1.
    """

    precision: float
    recall: float
    density: float
    coverage: float


def manifold_measures(
    real: Float[Tensor, "real feature"], made: Float[Tensor, "made feature"]
) -> Manifold:
    """Compare two sets of features.

    Args:
        real: Features of real images, at least 2.
        made: Features of generated images, at least 2.
    """
    x, y = real.double(), made.double()
    return manifold_of_distances(torch.cdist(x, x), torch.cdist(y, y), torch.cdist(x, y))


def manifold_of_distances(
    real: Float[Tensor, "real real"],
    made: Float[Tensor, "made made"],
    between: Float[Tensor, "real made"],
) -> Manifold:
    """Compare two sets by the distances within and between them; each has at least 2 images."""
    k = min(NEIGHBOURS, len(real) - 1)
    inside = between <= _radii(real, k)[:, None]
    near_made = between <= _radii(made, min(NEIGHBOURS, len(made) - 1))[None]
    return Manifold(
        precision=float(inside.any(0).double().mean()),
        recall=float(near_made.any(1).double().mean()),
        density=float(inside.double().sum(0).mean() / k),
        coverage=float(inside.any(1).double().mean()),
    )


def _radii(distances: Float[Tensor, "n n"], k: int) -> Float[Tensor, " n"]:
    """Return the distance of each image to its k-th nearest other."""
    others = distances.clone().fill_diagonal_(torch.inf)
    return others.kthvalue(k, dim=1).values
