"""New images for a training set: made, judged beside real ones, sorted out, taken along."""

__all__ = [
    "TITLE",
    "Helps",
    "build",
    "controls_for",
    "helps_of",
    "helps_of_set",
    "limits_of",
    "plan_of",
]

import html
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import gradio as gr

from explorer.errors import ConfigError, ExplorerError
from explorer.judge.fewshot.statistics import MIN_SEEDS
from explorer.service.augmented_set import AugmentedSet, make_set, sorted_out, with_limits
from explorer.service.axes import slider_names
from explorer.service.fewshot_command import fewshot_command
from explorer.service.fewshot_results import bundled_verdicts
from explorer.service.limits import Limits, checked_limits
from explorer.service.plan import Plan, checked_plan, sources_of
from explorer.service.set_file import write_set
from explorer.service.set_reader import read_set
from explorer.service.workbench import Workbench
from explorer.train.run import RunFolder
from explorer.ui.augment_messages import (
    CANCELLED,
    Message,
    nothing_message,
    progress_message,
    set_message,
    sorted_message,
    written_message,
)
from explorer.ui.augment_sets import SETS, nearest_of
from explorer.ui.background import Done, followed
from explorer.ui.events import ASKED, CHOOSE, COMPUTE, LOOKUP, guarded
from explorer.ui.scripts import script, skeleton
from explorer.ui.shared import Picked, Shared

TITLE = "Augment"

MOST_SHOWN = 1000
"""Images the page shows at once; the command line makes more."""

HELPS = (
    "Whether such images help a classifier is not known for these data, and the numbers below do "
    "not tell: they say how real the images look, not how much they teach."
)
TRY_IT = (
    "This tests it on these very data, for minutes to hours, and goes on where it was stopped:"
)
CONTROL = (
    "Points are per cent of held-out images that a small classifier gets right; the pixel control "
    "blends the pixels of the very same pairs instead of their latents."
)
SOURCE_WORDS = {
    "mix": "between two training images",
    "sample": "the model's own samples",
    "complete": "moved along attributes",
}
LAW_WORDS = {
    "paper": "0.1 to 0.4, as in the paper",
    "uniform": "anywhere up to 0.5",
    "near": "anywhere up to 0.25",
}
PARTNER_WORDS = {
    "same-class": "any of the class",
    "nearest": "one of the 5 nearest of the class",
    "other-class": "of another class, mixed label",
}
PROBLEM = nothing_message("There is no set; the notice says why. Choose something else.")
MAKING = COMPUTE | {"concurrency_id": "augment"}


@dataclass(frozen=True, slots=True)
class Helps:
    """Whether made images help a classifier of these data.

    Attributes:
        headline: In short.
        verdicts: Each comparison.
        command: Tests it where it is not known; empty where that cannot be told.
    """

    headline: str
    verdicts: tuple[str, ...] = ()
    command: str = ""


def plan_of(fields: dict[str, object]) -> Plan:
    """Return the plan that a browser's controls say.

    Raises:
        ConfigError: A value is not allowed.
    """
    whole = {
        name: int(value) if isinstance(value, float) and value.is_integer() else value
        for name, value in fields.items()
        if name in ("per_class", "seed")
    }
    return checked_plan(fields | whole)


def limits_of(sent: object) -> Limits:
    """Return the limits that a browser's sliders say; anything can be sent.

    Raises:
        ConfigError: A value is not allowed.
    """
    if not isinstance(sent, dict):
        raise ConfigError("The limits did not arrive. Move the slider again.")
    return checked_limits({str(name): value for name, value in sent.items()})


def controls_for(workbench: Workbench, picked: Picked | None) -> tuple[list[Any], list[Any]]:
    """Return what can be chosen for a model: sources and attributes, as (text, value)."""
    if picked is None:
        return [], []
    opened = workbench.open(picked.model)
    try:
        names = slider_names(opened)
    except ExplorerError:
        names = ()
    sources = sources_of(opened.generative.traits, attributes=bool(names))
    return (
        [(SOURCE_WORDS[one], one) for one in sources],
        [(name.replace("_", " "), name) for name in names],
    )


def check_count(workbench: Workbench, model: str, plan: Plan) -> None:
    """Refuse more images than a page can show.

    Raises:
        ConfigError: With the command that makes them.
    """
    classes = len(workbench.open(model).data.class_names)
    if plan.per_class * classes > MOST_SHOWN:
        raise ConfigError(
            f"{plan.per_class} images of {classes} classes are {plan.per_class * classes:,}; the "
            f"page shows {MOST_SHOWN:,}. Take fewer, or run `python -m explorer augment --model "
            f"{model} --per-class {plan.per_class} --out FOLDER`."
        )


