"""The strip of nearest neighbours: the images whose latents are nearest to A's, or to B's.

A tab puts it in by one line, `neighbours.build(workbench, shared)`. Its value is one of

| kind | with |
|---|---|
| "nothing" | |
| "progress" | `share` and `text`: images are encoded when they are first compared |
| "problem" | `text` |
| "shown" | `slot`, `number`, `near` and `typical` |

`near` has `uri`, `number`, `class_name`, `distance` and `degrees` of each neighbour, `typical` has
`distance` and `degrees` of random pairs. Angles are null where a latent has no direction.
"""

__all__ = ["build", "continued_from", "neighbours_value"]

import math
from collections.abc import Iterator
from typing import Any

import gradio as gr

from explorer.errors import ConfigError, ExplorerError
from explorer.service.neighbours import Neighbourhood, neighbours
from explorer.service.progress import Report
from explorer.service.workbench import Workbench
from explorer.ui.background import Done, followed
from explorer.ui.convert import picture_uri
from explorer.ui.events import CHOOSE, LOOKUP, QUIET, guarded
from explorer.ui.pairs import position_of, with_end
from explorer.ui.scripts import script, skeleton
from explorer.ui.shared import Picked, Shared

SHOWN = 8
FOLLOW: dict[str, Any] = {
    "concurrency_id": "neighbours",
    "concurrency_limit": 1,
    **QUIET,
    "trigger_mode": "always_last",
    "api_visibility": "private",
}
"""Comparing waits for other comparing only: the walk of a new pair must not wait for it."""


def neighbours_value(
    workbench: Workbench, picked: Picked, slot: str, found: Neighbourhood
) -> dict[str, Any]:
    """Return what the strip is told of an image's neighbours."""
    pixels = workbench.open(picked.model).gallery.pixels
    near = [
        {
            "uri": picture_uri(pixels[one.position]),
            "number": one.position,
            "class_name": one.class_name.replace("_", " "),
            "distance": one.distance,
            "degrees": _degrees(one.angle),
        }
        for one in found.records
    ]
    typical = {"distance": found.typical_distance, "degrees": _degrees(found.typical_angle)}
    return {
        "kind": "shown",
        "slot": slot,
        "number": found.position,
        "near": near,
        "typical": typical,
    }


def continued_from(picked: Picked, slot: object, position: object, gallery: int) -> Picked:
    """Return the pair with a neighbour in place of one end.

    Args:
        picked: The pair so far.
        slot: "a" or "b", as the browser says.
        position: Of the neighbour, as the browser says.
        gallery: How many images can be neighbours.

    Raises:
        ConfigError: The slot is no end, or the position no gallery image.
    """
    index = position_of(position)
    if not 0 <= index < gallery:
        raise ConfigError(f"Image {index} is not in the gallery; 0 to {gallery - 1} are there.")
    return with_end(picked, slot, index)


def build(workbench: Workbench, shared: Shared) -> None:
    """Lay out and wire the strip where this is called."""
    strip = gr.HTML(
        value=None,
        html_template=skeleton("neighbours.html"),
        js_on_load=script("neighbours.js"),
        apply_default_css=False,
        elem_id="neighbours",
        elem_classes=["bare"],
    )
    side = gr.State("a")

    @guarded
    def show(picked: Picked | None, slot: str) -> Iterator[dict[str, Any]]:
        if picked is None:
            yield {"kind": "nothing"}
            return
        position = picked.a if slot == "a" else picked.b

        def work(report: Report) -> Neighbourhood:
            return neighbours(workbench, picked.model, position, SHOWN, report)

        try:
            for step in followed(work):
                if isinstance(step, Done):
                    yield neighbours_value(workbench, picked, slot, step.result)
                else:
                    yield {"kind": "progress", "share": step.share, "text": step.doing}
        except ExplorerError as error:
            yield {"kind": "problem", "text": str(error)}

    @guarded
    def turn(slot: str, event: gr.EventData) -> str:
        wanted = getattr(event, "slot", None)
        return wanted if wanted in ("a", "b") else slot

    @guarded
    def go_on(picked: Picked | None, event: gr.EventData) -> Picked | None:
        if picked is None:
            return None
        sent = (getattr(event, "slot", None), getattr(event, "position", None))
        return continued_from(picked, *sent, len(workbench.open(picked.model).gallery))

    shared.picked.change(show, [shared.picked, side], strip, **FOLLOW)
    strip.turn(turn, side, side, **LOOKUP).then(show, [shared.picked, side], strip, **FOLLOW)
    strip.choose(go_on, shared.picked, shared.picked, **CHOOSE)


def _degrees(angle: float) -> float | None:
    return math.degrees(angle) if math.isfinite(angle) else None
