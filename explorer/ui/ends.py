"""The two ends of the pair: what A and B are, and a menu for each to choose another.

A tab puts it in by one line, `ends.build(workbench, shared, name="ends-map")`. Each tab has its
own; all show the same pair.
"""

__all__ = ["build", "ends_value"]

from typing import Any, Literal

import gradio as gr
import numpy as np

from explorer.service.points import name_of
from explorer.service.records import Picture
from explorer.service.workbench import DEFAULT_TEMPERATURE, Workbench
from explorer.ui.convert import picture_uri
from explorer.ui.events import CHOOSE, LOOKUP, guarded
from explorer.ui.pairs import chosen_end, random_pair, swapped
from explorer.ui.scripts import script, skeleton
from explorer.ui.shared import Picked, Selection, Shared

_FIELDS = ("slot", "how", "value", "temperature", "label")


def ends_value(
    workbench: Workbench, picked: Picked | None, selection: Selection | None
) -> dict[str, Any] | None:
    """Return what the component is told of the pair; None empties it."""
    if picked is None:
        return None
    opened = workbench.open(picked.model)
    a, b = (workbench.picture(picked.model, index) for index in (picked.a, picked.b))
    selected = selection is not None and selection.model == picked.model
    return {
        "model": picked.model,
        "a": _slot(a, name_of(opened, picked.a), opened.token),
        "b": _slot(b, name_of(opened, picked.b), opened.token),
        "selected": len(selection.positions) if selected and selection else 0,
        "classes": list(opened.data.class_names) if opened.generative.traits.knows_classes else [],
        "temperature": DEFAULT_TEMPERATURE,
    }


def build(
    workbench: Workbench, shared: Shared, *, name: str, look: Literal["large", "strip"] = "large"
) -> gr.HTML:
    """Lay out and wire the ends where this is called.

    Args:
        workbench: The models.
        shared: What the tabs share.
        name: Its id on the page.
        look: "large" fills the width, "strip" is one low row with the words beside the pictures.
    """
    panel = gr.HTML(
        value=None,
        html_template=skeleton("ends.html"),
        js_on_load=script("ends.js"),
        apply_default_css=False,
        elem_id=name,
        elem_classes=["bare", f"ends-{look}"],
    )
    chance = np.random.default_rng()

    @guarded
    def show(picked: Picked | None, selection: Selection | None) -> dict[str, Any] | None:
        return ends_value(workbench, picked, selection)

    @guarded
    def choose(
        picked: Picked | None, selection: Selection | None, event: gr.EventData
    ) -> Picked | None:
        sent = {field: getattr(event, field, None) for field in _FIELDS}
        return picked and chosen_end(workbench, picked, selection, sent, chance)

    @guarded
    def exchange(picked: Picked | None) -> Picked | None:
        return picked and swapped(picked)

    @guarded
    def draw(picked: Picked | None) -> Picked | None:
        return picked and random_pair(workbench, picked, chance)

    state = [shared.picked, shared.selection]
    gr.on([shared.picked.change, shared.selection.change], show, state, panel, **LOOKUP)
    panel.choose(choose, state, shared.picked, **CHOOSE)
    panel.swap(exchange, shared.picked, shared.picked, **CHOOSE)
    panel.shuffle(draw, shared.picked, shared.picked, **CHOOSE)
    return panel


def _slot(picture: Picture, name: str, token: str) -> dict[str, Any]:
    return {
        "token": token,
        "uri": picture_uri(picture.pixels),
        "number": picture.position,
        "class_name": picture.class_name.replace("_", " "),
        "attributes": [name.replace("_", " ") for name in picture.attributes],
        "origin": picture.origin,
        "name": name,
        "class_from": picture.class_from,
    }
