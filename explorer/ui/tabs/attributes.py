"""Change an image by its attributes, and learn how far each change is to be trusted."""

__all__ = ["TITLE", "build"]

from collections.abc import Mapping
from typing import Any

import gradio as gr

from explorer.service.edit_grid import EditedPictures
from explorer.service.view import KindsView, StrengthsView, StripView, TransferView, View
from explorer.service.workbench import Workbench
from explorer.ui import arrival
from explorer.ui.attributes import (
    grid_panel,
    honesty_panel,
    kinds_panel,
    sliders,
    teach_panel,
    transfer_panel,
)
from explorer.ui.attributes.desk import Desk, Sliders, is_of
from explorer.ui.events import CHOOSE, LOOKUP, guarded
from explorer.ui.shared import Picked, Shared

TITLE = "Attributes"

PLACES: Mapping[type, str] = {
    StrengthsView: "grid",
    StripView: "grid",
    KindsView: "kinds",
    TransferView: "transfer",
}
"""The panel below the sliders that shows a view again, by the view's kind."""


def build(workbench: Workbench, shared: Shared) -> None:
    """Lay out and wire the tab: the sliders, and below them what tells more of them."""
    desk, pictures = Desk.build(), EditedPictures()
    sliders.build(workbench, shared, desk, pictures)
    classes = ["card", "attribute-panels"]
    with gr.Column(elem_id="attribute-panels", elem_classes=classes), gr.Tabs() as panels:
        with gr.Tab("Grid", id="grid"):
            grid_panel.build(workbench, shared, desk, pictures)
        with gr.Tab("Directions", id="kinds"):
            kinds_panel.build(workbench, shared, desk)
        with gr.Tab("How far to trust it"):
            honesty_panel.build(workbench, shared, desk)
        with gr.Tab("Across classes", id="transfer"):
            transfer_panel.build(workbench, shared, desk)
        with gr.Tab("Teach a new one"):
            teach_panel.build(workbench, shared, desk)
    arrival_mark = arrival.build("attribute-panels")

    @guarded
    def ready(sliders: Sliders | None, picked: Picked | None, view: View | None) -> View | None:
        if sliders is None or picked is None or sliders.model != picked.model:
            return None
        if not isinstance(view, StrengthsView | StripView | KindsView | TransferView):
            return None
        return view if is_of(workbench, view, picked) else None

    def place(view: View | None) -> tuple[Any, Any]:
        if view is None:
            return gr.skip(), gr.skip()
        return gr.Tabs(selected=PLACES[type(view)]), arrival.arrived()

    shared.view.change(
        lambda view, choices: choices.of_view(view),
        [shared.view, desk.choices],
        desk.choices,
        **CHOOSE,
    )
    gr.on(
        [desk.sliders.change, shared.view.change],
        ready,
        [desk.sliders, shared.picked, shared.view],
        desk.again,
        **CHOOSE,
    )
    desk.again.change(place, desk.again, [panels, arrival_mark], **LOOKUP)
