"""The map: every image where its latent lies; a click picks, and the pair's walk lies below."""

__all__ = ["TITLE", "build", "pair_value", "picked_by_map", "picked_by_number"]

from typing import Any

import gradio as gr
import numpy as np

from explorer.errors import ConfigError
from explorer.service.records import Picture
from explorer.service.workbench import Workbench
from explorer.ui import walk_panel
from explorer.ui.convert import picture_uri
from explorer.ui.events import CHOOSE, LOOKUP, guarded
from explorer.ui.latent_map import latent_map, map_value
from explorer.ui.pairs import of_one_class, random_pair, swapped
from explorer.ui.scripts import script, skeleton
from explorer.ui.shared import Picked, Shared

TITLE = "Map"


def pair_value(workbench: Workbench, picked: Picked | None) -> dict[str, Any] | None:
    """Return what the panel beside the map shows of the picked pair."""
    if picked is None:
        return None
    token = workbench.open(picked.model).token
    a, b = (workbench.picture(picked.model, index) for index in (picked.a, picked.b))
    return {"a": _slot(a, token), "b": _slot(b, token)}


def picked_by_map(
    workbench: Workbench, picked: Picked, *, token: object, a: object, b: object
) -> Picked:
    """Return the pair a click on the map asks for.

    Args:
        workbench: Where the model lies.
        picked: The pair so far.
        token: Which files the map was drawn from, as the browser says.
        a: Gallery position of A, as the browser says.
        b: Gallery position of B, as the browser says.

    Raises:
        ConfigError: The map is of other files, or a position is not one.
    """
    if token != workbench.open(picked.model).token:
        raise ConfigError("This map is of an older version of the model. Reload the page.")
    chosen = Picked(picked.model, _position(a), _position(b))
    workbench.picture(chosen.model, chosen.a)
    workbench.picture(chosen.model, chosen.b)
    return chosen


def picked_by_number(workbench: Workbench, picked: Picked, a: object, b: object) -> Picked:
    """Return the pair of two typed numbers; an empty field leaves its image.

    Raises:
        ConfigError: A number is no gallery position.
    """
    chosen = Picked(
        picked.model,
        picked.a if a is None else _position(a),
        picked.b if b is None else _position(b),
    )
    workbench.picture(chosen.model, chosen.a)
    workbench.picture(chosen.model, chosen.b)
    return chosen


def build(workbench: Workbench, shared: Shared) -> None:
    """Lay out and wire the tab."""
    with gr.Row(elem_id="explore"):
        with gr.Column(scale=7, min_width=320, elem_classes=["card", "map-side"]):
            panel = latent_map()
        with gr.Column(scale=4, min_width=300, elem_classes=["card", "pair-side"]):
            pair = gr.HTML(
                value=None,
                html_template=skeleton("pair.html"),
                js_on_load=script("pair.js"),
                apply_default_css=False,
                elem_id="pair",
                elem_classes=["bare"],
            )
            with gr.Row(elem_classes=["buttons"]):
                swap = gr.Button("Swap", size="sm")
                any_pair = gr.Button("Random pair", size="sm")
                like_pair = gr.Button("Random, same class", size="sm")
            with gr.Row(elem_classes=["by-number"]):
                number_a, number_b = (
                    gr.Number(
                        label=f"{name} by number",
                        precision=0,
                        minimum=0,
                        value=None,
                        min_width=90,
                        interactive=True,
                    )
                    for name in "AB"
                )
            gr.HTML(
                html_template=skeleton("map_help.html"),
                js_on_load=None,
                apply_default_css=False,
                elem_classes=["bare"],
            )
    walk_panel.build(workbench, shared)
    chance = np.random.default_rng()

    @guarded
    def show(picked: Picked | None) -> tuple[Any, Any, int | None, int | None]:
        numbers = (picked.a, picked.b) if picked else (None, None)
        return map_value(workbench, picked), pair_value(workbench, picked), *numbers

    @guarded
    def pick(picked: Picked | None, event: gr.EventData) -> Picked | None:
        sent = {name: getattr(event, name, None) for name in ("token", "a", "b")}
        return picked and picked_by_map(workbench, picked, **sent)

    @guarded
    def by_number(picked: Picked | None, a: object, b: object) -> Picked | None:
        return picked and picked_by_number(workbench, picked, a, b)

    @guarded
    def exchange(picked: Picked | None) -> Picked | None:
        return picked and swapped(picked)

    @guarded
    def draw_any(picked: Picked | None) -> Picked | None:
        return picked and random_pair(workbench, picked, chance)

    @guarded
    def draw_like(picked: Picked | None) -> Picked | None:
        return picked and of_one_class(workbench, picked, chance)

    shared.picked.change(show, shared.picked, [panel, pair, number_a, number_b], **LOOKUP)
    panel.pick(pick, shared.picked, shared.picked, **CHOOSE)
    swap.click(exchange, shared.picked, shared.picked, **CHOOSE)
    any_pair.click(draw_any, shared.picked, shared.picked, **CHOOSE)
    like_pair.click(draw_like, shared.picked, shared.picked, **CHOOSE)
    for field in (number_a, number_b):
        field.submit(by_number, [shared.picked, number_a, number_b], shared.picked, **CHOOSE)


def _position(value: object) -> int:
    """What a browser sent as a position; anything can be sent."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int):
        raise ConfigError(f"'{str(value)[:40]}' is no image number. Type a whole number.")
    return value


def _slot(picture: Picture, token: str) -> dict[str, Any]:
    return {
        "token": token,
        "uri": picture_uri(picture.pixels),
        "number": picture.position,
        "class_name": picture.class_name.replace("_", " "),
        "attributes": [name.replace("_", " ") for name in picture.attributes],
        "held_out": picture.held_out,
    }
