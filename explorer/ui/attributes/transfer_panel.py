"""An attribute learned on ticked classes, applied to others: seen, and measured against truth."""

__all__ = ["build", "error_words", "lesson_of", "transfer_html"]

from collections.abc import Iterator
from typing import Any

import gradio as gr
import plotly.graph_objects as go

from explorer.errors import ConfigError, ExplorerError
from explorer.judge.transfer import TransferResult
from explorer.service.result import of_transfers
from explorer.service.transfer import (
    Lesson,
    Transfer,
    transfer,
    transfer_attributes,
    transfer_errors,
)
from explorer.service.view import TransferView, View
from explorer.service.workbench import Workbench
from explorer.ui.attributes.desk import Desk, Sliders
from explorer.ui.attributes.fragments import picture_html, progress_html, words_html
from explorer.ui.attributes.matrices import error_bars
from explorer.ui.background import Done, followed
from explorer.ui.events import COMPUTE, LOOKUP, guarded
from explorer.ui.shared import Picked, Shared

EMPTY = "Tick the classes to learn on and those to apply it to, and try."
CANCELLED = "Cancelled. Nothing was kept."
NO_LABELS = "The data of this model have no labelled attributes, so classes cannot teach any."
METHOD_WORDS = {
    "within": "learned on its own class",
    "across": "learned on other classes",
    "image": "control: mean image difference",
    "random": "control: random direction",
    "untouched": "left as it is",
}


def lesson_of(attribute: object, learn_on: object, apply_to: object, strength: object) -> Lesson:
    """Return the lesson a person ticked.

    Raises:
        ConfigError: Something is missing; names and range are the service's to check.
    """
    if not isinstance(attribute, str):
        raise ConfigError("No attribute is chosen. Choose one.")
    if not isinstance(learn_on, list) or not isinstance(apply_to, list):
        raise ConfigError("The ticked classes did not arrive. Reload the page.")
    if not learn_on or not apply_to:
        raise ConfigError("Tick at least one class to learn on and one to apply it to.")
    if isinstance(strength, bool) or not isinstance(strength, int | float):
        raise ConfigError(f"'{str(strength)[:40]}' is no strength. Type a number such as 1.")
    return Lesson(attribute, tuple(map(str, learn_on)), tuple(map(str, apply_to)), float(strength))


def transfer_html(model: str, found: Transfer) -> str:
    """Return pictures before and after, and how many images of the model taught it."""
    lesson = found.lesson
    name = lesson.attribute.replace("_", " ")
    own = set(lesson.learn_on) & set(lesson.apply_to)
    return words_html(
        f"Learned from {found.positives:,} images with {name} and {found.negatives:,} without.",
        f"{', '.join(sorted(own))} also taught it: there this is no transfer." if own else "",
    ) + picture_html(
        of_transfers([found]).sheet(),
        alt=f"Images without {name}, before and after",
        view=TransferView(
            model=model,
            attribute=lesson.attribute,
            learn_on=lesson.learn_on,
            apply_to=lesson.apply_to,
            strength=lesson.strength,
        ),
    )


def error_words(found: TransferResult) -> tuple[str, str]:
    """Return the verdict of a measured transfer, and its tone."""
    ratio = found.pixel_ratio
    interval = f"{ratio.value:.2f} (95 %: {ratio.low:.2f} to {ratio.high:.2f})"
    name = found.attribute.replace("_", " ")
    if ratio.high < 1:
        return (
            f"What other classes taught of {name} carries over: its error is {interval} of that "
            f"of the mean image difference, on {found.count} images.",
            "good",
        )
    if ratio.low > 1:
        return (
            f"What other classes taught of {name} does not carry over: its error is {interval} "
            f"of that of the mean image difference, on {found.count} images.",
            "warm",
        )
    return (
        f"Not decided: the error of what other classes taught of {name} is {interval} of that of "
        f"the mean image difference, on {found.count} images.",
        "warm",
    )


