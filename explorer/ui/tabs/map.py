"""The map: every image where its latent lies; a click picks, and the pair's walk lies below."""

__all__ = ["TITLE", "build", "picked_by_map"]

import itertools
from typing import Any

import gradio as gr

from explorer.errors import ConfigError
from explorer.service.workbench import Workbench
from explorer.ui import ends, map_events, neighbours, walk_panel
from explorer.ui.events import CHOOSE, LOOKUP, guarded
from explorer.ui.latent_map import latent_map, map_value
from explorer.ui.map_news import messenger, refused_news
from explorer.ui.pairs import position_of
from explorer.ui.scripts import skeleton
from explorer.ui.shared import Picked, Shared

TITLE = "Map"


def picked_by_map(
    workbench: Workbench, picked: Picked, *, token: object, a: object, b: object
) -> Picked:
    """Return the pair a click on the map asks for.

    Args:
        workbench: Where the model lies.
        picked: The pair so far.
        token: Which files the map was drawn from, as the browser says.
        a: Position of A, as the browser says.
        b: Position of B, as the browser says.

    Raises:
        ConfigError: The map is of other files, or a position is not one.
    """
    if token != workbench.open(picked.model).token:
        raise ConfigError("This map is of an older version of the model. Reload the page.")
    chosen = Picked(picked.model, position_of(a), position_of(b))
    workbench.picture(chosen.model, chosen.a)
    workbench.picture(chosen.model, chosen.b)
    return chosen


def build(workbench: Workbench, shared: Shared) -> None:
    """Lay out and wire the tab."""
    with gr.Row(elem_id="explore"):
        with gr.Column(scale=7, min_width=320, elem_classes=["card", "map-side"]):
            panel = latent_map()
        with gr.Column(scale=4, min_width=300, elem_classes=["card", "pair-side"]):
            ends.build(workbench, shared, name="ends-map")
            neighbours.build(workbench, shared)
            gr.HTML(
                html_template=skeleton("map_help.html"),
                js_on_load=None,
                apply_default_css=False,
                elem_classes=["bare"],
            )
    walk_panel.build(workbench, shared)

    @guarded
    def show(picked: Picked | None) -> Any:
        return map_value(workbench, picked)

    @guarded
    def pick(picked: Picked | None, event: gr.EventData) -> Picked | None:
        sent = {name: getattr(event, name, None) for name in ("token", "a", "b")}
        return picked and picked_by_map(workbench, picked, **sent)

    shared.picked.change(show, shared.picked, panel, **LOOKUP)
    # One after the other: a click must not overtake the one before it.
    in_order = CHOOSE | {"concurrency_limit": 1, "concurrency_id": "pick"}
    picking = panel.pick(pick, shared.picked, shared.picked, **in_order)
    refusals, numbers = messenger(), itertools.count(1)
    picking.failure(
        guarded(lambda picked: refused_news(workbench, picked, numbers)),
        shared.picked,
        refusals,
        **LOOKUP,
    )
    map_events.build(workbench, shared, panel)
