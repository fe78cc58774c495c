"""Directions learned on some classes and applied to others: seen, and measured where truth exists.

Both learn from the training images of the gallery alone, so that a person can repeat on the page
what the table says.
"""

__all__ = [
    "SUBJECTS",
    "Lesson",
    "Transfer",
    "TransferRow",
    "transfer",
    "transfer_attributes",
    "transfer_errors",
]

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Int64, UInt8

from explorer.data.labelled import LabelledImages
from explorer.data.pairs import draw_pairs, paired_attributes
from explorer.errors import ConfigError, DataError, NotSupportedError, near_match
from explorer.judge.transfer import (
    Examples,
    TransferResult,
    learn_attribute_direction,
    measure_transfer,
)
from explorer.service.codes import gallery_codes
from explorer.service.moves import LONGEST_STRENGTH
from explorer.service.progress import Report, part, unreported
from explorer.service.shelf import OpenModel
from explorer.service.workbench import Workbench
from explorer.train.run import RunFolder

SUBJECTS = 200
"""Subjects whose counterparts are drawn for the measured error."""

MOST_SHOWN = 16


@dataclass(frozen=True, slots=True)
class Lesson:
    """What is to be learned, from whom, and who is to show it.

    Attributes:
        attribute: A labelled attribute of the model's data.
        learn_on: Classes to learn from.
        apply_to: Classes to apply it to; they may be among those it is learned on.
        strength: How far to move, in [-3, 3]; 1 is the difference between with and without.
    """

    attribute: str
    learn_on: tuple[str, ...]
    apply_to: tuple[str, ...]
    strength: float = 1.0


@dataclass(frozen=True, slots=True, eq=False)
class TransferRow:
    """Images of one class before and after an edit that other classes taught.

    Attributes:
        class_name: Their class.
        positions: Gallery positions, int64, shape (k,): the first ones without the attribute.
        before: uint8, shape (k, height, width, channel), as the model draws them.
        after: Same shape.
    """

    class_name: str
    positions: Int64[np.ndarray, " k"]
    before: UInt8[np.ndarray, "k height width channel"]
    after: UInt8[np.ndarray, "k height width channel"]


@dataclass(frozen=True, slots=True, eq=False)
class Transfer:
    """A direction learned on some classes, applied to others.

    Attributes:
        lesson: What was asked for.
        positives: Images that taught it and have the attribute.
        negatives: Images that taught it and have it not.
        rows: One a class it was applied to.
    """

    lesson: Lesson
    positives: int
    negatives: int
    rows: tuple[TransferRow, ...]


@torch.no_grad()
def transfer(
    workbench: Workbench,
    name: str,
    lesson: Lesson,
    *,
    count: int = 6,
    report: Report = unreported,
) -> Transfer:
    """Learn an attribute on some classes and give it to images of others.

    Args:
        workbench: Opens the model.
        name: The model.
        lesson: What to learn, and where to apply it.
        count: Images of each class, 1 to `MOST_SHOWN`.
        report: Told while the gallery is encoded, which happens once on a machine.

    Raises:
        ConfigError: An attribute or class is unknown, or a number out of range.
        DataError: The classes show too few images with or without the attribute, or a class it
            is applied to has no image without it.
        NotSupportedError: The model's data have no labelled attributes.
        Cancelled: The person has cancelled.
    """
    opened = workbench.open(name)
    _check(opened, lesson)
    if not 1 <= count <= MOST_SHOWN:
        raise ConfigError(f"count is {count}; 1 to {MOST_SHOWN} images a class are shown.")
    teachers, pupils = _labels(opened, lesson.learn_on), _labels(opened, lesson.apply_to)
    codes = gallery_codes(opened, part(report, 0.0, 0.6))
    examples = _examples(opened, codes).of(teachers)
    axis = learn_attribute_direction(examples, lesson.attribute)
    marks = examples.data.attributes[:, examples.data.attribute_names.index(lesson.attribute)]
    rows = []
    for number, label in enumerate(pupils):
        report(0.6 + 0.4 * number / len(pupils), "Editing the images")
        chosen = _without(opened, lesson.attribute, label)[:count]
        moved = codes[torch.from_numpy(chosen)] + lesson.strength * axis.to(codes)
        if opened.generative.traits.prior == "sphere":
            moved = torch.nn.functional.normalize(moved)
        rows.append(
            TransferRow(
                opened.data.class_names[label],
                chosen,
                workbench.drawn(name, chosen.tolist()),
                workbench.decode(name, moved, as_sample=True),
            )
        )
    return Transfer(
        lesson=lesson,
        positives=int(marks.sum()),
        negatives=int((~marks).sum()),
        rows=tuple(rows),
    )


