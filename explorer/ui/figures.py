"""Charts under the frames of a walk: numbers to places in a unit box, y downwards.

`assets/walk_charts.js` draws them with nothing but SVG and boxes, each column below its frame.
"""

__all__ = ["Chart", "NormStrip", "charts", "norm_strip", "steps"]

from collections.abc import Callable, Sequence
from typing import TypedDict

import numpy as np
from jaxtyping import Float, Float32

from explorer.latent.walk_findings import Finding, jumps, percent
from explorer.service.references import Histogram
from explorer.service.walks import Walk, WalkRow

_HEADROOM = 0.12
_HISTOGRAM_REACH = 1.5
"""The histogram is shown as far as this many times the range of 95 % beyond its middle."""

Height = Callable[[float], float]


class NormStrip(TypedDict):
    """The norms along a walk in the unit box.

    Attributes:
        low: Where the lower end of the typical range lies.
        high: Where its upper end lies.
        lines: One list of heights a row of the walk, one height a frame.
    """

    low: float
    high: float
    lines: list[list[float]]


class Line(TypedDict):
    """One row's values: places in the unit box, and a text for each frame."""

    name: str
    points: list[list[float]]
    texts: list[str]


class Stack(TypedDict):
    """One row's shares of A's class, of other classes and of B's class, a list a frame."""

    name: str
    parts: list[list[float]]
    texts: list[str]


class Bin(TypedDict):
    """One bar of a sideways histogram; its length is relative to the longest."""

    top: float
    bottom: float
    length: float


class Mark(TypedDict):
    """A point to look at."""

    x: float
    y: float
    text: str


class Chart(TypedDict):
    """One measure of a walk.

    Attributes:
        measure: "norm", "change", "bits" or "class".
        title: What is measured.
        unit: In what.
        headline: The verdict's answer.
        detail: Its numbers.
        good: Whether it is good; None where that is no question.
        ticks: Heights with their texts.
        band: Upper and lower edge of the range of 95 %; empty where there is none.
        bins: The histogram at the edge.
        reference: Whose histogram and range they are.
        lines: One a row, empty where there are stacks or nothing was measured.
        stacks: One a row, empty where there are lines.
        marks: What a verdict speaks of.
    """

    measure: str
    title: str
    unit: str
    headline: str
    detail: str
    good: bool | None
    ticks: list[tuple[float, str]]
    band: list[float]
    bins: list[Bin]
    reference: str
    lines: list[Line]
    stacks: list[Stack]
    marks: list[Mark]


def steps(count: int) -> list[float]:
    """Return the positions t of `count` evenly spaced frames from 0 to 1."""
    return [round(float(t), 3) for t in np.linspace(0, 1, count)]


def norm_strip(walk: Walk) -> NormStrip:
    """Return the norms of a walk scaled to fill the unit box."""
    low, _, high = walk.typical
    shell = np.array([low, high], dtype=np.float32)
    height, _ = _scale(np.concatenate([*(row.norms for row in walk.rows), shell]))
    return NormStrip(
        low=height(low),
        high=height(high),
        lines=[[height(float(norm)) for norm in row.norms] for row in walk.rows],
    )


def charts(
    walk: Walk, norms: Histogram, likelihoods: Histogram | None, class_names: Sequence[str]
) -> list[Chart]:
    """Return the four charts of a walk: norm, change, bits per dimension, classes.

    Args:
        walk: The walk.
        norms: Of the training latents.
        likelihoods: Bits per dimension of the training images; None where not measured.
        class_names: In the order of the class numbers.
    """
    norm, change, bits, classes = walk.findings
    return [
        _norm_chart(walk, norms, norm),
        _change_chart(walk, change),
        _bits_chart(walk, likelihoods, bits),
        _class_chart(walk, class_names, classes),
    ]


def _norm_chart(walk: Walk, reference: Histogram, finding: Finding) -> Chart:
    chart = _empty("Length of the latent", "per cent of the typical length", finding)
    typical = reference.median
    _draw_lines(chart, walk.rows, [row.norms / typical for row in walk.rows], percent)
    _set_scale(chart, reference, typical, percent)
    chart["reference"] = "training latents"
    return chart


def _bits_chart(walk: Walk, reference: Histogram | None, finding: Finding) -> Chart:
    chart = _empty("Bits per dimension", "fewer: likelier to the model", finding)
    if np.isnan(walk.rows[0].bits).any():
        return chart
    _draw_lines(chart, walk.rows, [row.bits for row in walk.rows], _two_digits)
    _set_scale(chart, reference, 1.0, _two_digits)
    chart["reference"] = "training images"
    return chart


def _change_chart(walk: Walk, finding: Finding) -> Chart:
    chart = _empty("Change to the next frame", "root mean square, levels of 255", finding)
    _draw_lines(chart, walk.rows, [row.changes for row in walk.rows], _whole, between=True)
    _set_scale(chart, None, 1.0, _whole, with_zero=True)
    for row, line in zip(walk.rows, chart["lines"], strict=True):
        for step in jumps(row.changes):
            x, y = line["points"][step]
            chart["marks"].append(Mark(x=x, y=y, text=f"{row.method}: a jump"))
    return chart


