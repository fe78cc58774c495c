"""What the server tells the map beside its value: selections, guests, walks, layouts, refusals.

Each is a small message `{kind, said}`; the page hands it on as the event `explorer-KIND`. A
message that answers a question of the map repeats the question, so that late ones are dropped.
"""

__all__ = [
    "guests_news",
    "layout_news",
    "messenger",
    "refused_news",
    "selection_news",
    "view_news",
    "walk_news",
]

import base64
from collections.abc import Iterator
from typing import Any

import gradio as gr
import numpy as np
import torch

from explorer.data.images import tile
from explorer.service.drawn_latents import placed
from explorer.service.map_walk import MapWalk
from explorer.service.points import name_of
from explorer.service.progress import Report
from explorer.service.view import MapView, View
from explorer.service.workbench import Workbench
from explorer.ui.convert import picture_uri
from explorer.ui.map_data import layout_cards
from explorer.ui.map_questions import ArrangeQuestion, MapQuestion, WalkQuestion
from explorer.ui.scripts import script, skeleton
from explorer.ui.shared import Picked, Selection


def messenger() -> gr.HTML:
    """Lay out a component that nobody sees; its value is the message."""
    return gr.HTML(
        value=None,
        html_template=skeleton("map_news.html"),
        js_on_load=script("map_news.js"),
        apply_default_css=False,
        visible="hidden",
    )


def selection_news(
    workbench: Workbench, picked: Picked | None, selection: Selection | None
) -> dict[str, Any]:
    """Tell which gallery images are selected: one bit an image, the lowest first, in base64."""
    if picked is None or selection is None or selection.model != picked.model:
        return {"kind": "selection", "said": None}
    opened = workbench.open(picked.model)
    chosen = np.zeros(len(opened.gallery), dtype=bool)
    chosen[[one for one in selection.positions if one < len(chosen)]] = True
    mask = base64.b64encode(np.packbits(chosen, bitorder="little").tobytes()).decode("ascii")
    said = {"token": opened.token, "count": int(chosen.sum()), "mask": mask}
    return {"kind": "selection", "said": said}


def guests_news(
    workbench: Workbench, model: str, question: MapQuestion, report: Report
) -> dict[str, Any]:
    """Tell what the guests are, and where they lie on the layout that is shown.

    Raises:
        ConfigError: There is no such layout.
    """
    opened = workbench.open(model)
    guests = [(position, opened.guests.get(position)) for position in opened.guests.positions()]
    places = np.zeros((0, 2))
    if guests:
        latents = torch.stack([guest.latent for _, guest in guests])
        places = placed(workbench, model, question.layout, latents, report)
    told: list[dict[str, Any]] = [
        {
            "position": position,
            "origin": guest.origin,
            "source": guest.source,
            "name": name_of(opened, position),
            "label": guest.label,
            "attributes": [],
            "uri": picture_uri(guest.pixels),
            "x": float(x),
            "y": float(y),
        }
        for (position, guest), (x, y) in zip(guests, places, strict=True)
    ]
    return {"kind": "guests", "said": {**question.echo(opened.token), "guests": told}}


def walk_news(
    workbench: Workbench, model: str, question: WalkQuestion, walk: MapWalk
) -> dict[str, Any]:
    """Tell where a walk lies on the map, with its pictures side by side in one sheet."""
    frames, height, width, _ = walk.frames.shape
    said = {
        **question.echo(workbench.open(model).token),
        "points": walk.points.tolist(),
        "width": width,
        "height": height,
        "uri": picture_uri(tile(walk.frames, frames, gap=0)),
    }
    return {"kind": "path", "said": said}


def layout_news(
    workbench: Workbench, model: str, question: ArrangeQuestion, **state: float | str
) -> dict[str, Any]:
    """Tell how far another layout is: `state` is "working", "done" or "failed"."""
    opened = workbench.open(model)
    said = {**question.echo(opened.token), **state}
    if state["state"] == "done":
        said["layouts"] = layout_cards(opened)
    return {"kind": "layout", "said": said}


def refused_news(
    workbench: Workbench, picked: Picked | None, refusals: Iterator[int]
) -> dict[str, Any]:
    """Tell which pair stays after a click was refused; a number makes equal news differ."""
    if picked is None:
        return {"kind": "refused", "said": None}
    said = {"token": workbench.open(picked.model).token, "a": picked.a, "b": picked.b}
    return {"kind": "refused", "said": {**said, "number": next(refusals)}}


def view_news(workbench: Workbench, view: View | None) -> dict[str, Any]:
    """Tell how the map was looked at when a view was shared; other views say nothing of it."""
    if not isinstance(view, MapView):
        return {"kind": "view", "said": None}
    said = {
        "token": workbench.open(view.model).token,
        "layout": view.layout,
        "colour": view.colour,
        "mode": view.mode,
        "window": list(view.window),
    }
    return {"kind": "view", "said": said}
