"""Which images a run learns from: chosen or brought, and looked at before anything is trained."""

__all__ = ["DataPanel", "LookedAt", "build", "looked_at", "wire"]

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import gradio as gr

from explorer.data.source import available, get
from explorer.errors import ConfigError
from explorer.service.data_check import check_data
from explorer.service.experiment_form import checked_data
from explorer.settings import DataSettings
from explorer.ui.attributes.fragments import progress_html, words_html
from explorer.ui.background import Done, followed
from explorer.ui.events import CHOOSE, LOOKUP, QUIET, guarded
from explorer.ui.scripts import script, skeleton
from explorer.ui.training.data_messages import check_html
from explorer.ui.training.form import Form, element_id

OWN = "folder"
CANCELLED = words_html("Cancelled.")
LOOK: dict[str, Any] = {
    "concurrency_id": "look",
    "concurrency_limit": 2,
    **QUIET,
    "trigger_mode": "once",
}
"""How images are looked at and steps are measured: beside everything else."""


@dataclass(frozen=True, slots=True)
class LookedAt:
    """The images that were looked at last, and whether a model can learn from them."""

    settings: DataSettings
    can_go: bool


@dataclass(frozen=True, slots=True)
class DataPanel:
    """What the rest of the tab uses.

    Attributes:
        name: Chooses the set.
        note: Says what the set is.
        upload: Takes an archive; fires `brought` with a folder.
        look: Starts the look.
        cancel: Ends it.
        result: Shows what was found.
        looked: Holds a `LookedAt`, or None before the first look.
    """

    name: gr.Dropdown
    note: gr.HTML
    upload: gr.HTML
    look: gr.Button
    cancel: gr.Button
    result: gr.HTML
    looked: gr.State


def looked_at(settings: DataSettings) -> Iterator[tuple[str, LookedAt | None]]:
    """Yield what the page shows while images are looked at, then what was found."""
    for step in followed(lambda report: check_data(settings, report)):
        if isinstance(step, Done):
            yield check_html(step.result), LookedAt(settings, step.result.can_go)
        else:
            yield progress_html(step), None


def build(form: Form) -> DataPanel:
    """Lay out the panel; `wire` connects it once the form is whole."""
    with gr.Row(elem_classes=["settings-row"]):
        name = gr.Dropdown(
            _sets(),
            value=OWN,
            label="Images",
            info="A folder or archive of yours, or a set that is known here.",
            interactive=True,
            filterable=False,
            min_width=240,
            elem_id=element_id("data.name"),
            elem_classes=["setting"],
        )
        form.add("data.name", name)
        form.place("data.root", min_width=340)
    upload = gr.HTML(
        html_template=skeleton("train_upload.html"),
        js_on_load=script("train_upload.js"),
        apply_default_css=False,
        elem_id="train-upload",
        elem_classes=["bare"],
    )
    note = gr.HTML("", apply_default_css=False, elem_classes=["bare"], visible=False)
    with gr.Row(elem_classes=["settings-row"]):
        form.place_all("data.", but=("data.name", "data.root"))
    with gr.Row(elem_classes=["panel-controls"]):
        look = gr.Button("Look at the images", variant="primary", size="sm", min_width=170)
        cancel = gr.Button("Cancel", size="sm", min_width=90)
    result = gr.HTML("", apply_default_css=False, elem_id="data-check", elem_classes=["bare"])
    return DataPanel(name, note, upload, look, cancel, result, gr.State(None))


def wire(form: Form, panel: DataPanel, desk: gr.HTML) -> None:
    """Connect the panel.

    Args:
        form: With every control.
        panel: What `build` laid out.
        desk: Shows what is wrong at the fields.
    """
    root = form.controls[form.keys.index(("", "data.root"))]

    @guarded
    def choose(name: str) -> tuple[Any, Any]:
        known = name != OWN
        words = _about(name) if known else ""
        return gr.HTML(visible=not known), gr.HTML(words, visible=known)

    @guarded
    def look(*sent: Any) -> Iterator[tuple[Any, ...]]:
        values = form.values(sent)
        settings, problems = checked_data(values)
        marks = form.marks(problems, str(values["model.name"]))
        yield gr.skip(), gr.skip(), form.message(marks)
        if settings is not None:
            for shown, looked in looked_at(settings):
                yield shown, looked, gr.skip()

    @guarded
    def brought(event: gr.EventData) -> tuple[str, str]:
        folder = getattr(event, "folder", None)
        if not isinstance(folder, str):
            raise ConfigError("The archive did not arrive. Bring it again.")
        return OWN, folder[:1000]

    outputs = [panel.result, panel.looked, desk]
    panel.name.input(choose, panel.name, [panel.upload, panel.note], **LOOKUP)
    looking = panel.look.click(look, form.controls, outputs, **LOOK)
    came = panel.upload.brought(brought, None, [panel.name, root], **CHOOSE)
    after = came.then(look, form.controls, outputs, **LOOK)
    panel.cancel.click(lambda: CANCELLED, None, panel.result, cancels=[looking, after], **LOOKUP)


def _sets() -> list[tuple[str, str]]:
    own = [("A folder or archive of mine", OWN)]
    return own + [(one.title, name) for name, one in available().items() if name != OWN]


def _about(name: str) -> str:
    source = get(name)
    counts = f"{source.counts[0]:,} images to train" if source.counts else "As many as you have"
    ready = source.is_ready(DataSettings(name=name))
    words = (
        "It is on this machine." if ready else f"It is not on this machine: {source.how_to_get}"
    )
    title = f"{source.summary[:1].upper()}{source.summary[1:]}. {counts}; {source.licence}."
    return words_html(title, words)
