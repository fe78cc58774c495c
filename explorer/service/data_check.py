"""Whether a model can learn from a set of images, and what a person should know before it does."""

__all__ = ["ClassRow", "DataCheck", "Finding", "PictureRow", "check_data"]

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Literal

import numpy as np
from jaxtyping import UInt8

from explorer.data.folders import TOLERATED, listing_of, unclassed
from explorer.data.inspection import Inspection, inspect_files, inspect_images
from explorer.data.load import load_data
from explorer.data.source import get
from explorer.errors import ConfigError, DataError
from explorer.service.progress import Report, unreported
from explorer.settings import DataSettings

Tone = Literal["stop", "warn", "good"]

SHOWN = 8
"""Pictures a class, and pairs of duplicates, that are shown."""

NAMED = 20
"""Files that are named; the others are counted."""

FEW = 5
"""Training images a class below which a model has next to nothing to learn from."""

KNOWN = 2000
"""Images of a known set that are looked at: it was looked at before, and some are drawn slowly."""

MANY_CLASSES = 200
UNEVEN = 20
"""How many times the images of the smallest class the largest may have before it is told."""

_LONG_SHAPE = 1.5


@dataclass(frozen=True, slots=True)
class ClassRow:
    """Images of one class."""

    name: str
    train: int
    test: int


