"""What the map asks, and what it is told: wiring of the component and its messenger."""

__all__ = ["build", "kept_selection", "selected_by_lasso"]

from collections.abc import Iterator
from typing import Any

import gradio as gr
import numpy as np

from explorer.errors import ExplorerError
from explorer.latent.layout_settings import UmapSettings
from explorer.service.lasso import enclosed
from explorer.service.layouts import compute_layout
from explorer.service.map_walk import walk_on_map
from explorer.service.view import View
from explorer.service.workbench import Workbench
from explorer.ui.background import Done, followed
from explorer.ui.events import CHOOSE, LOOKUP, QUIET, guarded
from explorer.ui.map_news import (
    guests_news,
    layout_news,
    messenger,
    selection_news,
    view_news,
    walk_news,
)
from explorer.ui.map_questions import (
    ArrangeQuestion,
    LassoQuestion,
    MapQuestion,
    WalkQuestion,
    read_question,
)
from explorer.ui.shared import Picked, Selection, Shared

ASIDE: dict[str, Any] = {
    "concurrency_limit": 2,
    **QUIET,
    "trigger_mode": "multiple",
    "api_visibility": "private",
}
"""For what nobody waits for: beside the model's own queue. The map asks when it is at rest."""


def selected_by_lasso(
    workbench: Workbench, picked: Picked, question: LassoQuestion
) -> Selection | None:
    """Return what a line on the map encloses; None where that is nothing.

    Raises:
        ConfigError: The layout or the colour is unknown.
    """
    corners = np.array(question.polygon[: len(question.polygon) // 2 * 2]).reshape(-1, 2)
    positions = enclosed(
        workbench,
        picked.model,
        question.layout,
        corners,
        colour=question.by,
        greyed=question.off,
    )
    return Selection(picked.model, positions) if positions else None


def kept_selection(picked: Picked | None, selection: Selection | None) -> Selection | None:
    """Return the selection as long as its model is shown."""
    return selection if picked and selection and selection.model == picked.model else None


def build(workbench: Workbench, shared: Shared, panel: gr.HTML) -> None:
    """Wire a map."""
    selections, guests, walks, layouts, views = (messenger() for _ in range(5))

    @guarded
    def lasso(
        picked: Picked | None, selection: Selection | None, event: gr.EventData
    ) -> Selection | None:
        if picked is None:
            return selection
        question = read_question(LassoQuestion, workbench, picked.model, event)
        return selected_by_lasso(workbench, picked, question)

    @guarded
    def tell_selection(picked: Picked | None, selection: Selection | None) -> dict[str, Any]:
        return selection_news(workbench, picked, selection)

    @guarded
    def place_guests(picked: Picked | None, event: gr.EventData) -> Iterator[Any]:
        if picked is None:
            return
        model = picked.model
        question = read_question(MapQuestion, workbench, model, event)
        for step in followed(lambda report: guests_news(workbench, model, question, report)):
            if isinstance(step, Done):
                yield step.result

    @guarded
    def walk(picked: Picked | None, event: gr.EventData) -> Iterator[Any]:
        if picked is None:
            return
        model = picked.model
        asked = read_question(WalkQuestion, workbench, model, event)
        for step in followed(
            lambda report: walk_on_map(
                workbench, model, asked.layout, asked.along, asked.a, asked.b, report
            )
        ):
            if isinstance(step, Done):
                yield walk_news(workbench, model, asked, step.result)

    @guarded
    def arrange(picked: Picked | None, event: gr.EventData) -> Iterator[Any]:
        if picked is None:
            return
        model = picked.model
        asked = read_question(ArrangeQuestion, workbench, model, event)
        settings = UmapSettings(asked.n_neighbors, asked.min_dist, asked.metric)
        try:
            for step in followed(
                lambda report: compute_layout(workbench, model, settings, report)
            ):
                if isinstance(step, Done):
                    yield layout_news(workbench, model, asked, state="done", name=step.result)
                else:
                    yield layout_news(
                        workbench,
                        model,
                        asked,
                        state="working",
                        share=step.share,
                        doing=step.doing,
                    )
        except ExplorerError as error:
            yield layout_news(workbench, model, asked, state="failed", problem=str(error))

    @guarded
    def tell_view(view: View | None) -> dict[str, Any]:
        return view_news(workbench, view)

    def drop_selection(picked: Picked | None, selection: Selection | None) -> Any:
        # What stays is not written: it may have been cleared or chosen anew since it was read.
        return gr.skip() if kept_selection(picked, selection) is selection else None

    pair_and_selection = [shared.picked, shared.selection]
    # One after the other: a selection must not come after the wish to clear it.
    in_order = CHOOSE | {"concurrency_limit": 1, "concurrency_id": "selection"}
    panel.lasso(lasso, pair_and_selection, shared.selection, **in_order)
    panel.clear(lambda: None, None, shared.selection, **in_order)
    shared.picked.change(drop_selection, pair_and_selection, shared.selection, **in_order)
    shared.selection.change(tell_selection, pair_and_selection, selections, **LOOKUP)
    panel.guests(place_guests, shared.picked, guests, **ASIDE)
    panel.path(walk, shared.picked, walks, **ASIDE)
    arranging = panel.arrange(arrange, shared.picked, layouts, **ASIDE)
    panel.stop(None, cancels=[arranging], queue=False)
    shared.view.change(tell_view, shared.view, views, **LOOKUP)
