"""Which model learns and how: presets, fields, the same settings as a file and a command."""

__all__ = ["SettingsPanel", "build", "filled", "outputs", "wire"]

import itertools
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import gradio as gr

from explorer import models
from explorer.errors import ConfigError, ExplorerError
from explorer.service.experiment_form import (
    Preset,
    checked_form,
    command_of,
    form_values,
    named_values,
    presets,
)
from explorer.service.run_estimate import estimate
from explorer.settings import parse_experiment
from explorer.ui.attributes.fragments import progress_html, words_html
from explorer.ui.background import Done, followed
from explorer.ui.events import CHOOSE, LOOKUP, guarded
from explorer.ui.scripts import script, skeleton
from explorer.ui.training.data_panel import LOOK
from explorer.ui.training.estimate_messages import estimate_html
from explorer.ui.training.form import Form, element_id

USUAL_ROOT = Path(__file__).resolve().parents[3] / "checkpoints"
"""Where runs are if a command does not say it."""

FIRST = ("train.steps", "train.batch_size", "train.learning_rate", "train.device")
_KEPT = ("name", "title", "data.name", "data.root", "data.count", "data.shots", "data.seed")
"""What a preset leaves as the person has it: their images, and the run's name."""

_numbers = itertools.count(1)


@dataclass(frozen=True, slots=True)
class SettingsPanel:
    """What the rest of the tab uses.

    Attributes:
        model: Chooses the model.
        preset: Chooses what to start from; its value is the preset's path.
        groups: Settings of each model, by its name.
        desk: Settings as a file and as a command; shows what is wrong at the fields.
        measure: Starts the measurement.
        estimate: Shows it.
    """

    model: gr.Radio
    preset: gr.Dropdown
    groups: dict[str, gr.Accordion]
    desk: gr.HTML
    measure: gr.Button
    estimate: gr.HTML


def build(form: Form) -> SettingsPanel:
    """Lay out the panel; `wire` connects it once the form is whole."""
    first = presets()[0]
    with gr.Row(elem_classes=["settings-row"]):
        specs = models.available().values()
        model = gr.Radio(
            [(spec.title, spec.name) for spec in specs],
            value=first.experiment.model.name,
            label="Model",
            info="; ".join(f"{spec.title}: {spec.summary}" for spec in specs) + ".",
            interactive=True,
            min_width=300,
            elem_id=element_id("model.name"),
            elem_classes=["setting"],
        )
        form.add("model.name", model)
        preset = gr.Dropdown(
            _choices(first.experiment.model.name),
            value=first.path,
            label="Start from",
            info="Settings that worked before. Your images stay as they are chosen.",
            interactive=True,
            filterable=False,
            min_width=300,
            elem_classes=["setting"],
        )
    with gr.Row(elem_classes=["settings-row"]):
        for name in FIRST:
            form.place(name)
    with (
        gr.Accordion("More about the training", open=False, elem_classes=["fold"]),
        gr.Row(elem_classes=["settings-row"]),
    ):
        form.place_all("train.", but=FIRST)
    groups = {name: _of_model(form, name, model.value == name) for name in models.available()}
    desk = gr.HTML(
        value=None,
        html_template=skeleton("train_form.html"),
        js_on_load=script("train_form.js"),
        apply_default_css=False,
        elem_id="train-form",
        elem_classes=["bare"],
    )
    with gr.Row(elem_classes=["panel-controls", "buttons-left"]):
        measure = gr.Button("Measure time and memory", size="sm", min_width=200)
    shown = gr.HTML("", apply_default_css=False, elem_id="train-estimate", elem_classes=["bare"])
    return SettingsPanel(model, preset, groups, desk, measure, shown)


def outputs(form: Form, panel: SettingsPanel) -> list[Any]:
    """Return the components that `filled` gives values to."""
    return [*form.controls, *panel.groups.values(), panel.preset]