def transfer_attributes(workbench: Workbench, name: str) -> tuple[str, ...]:
    """Return the attributes that `transfer_errors` can measure; none for most models.

    The data must show each subject with and without them, and the model must encode exactly.
    """
    opened = workbench.open(name)
    if opened.generative.traits.encoder != "exact":
        return ()
    return tuple(
        attribute
        for attribute in opened.data.attribute_names
        if attribute in paired_attributes(opened.data.name)
    )


def transfer_errors(
    workbench: Workbench,
    name: str,
    lesson: Lesson,
    *,
    count: int = SUBJECTS,
    seed: int = 0,
    report: Report = unreported,
) -> TransferResult:
    """Measure a transferred edit, and its controls, against pictures of the truth.

    Subjects are of the test split. A subject's own class never teaches its across direction, so
    the same classes may be named in both places: then every class is left out in turn.

    Args:
        workbench: Opens the model.
        name: The model; it encodes exactly.
        lesson: What to learn, and where to apply it; the attribute is one of
            `transfer_attributes`.
        count: Subjects to draw, before those of other classes are left out; 10 to 2,000.
        seed: Of the random direction and of the intervals.
        report: Told how far it is.

    Raises:
        ConfigError: An attribute or class is unknown, or a number out of range.
        DataError: Classes show too few images with or without the attribute.
        NotSupportedError: The truth is not known for these data, or the model does not encode
            exactly.
        Cancelled: The person has cancelled.
    """
    opened = workbench.open(name)
    _check(opened, lesson)
    if opened.generative.traits.encoder != "exact":
        raise NotSupportedError(
            f"'{name}' does not encode unseen images exactly, as Glow does, so the error of an "
            "edit cannot be told from that of its encoder."
        )
    if not 10 <= count <= 2000:
        raise ConfigError(f"count is {count}; 10 to 2000 subjects are drawn.")
    teachers, pupils = _labels(opened, lesson.learn_on), _labels(opened, lesson.apply_to)
    examples = _examples(opened, gallery_codes(opened, part(report, 0.0, 0.3)))
    report(0.3, "Drawing the subjects without and with the attribute")
    settings = RunFolder(opened.folder).experiment().data
    pairs = draw_pairs(settings, "test", lesson.attribute, count).of(pupils)
    if not len(pairs):
        raise DataError(
            f"None of the first {count} subjects that can show '{lesson.attribute}' is of the "
            f"classes {', '.join(lesson.apply_to)}. Choose further classes."
        )
    report(0.5, "Editing, and comparing with the truth")
    with opened.lock:
        return measure_transfer(
            opened.generative,
            examples,
            pairs,
            lesson.attribute,
            learn_on=teachers,
            strength=lesson.strength,
            seed=seed,
        )


def _examples(opened: OpenModel, codes: torch.Tensor) -> Examples:
    gallery, data = opened.gallery, opened.data
    seen = np.flatnonzero(~gallery.held_out).astype(np.int64)
    labelled = LabelledImages(
        data.name,
        gallery.pixels[seen],
        gallery.labels[seen],
        data.class_names,
        seen,
        data.attribute_names,
        gallery.attributes[seen],
    )
    return Examples(labelled, codes[torch.from_numpy(seen)])


def _without(opened: OpenModel, attribute: str, label: int) -> Int64[np.ndarray, " k"]:
    column = opened.data.attribute_names.index(attribute)
    lacks = ~opened.gallery.attributes[:, column] & (opened.gallery.labels == label)
    found = np.flatnonzero(lacks).astype(np.int64)
    if not len(found):
        raise DataError(
            f"Every image of '{opened.data.class_names[label]}' has '{attribute}', so it cannot "
            "be given to one. Apply it to other classes."
        )
    return found


def _check(opened: OpenModel, lesson: Lesson) -> None:
    attribute, strength = lesson.attribute, lesson.strength
    names = opened.data.attribute_names
    if not names:
        raise NotSupportedError(
            f"'{opened.name}' was trained on data without labelled attributes, so classes cannot "
            "teach any. Add an attributes.csv to the data."
        )
    if attribute not in names:
        hint = near_match(attribute, names)
        raise ConfigError(f"No attribute '{attribute}'.{hint} Known: {', '.join(names)}.")
    if not abs(strength) <= LONGEST_STRENGTH:
        raise ConfigError(
            f"Strength {strength} of '{attribute}'; it must lie in "
            f"[-{LONGEST_STRENGTH:g}, {LONGEST_STRENGTH:g}]."
        )


def _labels(opened: OpenModel, class_names: Sequence[str]) -> list[int]:
    known = opened.data.class_names
    if not class_names:
        raise ConfigError(f"No class is named. Choose among {', '.join(known)}.")
    for class_name in class_names:
        if class_name not in known:
            hint = near_match(class_name, known)
            raise ConfigError(f"No class '{class_name}'.{hint} Known: {', '.join(known)}.")
    return [label for label, class_name in enumerate(known) if class_name in class_names]
