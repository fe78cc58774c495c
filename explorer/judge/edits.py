"""Whether moving a latent along an attribute's direction changes that attribute and no other.

A classifier that never saw the model looks at held-out images without the attribute before and
after the edit. Only images on which the attribute could be seen are judged: nobody can say whether
hair under a hat has become blond. Which kind of direction and which strength is best is decided on
some images (`compare_edits`, `choose_edits`) and reported on others (`confirm_edits`): the best of
many candidates looks better on the images it was chosen on than it is.
"""

__all__ = [
    "STRENGTHS",
    "EditJudge",
    "EditResult",
    "choose_edits",
    "compare_edits",
    "confirm_edits",
    "forced_labels",
    "lacking",
]

import itertools
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import torch
from jaxtyping import Bool, Float, Float64, Int64
from torch import Tensor

from explorer.data.images import to_images
from explorer.data.labelled import LabelledImages
from explorer.judge.attribute_classifier import AttributeClassifier
from explorer.judge.pictures import decoded, encoded, finished
from explorer.latent.directions import KINDS, Directions
from explorer.protocol import GenerativeModel, Images, Latents

STRENGTHS = (1.0, 1.25, 1.5, 2.0)
MOST_LEAKAGE = 0.05
MOST_BLOWN = 0.05
ENOUGH_FLIPS = 0.95
"""Flips on the choosing images from which a weaker edit is worth more than further flips."""

SMALL_LEAKAGE = 0.01
"""Leakage up to which a weaker edit is worth more than less leakage."""

BLOWN_SHARE = 0.03
"""Share of an image's values driven to black or white from which the image counts as blown."""


