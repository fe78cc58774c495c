r"""Directions of attributes that follow from labels by sums alone.

With `z` a latent, `x` its row of 0/1 attributes, `c` its class, and a bar for a mean:

.. math::
    d_a &= \bar z_{a=1} - \bar z_{a=0} && \text{difference of means, pooled over classes} \\
    R &= (X^T X + \lambda I)^{-1} X^T Z && \text{ridge, } X, Z \text{ centred; row } a \\
    d_{a|c} &= \Delta_w z - \sum_b \Delta_w x_b \, R_b && \text{conditional on class } c \\
    \Delta_w &= w\,(\bar\cdot_{target} - \bar\cdot_{source})
        + (1-w)\,(\bar\cdot_{a=1} - \bar\cdot_{a=0}), \qquad w = \frac{n}{n + k}

An attribute that comes in several shapes (a hat, blond hair) has a pooled difference that points
nowhere; from one class it points somewhere. `source` are the class's own negatives, `target` its
own positives. Where the class has fewer than `MIN_GROUP` of either, everybody's stand in: for the
attribute "hat" the target from class "short hair" is all hats, since no short hair has one. `n` is
the smaller of both groups: small groups are shrunk towards the pooled difference.

The sum takes away what the *other* attributes explain of the difference, because the groups happen
to differ in them. It uses their ridge directions scaled by that imbalance rather than an
orthogonal projection: directions of different attributes need not be orthogonal, and 40 attributes
projected out of 128 dimensions leave little of any. Attributes that exclude or imply `a` (an empty
cell in their 2 x 2 table) are left in: who becomes blond must stop being dark.
"""

__all__ = [
    "conditional_directions",
    "conditional_midpoints",
    "difference_of_means",
    "midpoints",
    "ridge_directions",
    "usable_attributes",
    "within_class_directions",
]

import math
from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float64, Int64
from torch import Tensor

from explorer.errors import ConfigError
from explorer.latent.direction_sums import DirectionSums
from explorer.latent.directions import MIN_GROUP


def difference_of_means(sums: DirectionSums) -> Float64[Tensor, "attribute dim"]:
    """Return the mean latent with each attribute minus the mean without it.

    Attributes without positives or negatives give NaN.
    """
    with_it = sums.joint_sums.sum(0)
    without_it = sums.class_sums.sum(0) - with_it
    return with_it / sums.positives[:, None] - without_it / sums.negatives[:, None]


def midpoints(sums: DirectionSums) -> Float64[Tensor, "attribute dim"]:
    """Return the mean of the mean latents with and without each attribute."""
    with_it = sums.joint_sums.sum(0)
    without_it = sums.class_sums.sum(0) - with_it
    return (with_it / sums.positives[:, None] + without_it / sums.negatives[:, None]) / 2


def ridge_directions(
    sums: DirectionSums, *, ridge_lambda: float = 1.0
) -> Float64[Tensor, "attribute dim"]:
    """Return the coefficients of the ridge regression of latents on all attributes at once.

    Args:
        sums: Of at least one image.
        ridge_lambda: Penalty on the squared coefficients, the intercept left free; above 0.

    Returns:
        One direction an attribute: the change of the latent from 0 to 1 with the other
        attributes held.

    Raises:
        ConfigError: The penalty is not above 0 (attributes that add up to 1 need one).
    """
    if not (math.isfinite(ridge_lambda) and ridge_lambda > 0):
        raise ConfigError(f"ridge_lambda is {ridge_lambda}; it must be a finite number above 0.")
    x_sum, z_sum = sums.positives, sums.class_sums.sum(0)
    covariance = sums.pairs - torch.outer(x_sum, x_sum) / sums.count
    cross = sums.joint_sums.sum(0) - torch.outer(x_sum, z_sum) / sums.count
    penalty = ridge_lambda * torch.eye(len(x_sum), dtype=torch.float64)
    coefficients: Tensor = torch.linalg.solve(covariance + penalty, cross)
    return coefficients


