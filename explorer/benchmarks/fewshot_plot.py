"""The gain of an arm over standard augmentation, against shots or against classifier updates."""

__all__ = ["gain_figure", "gain_picture"]

from collections import defaultdict
from collections.abc import Sequence
from typing import Literal

import numpy as np
import plotly.graph_objects as go
from jaxtyping import UInt8
from PIL import Image, ImageDraw, ImageFont

from explorer.judge.fewshot.summary import ArmResult

Axis = Literal["shots", "steps"]
NAMES: dict[Axis, str] = {"shots": "labelled images a class", "steps": "classifier updates"}
COLOURS = ("#1f6feb", "#d1742f", "#2f8f5b", "#8a4fbf", "#b3364b", "#5c6470")
FEWEST_SEEDS = 3
"""Points of fewer have intervals that hide all others."""

WIDE, HIGH, LEFT, BOTTOM, EDGE = 640, 400, 70, 60, 24
Point = tuple[int, float, float, float, int]
"""(place on the axis, mean, low, high, seeds)."""


def gain_figure(rows: Sequence[ArmResult], axis: Axis) -> go.Figure:
    """Return the chart with its 95 % intervals, a line for each data set, arm and other value."""
    figure = go.Figure()
    for name, points in _lines(rows, axis).items():
        x, mean, low, high, seeds = (list(values) for values in zip(*points, strict=True))
        error = {
            "array": [top - middle for top, middle in zip(high, mean, strict=True)],
            "arrayminus": [middle - end for middle, end in zip(mean, low, strict=True)],
        }
        figure.add_scatter(
            x=x,
            y=mean,
            error_y=error,
            name=name,
            mode="lines+markers+text",
            text=[f"{count} seeds" for count in seeds],
            textposition="top right",
        )
    figure.add_hline(y=0, line_width=1)
    figure.update_layout(
        xaxis={"title": NAMES[axis], "type": "log"},
        yaxis={"title": "points over standard augmentation"},
    )
    return figure


def gain_picture(rows: Sequence[ArmResult], axis: Axis) -> UInt8[np.ndarray, "high wide 3"]:
    """Return the same chart as a small picture, the number of seeds above each point."""
    lines = _lines(rows, axis)
    points = [point for line in lines.values() for point in line]
    places = sorted({point[0] for point in points})
    low = min([0.0, *(point[2] for point in points)])
    high = max([0.0, *(point[3] for point in points)])
    picture = Image.new("RGB", (WIDE, HIGH), "white")
    draw, font = ImageDraw.Draw(picture), ImageFont.load_default(13)

    def at(place: int, value: float, shift: int) -> tuple[float, float]:
        across = (places.index(place) + 0.5) / len(places)
        up = (value - low) / (high - low or 1)
        return LEFT + across * (WIDE - LEFT - EDGE) + shift, HIGH - BOTTOM - up * (
            HIGH - BOTTOM - EDGE - 18 * len(lines)
        )

    for value in np.linspace(low, high, 5):
        y = at(places[0], float(value), 0)[1]
        draw.line([(LEFT, y), (WIDE - EDGE, y)], fill="#e3e6ea")
        draw.text((LEFT - 8, y), f"{value:+.1f}", fill="#333333", font=font, anchor="rm")
    zero = at(places[0], 0.0, 0)[1]
    draw.line([(LEFT, zero), (WIDE - EDGE, zero)], fill="#333333")
    for place in places:
        x = at(place, low, 0)[0]
        draw.text((x, HIGH - BOTTOM + 14), str(place), fill="#333333", font=font, anchor="mm")
    words = f"{NAMES[axis]}; points over standard augmentation, 95 % intervals, seeds"
    draw.text((WIDE / 2, HIGH - 18), words, fill="#333333", font=font, anchor="mm")
    for number, (name, line) in enumerate(lines.items()):
        colour, shift = COLOURS[number % len(COLOURS)], 7 * number - 3 * len(lines)
        draw.line([at(p, mean, shift) for p, mean, *_ in line], fill=colour, width=2)
        for place, mean, bottom, top, seeds in line:
            draw.line([at(place, bottom, shift), at(place, top, shift)], fill=colour)
            x, y = at(place, mean, shift)
            draw.ellipse([x - 3, y - 3, x + 3, y + 3], fill=colour)
            draw.text(at(place, top, shift), str(seeds), fill=colour, font=font, anchor="mb")
        draw.text((LEFT + 6, 8 + 18 * number), name, fill=colour, font=font)
    return np.asarray(picture).copy()


def _lines(rows: Sequence[ArmResult], axis: Axis) -> dict[str, list[Point]]:
    """Return the points of each line that has at least two places, by the line's name."""
    other: Axis = "steps" if axis == "shots" else "shots"
    lines: defaultdict[str, list[Point]] = defaultdict(list)
    for row in rows:
        gain = row.over_standard
        if gain is not None and gain.seeds >= FEWEST_SEEDS and not row.transductive:
            name = f"{row.data}, {row.arm}, {getattr(row, other)} {other}"
            lines[name].append((getattr(row, axis), gain.mean, gain.low, gain.high, gain.seeds))
    return {name: sorted(line) for name, line in lines.items() if len(line) > 1}
