"""New images with everything known of them: made, judged, and sorted out."""

__all__ = ["AugmentedSet", "ClassCount", "make_set", "sorted_out", "thin_classes", "with_limits"]

from collections import Counter
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Bool

from explorer.judge.features import DEFAULT_BACKBONE
from explorer.service.augment import NewImages, augment
from explorer.service.judgement import Judgement, judge, with_features
from explorer.service.limits import Limits, rejections
from explorer.service.plan import Plan
from explorer.service.progress import Report, part, unreported
from explorer.service.set_measures import SetMeasures, measure_set
from explorer.service.workbench import Workbench


@dataclass(frozen=True, slots=True, eq=False)
class AugmentedSet:
    """New images, what is known of each, and which are kept.

    Attributes:
        made: The images.
        judged: Their numbers.
        limits: What they had to meet.
        reasons: Why each is left out; empty where it is kept.
        whole: Measures of all images as a set.
        chosen: Measures of the kept ones.
    """

    made: NewImages
    judged: Judgement
    limits: Limits
    reasons: tuple[tuple[str, ...], ...]
    whole: SetMeasures
    chosen: SetMeasures

    @property
    def kept(self) -> Bool[np.ndarray, " n"]:
        """Which images meet the limits."""
        return np.array([not reasons for reasons in self.reasons], dtype=bool)


@dataclass(frozen=True, slots=True)
class ClassCount:
    """How many images of a class are kept.

    Attributes:
        name: The class.
        kept: How many.
        made: Of how many.
        reason: Why most of the others are left out.
    """

    name: str
    kept: int
    made: int
    reason: str


def make_set(
    workbench: Workbench,
    name: str,
    plan: Plan,
    limits: Limits,
    report: Report = unreported,
    *,
    backbone: str = DEFAULT_BACKBONE,
) -> AugmentedSet:
    """Make new images of a model, judge them, and sort them out.

    Args:
        workbench: Where the model lies.
        name: The model.
        plan: How many and how; see `explorer.service.augment`.
        limits: What they must meet to be kept.
        report: Told how far it is.
        backbone: Whose features judge; see `explorer.judge.features`.

    Raises:
        ExplorerError: As `augment` and `judge`.
    """
    made = augment(workbench, name, plan, part(report, 0.0, 0.3))
    judged = judge(workbench, made, part(report, 0.3, 0.95), backbone=backbone)
    report(0.97, "Measuring the set")
    reasons = tuple(rejections(judged, limits))
    kept = np.array([not row for row in reasons], dtype=bool)
    whole = measure_set(made, judged, np.ones(len(made), dtype=bool))
    return AugmentedSet(made, judged, limits, reasons, whole, measure_set(made, judged, kept))


def sorted_out(found: AugmentedSet, limits: Limits) -> AugmentedSet:
    """Return the same images sorted out by other limits, the kept ones not yet measured as a set.

    It takes no time; its `chosen` is still that of the limits before.
    """
    return replace(found, limits=limits, reasons=tuple(rejections(found.judged, limits)))


def thin_classes(found: AugmentedSet) -> tuple[ClassCount, ...]:
    """Return the classes of which fewer than half of the images are kept, in their order."""
    counts = []
    for label in np.unique(found.made.labels).tolist():
        own = found.made.labels == label
        kept, made = int((own & found.kept).sum()), int(own.sum())
        if 2 * kept < made:
            reasons = Counter(one for row in np.flatnonzero(own) for one in found.reasons[row])
            reason = reasons.most_common(1)[0][0]
            counts.append(ClassCount(found.made.class_names[label], kept, made, reason))
    return tuple(counts)


def with_limits(workbench: Workbench, found: AugmentedSet, limits: Limits) -> AugmentedSet:
    """Return the same images sorted out by other limits, the kept ones measured as a set.

    Raises:
        UnknownModelError: The set was read from a file, and its model is not here.
    """
    judged = with_features(workbench, found.made, found.judged)
    chosen = sorted_out(replace(found, judged=judged), limits)
    return replace(chosen, chosen=measure_set(found.made, judged, chosen.kept))