def conditional_directions(
    sums: DirectionSums,
    ridge: Float64[Tensor, "attribute dim"],
    *,
    shrinkage: float = 10.0,
) -> Float64[Tensor, "attribute cls dim"]:
    """Return, for each attribute, the direction that starts at each class.

    Args:
        sums: Each attribute with at least one positive and one negative.
        ridge: `ridge_directions` of the same sums.
        shrinkage: `k` of the module's formula, in images: a class whose smaller group has `k`
            images counts half. 0 trusts every group of `MIN_GROUP`.

    Raises:
        ConfigError: The shrinkage is negative or not finite.
    """
    if not (math.isfinite(shrinkage) and shrinkage >= 0):
        raise ConfigError(f"shrinkage is {shrinkage}; it must be a finite number of at least 0.")
    free = _free_attributes(sums)
    num_attributes, dim = ridge.shape
    rows = torch.empty(num_attributes, len(sums.class_counts), dim, dtype=torch.float64)
    for a in range(num_attributes):
        rows[a] = _from_each_class(sums, a, free[a][:, None] * ridge, shrinkage)
    return rows


def conditional_midpoints(sums: DirectionSums) -> Float64[Tensor, "attribute cls dim"]:
    """Return half way between the groups that each conditional direction joins."""
    with_it = sums.joint_sums
    without_it = sums.class_sums[:, None] - with_it
    target = _means_or_everyones(sums.joint_counts, with_it)
    source = _means_or_everyones(sums.class_counts[:, None] - sums.joint_counts, without_it)
    return ((target + source) / 2).transpose(0, 1)


def within_class_directions(sums: DirectionSums) -> Float64[Tensor, "attribute cls dim"]:
    """Return the difference of means within each class, NaN where it has too few images.

    Too few is fewer than `MIN_GROUP` with the attribute or without it.
    """
    with_it = sums.joint_counts
    without_it = sums.class_counts[:, None] - with_it
    rest = sums.class_sums[:, None] - sums.joint_sums
    difference = sums.joint_sums / with_it[..., None] - rest / without_it[..., None]
    enough = torch.minimum(with_it, without_it) >= MIN_GROUP
    return difference.where(enough[..., None], torch.nan).transpose(0, 1)


def _means_or_everyones(
    counts: Float64[Tensor, "cls attribute"], totals: Float64[Tensor, "cls attribute dim"]
) -> Float64[Tensor, "cls attribute dim"]:
    everyone = totals.sum(0) / counts.sum(0)[:, None]
    own = totals / counts.clamp(min=1)[..., None]
    return torch.where((counts >= MIN_GROUP)[..., None], own, everyone)


def _from_each_class(sums: DirectionSums, a: int, others: Tensor, shrinkage: float) -> Tensor:
    """Directions of attribute `a` (C, D); `others` are the ridge rows to take away (A, D)."""
    dim = others.shape[1]
    with_it = torch.cat([sums.joint_sums[:, a], sums.class_pairs[:, a]], dim=1)
    all_of_it = torch.cat([sums.class_sums, sums.joint_counts], dim=1)
    target = _group_means(sums.joint_counts[:, a], with_it)
    source = _group_means(sums.class_counts - sums.joint_counts[:, a], all_of_it - with_it)
    n = torch.minimum(target.counts, source.counts)
    weight = (n / (n + shrinkage))[:, None]
    own, everyone = target.own - source.own, target.everyone - source.everyone
    difference = weight * own + (1 - weight) * everyone
    return difference[:, :dim] - difference[:, dim:] @ others


@dataclass(frozen=True, slots=True, eq=False)
class _GroupMeans:
    """Means of latents and attributes side by side: of each class (C, D + A), of everyone."""

    counts: Tensor
    own: Tensor
    everyone: Tensor


def _group_means(counts: Tensor, totals: Tensor) -> _GroupMeans:
    """Divide sums by counts; everyone stands in for a class with too few images."""
    everyone = totals.sum(0) / counts.sum()
    enough = counts >= MIN_GROUP
    own = torch.where(enough[:, None], totals / counts.clamp(min=1)[:, None], everyone)
    return _GroupMeans(torch.where(enough, counts, counts.sum()), own, everyone)


def _free_attributes(sums: DirectionSums) -> Bool[Tensor, "attribute attribute"]:
    """Whether two attributes occur in all four combinations, so that neither fixes the other."""
    both = sums.pairs
    first_only = sums.positives[:, None] - both
    second_only = sums.positives[None, :] - both
    neither = sums.count - both - first_only - second_only
    return (both > 0) & (first_only > 0) & (second_only > 0) & (neither > 0)


def usable_attributes(attributes: Bool[Tensor, "n attribute"]) -> Int64[Tensor, " usable"]:
    """Return the columns with at least `MIN_GROUP` positives and as many negatives."""
    positives = attributes.sum(0)
    negatives = len(attributes) - positives
    return torch.minimum(positives, negatives).ge(MIN_GROUP).nonzero().flatten()
