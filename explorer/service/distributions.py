"""How an attribute is distributed over the classes of a model, and what that says.

What varies (an *axis*) is an attribute of the data, a graded property of the pictures, or a
principal direction of the scatter within classes: the last two need no label. An attribute that
images have or lack has two modes by construction, so it is best looked at among the images that
have it, or among those that lack it.

No image is measured along a direction that it helped to find; see
`explorer.latent.cross_positions`.
"""

__all__ = [
    "Axis",
    "ClassPositions",
    "Distribution",
    "Part",
    "axes",
    "distribution",
    "parts_of",
]

import threading
from collections import OrderedDict
from dataclasses import dataclass
from typing import Literal, cast

import numpy as np
from jaxtyping import Float64, Int64
from scipy import stats

from explorer.data.properties import PROPERTIES, image_properties
from explorer.errors import ConfigError, DataError, NotSupportedError, near_match
from explorer.latent.cross_positions import (
    cross_positions,
    principal_positions,
    random_positions,
)
from explorer.latent.directions import MIN_GROUP
from explorer.latent.evidence import evidence_of
from explorer.latent.normality import SMALLEST_CLASS
from explorer.service.complementary_bias import ClassFit, ComplementaryBias, complementary_bias
from explorer.service.encoded import EncodedImages, encoded_images
from explorer.service.mixed_distribution import (
    CURVES,
    MixedDistribution,
    mixed_distribution,
)
from explorer.service.progress import Report, part, unreported
from explorer.service.workbench import Workbench

Kind = Literal["attribute", "graded", "principal"]
Part = Literal["all", "with", "without"]

PRINCIPAL = 4
RANDOM = 999
BINS = 24
DENSITY_POINTS = 121
KEPT = 32
"""Finished analyses in memory."""


@dataclass(frozen=True, slots=True)
class Axis:
    """Something that varies over images.

    Attributes:
        name: What people type and read.
        kind: "attribute" (images have or lack it), "graded" (read from the pixels) or "principal"
            (direction of largest scatter within classes, second largest, ...).
    """

    name: str
    kind: Kind


@dataclass(frozen=True, slots=True, eq=False)
class ClassPositions:
    """Where one class's images lie along an axis.

    Attributes:
        name: The class.
        count: Images.
        mean: Of their positions.
        deviation: Standard deviation (n - 1).
        skewness: 0 where symmetric; corrected for the sample's size.
        kurtosis: Excess over a normal's; corrected for the sample's size.
        counts: Images a bin of the distribution's `edges`, shape (bin,).
        density: Kernel estimate at `grid`, shape (point,).
        own: 2.5 to 97.5 % of the positions.
        borrowed: The range with what other classes lend.
        borrowed_count: Images of those classes.
        fit: How far other classes help.
    """

    name: str
    count: int
    mean: float
    deviation: float
    skewness: float
    kurtosis: float
    counts: Int64[np.ndarray, " bin"]
    density: Float64[np.ndarray, " point"]
    own: tuple[float, float]
    borrowed: tuple[float, float]
    borrowed_count: int
    fit: ClassFit


@dataclass(frozen=True, slots=True, eq=False)
class Distribution:
    """Everything that is known of one axis.

    Attributes:
        model: The model.
        axis: What varies.
        part: Which images: "all", or those "with" or "without" the attribute.
        source: What the images are, for people.
        seed: Of every draw.
        note: What to know before reading the numbers; may be empty.
        edges: Of the histograms' bins.
        grid: Where the densities are.
        classes: Classes with enough images, in class order.
        left_out: Names of the others.
        mixed: Hypothesis 1.
        complement: Hypothesis 2.
    """

    model: str
    axis: Axis
    part: Part
    source: str
    seed: int
    note: str
    edges: Float64[np.ndarray, " edge"]
    grid: Float64[np.ndarray, " point"]
    classes: tuple[ClassPositions, ...]
    left_out: tuple[str, ...]
    mixed: MixedDistribution
    complement: ComplementaryBias


def axes(workbench: Workbench, name: str) -> tuple[Axis, ...]:
    """Return what can be analysed of a model: its attributes, then what needs no labels.

    An attribute that has the name of a property hides that property.
    """
    opened = workbench.open(name)
    known = [Axis(attribute, "attribute") for attribute in opened.data.attribute_names]
    graded = [Axis(prop, "graded") for prop in PROPERTIES]
    principal = [Axis(f"variation {k + 1}", "principal") for k in range(PRINCIPAL)]
    taken = set(opened.data.attribute_names)
    return (*known, *(axis for axis in (*graded, *principal) if axis.name not in taken))


def parts_of(axis: Axis) -> tuple[Part, ...]:
    """Return which parts of the images an axis is looked at in, the most telling one first."""
    return ("without", "with", "all") if axis.kind == "attribute" else ("all",)