def build(workbench: Workbench, shared: Shared) -> None:
    """Lay out and wire the tab."""
    helps = gr.HTML(
        _helps_html(Helps(HELPS)),
        js_on_load=script("augment_helps.js"),
        apply_default_css=False,
        elem_classes=["bare"],
    )
    with gr.Column(elem_classes=["card", "aug-wish"]):
        controls = _controls()
        with gr.Row(elem_classes=["aug-controls"]):
            start = gr.Button("Make images", variant="primary", size="sm", min_width=120)
            cancel = gr.Button("Cancel", size="sm", min_width=90)
    panel = gr.HTML(
        value=None,
        html_template=skeleton("augment.html"),
        js_on_load=script("frames.js", "augment_limits.js", "augment_detail.js", "augment.js"),
        apply_default_css=False,
        elem_id="augment",
        elem_classes=["bare"],
    )
    _wire_controls(workbench, shared, controls)
    _wire_helps(workbench, shared, panel, helps)
    names = list(controls)

    @guarded
    def make(picked: Picked | None, *values: object) -> Iterator[Message]:
        if picked is None:
            return
        try:
            plan = plan_of(dict(zip(names, values, strict=True)))
            check_count(workbench, picked.model, plan)
            for step in followed(
                lambda report: make_set(workbench, picked.model, plan, Limits(), report)
            ):
                if isinstance(step, Done):
                    yield _shown(workbench, step.result, SETS.add(step.result))
                else:
                    yield progress_message(step)
        except ExplorerError as error:
            yield nothing_message(str(error))

    making = start.click(
        make, [shared.picked, *controls.values()], panel, api_name="augment", **MAKING
    )
    making.failure(lambda: PROBLEM, None, panel, **LOOKUP)
    cancel.click(lambda: CANCELLED, None, panel, cancels=[making], **LOOKUP)
    _wire_panel(workbench, panel)


def helps_of(workbench: Workbench, picked: Picked | None) -> Helps:
    """Return what the comparisons with enough seeds say of the open model's kind of data."""
    return _helps_of_model(workbench, picked.model) if picked else Helps(HELPS)


def helps_of_set(workbench: Workbench, found: AugmentedSet) -> Helps:
    """Return the same of the data of a set; nothing is known where its very model is not here."""
    try:
        opened = workbench.open(found.made.model)
    except ExplorerError:
        return Helps(HELPS)
    same = opened.version == found.made.version
    return _helps_of_model(workbench, opened.name) if same else Helps(HELPS)


def _helps_of_model(workbench: Workbench, model: str) -> Helps:
    opened = workbench.open(model)
    kind = opened.data.name
    found = [one for one in bundled_verdicts(kind) if one.seeds >= MIN_SEEDS]
    if not found:
        data = RunFolder(opened.folder).experiment().data
        return Helps(HELPS, command=fewshot_command(model, data, opened.data.class_counts))
    parts = []
    for recommended, words in ((True, "helped"), (False, "were not shown to help")):
        shots = [str(one.shots) for one in found if one.recommended is recommended]
        if shots:
            parts.append(f"On {kind}, such images {words} with {', '.join(shots)} images a class.")
    return Helps(" ".join(parts), tuple(one.text for one in found))


def _helps_html(helps: Helps) -> str:
    words = f"<b>{html.escape(helps.headline)}</b>"
    if helps.verdicts:
        rows = "".join(f"<li>{html.escape(text)}</li>" for text in helps.verdicts)
        summary = "<summary>The numbers</summary>"
        words += f"<details>{summary}<ul>{rows}</ul><p>{html.escape(CONTROL)}</p></details>"
    if helps.command:
        button = '<button type="button" class="quiet-button aug-copy">Copy</button>'
        command = f'<code class="aug-command">{html.escape(helps.command)}</code>'
        words += f'<p>{html.escape(TRY_IT)}</p><p class="aug-try">{command}{button}</p>'
    return f'<div class="aug-helps">{words}</div>'


def _controls() -> dict[str, Any]:
    """Lay out what a plan consists of; the keys are the plan's own."""
    with gr.Row(elem_classes=["aug-controls"]):
        source = gr.Radio([], label="New images are", interactive=True, min_width=280)
    with gr.Row(elem_classes=["aug-controls"]):
        return {
            "source": source,
            "per_class": gr.Number(
                10, label="Of each class", precision=0, minimum=1, interactive=True, min_width=110
            ),
            "law": gr.Dropdown(
                [(text, name) for name, text in LAW_WORDS.items()],
                value="paper",
                label="How far to the other",
                filterable=False,
                interactive=True,
                min_width=250,
            ),
            "partner": gr.Dropdown(
                [(text, name) for name, text in PARTNER_WORDS.items()],
                value="same-class",
                label="The other is",
                filterable=False,
                interactive=True,
                min_width=250,
            ),
            "attributes": gr.Dropdown(
                [], label="Attributes", multiselect=True, interactive=True, visible=False
            ),
            "temperature": gr.Slider(
                0, 2, 0.85, step=0.05, label="Temperature", interactive=True, visible=False
            ),
            "noise": gr.Slider(
                0, 1, 0, step=0.05, label="Random step", interactive=True, min_width=150
            ),
            "residual": gr.Checkbox(
                False, label="Keep the image's own details", interactive=True, min_width=230
            ),
            "seed": gr.Number(
                0, label="Seed", precision=0, minimum=0, interactive=True, min_width=90
            ),
        }