@dataclass(frozen=True, slots=True)
class EditResult:
    """What one kind of direction at one strength did to images without the attribute.

    Attributes:
        attribute: Its name.
        kind: Which direction: from `Directions`.
        strength: How far; 1 is the difference of the means.
        count: Images edited; all could show the attribute and lacked it.
        flips: Share judged to have the attribute afterwards.
        leakage: Share of the other labels that changed, those it forces left out.
        blown: Share of images with more than `BLOWN_SHARE` of their values newly at 0 or 1.
    """

    attribute: str
    kind: str
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
        hidden_by: Attribute -> attributes under which it cannot be seen.
    """

    model: GenerativeModel
    classifier: AttributeClassifier
    directions: Directions
    data: LabelledImages
    latents: Latents
    forced: Bool[Tensor, "attribute attribute"]
    hidden_by: Mapping[str, Sequence[str]] = field(default_factory=dict)

    @classmethod
    def of(
        cls,
        model: GenerativeModel,
        classifier: AttributeClassifier,
        directions: Directions,
        data: LabelledImages,
        hidden_by: Mapping[str, Sequence[str]],
    ) -> "EditJudge":
        """Encode the images and find out which labels force which."""
        forced = forced_labels(torch.from_numpy(data.attributes))
        latents = encoded(model, data)
        return cls(model, classifier, directions, data, latents, forced, hidden_by)

    def part(self, positions: slice) -> "EditJudge":
        """Return the judge of some of the images only."""
        chosen = np.arange(len(self.data), dtype=np.int64)[positions]
        return replace(self, data=self.data.subset(chosen), latents=self.latents[positions])

    def without(self, attribute: str, count: int) -> Int64[np.ndarray, " k"]:
        """Return the positions of the first `count` images that could show it and lack it."""
        return np.flatnonzero(lacking(self.data, attribute, self.hidden_by))[:count]

    @torch.no_grad()
    def measure(
        self,
        attribute: str,
        kind: str,
        strength: float,
        *,
        count: int = 100,
        limits: Float64[np.ndarray, " k"] | None = None,
    ) -> EditResult:
        """Edit the first images without an attribute and judge them.

        Args:
            attribute: One of the directions' names.
            kind: Which direction.
            strength: How far.
            count: Images to edit at most.
            limits: The largest strength of each of these images; None for no limit.
        """
        chosen = self.without(attribute, count)
        strengths = np.full(len(chosen), strength)
        if limits is not None:
            strengths = np.minimum(strengths, limits)
        before = to_images(self.data.images[chosen])
        raw, after = self.edited(attribute, kind, strengths, chosen)
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
        self,
        attribute: str,
        kind: str,
        strengths: Float64[np.ndarray, " k"],
        positions: Int64[np.ndarray, " k"],
    ) -> tuple[Images, Images]:
        """Return images after an edit: as decoded, and as they are shown."""
        axes = torch.stack([self.axis(attribute, kind, row) for row in positions.tolist()])
        steps = torch.from_numpy(strengths).to(axes)[:, None] * axes
        moved = self.latents[torch.from_numpy(positions)] + steps
        if self.model.traits.prior == "sphere":
            moved = torch.nn.functional.normalize(moved)
        raw = decoded(self.model, moved)
        return raw, finished(self.model, raw)

    def axis(self, attribute: str, kind: str, row: int) -> Float[Tensor, " dim"]:
        """Return the direction of one image.

        A class without a direction of its own kind is moved by its conditional one, as it is on
        the page.
        """
        label = int(self.data.labels[row])
        there = self.directions.kinds(attribute, label)
        return self.directions.axis(attribute, kind if kind in there else "conditional", label)


def lacking(
    data: LabelledImages, attribute: str, hidden_by: Mapping[str, Sequence[str]]
) -> Bool[np.ndarray, " n"]:
    """Return which images lack an attribute and could show it.

    Args:
        data: Images with attributes.
        attribute: One of them.
        hidden_by: Attribute -> attributes under which it cannot be seen.
    """
    against = [attribute, *hidden_by.get(attribute, ())]
    columns = [data.attribute_names.index(name) for name in against]
    return np.asarray(~data.attributes[:, columns].any(axis=1))


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
    kinds: Sequence[str] = KINDS,
    strengths: Sequence[float] = STRENGTHS,
) -> Iterable[EditResult]:
    """Yield one result an attribute, kind and strength; none where no image can be edited.

    A kind's strengths are tried from the weakest up, until one flips enough or is no longer
    clean: a stronger one would leak more and never be chosen.

    Args:
        judge: Of the images to choose on.
        count: Images an edit at most.
        kinds: Directions to try, so far as there are any of that kind.
        strengths: Strengths to try.
    """
    possible = [name for name in judge.directions.names if len(judge.without(name, 1))]
    for attribute, kind in itertools.product(possible, kinds):
        if not len(judge.directions.rows(kind)):
            continue
        for strength in sorted(strengths):
            result = judge.measure(attribute, kind, strength, count=count)
            yield result
            if result.flips >= ENOUGH_FLIPS or not result.is_clean:
                break


def choose_edits(results: Iterable[EditResult]) -> dict[str, EditResult]:
    """Return the best result of each attribute.

    Among clean results (see `EditResult.is_clean`) with as many flips as the best, the weakest.
    "As many" is within one standard error of the best, where everything from `ENOUGH_FLIPS` up
    counts the same; leakage above `SMALL_LEAKAGE` is avoided first. If none is clean, the one
    with the least leakage.

    Source:
        The one-standard-error rule: Breiman et al., Classification and Regression Trees, 1984,
        section 3.4.3.
    """
    groups: dict[str, list[EditResult]] = {}
    for result in results:
        groups.setdefault(result.attribute, []).append(result)
    return {attribute: _best(group) for attribute, group in groups.items()}


def _best(group: Sequence[EditResult]) -> EditResult:
    clean = [result for result in group if result.is_clean]
    if not clean:
        return min(group, key=lambda result: (result.leakage, result.strength, -result.flips))
    most = max(clean, key=lambda result: result.flips)
    error = math.sqrt(most.flips * (1 - most.flips) / max(1, most.count))
    enough = min(most.flips, ENOUGH_FLIPS) - error
    return min((result for result in clean if result.flips >= enough), key=_cost)


def _cost(result: EditResult) -> tuple[float, float, float, float]:
    """Order edits that flip as many: what leaks visibly, then what is strong, comes last."""
    leakage = max(result.leakage, SMALL_LEAKAGE)
    return leakage, result.strength, result.leakage, -result.flips


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
