"""The results as a picture: a bar for each candidate, a panel for each question."""

__all__ = ["benchmark_picture"]

from collections.abc import Mapping
from typing import Any

import numpy as np
from jaxtyping import UInt8
from PIL import Image, ImageDraw, ImageFont

from explorer.benchmarks.glow.parts import fastest

COLOURS = {"ours": "#1f6feb", "normflows": "#d1742f", "FrEIA": "#2f8f5b"}
WIDE, HIGH, TOP, BOTTOM, EDGE = 300, 260, 54, 44, 16

Panel = tuple[str, list[tuple[str, str, float]]]
"""(title, bars of (candidate, label below a group, value))."""


def benchmark_picture(found: Mapping[str, Any]) -> UInt8[np.ndarray, "high wide 3"]:
    """Return a chart of the parts that were measured."""
    panels = _panels(found)
    picture = Image.new("RGB", (WIDE * max(1, len(panels)), HIGH), "white")
    draw = ImageDraw.Draw(picture)
    for number, panel in enumerate(panels):
        _draw(draw, panel, number * WIDE)
    return np.asarray(picture).copy()


def _panels(found: Mapping[str, Any]) -> list[Panel]:
    panels: list[Panel] = []
    if rows := found.get("train"):
        bars = [(row["candidate"], row["precision"], row["cpu_ms"]) for row in rows]
        panels.append(("training step, CPU ms", bars))
    if rows := found.get("memory"):
        bars = [(row["candidate"], f"K = {row['steps']}", row["mib"]) for row in rows]
        panels.append(("memory of a sample, MiB", bars))
    if rows := found.get("decode"):
        best = fastest(rows)
        bars = [(row["candidate"], f"batch {row['images']}", row["wall_ms"]) for row in best]
        panels.append(("decoding, best threads, ms", bars))
    if rows := found.get("density"):
        bars = [(row["candidate"], row["data"], float(np.mean(row["bits"]))) for row in rows]
        panels.append(("held-out bits/dim", bars))
    return panels


def _draw(draw: ImageDraw.ImageDraw, panel: Panel, left: int) -> None:
    title, bars = panel
    font = ImageFont.load_default(13)
    draw.text((left + WIDE / 2, 14), title, fill="#222222", font=font, anchor="mm")
    groups = list(dict.fromkeys(label for _, label, _ in bars))
    names = list(dict.fromkeys(name for name, _, _ in bars))
    highest = max(value for _, _, value in bars)
    room = (WIDE - 2 * EDGE) / len(groups)
    width = 0.8 * room / len(names)
    base = HIGH - BOTTOM
    small = ImageFont.load_default(11)
    for name, label, value in bars:
        x = left + EDGE + groups.index(label) * room + 0.1 * room + names.index(name) * width
        y = base - value / highest * (base - TOP)
        draw.rectangle([x, y, x + width - 2, base], fill=COLOURS[name])
        text = f"{value:.3g}"
        draw.text((x + width / 2, y - 8), text, fill="#333333", font=small, anchor="mm")
    for number, label in enumerate(groups):
        x = left + EDGE + (number + 0.5) * room
        draw.text((x, base + 12), label, fill="#333333", font=small, anchor="mm")
    for number, name in enumerate(names):
        x = left + EDGE + number * 88
        draw.rectangle([x, HIGH - 20, x + 10, HIGH - 10], fill=COLOURS[name])
        draw.text((x + 15, HIGH - 15), name, fill="#333333", font=small, anchor="lm")
    draw.line([(left + EDGE, base), (left + WIDE - EDGE, base)], fill="#888888")