def build(workbench: Workbench, shared: Shared, desk: Desk) -> None:
    """Lay out and wire the panel."""
    with gr.Row(elem_classes=["panel-controls"]):
        attribute = gr.Dropdown([], label="Attribute", interactive=True, min_width=180)
        strength = gr.Slider(
            -3, 3, value=1, step=0.25, label="Strength", interactive=True, min_width=180
        )
    with gr.Row(elem_classes=["panel-controls"]):
        learn_on = gr.CheckboxGroup([], label="Learn on", interactive=True, min_width=260)
        apply_to = gr.CheckboxGroup([], label="Apply to", interactive=True, min_width=260)
    with gr.Row(elem_classes=["panel-controls", "buttons-left"]):
        start = gr.Button("Try", variant="primary", size="sm", min_width=90)
        compare = gr.Button("Compare with the truth", size="sm", min_width=190)
        stop = gr.Button("Cancel", size="sm", min_width=90)
    shown = gr.HTML(words_html(EMPTY), apply_default_css=False, elem_classes=["bare"])
    verdict = gr.HTML("", apply_default_css=False, elem_classes=["bare"])
    with gr.Row(visible=False, elem_classes=["matrices"]) as charts:
        pixels, features = (gr.Plot(show_label=False, container=False) for _ in range(2))

    @guarded
    def attempt(
        picked: Picked | None, name: object, teachers: object, pupils: object, far: object
    ) -> Iterator[str]:
        if picked is None:
            return
        lesson = lesson_of(name, teachers, pupils, far)
        for step in followed(
            lambda report: transfer(workbench, picked.model, lesson, report=report)
        ):
            if isinstance(step, Done):
                yield transfer_html(picked.model, step.result)
            else:
                yield progress_html(step)

    @guarded
    def judge(
        picked: Picked | None, name: object, teachers: object, pupils: object, far: object
    ) -> Iterator[tuple[Any, ...]]:
        if picked is None:
            return
        lesson = lesson_of(name, teachers, pupils, far)
        for step in followed(
            lambda report: transfer_errors(workbench, picked.model, lesson, report=report)
        ):
            if isinstance(step, Done):
                words, tone = error_words(step.result)
                yield words_html(words, tone=tone), gr.Row(visible=True), *_bars(step.result)
            else:
                yield progress_html(step), gr.skip(), gr.skip(), gr.skip()

    @guarded
    def offer(sliders: Sliders | None) -> tuple[Any, ...]:
        names, classes, known = [], [], False
        if sliders:
            data = workbench.open(sliders.model).data
            names = [(name.replace("_", " "), name) for name in data.attribute_names]
            classes = [(name.replace("_", " "), name) for name in sliders.class_names]
            known = _has_truth(workbench, sliders.model)
        half = max(1, len(classes) // 2)
        return (
            gr.Dropdown(names, value=names[0][1] if names else None),
            gr.CheckboxGroup(classes, value=[value for _, value in classes[:half]]),
            gr.CheckboxGroup(classes, value=[value for _, value in classes[half:]]),
            gr.Button(interactive=bool(names)),
            gr.Button(visible=known),
            words_html(EMPTY if names else NO_LABELS),
            "",
            gr.Row(visible=False),
        )

    @guarded
    def attempt_again(view: View | None, picked: Picked | None) -> Iterator[tuple[Any, ...]]:
        if not isinstance(view, TransferView):
            yield (gr.skip(),) * 5  # a handler that yields nothing empties its outputs
            return
        lesson = view.attribute, list(view.learn_on), list(view.apply_to), view.strength
        for drawn in attempt(picked, *lesson):
            yield *lesson, drawn

    desk.sliders.change(
        offer,
        desk.sliders,
        [attribute, learn_on, apply_to, start, compare, shown, verdict, charts],
        **LOOKUP,
    )

    wanted = [shared.picked, attribute, learn_on, apply_to, strength]
    queue = COMPUTE | {"concurrency_id": "transfer"}
    tried = start.click(attempt, wanted, shown, api_name="transfer", **queue)
    again = desk.again.change(
        attempt_again,
        [desk.again, shared.picked],
        [attribute, learn_on, apply_to, strength, shown],
        **queue | {"api_visibility": "private"},
    )
    judged = compare.click(
        judge, wanted, [verdict, charts, pixels, features], api_name="transfer_errors", **queue
    )
    for trying in (tried, again):
        trying.failure(lambda: words_html(EMPTY), None, shown, **LOOKUP)
    judged.failure(lambda: "", None, verdict, **LOOKUP)
    stop.click(
        lambda: words_html(CANCELLED), None, verdict, cancels=[tried, again, judged], **LOOKUP
    )


def _bars(found: TransferResult) -> tuple[go.Figure, go.Figure]:
    names = [METHOD_WORDS.get(error.method, error.method) for error in found.errors]
    marked = [error.method for error in found.errors].index("across")
    pixels = [error.pixels for error in found.errors]
    features = [error.features for error in found.errors]
    return (
        error_bars(names, pixels, title="Error in pixels (RMS, 0 to 1)", marked=marked),
        error_bars(names, features, title="Error in features (EfficientNet)", marked=marked),
    )


def _has_truth(workbench: Workbench, model: str) -> bool:
    try:
        return bool(transfer_attributes(workbench, model))
    except ExplorerError:
        return False
