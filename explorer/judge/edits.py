"""Whether moving a latent along an attribute's direction changes that attribute and no other.

A classifier that never saw the model looks at held-out images without the attribute before and
after the edit. Which kind of direction and which strength is best is decided on some images
(`compare_edits`, `choose_edits`) and reported on others (`confirm_edits`): the best of many
candidates looks better on the images it was chosen on than it is.
"""

__all__ = [
    "KINDS",
    "STRENGTHS",
    "EditJudge",
    "EditResult",
    "choose_edits",
    "compare_edits",
    "confirm_edits",
    "forced_labels",
]

import itertools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch
from jaxtyping import Bool, Float, Int64
from torch import Tensor

from explorer.data.images import to_images
from explorer.data.labelled import LabelledImages
from explorer.judge.attribute_classifier import AttributeClassifier
from explorer.judge.pictures import decoded, encoded, finished
from explorer.latent.directions import Directions
from explorer.protocol import GenerativeModel, Images, Latents

Kind = Literal["pooled", "ridge", "conditional"]

KINDS: tuple[Kind, ...] = ("pooled", "ridge", "conditional")
STRENGTHS = (1.0, 1.25, 1.5, 2.0)
MOST_LEAKAGE = 0.05
MOST_BLOWN = 0.05
ENOUGH_FLIPS = 0.95
"""Flips on the choosing images from which less leakage is worth more than further flips."""

BLOWN_SHARE = 0.03
"""Share of an image's values driven to black or white from which the image counts as blown."""


@dataclass(frozen=True, slots=True)
class EditResult:
    """What one kind of direction at one strength did to images without the attribute.

    Attributes:
        attribute: Its name.
        kind: Which direction: from `Directions`.
        strength: How far; 1 is the difference of the means.
        count: Images edited.
        flips: Share judged to have the attribute afterwards.
        leakage: Share of the other labels that changed, those it forces left out.
        blown: Share of images with more than `BLOWN_SHARE` of their values newly at 0 or 1.
    """

    attribute: str
    kind: Kind
    strength: float
    count: int
    flips: float
    leakage: float
    blown: float

    @property
    def is_clean(self) -> bool:
        """Whether leakage and blown images are within the limits."""
        return self.leakage <= MOST_LEAKAGE and self.blown <= MOST_BLOWN


@dataclass(frozen=True, slots=True, eq=False)
class EditJudge:
    """Images ready to be edited and judged.

    Attributes:
        model: The judged one.
        classifier: Judges; knows every attribute of the directions.
        directions: Of the model.
        data: The images, held out.
        latents: Theirs, shape (n, dim).
        forced: See `forced_labels`; in the order of the classifier's names.
    """

    model: GenerativeModel
    classifier: AttributeClassifier
    directions: Directions
    data: LabelledImages
    latents: Latents
    forced: Bool[Tensor, "attribute attribute"]

    @classmethod
    def of(
        cls,
        model: GenerativeModel,
        classifier: AttributeClassifier,
        directions: Directions,
        data: LabelledImages,
    ) -> "EditJudge":
        """Encode the images and find out which labels force which."""
        forced = forced_labels(torch.from_numpy(data.attributes))
        return cls(model, classifier, directions, data, encoded(model, data), forced)

    def part(self, positions: slice) -> "EditJudge":
        """Return the judge of some of the images only."""
        chosen = np.arange(len(self.data), dtype=np.int64)[positions]
        return EditJudge(
            self.model,
            self.classifier,
            self.directions,
            self.data.subset(chosen),
            self.latents[positions],
            self.forced,
        )

    def without(self, attribute: str, count: int) -> Int64[np.ndarray, " k"]:
        """Return the positions of the first `count` images that lack an attribute."""
        column = self.data.attribute_names.index(attribute)
        return np.flatnonzero(~self.data.attributes[:, column])[:count]

    @torch.no_grad()
    def measure(
        self, attribute: str, kind: Kind, strength: float, *, count: int = 100
    ) -> EditResult:
        """Edit the first images without an attribute and judge them.

        Args:
            attribute: One of the directions' names.
            kind: Which direction.
            strength: How far.
            count: Images to edit at most.
        """
        chosen = self.without(attribute, count)
        before = to_images(self.data.images[chosen])
        raw, after = self.edited(attribute, kind, strength, chosen)
        names = self.classifier.names
        column = names.index(attribute)
        had, has = self.classifier.has(before), self.classifier.has(after)
        free = ~self.forced[column]
        return EditResult(
            attribute=attribute,
            kind=kind,
            strength=strength,
            count=len(chosen),
            flips=_share(has[:, column]),
            leakage=_share((had != has)[:, free]),
            blown=_share(_newly_at_limits(before, raw) > BLOWN_SHARE),
        )

    @torch.no_grad()
    def edited(
        self, attribute: str, kind: Kind, strength: float, positions: Int64[np.ndarray, " k"]
    ) -> tuple[Images, Images]:
        """Return images after an edit: as decoded, and as they are shown."""
        axes = self._axes(attribute, kind, positions)
        moved = self.latents[torch.from_numpy(positions)] + strength * axes
        if self.model.traits.prior == "sphere":
            moved = torch.nn.functional.normalize(moved)
        raw = decoded(self.model, moved)
        return raw, finished(self.model, raw)

    def _axes(
        self, attribute: str, kind: Kind, positions: Int64[np.ndarray, " k"]
    ) -> Float[Tensor, "#k dim"]:
        """Return the direction of each image, or one for all."""
        row = self.directions.names.index(attribute)
        if kind == "conditional":
            return self.directions.conditional[row, torch.from_numpy(self.data.labels[positions])]
        return (self.directions.ridge if kind == "ridge" else self.directions.pooled)[row, None]


