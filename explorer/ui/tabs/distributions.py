"""How what varies is distributed over the classes, and both hypotheses about it, with controls.

| message to the panel | when |
|---|---|
| "stale" | something else is wanted; nothing is computed before the tab is seen |
| "progress" | how far the analysis is |
| "result" | verdicts with their numbers, and the table of classes |
| "survey" | one line for everything that varies |
| "nothing" | why there is no result, and what to do |
"""

__all__ = [
    "TITLE",
    "build",
    "choices",
    "read_part",
    "stale_message",
]

from collections.abc import Iterator
from typing import Any

import gradio as gr
import plotly.graph_objects as go

from explorer.errors import ConfigError, DataError, NotSupportedError
from explorer.service.distributions import (
    Part,
    axes,
    distribution,
    parts_of,
)
from explorer.service.survey import survey
from explorer.service.workbench import Workbench
from explorer.ui.background import Done, Progress, followed
from explorer.ui.distribution_figures import (
    class_figure,
    distance_figure,
    gain_figure,
    pooled_figure,
    quantile_figure,
)
from explorer.ui.distribution_messages import PARTS, result_message, survey_message
from explorer.ui.events import LOOKUP, QUIET, guarded
from explorer.ui.scripts import script, skeleton
from explorer.ui.shared import Picked, Shared

TITLE = "Distributions"

Message = dict[str, Any]

PROBLEM: Message = {
    "kind": "nothing",
    "text": "There is no result; the notice says why. Choose something else.",
}
CANCELLED: Message = {"kind": "nothing", "text": "Cancelled. Press Analyse to start again."}

ANALYSE: dict[str, Any] = {
    "concurrency_id": "analysis",
    "concurrency_limit": 1,
    **QUIET,
    "trigger_mode": "always_last",
}
"""How an analysis runs: one at a time, beside the pictures that other tabs ask for."""

CHARTS = (
    ("By class", "Share of each class's images, and a smooth density.", class_figure),
    ("Pooled against a normal", "Equal parts of each class.", pooled_figure),
    ("Quantiles", "A normal lies on the line.", quantile_figure),
    (
        "Distance to normal",
        "The same number of values for every number of classes. Green: 95 % of true normals. "
        "Bands: 95 % of the control directions.",
        distance_figure,
    ),
    (
        "Small samples",
        "Distance to the rest of the class; bars: 95 % interval of the gain.",
        gain_figure,
    ),
)
"""Title, what to know to read it, and who draws it."""


def choices(
    workbench: Workbench, picked: Picked | None, axis: object, images: object
) -> tuple[list[str], str | None, list[Part], Part | None]:
    """Return what can be chosen for a model, and the choice, kept where it is still possible.

    Returns:
        Names of axes, the chosen one, parts of the images, the chosen one.
    """
    if picked is None:
        return [], None, [], None
    known = {one.name: one for one in axes(workbench, picked.model)}
    chosen = axis if isinstance(axis, str) and axis in known else next(iter(known))
    parts = list(parts_of(known[chosen]))
    which = next((one for one in parts if one == images), parts[0])
    return list(known), chosen, parts, which


def read_part(value: object) -> Part:
    """Return the part that a browser sent.

    Raises:
        ConfigError: It is none.
    """
    for part in PARTS:
        if part == value:
            return part
    raise ConfigError("The choice of images did not arrive. Reload the page.")


def stale_message(picked: Picked | None, axis: object, images: object) -> Message:
    """Tell the panel which analysis is wanted; nothing is computed."""
    return {"kind": "stale", "key": "" if picked is None else f"{picked.model}|{axis}|{images}"}


def progress_message(step: Progress) -> Message:
    """Return how far an analysis is."""
    return {"kind": "progress", "share": round(step.share, 3), "doing": step.doing}


