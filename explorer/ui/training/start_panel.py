"""Start a run: its name is free, its images can be learned from, its settings are allowed."""

__all__ = ["StartPanel", "build", "wire"]

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import gradio as gr

from explorer.errors import ConfigError
from explorer.service.experiment_form import checked_form, named_values, suggested_name
from explorer.service.run_control import start_run
from explorer.ui.events import guarded
from explorer.ui.training.data_panel import LOOK, OWN, DataPanel, LookedAt, looked_at
from explorer.ui.training.form import Form, element_id
from explorer.ui.training.runs_panel import chosen_message

WRONG = "Something is wrong; each field that must change says what."
CANNOT = "A model cannot learn from these images as they are; the reason stands below them."


@dataclass(frozen=True, slots=True)
class StartPanel:
    """What the rest of the tab uses: the name of the run, and the button."""

    name: gr.Textbox
    start: gr.Button


def build(form: Form) -> StartPanel:
    """Lay out the panel; `wire` connects it once the form is whole."""
    with gr.Row(elem_classes=["settings-row", "start-row"]):
        name = gr.Textbox(
            label="Name of the run",
            info="Its folder; letters, digits, dots, dashes. Taken from the images if left empty.",
            max_length=64,
            max_lines=1,
            interactive=True,
            min_width=260,
            elem_id=element_id("name"),
            elem_classes=["setting"],
        )
        form.add("name", name)
        title = gr.Textbox(
            label="Title",
            info="What people read in the list of models; the name if left empty.",
            max_length=80,
            max_lines=1,
            interactive=True,
            min_width=260,
            elem_id=element_id("title"),
            elem_classes=["setting"],
        )
        form.add("title", title)
        start = gr.Button(
            "Start training", variant="primary", min_width=180, elem_id="train-start"
        )
    return StartPanel(name, start)


def wire(
    form: Form,
    panel: StartPanel,
    data: DataPanel,
    runs: gr.HTML,
    desk: gr.HTML,
    sections: gr.Tabs,
    root: Path,
) -> None:
    """Connect the button.

    Args:
        form: With every control.
        panel: What `build` laid out.
        data: Shows what is wrong with the images.
        runs: Shows the new run.
        desk: Shows what is wrong at the fields.
        sections: Go from the form to the runs.
        root: Folder of the runs.
    """
    stay = gr.skip()

    @guarded
    def begin(looked: LookedAt | None, *sent: Any) -> Iterator[tuple[Any, ...]]:
        typed = form.values(sent)
        values = named_values(typed, root)
        checked = checked_form(values, root)
        marks = form.marks(checked.problems, str(values["model.name"]))
        yield form.message(marks), stay, stay, stay, stay, stay
        experiment = checked.experiment
        if experiment is None:
            raise ConfigError(WRONG)
        settings = experiment.data
        if settings.name == OWN and (looked is None or looked.settings != settings):
            for shown, looked in looked_at(settings):
                yield stay, shown, looked, stay, stay, stay
        if looked is not None and looked.settings == settings and not looked.can_go:
            raise ConfigError(CANNOT)
        start_run(root, experiment)
        free = suggested_name(experiment.name, root) if typed["name"] else ""
        yield stay, stay, stay, free, gr.Tabs(selected="runs"), chosen_message(experiment.name)

    outputs = [desk, data.result, data.looked, panel.name, sections, runs]
    panel.start.click(begin, [data.looked, *form.controls], outputs, **LOOK)
