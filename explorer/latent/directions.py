"""The directions of attributes as one record: what there is, moved along, measured along.

| kind | the step of strength 1 |
|---|---|
| "pooled" | mean with the attribute minus mean without it, over all classes |
| "class" | the same within one class; only where the class has `MIN_GROUP` of both |
| "conditional" | from one class's images without it to images with it, freed of other attributes |
| "ridge" | change of the latent when the attribute changes and the others are held |
| "logistic" | normal of a logistic regression, as long as the means lie apart along it |
| "principal" | one standard deviation along a main direction of the scatter within classes |

The last belongs to no attribute: its directions are named "variation 1", "variation 2", ...
"""

__all__ = [
    "KINDS",
    "MIN_GROUP",
    "PRINCIPAL",
    "Directions",
    "Spread",
    "edit",
    "position",
    "too_few",
]

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import torch
from jaxtyping import Float, Float32, Int64
from torch import Tensor

from explorer.errors import ConfigError, DataError, near_match
from explorer.protocol import Latents, PerSample

MIN_GROUP = 5
"""Images below which a group has no mean worth showing."""

KINDS = ("pooled", "class", "conditional", "ridge", "logistic")
"""Kinds of direction an attribute may have."""

PRINCIPAL = "principal"
"""The one kind of direction that needs no attribute."""

_BY_CLASS = ("class", "conditional")


@dataclass(frozen=True, slots=True)
class Spread:
    """How far a direction would scatter if the images were drawn again, by bootstrap.

    Attributes:
        cosine: Mean cosine of resampled directions to the one of all images; NaN if not known.
        error: Relative standard error: root mean square distance of resampled directions to the
            one of all images, over its length; NaN if not known.
    """

    cosine: float
    error: float