def _wire_controls(workbench: Workbench, shared: Shared, controls: dict[str, Any]) -> None:
    def visible(source: object) -> list[Any]:
        return [
            gr.Dropdown(visible=source == "mix"),
            gr.Dropdown(visible=source == "mix"),
            gr.Dropdown(visible=source == "complete"),
            gr.Slider(visible=source == "sample"),
            gr.Checkbox(visible=source != "sample", value=False),
        ]

    @guarded
    def offer(picked: Picked | None) -> list[Any]:
        sources, attributes = controls_for(workbench, picked)
        return [
            gr.Radio(sources, value="mix"),
            gr.Dropdown(attributes, value=[name for _, name in attributes[:1]]),
        ]

    changed = [controls[name] for name in ("law", "partner", "attributes", "temperature")]
    changed.append(controls["residual"])
    source = controls["source"]
    shared.picked.change(offer, shared.picked, [source, controls["attributes"]], **LOOKUP)
    source.change(visible, source, changed, **LOOKUP)


def _wire_helps(workbench: Workbench, shared: Shared, panel: gr.HTML, helps: gr.HTML) -> None:
    """Let the banner follow the set that is open, and the model in the picker while none is."""
    of_set = gr.State(None)

    def follow(picked: Picked | None, event: gr.EventData) -> tuple[Helps | None, str]:
        try:
            found = helps_of_set(workbench, SETS.get(getattr(event, "token", None)))
        except ExplorerError:  # the panel shows no set any more
            return None, _helps_html(helps_of(workbench, picked))
        return found, _helps_html(found)

    shared.picked.change(
        lambda picked, found: _helps_html(found or helps_of(workbench, picked)),
        [shared.picked, of_set],
        helps,
        **LOOKUP,
    )
    panel.look_at(guarded(follow), shared.picked, [of_set, helps], **CHOOSE)


def _wire_panel(workbench: Workbench, panel: gr.HTML) -> None:
    @guarded
    def sort_out(event: gr.EventData) -> Message:
        token = getattr(event, "token", None)
        found = sorted_out(SETS.get(token), limits_of(getattr(event, "limits", None)))
        return sorted_message(found, str(token), measured=False)

    @guarded
    def measure(event: gr.EventData) -> Message:
        token, limits = getattr(event, "token", None), limits_of(getattr(event, "limits", None))
        found = SETS.get(token)
        try:
            sorted_set, measured = with_limits(workbench, found, limits), True
        except ExplorerError:  # the set's model is not here: its images cannot be looked at again
            sorted_set, measured = sorted_out(found, limits), False
        SETS.put(str(token), sorted_set)
        return sorted_message(sorted_set, str(token), measured=measured)

    def write(event: gr.EventData) -> Message:
        try:
            found = SETS.get(getattr(event, "token", None))
            target = _place(getattr(event, "place", None))
            write_set(target, found, overwrite=getattr(event, "overwrite", None) is True)
        except ExplorerError as error:
            return written_message(str(error), tone="warm")
        return written_message(f"Wrote {int(found.kept.sum()):,} images to {target}.", tone="good")

    def open_path(event: gr.EventData) -> Message:
        try:
            found = read_set(_place(getattr(event, "place", None)))
        except ExplorerError as error:
            return nothing_message(str(error))
        return _shown(workbench, found, SETS.add(found))

    def open_token(event: gr.EventData) -> Message:
        token = getattr(event, "token", None)
        try:
            return _shown(workbench, SETS.get(token), str(token))
        except ExplorerError as error:
            return nothing_message(str(error))

    panel.sort_out(sort_out, None, panel, **CHOOSE)
    panel.measure(
        measure, None, panel, **ASKED | {"concurrency_id": "augment", "api_visibility": "private"}
    )
    for event, handler in (
        (panel.write, write),
        (panel.open_path, open_path),
        (panel.open_token, open_token),
    ):
        event(guarded(handler), None, panel, **CHOOSE)


def _shown(workbench: Workbench, found: AugmentedSet, token: str) -> Message:
    near = nearest_of(workbench, found) is not None
    return set_message(found, token, near=near)


def _place(sent: object) -> Path:
    if not isinstance(sent, str) or not sent.strip() or "\0" in sent or len(sent) > 4000:
        raise ConfigError("No place is given. Type the path of a folder or of a .zip file.")
    return Path(sent.strip()).expanduser().absolute()