@dataclass(frozen=True, slots=True, eq=False)
class PictureRow:
    """Pictures that show what was found.

    Attributes:
        title: What they are.
        pixels: uint8, shape (k, 64, 64, 3).
        names: Of each picture.
    """

    title: str
    pixels: UInt8[np.ndarray, "k 64 64 3"]
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was found.

    Attributes:
        tone: "stop": a model cannot learn from this; "warn": look at it; "good": as it should be.
        text: What was found.
        next_step: What to do about it; empty where nothing is to be done.
        items: Names of what it is about, at most `NAMED`.
    """

    tone: Tone
    text: str
    next_step: str = ""
    items: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class DataCheck:
    """What a set of images is.

    Attributes:
        settings: What was checked.
        classes: In the order of the class numbers; empty where the set cannot be read at all.
        findings: The worst first.
        pictures: Some of each class, then pairs that are the same or nearly so.
        count: Training images, of which a large known set shows only some here.
    """

    settings: DataSettings
    classes: tuple[ClassRow, ...]
    findings: tuple[Finding, ...]
    pictures: tuple[PictureRow, ...]
    count: int = 0

    @property
    def can_go(self) -> bool:
        """Whether a model can be trained on it."""
        return all(finding.tone != "stop" for finding in self.findings)

    @property
    def verdict(self) -> str:
        """Go or not, in one sentence, with the reason and the next step."""
        if not self.can_go:
            stop = self.findings[0]
            return f"Cannot go: {stop.text} {stop.next_step}".strip()
        warned = sum(finding.tone == "warn" for finding in self.findings)
        look = f"; {warned} things to look at first" if warned > 1 else ""
        look = "; one thing to look at first" if warned == 1 else look
        return f"Can go: {self.count:,} training images of {len(self.classes)} classes{look}."


def check_data(settings: DataSettings, report: Report = unreported) -> DataCheck:
    """Look at a set of images as a training would take it; nothing is written.

    Args:
        settings: Which set, size, count, shots and seed.
        report: Told how far it is; what it raises ends the check.

    Returns:
        What was found, with the reason where no model can learn from it.
    """
    try:
        count, classes, found = _looked_at(settings, report)
    except (ConfigError, DataError) as error:
        return DataCheck(settings, (), (Finding("stop", str(error)),), ())
    findings = [
        *_broken(found),
        *_sized_classes(settings, classes),
        *_alike(found),
        *_shapes(settings, found),
        *_plain(found),
        *_partly(count, found),
        *_unclassed(settings),
    ]
    order: dict[Tone, int] = {"stop": 0, "warn": 1, "good": 2}
    findings.sort(key=lambda finding: order[finding.tone])
    return DataCheck(settings, classes, tuple(findings), tuple(_pictures(found)), count)


def _looked_at(
    settings: DataSettings, report: Report
) -> tuple[int, tuple[ClassRow, ...], Inspection]:
    """Return how many images train, images a class in either split, and what they are."""

    def told(share: float) -> None:
        report(share, "Looking at the images")

    def listed(entries: int) -> None:
        report(0.0, f"Listing the files, {entries:,} so far")

    if settings.name == "folder":
        train, test = (listing_of(settings, split, listed) for split in ("train", "test"))
        every = settings.model_copy(update={"shots": None})
        train.chosen(every, "train").check_memory(settings.image_size)
        rows = _rows(train.class_names, train.labels, test.labels)
        root = Path(settings.root or "").expanduser()
        return len(train), rows, inspect_files(train, root, told)
    source = get(settings.name)
    source.check(settings)
    report(0.0, "Loading the images")
    wanted = settings.count or (source.counts[0] if source.counts else 0)
    some = settings.model_copy(update={"count": min(wanted, KNOWN) if wanted else KNOWN})
    data = load_data(settings if settings.shots is not None else some, "train")
    rows = _rows(data.class_names, data.labels, np.zeros(0, dtype=np.int64))
    count = len(data) if settings.shots is not None else max(wanted, len(data))
    return count, rows, inspect_images(data, told)


def _rows(names: tuple[str, ...], train: np.ndarray, test: np.ndarray) -> tuple[ClassRow, ...]:
    counts = [np.bincount(labels, minlength=len(names)) for labels in (train, test)]
    return tuple(
        ClassRow(name, int(counts[0][k]), int(counts[1][k])) for k, name in enumerate(names)
    )


def _broken(found: Inspection) -> list[Finding]:
    if not found.broken:
        text = f"All {found.looked:,} training files that were opened are pictures."
        return [Finding("good", text)]
    count = len(found.broken)
    text = f"{count:,} of {found.looked:,} files cannot be read."
    items = tuple(one.reason for one in found.broken[:NAMED])
    if count > TOLERATED * found.looked:
        limit = f"More than {100 * TOLERATED:.0f} % is too many to go on without them. "
        return [Finding("stop", text, limit + "Repair or remove them, then check again.", items)]
    return [Finding("warn", text, "They are left out; repair or remove them if you can.", items)]


def _sized_classes(settings: DataSettings, classes: tuple[ClassRow, ...]) -> list[Finding]:
    findings: list[Finding] = []
    least = min(classes, key=lambda row: row.train)
    most = max(classes, key=lambda row: row.train)
    shots = settings.shots
    if shots is not None and least.train < shots:
        text = f"Class '{least.name}' has {least.train} training images, fewer than {shots} shots."
        step = f"Set shots to at most {least.train}, or add images."
        findings.append(Finding("stop", text, step))
    tiny = [row for row in classes if row.train < FEW]
    if tiny:
        text = f"Fewer than {FEW} training images: {_many(len(tiny), 'class', 'classes')}."
        items = tuple(f"{row.name}: {row.train}" for row in tiny[:NAMED])
        step = "Add images, or leave these classes out: what a model draws of them is a guess."
        findings.append(Finding("warn", text, step, items))
    if shots is None and most.train > UNEVEN * least.train:
        text = f"'{most.name}' has {most.train:,} images and '{least.name}' {least.train:,}."
        step = f"Set shots to {least.train} to draw as many of each."
        findings.append(Finding("warn", text, step))
    if len(classes) > MANY_CLASSES:
        text = f"There are {len(classes):,} classes."
        findings.append(Finding("warn", text, "Check that each sub-folder really is a class."))
    return findings


def _alike(found: Inspection) -> list[Finding]:
    findings: list[Finding] = []
    groups = found.same()
    torn = [group for group in groups if len({found.labels[row] for row in group}) > 1]
    if torn:
        text = f"In more than one class: {_many(len(torn), 'picture')}."
        step = "Decide for one class, or the model learns that both are the same."
        findings.append(Finding("warn", text, step, _named(found, torn)))
    inside = [group for group in groups if group not in torn]
    if inside:
        extra = sum(len(group) - 1 for group in inside)
        text = f"Exact duplicates of others: {_many(extra, 'picture')}."
        step = "Remove them, or the model gives them more weight than the others."
        findings.append(Finding("warn", text, step, _named(found, inside)))
    pairs = found.near()
    if pairs:
        text = f"Nearly the same: {_many(len(pairs), 'pair')} of pictures."
        step = "Look at them: burst shots and resized copies teach a model little."
        rows = [(pair.first, pair.second) for pair in pairs]
        findings.append(Finding("warn", text, step, _named(found, rows)))
    if not findings and found.names:
        findings.append(Finding("good", "No two pictures are the same or nearly the same."))
    return findings


def _many(count: int, noun: str, plural: str = "") -> str:
    return f"{count:,} {noun if count == 1 else plural or noun + 's'}"


def _named(found: Inspection, groups: Sequence[tuple[int, ...]]) -> tuple[str, ...]:
    return tuple(" = ".join(found.names[row] for row in group[:4]) for group in groups[:NAMED])


def _shapes(settings: DataSettings, found: Inspection) -> list[Finding]:
    if not found.sizes:
        return []
    sides = [min(size) for size in found.sizes]
    text = (
        f"Sizes: the shorter side is {min(sides)} to {max(sides)} pixels, {median(sides):.0f} "
        f"in the middle; {settings.image_size} are used."
    )
    findings = [Finding("good", text)]
    small = sum(side < settings.image_size for side in sides)
    if small:
        text = f"Smaller than {settings.image_size} pixels: {_many(small, 'picture')}."
        step = "They are enlarged and look soft; choose a smaller image size to avoid it."
        findings.append(Finding("warn", text, step))
    long = sum(max(size) > _LONG_SHAPE * min(size) for size in found.sizes)
    if long:
        text = f"Far from square: {_many(long, 'picture')}."
        step = "Only the middle square is used; crop them first where it misses the subject."
        findings.append(Finding("warn", text, step))
    return findings


def _plain(found: Inspection) -> list[Finding]:
    count, grey, blank = len(found.names), sum(found.grey), sum(found.blank)
    findings: list[Finding] = []
    if blank:
        items = [name for name, flat in zip(found.names, found.blank, strict=True) if flat]
        text = f"Of one colour only: {_many(blank, 'picture')}."
        findings.append(Finding("warn", text, "Remove them.", tuple(items[:NAMED])))
    if count:
        words = {0: "all in colour", count: "all grey"}.get(grey, f"{grey:,} of {count:,} grey")
        findings.append(Finding("good", f"Colour: {words}."))
    return findings


def _partly(count: int, found: Inspection) -> list[Finding]:
    if found.looked == count:
        return []
    return [Finding("good", f"{found.looked:,} of {count:,} images were looked at.")]


def _unclassed(settings: DataSettings) -> list[Finding]:
    """Say which pictures no class claims: they are easily taken for part of the set."""
    loose = unclassed(settings) if settings.name == "folder" else ()
    if not loose:
        return []
    text = f"Beside the class folders: {_many(len(loose), 'picture')}."
    step = "They are left out; move each into the sub-folder of its class."
    return [Finding("warn", text, step, loose[:NAMED])]


def _pictures(found: Inspection) -> list[PictureRow]:
    rows = []
    counts = Counter(found.labels)
    for number, name in enumerate(found.class_names[:MANY_CLASSES]):
        if counts[number]:
            of_class = [row for row, label in enumerate(found.labels) if label == number]
            rows.append(_row(found, name, of_class[:SHOWN]))
    for group in found.same()[:SHOWN]:
        rows.append(_row(found, "The same", list(group[:SHOWN])))
    for pair in found.near()[:SHOWN]:
        rows.append(_row(found, "Nearly the same", [pair.first, pair.second]))
    return rows


def _row(found: Inspection, title: str, rows: list[int]) -> PictureRow:
    pixels = np.stack([found.thumbnails[row] for row in rows])
    return PictureRow(title, pixels, tuple(found.names[row] for row in rows))
