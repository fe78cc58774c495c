"""The walk between the picked images, slerp over lerp, as a panel that computes when it is seen.

The panel asks for its walk itself: a new pick only tells it that what it shows is stale, and it
fires `show` once it is on the screen. A tab that nobody opens costs nothing.

| message to the panel | fields |
|---|---|
| "stale" | key of the walk that is wanted |
| "walk" | everything `assets/walk.js` draws |
| "problem" | text; the reason is in the notice |
"""

__all__ = [
    "FIRST_STEPS",
    "PROBLEM",
    "build",
    "frames_panel",
    "headline",
    "stale_message",
    "walk_message",
]

import math
from typing import Any

import gradio as gr
import numpy as np

from explorer.service.records import Picture, Walk, WalkRow
from explorer.service.workbench import Workbench
from explorer.ui.convert import sheet
from explorer.ui.events import COMPUTE, LOOKUP, guarded
from explorer.ui.figures import norm_strip, steps
from explorer.ui.scripts import script, skeleton
from explorer.ui.shared import Picked, Shared

FIRST_STEPS = 11
"""Frames at first: t in steps of 0.1."""

Message = dict[str, Any]

PROBLEM: Message = {
    "kind": "problem",
    "text": "This walk could not be computed; the notice says why. Pick another pair.",
}


def stale_message(picked: Picked | None, num_points: int) -> Message:
    """Tell the panel which walk is wanted; nothing is computed."""
    return {"kind": "stale", "key": _key(picked, num_points)}


def walk_message(workbench: Workbench, picked: Picked, walk: Walk) -> Message:
    """Return everything the panel draws of a walk."""
    points = len(walk.rows[0].norms)
    ends = [workbench.picture(picked.model, index) for index in (walk.start, walk.end)]
    return {
        "kind": "walk",
        "key": _key(picked, points),
        "sheet": sheet([row.frames for row in walk.rows]),
        "positions": steps(points),
        "rows": [_row(row, walk) for row in walk.rows],
        "strip": norm_strip(walk),
        "legend": "Green band: the norms of 95 % of the training latents.",
        "ends": [_end(picture) for picture in ends],
        "note": f"{points} steps, the same t in a column",
        "headline": headline(walk),
        "verdict": walk.verdict,
        "tone": "good" if any(row.inside for row in walk.rows) else "warm",
        "facts": _facts(walk),
    }


def headline(walk: Walk) -> str:
    """Return which walks stay where the model's latents live, in one short sentence."""
    staying = [row.method for row in walk.rows if row.inside]
    leaving = [row.method for row in walk.rows if not row.inside]
    where = "where this model's latents live"
    if not leaving:
        text = f"{' and '.join(staying)} {'both stay' if len(staying) > 1 else 'stays'} {where}."
    elif not staying:
        text = f"{' and '.join(leaving)} {'both leave' if len(leaving) > 1 else 'leaves'} {where}."
    else:
        text = f"{' and '.join(staying)} stays {where}; {' and '.join(leaving)} leaves."
    return text[0].upper() + text[1:]


def frames_panel(name: str, *, look: str) -> gr.HTML:
    """Lay out an empty panel.

    Args:
        name: Its id on the page.
        look: "glance" shows the frames over a strip of norms, "closer" adds the pictures at one t
            in large and leaves the norms to a chart of its own.
    """
    return gr.HTML(
        value=None,
        html_template=skeleton("walk.html"),
        js_on_load=script("frames.js", "walk.js"),
        apply_default_css=False,
        elem_id=name,
        elem_classes=["bare"],
        look=look,
    )


def build(workbench: Workbench, shared: Shared) -> None:
    """Lay out and wire the walk of the picked pair at a glance."""
    with gr.Column(elem_classes=["card", "walk-card"]):
        panel = frames_panel("walk-glance", look="glance")

    def mark(picked: Picked | None) -> Message:
        return stale_message(picked, FIRST_STEPS)

    @guarded
    def show(picked: Picked | None) -> Message:
        if picked is None:
            return stale_message(picked, FIRST_STEPS)
        walk = workbench.walk(picked.model, picked.a, picked.b, num_points=FIRST_STEPS)
        return walk_message(workbench, picked, walk)

    shared.picked.change(mark, shared.picked, panel, **LOOKUP)
    computed = panel.show(show, shared.picked, panel, api_name="walk", **COMPUTE)
    computed.failure(lambda: PROBLEM, None, panel, **LOOKUP)


def _key(picked: Picked | None, num_points: int) -> str:
    if picked is None:
        return ""
    return f"{picked.model}:{picked.a}:{picked.b}:{num_points}"


def _row(row: WalkRow, walk: Walk) -> Message:
    low, median, high = walk.typical
    slack = 1e-3 * median
    inside = (row.norms >= low - slack) & (row.norms <= high + slack)
    return {
        "method": row.method,
        "shares": [f"{share:.0f} %" for share in 100 * row.norms / median],
        "typical": np.asarray(inside).tolist(),
    }


def _end(picture: Picture) -> Message:
    unseen = ", never seen in training" if picture.held_out else ""
    return {
        "title": f"#{picture.position:,} · {picture.class_name}{unseen}",
        "attributes": ", ".join(name.replace("_", " ") for name in picture.attributes),
    }


def _facts(walk: Walk) -> list[Message]:
    far = math.sqrt(2) * walk.typical[1]
    return [
        {
            "name": "Angle",
            "value": f"{math.degrees(walk.angle):.0f}°",
            "reference": "random latents meet at 90°",
        },
        {
            "name": "Distance",
            "value": f"{walk.distance:.3g}",
            "reference": f"random latents lie {far:.3g} apart",
        },
    ]
