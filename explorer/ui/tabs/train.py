"""Train a model: choose and check images, fill in settings, start, watch, and explore what came.

The form is the experiment's own settings, so a run from here and a run from the command line are
the same. A run is a process of its own: closing the page, or the page's server, does not stop it.
"""

__all__ = ["TITLE", "build"]

from typing import Any

import gradio as gr

from explorer.service.experiment_form import form_values, suggested_name
from explorer.service.runs import experiment_of, list_runs
from explorer.service.workbench import Workbench
from explorer.ui.events import CHOOSE, guarded
from explorer.ui.shared import Shared
from explorer.ui.training import data_panel, runs_panel, settings_panel, start_panel
from explorer.ui.training.form import Form

TITLE = "Train"

_CARD = ["card", "train-card"]


def build(workbench: Workbench, shared: Shared) -> None:
    """Lay out and wire the tab."""
    form = Form()
    with gr.Tabs(elem_id="train-sections") as sections:
        with gr.Tab("New run", id="new"):
            with gr.Column(elem_classes=_CARD):
                _heading("1 · Images")
                data = data_panel.build(form)
            with gr.Column(elem_classes=_CARD):
                _heading("2 · Model and settings")
                settings = settings_panel.build(form)
            with gr.Column(elem_classes=_CARD):
                _heading("3 · Start")
                start = start_panel.build(form)
        with gr.Tab("Runs", id="runs"):
            runs = runs_panel.build()

    data_panel.wire(form, data, settings.desk)
    settings_panel.wire(form, settings, workbench.root)
    start_panel.wire(form, start, data, runs, settings.desk, sections, workbench.root)
    runs_panel.wire(runs, workbench, shared)
    _wire_start(sections, workbench)
    _wire_copies(form, settings, runs, sections, workbench)


def _wire_start(sections: gr.Tabs, workbench: Workbench) -> None:
    """Let a page that is opened while something trains show the runs."""

    @guarded
    def first() -> Any:
        busy = any(view.is_alive for view in list_runs(workbench.root))
        return gr.Tabs(selected="runs") if busy else gr.skip()

    gr.on(None, first, None, sections, **CHOOSE)


def _wire_copies(
    form: Form,
    settings: settings_panel.SettingsPanel,
    runs: gr.HTML,
    sections: gr.Tabs,
    workbench: Workbench,
) -> None:
    """Let a run's settings fill the form, under a name that is free."""

    @guarded
    def again(event: gr.EventData) -> list[Any]:
        name = runs_panel.run_named(getattr(event, "run", None))
        values = form_values(experiment_of(workbench.root, name))
        values |= {"name": suggested_name(name, workbench.root), "title": ""}
        return [*settings_panel.filled(form, settings, values, None), gr.Tabs(selected="new")]

    runs.again(again, None, [*settings_panel.outputs(form, settings), sections], **CHOOSE)


def _heading(text: str) -> None:
    gr.HTML(f"<h2>{text}</h2>", apply_default_css=False, elem_classes=["bare", "train-heading"])
