"""The map component: what it is told, what it may answer; its data: `explorer.ui.map_data`."""

__all__ = ["latent_map", "map_value"]

from typing import Any

import gradio as gr

from explorer.errors import NotSupportedError
from explorer.service.axes import slider_names
from explorer.service.points import source_of
from explorer.service.shelf import OpenModel
from explorer.service.workbench import Workbench
from explorer.ui.map_data import data_address, layout_cards
from explorer.ui.scripts import script, skeleton
from explorer.ui.shared import Picked

_PARTS = (
    "state",
    "load",
    "places",
    "colours",
    "stamps",
    "draw",
    "marks",
    "view",
    "card",
    "guests",
    "walk",
    "pick",
    "lasso",
    "search",
    "legend",
    "layouts",
    "export",
    "pointer",
    "keys",
    "start",
)


def latent_map() -> gr.HTML:
    """Lay out an empty map. What it fires: see `assets/latent_map/state.js`."""
    return gr.HTML(
        value=None,
        html_template=skeleton("latent_map.html"),
        js_on_load=script(*(f"latent_map/{part}.js" for part in _PARTS)),
        apply_default_css=False,
        elem_id="latent-map",
        elem_classes=["bare"],
    )


def map_value(workbench: Workbench, picked: Picked | None) -> dict[str, Any] | None:
    """Return what the map is told: small, whatever the number of images; None empties it."""
    if picked is None:
        return None
    opened = workbench.open(picked.model)
    _, height, width = opened.data.image_shape
    return {
        "token": opened.token,
        "model": opened.name,
        "title": workbench.card(opened.name).title,
        "base": data_address(opened),
        "count": len(opened.gallery),
        "columns": opened.gallery.columns,
        "cell": [width, height],
        "layouts": layout_cards(opened),
        "sliders": list(_sliders(opened)),
        "guests": opened.guests.revision,
        "a": picked.a,
        "b": picked.b,
        "sources": [source_of(opened, position) for position in (picked.a, picked.b)],
    }


def _sliders(opened: OpenModel) -> tuple[str, ...]:
    """Along what a walk can be drawn; nothing where the model has no directions."""
    try:
        return slider_names(opened)
    except NotSupportedError:
        return ()
