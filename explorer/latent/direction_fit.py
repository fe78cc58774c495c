"""All kinds of directions of a model's latents, found while they are encoded batch by batch."""

__all__ = ["VARIATIONS", "DirectionFit", "fit_directions"]

import datetime
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from functools import cached_property

import torch
from jaxtyping import Bool, Float64, Int64
from torch import Tensor

from explorer.errors import DataError
from explorer.latent.attributes import (
    conditional_directions,
    conditional_midpoints,
    difference_of_means,
    midpoints,
    ridge_directions,
    usable_attributes,
    within_class_directions,
)
from explorer.latent.bootstrap import LatentSketch, Resampled, spread_over_draws
from explorer.latent.direction_sums import DirectionSums
from explorer.latent.directions import MIN_GROUP, PRINCIPAL, Directions, too_few
from explorer.latent.logistic import logistic_directions
from explorer.latent.principal import principal_directions
from explorer.protocol import Labels, Latents

VARIATIONS = 8
"""Principal directions that are kept."""

_SPAN = 64
"""Principal directions that logistic regressions see."""

_LOGISTIC_DRAWS = 4
"""Draws of the images for logistic directions, each of which costs a fit in the whole space."""

_HELD = 2**25
"""Numbers of latents that are held in memory, 128 MB: the first images', for all that cannot be
had from sums."""


def fit_directions(
    sums: DirectionSums,
    names: Sequence[str],
    class_names: Sequence[str],
    *,
    ridge_lambda: float = 1.0,
    shrinkage: float = 10.0,
) -> Directions:
    """Return the directions of all attributes that follow from sums alone.

    Those are all kinds but "logistic" and "principal", and nothing is known of their spread.

    Args:
        sums: Updated with every image.
        names: Attributes in the order of the columns.
        class_names: Classes in the order of the labels.
        ridge_lambda: See `ridge_directions`.
        shrinkage: See `conditional_directions`.

    Raises:
        DataError: An attribute has fewer than `MIN_GROUP` positives or negatives, or the names
            do not fit the sums or repeat. `usable_attributes` tells beforehand which have enough.
        ConfigError: A setting is out of its range.
    """
    _check_names(sums, names, class_names)
    _check_counts(sums, names)
    pooled = difference_of_means(sums)
    ridge = ridge_directions(sums, ridge_lambda=ridge_lambda)
    conditional = conditional_directions(sums, ridge, shrinkage=shrinkage)
    within = within_class_directions(sums).nan_to_num(0.0)
    middle, middles = midpoints(sums), conditional_midpoints(sums)
    class_positives = sums.joint_counts.T
    dim = pooled.shape[1]
    return Directions(
        names=tuple(names),
        class_names=tuple(class_names),
        model="",
        pooled=pooled.float(),
        ridge=ridge.float(),
        conditional=conditional.float(),
        within=within.float(),
        logistic=torch.zeros(0, dim),
        principal=torch.zeros(0, dim),
        offsets={
            "pooled": _offsets(pooled, middle),
            "ridge": _offsets(ridge, middle),
            "conditional": _offsets(conditional, middles),
            "class": _offsets(within, middles),
        },
        cosines={},
        errors={},
        positives=sums.positives.long(),
        negatives=sums.negatives.long(),
        class_positives=class_positives.long(),
        class_negatives=(sums.class_counts - class_positives).long(),
        refused={},
    )


