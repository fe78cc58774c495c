r"""Directions of attributes, found from labels in one pass over latents.

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
    "MIN_GROUP",
    "DirectionSums",
    "conditional_directions",
    "difference_of_means",
    "fit_directions",
    "midpoints",
    "ridge_directions",
    "usable_attributes",
]

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float64, Int64
from torch import Tensor

from explorer.errors import ConfigError, DataError
from explorer.latent.directions import Directions
from explorer.protocol import Labels, Latents

MIN_GROUP = 5
"""Images below which a group has no mean worth showing."""


class DirectionSums:
    """Sums from which every direction follows; one pass, memory independent of the image count.

    Attributes:
        class_counts: Images of each class, float64, shape (class,).
        class_sums: Sum of their latents, float64, shape (class, dim).
        joint_counts: Images of the class with the attribute, float64, shape (class, attribute).
        joint_sums: Sum of their latents, float64, shape (class, attribute, dim).
        class_pairs: Images of the class with both attributes, float64, shape
            (class, attribute, attribute).
    """

    def __init__(self, num_attributes: int, dim: int, num_classes: int) -> None:
        """Start from nothing: no image seen."""
        self.class_counts = torch.zeros(num_classes, dtype=torch.float64)
        self.class_sums = torch.zeros(num_classes, dim, dtype=torch.float64)
        self.joint_counts = torch.zeros(num_classes, num_attributes, dtype=torch.float64)
        self.joint_sums = torch.zeros(num_classes, num_attributes, dim, dtype=torch.float64)
        self.class_pairs = torch.zeros(
            num_classes, num_attributes, num_attributes, dtype=torch.float64
        )

    def update(
        self, latents: Latents, attributes: Bool[Tensor, "batch attribute"], labels: Labels
    ) -> None:
        """Add a batch.

        Args:
            latents: Float, shape (batch, dim).
            attributes: Whether the image has the attribute, shape (batch, attribute).
            labels: Class numbers, shape (batch,). Any finer grouping serves as well.

        Raises:
            DataError: A latent is not finite or a label is not a class number; nothing is added.
        """
        z = latents.detach().to(device="cpu", dtype=torch.float64)
        x = attributes.to(device="cpu", dtype=torch.float64)
        labels = labels.cpu()
        self._check(z, labels)
        for label in torch.unique(labels).tolist():
            rows = labels == label
            own_z, own_x = z[rows], x[rows]
            self.class_counts[label] += len(own_z)
            self.class_sums[label] += own_z.sum(0)
            self.joint_counts[label] += own_x.sum(0)
            self.joint_sums[label] += own_x.T @ own_z
            self.class_pairs[label] += own_x.T @ own_x

    @property
    def count(self) -> float:
        """Images seen."""
        return float(self.class_counts.sum())

    @property
    def positives(self) -> Float64[Tensor, " attribute"]:
        """Images with each attribute."""
        return self.joint_counts.sum(0)

    @property
    def negatives(self) -> Float64[Tensor, " attribute"]:
        """Images without each attribute."""
        return self.count - self.positives

    @property
    def pairs(self) -> Float64[Tensor, "attribute attribute"]:
        """Images with both attributes."""
        return self.class_pairs.sum(0)

    def _check(self, z: Tensor, labels: Tensor) -> None:
        if not torch.isfinite(z).all():
            raise DataError(
                "A latent is not finite, so no direction can be found. "
                "Check the model: its training may have failed."
            )
        allowed = len(self.class_counts)
        bad = labels[(labels < 0) | (labels >= allowed)]
        if len(bad) > 0:
            raise DataError(f"Label {int(bad[0])} is not a class; {allowed} classes are known.")


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
    rows = [
        _from_each_class(sums, a, free[a][:, None] * ridge, shrinkage) for a in range(len(ridge))
    ]
    return torch.stack(rows)


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


def fit_directions(
    sums: DirectionSums,
    names: Sequence[str],
    class_names: Sequence[str],
    *,
    ridge_lambda: float = 1.0,
    shrinkage: float = 10.0,
) -> Directions:
    """Return all kinds of directions of all attributes.

    Args:
        sums: Updated with every image.
        names: Attributes in the order of the columns.
        class_names: Classes in the order of the labels.
        ridge_lambda: See `ridge_directions`.
        shrinkage: See `conditional_directions`.

    Raises:
        DataError: An attribute has fewer than `MIN_GROUP` positives or negatives, or the names
            do not fit the sums. `usable_attributes` tells beforehand which have enough.
        ConfigError: A setting is out of its range.
    """
    _check_names(sums, names, class_names)
    _check_counts(sums, names)
    pooled = difference_of_means(sums)
    ridge = ridge_directions(sums, ridge_lambda=ridge_lambda)
    conditional = conditional_directions(sums, ridge, shrinkage=shrinkage)
    class_positives = sums.joint_counts.T
    return Directions(
        names=tuple(names),
        class_names=tuple(class_names),
        pooled=pooled.float(),
        ridge=ridge.float(),
        conditional=conditional.float(),
        midpoints=midpoints(sums).float(),
        positives=sums.positives.long(),
        negatives=sums.negatives.long(),
        class_positives=class_positives.long(),
        class_negatives=(sums.class_counts - class_positives).long(),
    )


def usable_attributes(attributes: Bool[Tensor, "n attribute"]) -> Int64[Tensor, " usable"]:
    """Return the columns with at least `MIN_GROUP` positives and as many negatives."""
    positives = attributes.sum(0)
    negatives = len(attributes) - positives
    return torch.minimum(positives, negatives).ge(MIN_GROUP).nonzero().flatten()


def _check_names(sums: DirectionSums, names: Sequence[str], class_names: Sequence[str]) -> None:
    num_classes, num_attributes = sums.joint_counts.shape
    if len(names) != num_attributes or len(class_names) != num_classes:
        raise DataError(
            f"{len(names)} attribute and {len(class_names)} class names do not fit "
            f"{num_attributes} attributes and {num_classes} classes. Read the data anew."
        )


def _check_counts(sums: DirectionSums, names: Sequence[str]) -> None:
    counts = zip(names, sums.positives.tolist(), sums.negatives.tolist(), strict=True)
    for name, positives, negatives in counts:
        if min(positives, negatives) < MIN_GROUP:
            raise DataError(
                f"Attribute '{name}' has {positives:.0f} images with it and {negatives:.0f} "
                f"without; at least {MIN_GROUP} of each are needed. Label more images or leave "
                "it out."
            )