def forced_labels(
    attributes: Bool[Tensor, "n attribute"],
) -> Bool[Tensor, "attribute attribute"]:
    """Return whether attribute `a` (row) leaves attribute `b` (column) no choice.

    So it is where all images with `a` agree on `b`: `a` excludes `b` (bald and blond), hides it
    (sunglasses and closed eyes), implies it, or is `b`. An edit towards `a` must change such
    labels, which is then no leakage.

    Example:
        >>> forced_labels(torch.tensor([[True, False], [False, True], [False, False]]))
        tensor([[True, True],
                [True, True]])
    """
    x = attributes.to(torch.float64)
    both, own = x.T @ x, x.sum(0)[:, None]
    return (both == 0) | (both == own)


def compare_edits(
    judge: EditJudge,
    *,
    count: int = 50,
    kinds: Sequence[Kind] = KINDS,
    strengths: Sequence[float] = STRENGTHS,
) -> Iterable[EditResult]:
    """Yield one result an attribute, kind and strength; none for attributes every image has.

    A kind's strengths are tried from the weakest up, until one flips enough or is no longer
    clean: a stronger one would leak more and never be chosen.

    Args:
        judge: Of the images to choose on.
        count: Images an edit at most.
        kinds: Directions to try.
        strengths: Strengths to try.
    """
    possible = [name for name in judge.directions.names if len(judge.without(name, 1))]
    for attribute, kind in itertools.product(possible, kinds):
        for strength in sorted(strengths):
            result = judge.measure(attribute, kind, strength, count=count)
            yield result
            if result.flips >= ENOUGH_FLIPS or not result.is_clean:
                break


def choose_edits(results: Iterable[EditResult]) -> dict[str, EditResult]:
    """Return the best result of each attribute.

    Among clean results (see `EditResult.is_clean`) the one with the most flips, where everything
    from `ENOUGH_FLIPS` up counts the same and less leakage decides; if none is clean, the one
    with the least leakage.
    """
    best: dict[str, EditResult] = {}
    for result in results:
        held = best.get(result.attribute)
        if held is None or _merit(result) > _merit(held):
            best[result.attribute] = result
    return best


def _merit(result: EditResult) -> tuple[bool, float, float, float]:
    flips = min(result.flips, ENOUGH_FLIPS) if result.is_clean else 0.0
    return result.is_clean, flips, -result.leakage, result.flips


def confirm_edits(
    judge: EditJudge, chosen: dict[str, EditResult], *, count: int = 100
) -> Iterable[EditResult]:
    """Yield the chosen edits' results on a judge's other images."""
    for result in chosen.values():
        yield judge.measure(result.attribute, result.kind, result.strength, count=count)


def _newly_at_limits(before: Images, after: Images) -> Float[Tensor, " batch"]:
    """Return the share of each image's values that were inside (0, 1) and no longer are."""
    inside = (before > 0) & (before < 1)
    return (inside & ((after <= 0) | (after >= 1))).flatten(1).float().mean(1)


def _share(marks: Bool[Tensor, "..."]) -> float:
    """Return the share of marks that are set; 0 if there is none."""
    return float(marks.sum()) / max(1, marks.numel())