def build(workbench: Workbench, shared: Shared) -> None:
    """Lay out and wire the tab."""
    with gr.Row(elem_classes=["card", "spread-controls"]):
        axis = gr.Dropdown(
            [],
            label="What varies",
            allow_custom_value=True,  # choices change with the model; `choices` checks the value
            interactive=True,
            min_width=200,
        )
        images = gr.Radio(
            [(text, one) for one, text in PARTS.items()],
            label="Images",
            interactive=True,
            min_width=320,
        )
        start = gr.Button("Analyse", variant="primary", size="sm", min_width=110)
        everything = gr.Button("Compare everything", size="sm", min_width=160)
        cancel = gr.Button("Cancel", size="sm", min_width=90)
    panel = gr.HTML(
        value=None,
        html_template=skeleton("distributions.html"),
        js_on_load=script("frames.js", "distributions.js"),
        apply_default_css=False,
        elem_id="distributions",
        elem_classes=["bare"],
    )
    with gr.Column(visible=False, elem_classes=["spread-charts"]) as charts:
        plots = [_chart(title, words) for title, words, _ in CHARTS]

    @guarded
    def choose(picked: Picked | None, axis: object, images: object) -> tuple[Any, Any, Message]:
        names, chosen, parts, which = choices(workbench, picked, axis, images)
        return (
            _update(gr.Dropdown, axis, chosen, choices=names),
            _update(gr.Radio, images, which, visible=len(parts) > 1),
            stale_message(picked, chosen, which),
        )

    @guarded
    def show(picked: Picked | None, axis: object, images: object) -> Iterator[tuple[Any, ...]]:
        if picked is None:
            return
        # The tab may ask before the choices of a new model have come to the page.
        _, chosen, _, which = choices(workbench, picked, axis, read_part(images))
        key = stale_message(picked, chosen, which)["key"]
        same = [gr.skip()] * (1 + len(CHARTS))
        try:
            for step in followed(
                lambda report: distribution(
                    workbench, picked.model, str(chosen), which, report=report
                )
            ):
                if isinstance(step, Done):
                    figures = [draw(step.result) for _, _, draw in CHARTS]
                    shown = gr.Column(visible=True)
                    yield result_message(step.result, key), shown, *figures
                else:
                    yield progress_message(step), *same
        except (DataError, NotSupportedError) as error:
            empty: list[go.Figure | None] = [None] * len(CHARTS)
            reason = {"kind": "nothing", "key": key, "text": str(error)}
            yield reason, gr.Column(visible=False), *empty

    @guarded
    def compare(picked: Picked | None) -> Iterator[Message]:
        if picked is None:
            return
        for step in followed(lambda report: survey(workbench, picked.model, report=report)):
            if isinstance(step, Done):
                yield survey_message(step.result)
            else:
                yield progress_message(step)

    wanted = [shared.picked, axis, images]
    gr.on(
        [shared.picked.change, axis.input, images.input],
        choose,
        wanted,
        [axis, images, panel],
        **LOOKUP,
    )
    outputs = [panel, charts, *plots]
    running = [
        panel.show(show, wanted, outputs, api_name="distribution", **ANALYSE),
        start.click(show, wanted, outputs, **ANALYSE),
        everything.click(compare, shared.picked, panel, api_name="survey", **ANALYSE),
    ]
    for computed in running:
        computed.failure(lambda: PROBLEM, None, panel, **LOOKUP)
    cancel.click(lambda: CANCELLED, None, panel, cancels=running, **LOOKUP)


def _update(kind: type[gr.Dropdown | gr.Radio], sent: object, kept: Any, **other: Any) -> Any:
    """Change an input; leave its value alone where it stays, as a newer one may stand there."""
    return kind(**other) if kept == sent else kind(value=kept, **other)


def _chart(title: str, words: str) -> gr.Plot:
    with gr.Column(elem_classes=["card", "spread-chart"], min_width=320):
        gr.HTML(f"<h2>{title}</h2><p>{words}</p>", elem_classes=["bare"], apply_default_css=False)
        return gr.Plot(show_label=False, container=False)