def _class_chart(walk: Walk, names: Sequence[str], finding: Finding) -> Chart:
    chart = _empty("What a classifier sees", "", finding)
    a, b = walk.labels
    for row in walk.rows:
        if not row.classes.shape[1]:
            return chart
        chart["stacks"].append(_stack(row, names, a, b))
    chart["unit"] = f"green: {names[a]}"
    if a != b:
        chart["unit"] = f"green: {names[a]}, blue: {names[b]}, grey: another class"
    return chart


def _stack(row: WalkRow, names: Sequence[str], a: int, b: int) -> Stack:
    parts, texts = [], []
    for shares in row.classes.astype(np.float64):
        first, last = float(shares[a]), float(shares[b]) if a != b else 0.0
        parts.append([round(share, 4) for share in (first, max(0.0, 1 - first - last), last)])
        best = np.argsort(-shares)[:2].tolist()
        texts.append(
            ", ".join(f"{names[label]} {percent(float(shares[label]))}" for label in best)
        )
    return Stack(name=row.method, parts=parts, texts=texts)


def _empty(title: str, unit: str, finding: Finding) -> Chart:
    return Chart(
        measure=finding.measure,
        title=title,
        unit=unit,
        headline=finding.headline,
        detail=finding.detail,
        good=finding.good,
        ticks=[],
        band=[],
        bins=[],
        reference="",
        lines=[],
        stacks=[],
        marks=[],
    )


def _draw_lines(
    chart: Chart,
    rows: Sequence[WalkRow],
    values: Sequence[Float32[np.ndarray, " points"]],
    text: Callable[[float], str],
    *,
    between: bool = False,
) -> None:
    """Add one line a row, heights still in the measure's own unit; `_set_scale` places them."""
    count = len(rows[0].norms)
    start = 1.0 if between else 0.5
    for row, numbers in zip(rows, values, strict=True):
        points = [[round((start + i) / count, 5), float(n)] for i, n in enumerate(numbers)]
        texts = [text(float(number)) for number in numbers]
        chart["lines"].append(Line(name=row.method, points=points, texts=texts))


def _set_scale(
    chart: Chart,
    reference: Histogram | None,
    unit: float,
    text: Callable[[float], str],
    *,
    with_zero: bool = False,
) -> None:
    """Choose the range, and bring lines, ticks, band and histogram into the unit box."""
    shown = [point[1] for line in chart["lines"] for point in line["points"]]
    shown += [0.0] if with_zero else []
    edges = np.zeros(0)
    if reference is not None:
        low, middle, high = (v / unit for v in (reference.low, reference.median, reference.high))
        edges = reference.edges / unit
        shown += [
            max(float(edges[0]), middle - _HISTOGRAM_REACH * (middle - low)),
            min(float(edges[-1]), middle + _HISTOGRAM_REACH * (high - middle)),
        ]
    height, span = _scale(np.array(shown), air_below=not with_zero)
    for line in chart["lines"]:
        line["points"] = [[x, height(value)] for x, value in line["points"]]
    chart["ticks"] = [(height(value), text(value)) for value in _round_values(*span)]
    if reference is not None:
        chart["band"] = [height(high), height(low)]
        chart["bins"] = _bins(edges, reference.shares, height)


def _bins(
    edges: Float[np.ndarray, " edges"], shares: Float[np.ndarray, " bins"], height: Height
) -> list[Bin]:
    """Return the bars that lie in the box, at least a hair high."""
    bars = []
    for lower, upper, share in zip(edges[:-1], edges[1:], shares / shares.max(), strict=True):
        top, bottom = max(0.0, height(float(upper))), min(1.0, height(float(lower)))
        if share > 0 and top <= 1 and bottom >= 0:
            thin = max(0.0, 0.012 - (bottom - top)) / 2
            bars.append(Bin(top=top - thin, bottom=bottom + thin, length=round(float(share), 4)))
    return bars


def _scale(
    values: Float[np.ndarray, " values"], *, air_below: bool = True
) -> tuple[Height, tuple[float, float]]:
    """Return where a value lies in the unit box that holds all of them, and the box's range."""
    lowest, highest = float(values.min()), float(values.max())
    air = max((highest - lowest) * _HEADROOM, abs(highest) * 1e-3, 1e-9)
    bottom, top = lowest - air * air_below, highest + air

    def height(value: float) -> float:
        return round((top - value) / (top - bottom), 4)

    return height, (bottom, top)


def _round_values(bottom: float, top: float) -> list[float]:
    """Return two to five round numbers between the two, for ticks."""
    rough = (top - bottom) / 3
    power = 10.0 ** np.floor(np.log10(rough))
    step = float(power * max(factor for factor in (1, 2, 5) if factor * power <= rough))
    first = int(np.ceil(bottom / step))
    found = [round(k * step, 12) for k in range(first, int(np.floor(top / step)) + 1)]
    return found[:: 2 if len(found) > 4 else 1]


def _two_digits(value: float) -> str:
    return f"{value:.2f}"


def _whole(value: float) -> str:
    return f"{value:.0f}"
