"""A labelled grid of edits, shown as the very picture that is saved."""

__all__ = ["build", "grid_of", "read_steps", "view_of_grid"]

import math
from collections.abc import Iterator, Sequence
from typing import Any

import gradio as gr

from explorer.errors import ConfigError
from explorer.service.edit_grid import (
    GRID_STRENGTHS,
    EditedPictures,
    EditGrid,
    attribute_grid,
    strength_grid,
)
from explorer.service.points import source_of
from explorer.service.progress import Report, unreported
from explorer.service.result import of_grid
from explorer.service.view import StrengthsView, StripView, View
from explorer.service.workbench import Workbench
from explorer.ui.attributes.desk import Choices, Desk, Sliders, moved_by
from explorer.ui.attributes.fragments import picture_html, progress_html, words_html
from explorer.ui.background import Done, followed
from explorer.ui.events import COMPUTE, LOOKUP, guarded
from explorer.ui.shared import Picked, Shared

MOST_STEPS = 13
HELP = (
    "One attribute: a row a strength, a column a class. Several: a row an attribute, a column a "
    "strength, all on image A. What was drawn before is not drawn again."
)
EMPTY = "Choose one attribute or several, and draw."


def read_steps(text: object) -> tuple[float, ...]:
    """Return the strengths a person typed, separated by commas.

    Raises:
        ConfigError: There are none or too many, or one is no finite number.
    """
    parts = [part.strip() for part in str(text).replace("−", "-").split(",") if part.strip()]
    if not 1 <= len(parts) <= MOST_STEPS:
        raise ConfigError(
            f"{len(parts)} strengths are given; 1 to {MOST_STEPS} are drawn. Separate them by "
            "commas, as in -2, -1, 0, 1, 2."
        )
    steps = []
    for part in parts:
        try:
            steps.append(float(part))
        except ValueError:
            steps.append(math.nan)
        if not math.isfinite(steps[-1]):
            raise ConfigError(f"'{part[:40]}' is no strength. Type a number such as 1.5.")
    return tuple(steps)


def grid_of(
    workbench: Workbench,
    pictures: EditedPictures,
    picked: Picked,
    choices: Choices,
    attributes: object,
    steps: object,
    report: Report = unreported,
) -> EditGrid:
    """Return the grid a person asked for.

    Raises:
        ConfigError: No attribute is chosen, or something is not allowed.
        NotSupportedError: The model has no sliders.
    """
    if not isinstance(attributes, list) or not attributes:
        raise ConfigError("No attribute is chosen. Choose one attribute or several, and draw.")
    names, kinds = [str(name) for name in attributes], choices.of(picked.model)
    model, position, strengths = picked.model, picked.a, read_steps(steps)
    if len(names) == 1:
        return strength_grid(
            workbench,
            model,
            position,
            names[0],
            strengths,
            kinds=kinds,
            pictures=pictures,
            report=report,
        )
    return attribute_grid(
        workbench, model, position, names, strengths, kinds=kinds, pictures=pictures, report=report
    )


def view_of_grid(
    workbench: Workbench,
    picked: Picked,
    choices: Choices,
    attributes: Sequence[str],
    steps: Sequence[float],
) -> StrengthsView | StripView:
    """Return the settings of a grid that `grid_of` has drawn."""
    of_model = choices.of(picked.model)
    common: Any = {
        "model": picked.model,
        "a": source_of(workbench.open(picked.model), picked.a),
        "strengths": tuple(steps),
        "kinds": {name: kind for name, kind in of_model.items() if name in attributes},
    }
    if len(attributes) == 1:
        return StrengthsView(attribute=attributes[0], **common)
    return StripView(attributes=tuple(attributes), **common)


def build(workbench: Workbench, shared: Shared, desk: Desk, pictures: EditedPictures) -> None:
    """Lay out and wire the panel."""
    gr.HTML(words_html(HELP), apply_default_css=False, elem_classes=["bare"])
    with gr.Row(elem_classes=["panel-controls"]):
        attributes = gr.Dropdown(
            [], multiselect=True, label="Attributes", interactive=True, scale=3, min_width=240
        )
        steps = gr.Textbox(
            _text(GRID_STRENGTHS), label="Strengths", interactive=True, min_width=160
        )
        draw = gr.Button("Draw the grid", variant="primary", size="sm", min_width=130)
    shown = gr.HTML(words_html(EMPTY), apply_default_css=False, elem_classes=["bare"])

    @guarded
    def show(picked: Picked | None, choices: Choices, names: Any, typed: object) -> Iterator[str]:
        if picked is None:
            return
        for step in followed(
            lambda report: grid_of(workbench, pictures, picked, choices, names, typed, report)
        ):
            if isinstance(step, Done):
                grid = step.result
                view = view_of_grid(workbench, picked, choices, list(names), read_steps(typed))
                yield picture_html(of_grid(grid).sheet(), alt=grid.title, view=view)
            else:
                yield progress_html(step)

    def offer(sliders: Sliders | None) -> tuple[gr.Dropdown, str]:
        choices = sliders.choices if sliders else []
        first = [choices[0][1]] if choices else []
        return gr.Dropdown(choices, value=first), words_html(EMPTY)

    @guarded
    def show_again(
        view: View | None, picked: Picked | None, choices: Choices
    ) -> Iterator[tuple[Any, ...]]:
        if picked is None or not isinstance(view, StrengthsView | StripView):
            yield (gr.skip(),) * 3  # a handler that yields nothing empties its outputs
            return
        names, typed = list(moved_by(view)), _text(view.strengths)
        offered = gr.Dropdown(Sliders.of(workbench, picked).choices, value=names)
        for drawn in show(picked, choices.of_view(view), names, typed):
            yield offered, typed, drawn

    desk.sliders.change(offer, desk.sliders, [attributes, shown], **LOOKUP)
    asked = [shared.picked, desk.choices, attributes, steps]
    computed = draw.click(show, asked, shown, api_name="edit_grid", **COMPUTE)
    again = desk.again.change(
        show_again,
        [desk.again, shared.picked, desk.choices],
        [attributes, steps, shown],
        **COMPUTE | {"api_visibility": "private"},
    )
    for drawing in (computed, again):
        drawing.failure(lambda: words_html(EMPTY), None, shown, **LOOKUP)


def _text(steps: Sequence[float]) -> str:
    return ", ".join(f"{step:g}" for step in steps)
