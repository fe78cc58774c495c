"""A closer look at the walk from A to B: path over path, any number of steps, charts, verdicts."""

__all__ = ["TITLE", "build", "closer_look"]

from typing import Any

import gradio as gr

from explorer.service.view import View, WalkView
from explorer.service.walks import walk
from explorer.service.workbench import Workbench
from explorer.ui import ends, plane_panel, second_walk
from explorer.ui.events import CHOOSE, COMPUTE, LOOKUP, guarded
from explorer.ui.shared import Picked, Shared
from explorer.ui.walk_panel import (
    FIRST_STEPS,
    PROBLEM,
    frames_panel,
    frames_wanted,
    stale_message,
    walk_message,
)

TITLE = "Interpolate"
STEPS = (3, 33)


def closer_look(workbench: Workbench, picked: Picked | None, steps: object) -> dict[str, Any]:
    """Return the panel's message."""
    if picked is None:
        return stale_message(picked, steps)
    made = walk(workbench, picked.model, picked.a, picked.b, num_points=frames_wanted(steps))
    return walk_message(workbench, picked, made)


def build(workbench: Workbench, shared: Shared) -> None:
    """Lay out and wire the tab."""
    with gr.Column(elem_classes=["card", "ends-row"]):
        ends.build(workbench, shared, name="ends-interpolate", look="strip")
    with gr.Row(elem_classes=["card", "walk-controls"]):
        count = gr.Slider(
            *STEPS, value=FIRST_STEPS, step=1, label="Steps", interactive=True, min_width=260
        )
    with gr.Column(elem_classes=["card", "walk-closer"]):
        panel = frames_panel("walk-closer", look="closer")

    @guarded
    def show(picked: Picked | None, steps: int) -> dict[str, Any]:
        return closer_look(workbench, picked, steps)

    wanted = [shared.picked, count]
    shared.picked.change(stale_message, wanted, panel, **LOOKUP)
    changed = count.change(stale_message, wanted, panel, **CHOOSE)
    computed = panel.show(show, wanted, panel, api_name="walk_closer", **COMPUTE)
    computed.failure(lambda: PROBLEM, None, panel, **LOOKUP)
    shared.view.change(_steps_of, [shared.view, count], count, **LOOKUP)
    second_walk.build(workbench, shared, count, changed)
    plane_panel.build(workbench, shared)


def _steps_of(view: View | None, steps: int) -> int:
    return max(STEPS[0], view.steps) if isinstance(view, WalkView) else steps