def filled(
    form: Form, panel: SettingsPanel, values: Mapping[str, Any], preset: str | None
) -> list[Any]:
    """Return updates of `outputs` that show these values; others stay.

    Args:
        form: With every control.
        panel: What `build` laid out.
        values: By dotted name, the model's name among them.
        preset: Path of the preset that they are from; None for the model's first one.
    """
    model = values["model.name"]
    groups = [gr.update(visible=name == model) for name in panel.groups]
    known = [path for _, path in _choices(model)]
    choice = preset if preset in known else known[0]
    return [*form.shown(values), *groups, gr.update(choices=_choices(model), value=choice)]


def wire(form: Form, panel: SettingsPanel, root: Path) -> None:
    """Connect the panel.

    Args:
        form: With every control.
        panel: What `build` laid out.
        root: Folder of the runs.
    """

    def started_from(preset: Preset) -> list[Any]:
        values = form_values(preset.experiment)
        kept = {name: value for name, value in values.items() if name not in _KEPT}
        return filled(form, panel, kept, preset.path)

    @guarded
    def choose_model(model: str) -> list[Any]:
        return started_from(_preset(_choices(model)[0][1]))

    @guarded
    def choose_preset(path: str) -> list[Any]:
        return started_from(_preset(path))

    @guarded
    def load(event: gr.EventData) -> list[Any]:
        try:
            raw = json.loads(str(getattr(event, "text", "")))
        except json.JSONDecodeError:
            raise ConfigError(
                "This file is no JSON text of at most 200 kB. Choose the experiment.json of a "
                "run, or a file that was saved here."
            ) from None
        values = form_values(parse_experiment(raw, where="The file"))
        return filled(form, panel, values, None)

    @guarded
    def save(*sent: Any) -> dict[str, Any]:
        checked = checked_form(values := named_values(form.values(sent), root))
        if checked.experiment is None:
            return form.message(form.marks(checked.problems, str(values["model.name"])))
        name, text = f"{checked.experiment.name}.json", checked.experiment.to_json()
        return {"kind": "file", "name": name, "text": text, "number": next(_numbers)}

    @guarded
    def as_command(preset: str, *sent: Any) -> dict[str, Any]:
        checked = checked_form(values := named_values(form.values(sent), root))
        if checked.experiment is None:
            return form.message(form.marks(checked.problems, str(values["model.name"])))
        where = "" if root.resolve() == USUAL_ROOT else str(root)
        text = command_of(checked.experiment, _preset(preset), where)
        return {"kind": "command", "text": text, "number": next(_numbers)}

    @guarded
    def measured(*sent: Any) -> Iterator[tuple[Any, Any]]:
        checked = checked_form({**(values := form.values(sent)), "name": "measured"})
        marks = form.marks(checked.problems, str(values["model.name"]))
        yield gr.skip(), form.message(marks)
        experiment = checked.experiment
        if experiment is None:
            return
        try:
            for step in followed(lambda report: estimate(experiment, report)):
                if isinstance(step, Done):
                    yield estimate_html(step.result, experiment.train.steps), gr.skip()
                else:
                    yield progress_html(step), gr.skip()
        except ExplorerError as error:
            yield words_html(str(error), tone="warm"), gr.skip()

    everything = outputs(form, panel)
    panel.model.input(choose_model, panel.model, everything, **CHOOSE)
    panel.preset.input(choose_preset, panel.preset, everything, **CHOOSE)
    panel.desk.fill(load, None, everything, **CHOOSE)
    panel.desk.write(save, form.controls, panel.desk, **LOOKUP)
    panel.desk.command(as_command, [panel.preset, *form.controls], panel.desk, **LOOKUP)
    panel.measure.click(measured, form.controls, [panel.estimate, panel.desk], **LOOK)


def _of_model(form: Form, name: str, visible: bool) -> gr.Accordion:
    title = f"Settings of {models.get(name).title}"
    with (
        gr.Accordion(title, open=False, visible=visible, elem_classes=["fold"]) as group,
        gr.Row(elem_classes=["settings-row"]),
    ):
        form.place_all("model.config.", model=name)
    accordion: gr.Accordion = group
    return accordion


def _choices(model: str) -> list[tuple[str, str]]:
    return [(one.title, one.path) for one in presets() if one.experiment.model.name == model]


def _preset(path: str) -> Preset:
    for one in presets():
        if one.path == path:
            return one
    raise ConfigError("The choice of settings did not arrive. Reload the page.")
