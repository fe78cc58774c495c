"""Teach the model an attribute: from two selections on the map, two folders, or a table."""

__all__ = ["Examples", "build", "examples_words", "taken"]

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

import gradio as gr

from explorer.errors import ConfigError
from explorer.service.own_attributes import (
    OwnAttribute,
    learn_attribute,
    learn_from_folders,
    learn_from_table,
)
from explorer.service.progress import Report
from explorer.service.workbench import Workbench
from explorer.ui.attributes.desk import Choices, Desk
from explorer.ui.attributes.fragments import progress_html, words_html
from explorer.ui.background import Done, followed
from explorer.ui.events import CHOOSE, COMPUTE, LOOKUP, guarded
from explorer.ui.shared import Picked, Selection, Shared

HELP = (
    "Draw a lasso around images that have it and take them, then around images that do not have "
    "it. Five of each are the least, some tens are better. The attribute becomes one more slider, "
    "kept beside the model on this machine."
)
NOTHING_SELECTED = "Nothing is selected. Draw a lasso on the map first."
_QUEUE = COMPUTE | {"concurrency_id": "teach"}


@dataclass(frozen=True, slots=True)
class Examples:
    """What a person has taken so far.

    Attributes:
        model: Whose images.
        positives: Positions of images with the attribute.
        negatives: Positions of images without it.
    """

    model: str = ""
    positives: tuple[int, ...] = ()
    negatives: tuple[int, ...] = ()


def taken(
    picked: Picked,
    selection: Selection | None,
    examples: Examples,
    side: Literal["positives", "negatives"],
) -> Examples:
    """Return the examples with the selected images on one side.

    Raises:
        ConfigError: Nothing of this model is selected.
    """
    if selection is None or selection.model != picked.model:
        raise ConfigError(NOTHING_SELECTED)
    base = examples if examples.model == picked.model else Examples(picked.model)
    if side == "positives":
        return replace(base, positives=selection.positions)
    return replace(base, negatives=selection.positions)


def examples_words(picked: Picked | None, examples: Examples) -> str:
    """Return how many images are taken."""
    here = examples if picked and examples.model == picked.model else Examples()
    both = len(set(here.positives) & set(here.negatives))
    counts = f"{len(here.positives):,} images with it, {len(here.negatives):,} without it."
    return f"{counts} {both:,} are in both: take others." if both else counts


def build(workbench: Workbench, shared: Shared, desk: Desk) -> None:
    """Lay out and wire the panel."""
    examples = gr.State(Examples())
    gr.HTML(words_html(HELP), apply_default_css=False, elem_classes=["bare"])
    with gr.Row(elem_classes=["panel-controls", "buttons-left"]):
        with_it = gr.Button("Take the selection as images with it", size="sm", min_width=250)
        without = gr.Button("Take the selection as images without it", size="sm", min_width=270)
    counts = gr.HTML(
        words_html(examples_words(None, Examples())),
        apply_default_css=False,
        elem_classes=["bare"],
    )
    with gr.Row(elem_classes=["panel-controls"]):
        name = gr.Textbox(label="Name of the attribute", max_length=40, min_width=200)
        learn = gr.Button("Learn", variant="primary", size="sm", min_width=110)
    with gr.Accordion("From files on this machine", open=False):
        with gr.Row(elem_classes=["panel-controls"]):
            folder_with = gr.Textbox(label="Folder of images with it", min_width=200)
            folder_without = gr.Textbox(label="Folder of images without it", min_width=200)
            from_folders = gr.Button("Learn from folders", size="sm", min_width=160)
        with gr.Row(elem_classes=["panel-controls"]):
            table = gr.Textbox(
                label="Or a CSV file: image file, then 0 or 1 for each attribute", min_width=300
            )
            from_table = gr.Button("Learn from the table", size="sm", min_width=160)
    shown = gr.HTML("", apply_default_css=False, elem_classes=["bare"])

    def take(button: gr.Button, side: Literal["positives", "negatives"]) -> None:
        @guarded
        def chosen(
            picked: Picked, selection: Selection | None, so_far: Examples
        ) -> tuple[Examples, str]:
            now = taken(picked, selection, so_far, side)
            return now, words_html(examples_words(picked, now))

        asked = [shared.picked, shared.selection, examples]
        button.click(chosen, asked, [examples, counts], **CHOOSE)

    take(with_it, "positives")
    take(without, "negatives")

    def taught(
        picked: Picked,
        choices: Choices,
        work: Callable[[Report], tuple[OwnAttribute, ...]],
    ) -> Iterator[tuple[Any, Any]]:
        for step in followed(work):
            if isinstance(step, Done):
                words = " ".join(_learned_words(one) for one in step.result)
                renewed = choices.changed(picked.model, step.result[0].name, None)
                yield words_html(words, tone="good"), renewed
            else:
                yield progress_html(step), gr.skip()

    @guarded
    def learn_here(
        picked: Picked, choices: Choices, called: str, so_far: Examples
    ) -> Iterator[tuple[Any, Any]]:
        here = so_far if so_far.model == picked.model else Examples()

        def work(report: Report) -> tuple[OwnAttribute, ...]:
            one = learn_attribute(
                workbench, picked.model, called, here.positives, here.negatives, report
            )
            return (one,)

        yield from taught(picked, choices, work)

    @guarded
    def learn_folders(
        picked: Picked, choices: Choices, called: str, positives: str, negatives: str
    ) -> Iterator[tuple[Any, Any]]:
        folders = _path(positives, "folder"), _path(negatives, "folder")

        def work(report: Report) -> tuple[OwnAttribute, ...]:
            return (learn_from_folders(workbench, picked.model, called, *folders, report),)

        yield from taught(picked, choices, work)

    @guarded
    def learn_table(picked: Picked, choices: Choices, file: str) -> Iterator[tuple[Any, Any]]:
        path = _path(file, "CSV file")
        yield from taught(
            picked,
            choices,
            lambda report: learn_from_table(workbench, picked.model, path, report),
        )

    base, outputs = [shared.picked, desk.choices], [shown, desk.choices]
    for computed in (
        learn.click(learn_here, [*base, name, examples], outputs, **_QUEUE),
        from_folders.click(
            learn_folders, [*base, name, folder_with, folder_without], outputs, **_QUEUE
        ),
        from_table.click(learn_table, [*base, table], outputs, **_QUEUE),
    ):
        computed.failure(lambda: "", None, shown, **LOOKUP)


def _path(typed: object, what: str) -> Path:
    if not isinstance(typed, str) or not typed.strip():
        raise ConfigError(f"No {what} is given. Type its path on this machine.")
    return Path(typed.strip()).expanduser()


def _learned_words(one: OwnAttribute) -> str:
    return (
        f"Learned '{one.name}' from {one.positives:,} images with it and {one.negatives:,} "
        f"without; chance moves its direction by {100 * one.spread_error:.0f} %."
    )