def distribution(
    workbench: Workbench,
    name: str,
    axis: str,
    images: Part | None = None,
    *,
    count: int = 0,
    seed: int = 0,
    report: Report = unreported,
) -> Distribution:
    """Analyse one axis of a model; the same request is answered from memory.

    Args:
        workbench: Where the model lies.
        name: The model.
        axis: Name of one of `axes`.
        images: Part of the images; None for the most telling one.
        count: Training images to take; 0 for the gallery.
        seed: Of every draw, at least 0.
        report: Told how far the work is.

    Raises:
        UnknownModelError: There is no such model.
        ConfigError: Axis, part, count or seed is not allowed.
        DataError: The training data are not there, or too few images have or lack the attribute.
        NotSupportedError: The model has one class, or all but one are too small.
    """
    chosen = _chosen(axes(workbench, name), axis)
    allowed = parts_of(chosen)
    which = allowed[0] if images is None else images
    if which not in allowed:
        raise ConfigError(
            f"'{which}' of '{chosen.name}'; choose one of {', '.join(allowed)}. Only an attribute "
            "that images have or lack has parts."
        )
    if not 0 <= seed < 2**32:
        raise ConfigError(f"Seed {seed}; choose a whole number from 0 to {2**32 - 1}.")
    encoded = encoded_images(workbench, name, count, part(report, 0.0, 0.4))
    request = (encoded.key, chosen, which, seed)
    with _lock:
        if request in _finished:
            _finished.move_to_end(request)
            return _finished[request]
    found = _analysed(name, encoded, chosen, which, seed, part(report, 0.4, 1.0))
    with _lock:
        _finished[request] = found
        while len(_finished) > KEPT:
            _finished.popitem(last=False)
    return found


_finished: OrderedDict[tuple[str, Axis, str, int], Distribution] = OrderedDict()
_lock = threading.Lock()


@dataclass(frozen=True, slots=True, eq=False)
class _Placed:
    """Positions of the images that count: of a part, in classes that are large enough."""

    rows: Int64[np.ndarray, " k"]
    positions: Float64[np.ndarray, " k"]
    shuffled: Float64[np.ndarray, "k direction"] | None
    note: str


def _analysed(
    name: str, encoded: EncodedImages, axis: Axis, which: Part, seed: int, report: Report
) -> Distribution:
    generator = np.random.default_rng(seed)
    report(0.0, "Placing the images")
    placed = _placed(encoded, axis, which, generator)
    labels = encoded.labels[placed.rows]
    sizes = np.bincount(labels, minlength=len(encoded.class_names))
    large = np.flatnonzero(sizes >= SMALLEST_CLASS)
    if len(large) < 2:
        raise NotSupportedError(_too_few(name, encoded, axis, which, sizes))
    kept = np.isin(labels, large)
    positions, labels, rows = placed.positions[kept], labels[kept], placed.rows[kept]
    random = random_positions(encoded.latents[rows], RANDOM, generator)
    mixed = mixed_distribution(
        positions,
        labels,
        random=random,
        shuffled=None if placed.shuffled is None else placed.shuffled[kept],
        generator=generator,
        report=part(report, 0.1, 0.6),
    )
    complement = complementary_bias(
        positions,
        labels,
        random=random,
        conditions=_conditions(encoded, axis)[rows],
        generator=generator,
        report=part(report, 0.6, 1.0),
    )
    edges = np.histogram_bin_edges(positions, BINS)
    reach = 0.08 * (edges[-1] - edges[0])
    grid = np.linspace(edges[0] - reach, edges[-1] + reach, DENSITY_POINTS)
    classes = [
        _class_positions(
            encoded.class_names[label], positions, labels, int(label), edges, grid, fit
        )
        for label, fit in zip(large, complement.fits, strict=True)
    ]
    left_out = [c for at, c in enumerate(encoded.class_names) if at not in large]
    return Distribution(
        model=name,
        axis=axis,
        part=which,
        source=encoded.source,
        seed=seed,
        note=placed.note,
        edges=edges,
        grid=grid,
        classes=tuple(classes),
        left_out=tuple(left_out),
        mixed=mixed,
        complement=complement,
    )


