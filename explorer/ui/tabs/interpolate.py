"""A closer look at the walk from A to B: slerp over lerp, any number of steps, norms, verdict."""

__all__ = ["TITLE", "build", "closer_look"]

from collections.abc import Callable
from typing import Any

import gradio as gr
import numpy as np
import plotly.graph_objects as go

from explorer.service.workbench import Workbench
from explorer.ui.events import CHOOSE, COMPUTE, LOOKUP, guarded
from explorer.ui.figures import norm_figure
from explorer.ui.pairs import other_class, random_pair, same_class, swapped
from explorer.ui.shared import Picked, Shared
from explorer.ui.walk_panel import (
    FIRST_STEPS,
    PROBLEM,
    frames_panel,
    stale_message,
    walk_message,
)

TITLE = "Interpolate"
STEPS = (3, 33)


def closer_look(
    workbench: Workbench, picked: Picked | None, steps: int
) -> tuple[dict[str, Any], go.Figure | None]:
    """Return the panel's message and the chart of the norms."""
    if picked is None:
        return stale_message(picked, steps), None
    walk = workbench.walk(picked.model, picked.a, picked.b, num_points=steps)
    return walk_message(workbench, picked, walk), norm_figure(walk)


def build(workbench: Workbench, shared: Shared) -> None:
    """Lay out and wire the tab."""
    with gr.Row(elem_classes=["card", "walk-controls"]):
        swap = gr.Button("Swap A and B", size="sm", min_width=110)
        anything = gr.Button("Random pair", size="sm", min_width=110)
        same = gr.Button("B of the same class", size="sm", min_width=150)
        other = gr.Button("B of another class", size="sm", min_width=150)
        count = gr.Slider(
            *STEPS, value=FIRST_STEPS, step=1, label="Steps", interactive=True, min_width=260
        )
    with gr.Column(elem_classes=["card", "walk-closer"]):
        panel = frames_panel("walk-closer", look="closer")
        chart = gr.Plot(show_label=False, container=False, elem_classes=["walk-chart"])
    chance = np.random.default_rng()

    @guarded
    def show(picked: Picked | None, steps: int) -> tuple[dict[str, Any], go.Figure | None]:
        return closer_look(workbench, picked, steps)

    gr.on(
        [shared.picked.change, count.change],
        stale_message,
        [shared.picked, count],
        panel,
        **LOOKUP,
    )
    computed = panel.show(
        show, [shared.picked, count], [panel, chart], api_name="walk_closer", **COMPUTE
    )
    computed.failure(lambda: PROBLEM, None, panel, **LOOKUP)

    def offer(button: gr.Button, choose: Callable[[Picked], Picked]) -> None:
        @guarded
        def chosen(picked: Picked | None) -> Picked | None:
            return picked and choose(picked)

        button.click(chosen, shared.picked, shared.picked, **CHOOSE)

    offer(swap, swapped)
    offer(anything, lambda picked: random_pair(workbench, picked, chance))
    offer(same, lambda picked: same_class(workbench, picked, chance))
    offer(other, lambda picked: other_class(workbench, picked, chance))
