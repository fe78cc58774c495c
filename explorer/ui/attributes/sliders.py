"""The slider panel: live while a slider moves, exact at rest, with its evidence on each track.

While a slider moves, the browser asks `preview` past the queue. When it rests, one event measures
the edited picture, one repeats the change on other images, and one asks what supports it; the
last may take long on a machine's first time, so it has a queue of its own.
"""

__all__ = ["build"]

import functools
from collections.abc import Iterator
from typing import Any

import gradio as gr

from explorer.errors import NotSupportedError
from explorer.latent.evidence import Support
from explorer.service.edit_grid import EditedPictures
from explorer.service.evidence import PictureEvidence, edit_supports, slider_evidence
from explorer.service.own_attributes import delete_attribute
from explorer.service.progress import Report
from explorer.service.view import EditView, RowView, View
from explorer.service.workbench import Workbench
from explorer.ui.attributes.desk import Choices, Desk, Sliders, is_of
from explorer.ui.attributes.messages import (
    Message,
    outcome,
    preview,
    problem,
    row,
    row_positions,
    stale_message,
    subject,
    support,
)
from explorer.ui.attributes.requests import read_strengths, text_of
from explorer.ui.background import Done, followed
from explorer.ui.events import ASKED, CHOOSE, COMPUTE, LOOKUP, guarded
from explorer.ui.scripts import script, skeleton
from explorer.ui.shared import Picked, Selection, Shared

EVIDENCE: dict[str, Any] = ASKED | {"concurrency_id": "evidence"}


def build(workbench: Workbench, shared: Shared, desk: Desk, pictures: EditedPictures) -> gr.HTML:
    """Lay out and wire the panel; `desk.sliders` follows what it shows."""

    def answer(request: object) -> Message:
        return preview(workbench, request)

    answer.__name__ = "preview"  # what the script calls
    panel = gr.HTML(
        value=None,
        html_template=skeleton("sliders.html"),
        js_on_load=script("frames.js", "in_turn.js", "slider_rows.js", "sliders.js"),
        server_functions=[answer],
        apply_default_css=False,
        elem_id="sliders",
        elem_classes=["bare"],
    )

    @guarded
    def show(
        picked: Picked | None, choices: Choices, view: View | None
    ) -> tuple[Message, Sliders | None]:
        if picked is None:
            return stale_message(picked, choices), None
        message = subject(workbench, picked, choices, _wanted(workbench, picked, view))
        try:
            return message, Sliders.of(workbench, picked)
        except NotSupportedError:
            return message, None

    @guarded
    def measure(picked: Picked, choices: Choices, event: gr.EventData) -> Message:
        return _answer(event, "settle", outcome(workbench, picked, choices, _sent(event)))

    @guarded
    def spread(
        picked: Picked, choices: Choices, selection: Selection | None, event: gr.EventData
    ) -> Message:
        of = getattr(event, "of", None)
        found = row(workbench, pictures, picked, choices, selection, _sent(event), of)
        return _answer(event, "spread", found)

    @guarded
    def support_of(
        picked: Picked, choices: Choices, selection: Selection | None, event: gr.EventData
    ) -> Iterator[Message]:
        strengths, kinds = _sent(event), choices.of(picked.model)
        of = getattr(event, "of", None)
        positions = row_positions(workbench, picked, selection, of)

        def work(report: Report) -> tuple[PictureEvidence, tuple[Support, ...]]:
            own = slider_evidence(workbench, picked.model, picked.a, strengths, kinds, report)
            edits = [(position, strengths) for position in positions]
            return own, edit_supports(workbench, picked.model, edits, kinds, report)

        for step in followed(work):
            if isinstance(step, Done):
                found = support(*step.result, picked, choices, strengths, of)
                yield _answer(event, "support", found)
            else:
                yield {"kind": "progress", "text": f"{step.doing}: {100 * step.share:.0f} %"}

    @guarded
    def forget(picked: Picked, choices: Choices, event: gr.EventData) -> Choices:
        name = text_of(getattr(event, "name", None), "attribute")
        delete_attribute(workbench, picked.model, name)
        return choices.changed(picked.model, name, None)

    stale = [shared.picked, desk.choices]
    gr.on(
        [shared.picked.change, desk.choices.change, shared.selection.change],
        stale_message,
        [*stale, shared.selection],
        panel,
        **LOOKUP,
    )
    panel.forget(forget, stale, desk.choices, api_name="forget_attribute", **CHOOSE)
    and_selection = [*stale, shared.selection]
    for name, computed in {
        "show": panel.show(
            show, [*stale, shared.view], [panel, desk.sliders], api_name="sliders", **COMPUTE
        ),
        "settle": panel.settle(measure, stale, panel, api_name="edit", **ASKED),
        "spread": panel.spread(spread, and_selection, panel, api_name="edit_row", **ASKED),
        "support": panel.support(
            support_of, and_selection, panel, api_name="evidence", **EVIDENCE
        ),
    }.items():
        computed.failure(functools.partial(problem, name), None, panel, **LOOKUP)
    return panel


def _answer(event: gr.EventData, name: str, message: Message) -> Message:
    """Let a message say which question it answers, so that the panel may ask the next."""
    return {**message, "answers": name, "ask": getattr(event, "ask", None)}


def _sent(event: gr.EventData) -> dict[str, float]:
    return read_strengths(getattr(event, "strengths", None))


def _wanted(workbench: Workbench, picked: Picked, view: View | None) -> dict[str, float] | None:
    """Return the strengths of a view that a person came back to, if it is of the picked image."""
    if not isinstance(view, EditView | RowView) or not is_of(workbench, view, picked):
        return None
    return dict(view.strengths)
