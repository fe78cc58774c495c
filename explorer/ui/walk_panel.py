"""The walk between the picked images, path over path, as a panel that computes when it is seen.

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
    "GLANCE_METHODS",
    "PROBLEM",
    "build",
    "frames_panel",
    "frames_wanted",
    "stale_message",
    "walk_message",
]

import json
import math
from typing import Any, Literal

import gradio as gr

from explorer.errors import ConfigError
from explorer.latent.walk_findings import percent
from explorer.service.points import source_of
from explorer.service.records import Picture
from explorer.service.references import bits_reference, norm_reference
from explorer.service.view import WalkView, view_text
from explorer.service.walks import Walk, WalkRow, walk
from explorer.service.workbench import Workbench
from explorer.ui.convert import sheet
from explorer.ui.events import COMPUTE, LOOKUP, guarded
from explorer.ui.figures import charts, norm_strip, steps
from explorer.ui.scripts import script, skeleton
from explorer.ui.shared import Picked, Shared

FIRST_STEPS = 11
"""Frames at first: t in steps of 0.1."""

GLANCE_METHODS = ("slerp", "lerp")

TITLE = "The walk, frame by frame"

Message = dict[str, Any]

PROBLEM: Message = {
    "kind": "problem",
    "text": "This walk could not be computed; the notice says why. Pick another pair.",
}

_ORIGINS = {
    "train": "#{position:,} · {class_name}",
    "held-out": "#{position:,} · {class_name}, never seen in training",
    "uploaded": "your image · {class_name}",
    "generated": "sample · {class_name}",
    "mean": "mean · {class_name}",
}


def stale_message(picked: Picked | None, num_points: object) -> Message:
    """Tell the panel which walk is wanted; nothing is computed."""
    return {"kind": "stale", "key": _key(picked, num_points)}


def frames_wanted(steps: object) -> int:
    """Return the number of frames a browser asked for; it may have sent anything.

    Raises:
        ConfigError: It is no whole number; its range is checked where the walk is made.
    """
    if isinstance(steps, int) or (isinstance(steps, float) and steps.is_integer()):
        return int(steps)
    raise ConfigError(f"A walk of {steps!s:.40} frames; give a whole number.")


def walk_message(
    workbench: Workbench,
    picked: Picked,
    made: Walk,
    *,
    key: str = "",
    title: str = TITLE,
    note: str = "",
) -> Message:
    """Return everything the panel draws of a walk.

    Args:
        workbench: Where the model lies.
        picked: The pair that was asked for.
        made: The walk.
        key: What the panel asked for; that of the pair if empty.
        title: Over the frames.
        note: One line beside the title; the number of steps if empty.
    """
    points = len(made.rows[0].norms)
    opened = workbench.open(made.model)
    ends = [workbench.picture(made.model, position) for position in (made.start, made.end)]
    norm = made.findings[0]
    return {
        "kind": "walk",
        "key": key or _key(picked, points),
        "sheet": sheet([row.frames for row in made.rows]),
        "positions": steps(points),
        "title": title,
        "rows": [_row(row, made) for row in made.rows],
        "strip": norm_strip(made),
        "charts": charts(
            made, norm_reference(opened), bits_reference(opened), opened.data.class_names
        ),
        "legend": "Green band: the norms of 95 % of the training latents.",
        "ends": [_end(picture) for picture in ends],
        "note": note or f"{points} steps, the same t in a column",
        "headline": norm.headline,
        "verdict": norm.detail,
        "tone": "good" if norm.good else "warm",
        "facts": _facts(made),
        "view": _view(workbench, made),
    }


def frames_panel(name: str, *, look: Literal["glance", "closer", "other"]) -> gr.HTML:
    """Lay out an empty panel.

    Args:
        name: Its id on the page.
        look: "glance" shows the frames over a strip of norms, "closer" adds the pictures at one t
            in large and a chart of each measure, "other" the charts alone.
    """
    return gr.HTML(
        value=None,
        html_template=skeleton("walk.html"),
        js_on_load=script("frames.js", "walk_charts.js", "walk.js"),
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
        made = walk(
            workbench,
            picked.model,
            picked.a,
            picked.b,
            num_points=FIRST_STEPS,
            methods=GLANCE_METHODS,
        )
        return walk_message(workbench, picked, made)

    shared.picked.change(mark, shared.picked, panel, **LOOKUP)
    computed = panel.show(show, shared.picked, panel, api_name="walk", **COMPUTE)
    computed.failure(lambda: PROBLEM, None, panel, **LOOKUP)


def _key(picked: Picked | None, num_points: object) -> str:
    if picked is None:
        return ""
    return f"{picked.model}:{picked.a}:{picked.b}:{num_points}"


def _row(row: WalkRow, made: Walk) -> Message:
    return {
        "method": row.method,
        "shares": [percent(float(share)) for share in row.norms / made.typical[1]],
        "typical": row.typical.tolist(),
    }


def _end(picture: Picture) -> Message:
    title = _ORIGINS[picture.origin]
    return {
        "title": title.format(position=picture.position, class_name=picture.class_name),
        "attributes": ", ".join(name.replace("_", " ") for name in picture.attributes),
    }


def _facts(made: Walk) -> list[Message]:
    far = math.sqrt(2) * made.typical[1]
    return [
        {
            "name": "Angle",
            "value": f"{math.degrees(made.angle):.0f}°",
            "reference": "random latents meet at 90°",
        },
        {
            "name": "Distance",
            "value": f"{made.distance:.3g}",
            "reference": f"random latents lie {far:.3g} apart",
        },
    ]


def _view(workbench: Workbench, made: Walk) -> Message:
    """Return what is needed to make this walk again."""
    opened = workbench.open(made.model)
    view = WalkView(
        model=made.model,
        a=source_of(opened, made.start),
        b=source_of(opened, made.end),
        steps=len(made.rows[0].norms),
        methods=tuple(row.method for row in made.rows),
    )
    content: Message = json.loads(view_text(view))
    return content