@dataclass(frozen=True, slots=True, eq=False)
class Directions:
    """The directions of one model on one data set.

    Attributes:
        names: Attributes, in the order of the rows.
        class_names: Classes, or whatever finer groups the labels stood for.
        model: SHA-256 of the weights they belong to; empty where they belong to no checkpoint.
        pooled: Difference of means, float32, shape (attribute, dim).
        ridge: Ridge directions, float32, shape (attribute, dim).
        conditional: From each class, float32, shape (attribute, cls, dim).
        within: Of kind "class", float32, shape (attribute, cls, dim); zero where there is none.
        logistic: Logistic normals, float32, shape (attribute, dim), or (0, dim) if not fitted.
        principal: Directions of the scatter within classes, float32, shape (variation, dim).
        offsets: By kind, float64, the shape of its rows without dim: `<z_mid, d> / |d|^2`, which
            a position subtracts so that 0 is half way between the means.
        cosines: By kind, float32, same shape: see `Spread`. Kinds may be missing.
        errors: Likewise.
        positives: Images with the attribute, int64, shape (attribute,).
        negatives: Images without it, int64, shape (attribute,).
        class_positives: Images of the class with it, int64, shape (attribute, cls).
        class_negatives: Images of the class without it, int64, shape (attribute, cls).
        refused: Attributes of the data that have too few images, with their numbers of images
            with and without.
        found_on: Day they were found, as 2026-11-22; empty if not known.
    """

    names: tuple[str, ...]
    class_names: tuple[str, ...]
    model: str
    pooled: Float32[Tensor, "attribute dim"]
    ridge: Float32[Tensor, "attribute dim"]
    conditional: Float32[Tensor, "attribute cls dim"]
    within: Float32[Tensor, "attribute cls dim"]
    logistic: Float32[Tensor, "fitted dim"]
    principal: Float32[Tensor, "variation dim"]
    offsets: Mapping[str, Tensor]
    cosines: Mapping[str, Tensor]
    errors: Mapping[str, Tensor]
    positives: Int64[Tensor, " attribute"]
    negatives: Int64[Tensor, " attribute"]
    class_positives: Int64[Tensor, "attribute cls"]
    class_negatives: Int64[Tensor, "attribute cls"]
    refused: Mapping[str, tuple[int, int]]
    found_on: str = ""

    @property
    def variations(self) -> tuple[str, ...]:
        """Names of the principal directions."""
        return tuple(f"variation {number + 1}" for number in range(len(self.principal)))

    @property
    def sliders(self) -> tuple[str, ...]:
        """Everything a latent can be moved along: attributes, then variations."""
        return self.names + self.variations

    def kinds(self, attribute: str, label: int | None = None) -> tuple[str, ...]:
        """Return the kinds of direction there are; one of zeros is none.

        Args:
            attribute: One of `sliders`.
            label: Class of the image to move; without it, kinds of one class are left out.

        Raises:
            ConfigError: There is no such attribute or class.
        """
        if attribute in self.variations:
            return (PRINCIPAL,)
        row = self._row(attribute)
        there = [kind for kind in KINDS if len(self.rows(kind))]
        if not self.ridge[row].any():
            there.remove("ridge")
        if label is not None and self.class_names:
            self._check_label(label)
            if not self._has_group(row, label):
                there.remove("class")
        else:
            there = [kind for kind in there if kind not in _BY_CLASS]
        return tuple(there)

    def axis(self, attribute: str, kind: str, label: int | None = None) -> Float32[Tensor, " dim"]:
        """Return a direction, float32, shape (dim,).

        Args:
            attribute: One of `sliders`.
            kind: One of `kinds(attribute, label)`.
            label: Class of the image to move, for kinds of one class.

        Raises:
            ConfigError: There is no such attribute, kind or class.
        """
        return self.rows(kind)[self._place(attribute, kind, label)]

    def offset(self, attribute: str, kind: str, label: int | None = None) -> float:
        """Return what a position along this direction subtracts; see `position`."""
        return float(self.offsets[kind][self._place(attribute, kind, label)])

    def position(
        self, latents: Latents, attribute: str, kind: str, label: int | None = None
    ) -> PerSample:
        """Return where latents lie along a direction, float64, shape (batch,); see `position`."""
        return position(
            latents, self.axis(attribute, kind, label), self.offset(attribute, kind, label)
        )

    def spread(self, attribute: str, kind: str, label: int | None = None) -> Spread:
        """Return how far a direction would scatter over other draws of the images."""
        place = self._place(attribute, kind, label)
        if kind not in self.errors:
            return Spread(math.nan, math.nan)
        return Spread(float(self.cosines[kind][place]), float(self.errors[kind][place]))

    def counts(self, attribute: str) -> tuple[int, int]:
        """Return how many images have the attribute and how many do not; (0, 0) for a variation.

        Raises:
            ConfigError: There is no such attribute.
        """
        if attribute in self.variations:
            return 0, 0
        row = self._row(attribute)
        return int(self.positives[row]), int(self.negatives[row])

    def group(self, attribute: str, kind: str, label: int | None = None) -> tuple[int, int]:
        """Return how many images with and without the attribute a direction rests on.

        For a variation, which rests on no attribute, (0, 0).

        Raises:
            ConfigError: There is no such attribute, kind or class.
        """
        place = self._place(attribute, kind, label)
        everyone = self.counts(attribute)
        if kind not in _BY_CLASS:
            return everyone
        own = int(self.class_positives[place]), int(self.class_negatives[place])
        with_it, without_it = (
            mine if mine >= MIN_GROUP else all_of_them
            for mine, all_of_them in zip(own, everyone, strict=True)
        )
        return with_it, without_it

    def rows(self, kind: str) -> Float32[Tensor, "..."]:
        """Return all directions of a kind, attribute by attribute and, in some, class by class."""
        return {
            "pooled": self.pooled,
            "ridge": self.ridge,
            "conditional": self.conditional,
            "class": self.within,
            "logistic": self.logistic,
            PRINCIPAL: self.principal,
        }[kind]

    def without_classes(self) -> "Directions":
        """Return the directions without those that start at a class."""
        return replace(
            self,
            class_names=(),
            conditional=self.conditional[:, :0],
            within=self.within[:, :0],
            offsets=_without_classes(self.offsets),
            cosines=_without_classes(self.cosines),
            errors=_without_classes(self.errors),
            class_positives=self.class_positives[:, :0],
            class_negatives=self.class_negatives[:, :0],
        )

    def only(self, names: Sequence[str]) -> "Directions":
        """Return the directions of some attributes, without variations.

        Raises:
            ConfigError: There is no such attribute.
        """
        chosen = torch.tensor([self._row(name) for name in names], dtype=torch.int64)
        kept = [kind for kind in KINDS if kind in self.offsets]
        return replace(
            self,
            names=tuple(names),
            pooled=self.pooled[chosen],
            ridge=self.ridge[chosen],
            conditional=self.conditional[chosen],
            within=self.within[chosen],
            logistic=self.logistic[chosen] if len(self.logistic) else self.logistic,
            principal=self.principal[:0],
            offsets={kind: _chosen(self.offsets[kind], chosen) for kind in kept},
            cosines={k: _chosen(v, chosen) for k, v in self.cosines.items() if k in kept},
            errors={k: _chosen(v, chosen) for k, v in self.errors.items() if k in kept},
            positives=self.positives[chosen],
            negatives=self.negatives[chosen],
            class_positives=self.class_positives[chosen],
            class_negatives=self.class_negatives[chosen],
            refused={},
        )

    def _place(self, attribute: str, kind: str, label: int | None) -> tuple[int, ...]:
        known = self.kinds(attribute, label)
        if kind not in known:
            raise ConfigError(
                f"No direction of kind '{kind}' for '{attribute}'"
                f"{'' if label is None else f' from class {self.class_names[label]!r}'}. "
                f"Choose one of {', '.join(known)}."
            )
        if kind == PRINCIPAL:
            return (self.variations.index(attribute),)
        row = self._row(attribute)
        return (row, label) if label is not None and kind in _BY_CLASS else (row,)

    def _has_group(self, row: int, label: int) -> bool:
        """Whether a class has enough images with and without an attribute."""
        own = torch.stack([self.class_positives[row, label], self.class_negatives[row, label]])
        return bool((own >= MIN_GROUP).all())

    def _row(self, attribute: str) -> int:
        if attribute in self.names:
            return self.names.index(attribute)
        if attribute in self.refused:
            raise ConfigError(too_few(attribute, *self.refused[attribute]))
        hint = near_match(attribute, self.sliders)
        raise ConfigError(
            f"No attribute '{attribute}'.{hint} Known: {', '.join(self.sliders) or 'none'}."
        )

    def _check_label(self, label: int) -> None:
        if not 0 <= label < len(self.class_names):
            raise ConfigError(
                f"Class {label}; {len(self.class_names)} classes are known, counted from 0."
            )