class DirectionFit:
    """Latents seen batch by batch, and all kinds of directions of them.

    Memory does not grow with the images beyond 128 MB of latents: sums are over all images, and
    so is the bootstrap, from sketches; logistic and principal directions are of the first images.
    """

    def __init__(
        self,
        names: Sequence[str],
        class_names: Sequence[str],
        attributes: Bool[Tensor, "n attribute"],
        labels: Labels,
        dim: int,
    ) -> None:
        """Choose the attributes with enough images.

        Args:
            names: Attributes in the order of the columns.
            class_names: Classes in the order of the labels.
            attributes: Of all images that will be seen, in their order.
            labels: Likewise.
            dim: Length of a latent.

        Raises:
            DataError: A name repeats.
        """
        _check_repeats(names)
        columns = usable_attributes(attributes)
        positives = attributes.sum(0).tolist()
        self.names = tuple(names[column] for column in columns.tolist())
        self.refused = {
            name: (count, len(attributes) - count)
            for name, count in zip(names, positives, strict=True)
            if name not in self.names
        }
        self._class_names = tuple(class_names)
        self._attributes, self._labels = attributes[:, columns], labels
        self._sums = DirectionSums(len(columns), dim, len(class_names))
        self._sketch = LatentSketch(dim)
        self._sketches = torch.empty(len(labels), self._sketch.size)
        self._held = torch.empty(min(len(labels), max(1, _HELD // dim)), dim)
        self._seen = 0

    def update(self, latents: Latents) -> None:
        """Add the latents of the next images.

        Raises:
            DataError: A latent is not finite; nothing is added.
        """
        rows = slice(self._seen, self._seen + len(latents))
        self._sums.update(latents, self._attributes[rows], self._labels[rows])
        self._sketches[rows] = self._sketch(latents)
        held = self._held[rows]
        held.copy_(latents[: len(held)])
        self._seen += len(latents)

    def finish(self, model: str) -> Directions:
        """Return all directions and how far each scatters over draws of the images.

        Args:
            model: SHA-256 of the weights they belong to.
        """
        return self.with_spread(self.directions(model))

    def directions(self, model: str) -> Directions:
        """Return all directions, nothing being known of their spread; see `finish`."""
        principal = self._scatter[:VARIATIONS]
        mean = self._sums.class_sums.sum(0) / self._sums.count
        found = replace(
            fit_directions(self._sums, self.names, self._class_names),
            model=model,
            found_on=datetime.date.today().isoformat(),
            principal=principal,
            refused=self.refused,
        )
        offsets = {**found.offsets, PRINCIPAL: _offsets(principal.double(), mean)}
        if not self.names:
            return replace(found, offsets=offsets)
        held, attributes = self._first_images
        logistic = logistic_directions(held, attributes, found.pooled, self._scatter)
        offsets["logistic"] = _offsets(logistic.double(), midpoints(self._sums))
        return replace(found, logistic=logistic, offsets=offsets)

    def with_spread(self, found: Directions) -> Directions:
        """Return what `directions` found with its spread by bootstrap."""
        if not self.names:
            return found
        held, attributes = self._first_images
        resampled = self._spread(found) | spread_over_draws(
            len(held),
            lambda rows: {"logistic": _logistic(held[rows], attributes[rows], self._scatter)},
            {"logistic": found.logistic},
            {"logistic": found.logistic.norm(dim=-1)},
            draws=_LOGISTIC_DRAWS,
        )
        return replace(
            found,
            cosines={kind: one.cosines for kind, one in resampled.items()},
            errors={kind: one.errors for kind, one in resampled.items()},
        )

    @property
    def _first_images(self) -> tuple[Latents, Bool[Tensor, "n attribute"]]:
        """Latents that are held, and their images' attributes."""
        held = self._held[: self._seen]
        return held, self._attributes[: len(held)]

    @cached_property
    def _scatter(self) -> Tensor:
        """Principal directions, more than are kept."""
        held, _ = self._first_images
        return principal_directions(held, self._labels[: len(held)], _SPAN)

    def _spread(self, found: Directions) -> dict[str, Resampled]:
        """Return how far the directions that follow from sums scatter."""
        known = {kind: found.rows(kind) for kind in ("pooled", "ridge", "conditional", "class")}
        return spread_over_draws(
            self._seen,
            self._sketched,
            {kind: self._sketch(rows) for kind, rows in known.items()},
            {kind: rows.norm(dim=-1) for kind, rows in known.items()},
        )

    def _sketched(self, rows: Int64[Tensor, " n"]) -> dict[str, Tensor]:
        """Return sketches of the directions of some images, by kind."""
        sums = DirectionSums(len(self.names), self._sketch.size, len(self._class_names))
        sums.update(self._sketches[rows], self._attributes[rows], self._labels[rows])
        ridge = ridge_directions(sums)
        return {
            "pooled": difference_of_means(sums),
            "ridge": ridge,
            "conditional": conditional_directions(sums, ridge),
            "class": within_class_directions(sums),
        }


def _logistic(
    latents: Latents, attributes: Bool[Tensor, "n attribute"], scatter: Tensor
) -> Tensor:
    """Return logistic directions of some images from nothing, NaN where they have none."""
    there = attributes.any(0) & ~attributes.all(0)
    marks = attributes[:, there]
    groups = torch.stack([marks / marks.sum(0), ~marks / (~marks).sum(0)])
    with_it, without_it = groups.mT @ latents
    found = torch.full((attributes.shape[1], latents.shape[1]), torch.nan)
    found[there] = logistic_directions(latents, marks, with_it - without_it, scatter)
    return found


def _offsets(
    rows: Float64[Tensor, "*row dim"], middle: Float64[Tensor, "*#row dim"]
) -> Float64[Tensor, "*row"]:
    """Return `<middle, d> / |d|^2`, 0 for a direction of length 0."""
    return (rows * middle).sum(-1) / rows.square().sum(-1).clamp(min=1e-300)


def _check_names(sums: DirectionSums, names: Sequence[str], class_names: Sequence[str]) -> None:
    num_classes, num_attributes = sums.joint_counts.shape
    if len(names) != num_attributes or len(class_names) != num_classes:
        raise DataError(
            f"{len(names)} attribute and {len(class_names)} class names do not fit "
            f"{num_attributes} attributes and {num_classes} classes. Read the data anew."
        )
    _check_repeats(names)


def _check_repeats(names: Sequence[str]) -> None:
    for name, count in Counter(names).items():
        if count > 1:
            raise DataError(
                f"{count} attributes are called '{name}'. Give each a name of its own."
            )


def _check_counts(sums: DirectionSums, names: Sequence[str]) -> None:
    counts = zip(names, sums.positives.tolist(), sums.negatives.tolist(), strict=True)
    for name, positives, negatives in counts:
        if min(positives, negatives) < MIN_GROUP:
            raise DataError(too_few(name, int(positives), int(negatives)))