def _placed(
    encoded: EncodedImages, axis: Axis, which: Part, generator: np.random.Generator
) -> _Placed:
    if axis.kind == "principal":
        number = int(axis.name.rsplit(" ", 1)[1]) - 1
        found, measured = principal_positions(encoded.latents, encoded.labels, PRINCIPAL)
        if number >= found.shape[1]:
            raise DataError(f"{encoded.source} have no {axis.name}. Choose an earlier variation.")
        rows = np.flatnonzero(measured)
        note = "Found on every second image of each class, measured on the others."
        return _Placed(rows, found[rows, number], None, note)
    values, zero, mark = _trait(encoded, axis)
    shuffled = generator.permuted(np.tile(values[:, None], CURVES), axis=0)
    traits = np.concatenate([values[:, None], shuffled], axis=1)
    found = cross_positions(encoded.latents, traits, np.full(traits.shape[1], zero))
    rows = np.flatnonzero(mark == (which == "with")) if which != "all" else np.arange(len(values))
    note = _TWO_MODES if axis.kind == "attribute" and which == "all" else ""
    return _Placed(rows, found[rows, 0], found[rows, 1:], note)


_TWO_MODES = (
    "Images have this attribute or lack it, so that all of them together have two modes, at -1/2 "
    "and +1/2, and cannot be normal. Look at those with it, or those without it."
)


def _trait(encoded: EncodedImages, axis: Axis) -> tuple[np.ndarray, float, np.ndarray]:
    """Return the values that find the direction, the one at position 0, and who has it."""
    if axis.kind == "graded":
        column = list(PROPERTIES).index(axis.name)
        values = image_properties(encoded.pixels)[:, column]
        deviation = values.std()
        if deviation == 0:
            raise DataError(f"{encoded.source} all have the same {axis.name}. Choose another.")
        return (values - values.mean()) / deviation, 0.0, np.ones(len(values), dtype=bool)
    mark = encoded.attributes[:, encoded.attribute_names.index(axis.name)]
    positives = int(mark.sum())
    if min(positives, len(mark) - positives) < MIN_GROUP:
        raise DataError(
            f"'{axis.name}': {positives} of {encoded.source} have it and "
            f"{len(mark) - positives} lack it; at least {MIN_GROUP} of each are needed. Choose "
            "another attribute."
        )
    return mark.astype(np.float64), 0.5, mark


def _conditions(encoded: EncodedImages, axis: Axis) -> Float64[np.ndarray, "n condition"]:
    """Return the graded properties other than the axis itself."""
    others = [number for number, name in enumerate(PROPERTIES) if name != axis.name]
    return image_properties(encoded.pixels)[:, others]


def _class_positions(
    name: str,
    positions: Float64[np.ndarray, " n"],
    labels: Int64[np.ndarray, " n"],
    label: int,
    edges: Float64[np.ndarray, " edge"],
    grid: Float64[np.ndarray, " point"],
    fit: ClassFit,
) -> ClassPositions:
    own = positions[labels == label]
    evidence = evidence_of(positions, labels, label)
    own_range, borrowed = evidence.own, evidence.borrowed
    assert own_range is not None and borrowed is not None  # `SMALLEST_CLASS` images and more
    return ClassPositions(
        name=name,
        count=len(own),
        mean=float(own.mean()),
        deviation=float(own.std(ddof=1)),
        skewness=float(stats.skew(own, bias=False)),
        kurtosis=float(stats.kurtosis(own, bias=False)),
        counts=np.histogram(own, edges)[0].astype(np.int64),
        density=cast(np.ndarray, stats.gaussian_kde(own)(grid)),
        own=(own_range.low, own_range.high),
        borrowed=(borrowed.low, borrowed.high),
        borrowed_count=evidence.borrowed_count,
        fit=fit,
    )


def _chosen(known: tuple[Axis, ...], name: str) -> Axis:
    for axis in known:
        if axis.name == name:
            return axis
    names = [axis.name for axis in known]
    raise ConfigError(
        f"'{name}' is nothing that varies here.{near_match(name, names)} Known: "
        f"{', '.join(names)}."
    )


def _too_few(
    name: str,
    encoded: EncodedImages,
    axis: Axis,
    which: Part,
    sizes: Int64[np.ndarray, " class_"],
) -> str:
    """Say how many images a class are needed, how many there are, and what to choose instead."""
    if len(encoded.class_names) < 2:
        return (
            f"'{name}' was trained on one class, and these questions compare classes. Choose a "
            "model of several classes, or train one on a folder with a sub-folder a class."
        )
    needed = SMALLEST_CLASS
    if axis.kind == "principal":  # every second image finds the directions and is not measured
        needed, sizes = 2 * needed, np.bincount(encoded.labels, minlength=len(sizes))
    most, second = np.sort(sizes)[:-3:-1].tolist()
    whose = "" if which == "all" else f" {which} '{axis.name}'"
    remedy = (
        "Choose a model with more images a class."
        if which == "all"
        else "Choose another attribute, another part of the images, or a model with more of them."
    )
    return (
        f"{needed} images a class are needed, in two classes at least; the two largest classes "
        f"among {encoded.source}{whose} have {most:,} and {second:,}. {remedy}"
    )
