"""A closer look at the walk from A to B: slerp over lerp, any number of steps, norms, verdict."""

__all__ = ["TITLE", "build", "other_class", "random_pair", "same_class", "swapped"]

from typing import Any

import gradio as gr
import numpy as np
import plotly.graph_objects as go

from explorer.service.workbench import Workbench
from explorer.ui.events import CHOOSE, COMPUTE, LOOKUP, guarded
from explorer.ui.figures import norm_figure
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


def swapped(picked: Picked) -> Picked:
    """Return the pair with its ends exchanged."""
    return Picked(picked.model, picked.b, picked.a)


def random_pair(workbench: Workbench, picked: Picked, chance: np.random.Generator) -> Picked:
    """Return two different images of the same gallery."""
    a, b = chance.choice(len(workbench.open(picked.model).gallery), size=2, replace=False)
    return Picked(picked.model, int(a), int(b))


def same_class(workbench: Workbench, picked: Picked, chance: np.random.Generator) -> Picked:
    """Return A with another image of its class; the pair itself where there is none."""
    labels = workbench.open(picked.model).gallery.labels
    return _with_partner(picked, labels == labels[picked.a], chance)


def other_class(workbench: Workbench, picked: Picked, chance: np.random.Generator) -> Picked:
    """Return A with an image of another class; the pair itself where there is none."""
    labels = workbench.open(picked.model).gallery.labels
    return _with_partner(picked, labels != labels[picked.a], chance)


def _with_partner(picked: Picked, allowed: np.ndarray, chance: np.random.Generator) -> Picked:
    partners = np.setdiff1d(np.flatnonzero(allowed), [picked.a, picked.b])
    if not len(partners):
        return picked
    return Picked(picked.model, picked.a, int(chance.choice(partners)))


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
        if picked is None:
            return stale_message(picked, steps), None
        walk = workbench.walk(picked.model, picked.a, picked.b, num_points=steps)
        return walk_message(workbench, picked, walk), norm_figure(walk)

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

    def pick(choose: Any) -> Any:
        @guarded
        def chosen(picked: Picked | None) -> Picked | None:
            return None if picked is None else choose(picked)

        return chosen

    for button, choose in (
        (swap, swapped),
        (anything, lambda picked: random_pair(workbench, picked, chance)),
        (same, lambda picked: same_class(workbench, picked, chance)),
        (other, lambda picked: other_class(workbench, picked, chance)),
    ):
        button.click(pick(choose), shared.picked, shared.picked, **CHOOSE)