def _chosen(values: Tensor, rows: Tensor) -> Tensor:
    return values[rows] if len(values) else values


def _without_classes(values: Mapping[str, Tensor]) -> dict[str, Tensor]:
    return {kind: row[:, :0] if kind in _BY_CLASS else row for kind, row in values.items()}


def too_few(attribute: str, positives: int, negatives: int) -> str:
    """Return why an attribute has no direction, with its counts and the next step."""
    return (
        f"Attribute '{attribute}' has {positives} images with it and {negatives} without; at "
        f"least {MIN_GROUP} of each are needed. Label more images or leave it out."
    )


def edit(
    latents: Latents, directions: Float[Tensor, "edit dim"], strengths: Sequence[float]
) -> Latents:
    """Return latents moved by `sum(strength * direction)`.

    Args:
        latents: Float, shape (batch, dim).
        directions: One row an edit, shape (edit, dim).
        strengths: One number a row; 1 goes from the mean negative to the mean positive.

    Returns:
        Moved latents, same shape and dtype; the input bit by bit where all strengths are 0. The
        order of the edits makes no difference, not even in the last bit.

    Raises:
        ConfigError: The number of strengths is not that of the rows, or one is not finite.
    """
    if len(strengths) != len(directions):
        raise ConfigError(
            f"{len(strengths)} strengths for {len(directions)} directions; give one each."
        )
    for strength in strengths:
        if not math.isfinite(strength):
            raise ConfigError(f"Strength {strength} is not finite; choose a number, such as 1.")
    factors = torch.tensor(list(strengths), dtype=torch.float64)
    moved = factors != 0
    if not moved.any():
        return latents.clone()
    rows = directions.detach().to(device="cpu", dtype=torch.float64)[moved]
    # Sorting makes the sum, and so its rounding, independent of the order of the edits.
    shift = (factors[moved, None] * rows).sort(dim=0).values.sum(0)
    return (latents.to(device="cpu", dtype=torch.float64) + shift).to(latents)


def position(latents: Latents, direction: Float[Tensor, " dim"], offset: float) -> PerSample:
    """Return where latents lie along a direction: `<z, d> / |d|^2 - offset`.

    Args:
        latents: Float, shape (batch, dim).
        direction: `d`, shape (dim,).
        offset: `<z_mid, d> / |d|^2`, with `z_mid` where the position is 0.

    Returns:
        Dimensionless, float64 on the CPU, shape (batch,). With the pooled direction +1/2 is the
        mean positive, -1/2 the mean negative; an edit of strength `t` moves it by `t`.

    Raises:
        DataError: The direction is zero.
    """
    z, d = (
        values.detach().to(device="cpu", dtype=torch.float64) for values in (latents, direction)
    )
    length = d @ d
    if length == 0:
        raise DataError(
            "A direction of length 0 has no positions: the images with and without the attribute "
            "have equal means. Choose another attribute."
        )
    return z @ d / length - offset
