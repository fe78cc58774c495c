"""Change an image by its attributes, and learn how far each change is to be trusted."""

__all__ = ["TITLE", "build"]

import gradio as gr

from explorer.service.edit_grid import EditedPictures
from explorer.service.workbench import Workbench
from explorer.ui.attributes import (
    grid_panel,
    honesty_panel,
    kinds_panel,
    sliders,
    teach_panel,
    transfer_panel,
)
from explorer.ui.attributes.desk import Desk
from explorer.ui.shared import Shared

TITLE = "Attributes"


def build(workbench: Workbench, shared: Shared) -> None:
    """Lay out and wire the tab: the sliders, and below them what tells more of them."""
    desk, pictures = Desk.build(), EditedPictures()
    sliders.build(workbench, shared, desk, pictures)
    with gr.Column(elem_classes=["card", "attribute-panels"]), gr.Tabs():
        with gr.Tab("Grid"):
            grid_panel.build(workbench, shared, desk, pictures)
        with gr.Tab("Directions"):
            kinds_panel.build(workbench, shared, desk)
        with gr.Tab("How far to trust it"):
            honesty_panel.build(workbench, shared, desk)
        with gr.Tab("Across classes"):
            transfer_panel.build(workbench, shared, desk)
        with gr.Tab("Teach a new one"):
            teach_panel.build(workbench, shared, desk)
