"""The same pair in a second model, below the first, with its own lengths and verdicts."""

__all__ = ["build", "second_walk"]

from collections.abc import Iterator
from typing import Any

import gradio as gr
from gradio.events import Dependency

from explorer.errors import ConfigError
from explorer.service.counterpart import Counterpart, counterpart, second_models
from explorer.service.progress import Report, part, unreported
from explorer.service.walks import walk
from explorer.service.workbench import Workbench
from explorer.ui.background import Done, followed
from explorer.ui.events import COMPUTE, LOOKUP, guarded
from explorer.ui.shared import Picked, Shared, model_choices
from explorer.ui.walk_panel import PROBLEM, frames_panel, frames_wanted, walk_message

Message = dict[str, Any]

SEARCH = {**COMPUTE, "concurrency_id": "second model"}
"""A search takes seconds; the first walk need not wait for it."""

_HOW = {
    "same": "{end} is its image {position:,}, the same picture.",
    "encoded": "{end} was resized and encoded exactly.",
    "searched": "{end} was searched: its picture differs by {difference:.0f} levels of 255.",
}


def second_walk(
    workbench: Workbench,
    picked: Picked,
    steps: object,
    other: object,
    report: Report = unreported,
) -> Message:
    """Return the panel's message of the pair's walk in another model.

    Args:
        workbench: The models.
        picked: The pair.
        steps: Frames a row, as a browser sent it.
        other: The other model, as a browser sent it.
        report: Takes the progress of a search.

    Raises:
        ConfigError: The other model does not know the same data, or the number is not allowed.
    """
    known = [card.name for card in second_models(workbench, picked.model)]
    if not isinstance(other, str) or other not in known:
        raise ConfigError(
            f"'{other!s:.80}' was not trained on the same images as '{picked.model}'. "
            "Choose a model from the list."
        )
    count = frames_wanted(steps)
    ends = [
        counterpart(workbench, picked.model, position, other, part(report, start, start + 0.45))
        for position, start in ((picked.a, 0.0), (picked.b, 0.45))
    ]
    report(0.9, "Walking")
    made = walk(workbench, other, ends[0].position, ends[1].position, num_points=count)
    note = " ".join(_said(name, end) for name, end in zip("AB", ends, strict=True))
    return walk_message(
        workbench,
        picked,
        made,
        key=_key(picked, count, other),
        title=f"In {workbench.card(other).title}",
        note=note,
    )


def build(workbench: Workbench, shared: Shared, steps: gr.Slider, changed: Dependency) -> None:
    """Lay out and wire the second walk.

    Args:
        workbench: The models.
        shared: The picked pair.
        steps: Frames a row, as of the first walk.
        changed: That the first walk has taken another number of them.
    """
    with gr.Column(elem_classes=["card", "second-card"]):
        other = gr.Dropdown(
            choices=[],
            value=None,
            label="The same pair in a second model",
            allow_custom_value=True,  # choices change with the model; `second_walk` checks
            interactive=True,
            elem_classes=["second-picker"],
        )
        panel = frames_panel("walk-second", look="other")

    def stale(picked: Picked | None, count: int, name: str | None) -> Message:
        return {"kind": "stale", "key": _key(picked, count, name)}

    @guarded
    def offer(picked: Picked | None, count: int, name: str | None) -> tuple[Any, Message]:
        cards = second_models(workbench, picked.model) if picked else []
        kept = name if name in [card.name for card in cards] else None
        choices = [("–", ""), *model_choices(cards)]
        return gr.Dropdown(choices=choices, value=kept or ""), stale(picked, count, kept)

    @guarded
    def show(picked: Picked | None, count: int, name: str | None) -> Iterator[Message]:
        if picked is None or not name:
            yield stale(picked, count, None)
            return
        for step in followed(lambda report: second_walk(workbench, picked, count, name, report)):
            if isinstance(step, Done):
                yield step.result
            else:
                yield {"kind": "progress", "text": step.doing, "share": step.share}

    wanted = [shared.picked, steps, other]
    shared.picked.change(offer, wanted, [other, panel], **LOOKUP)
    other.input(stale, wanted, panel, **LOOKUP)
    changed.success(stale, wanted, panel, **LOOKUP)
    computed = panel.show(show, wanted, panel, api_name="second_walk", **SEARCH)
    computed.failure(lambda: PROBLEM, None, panel, **LOOKUP)


def _key(picked: Picked | None, steps: int, other: str | None) -> str:
    if picked is None or not other:
        return ""
    return f"{picked.model}:{picked.a}:{picked.b}:{steps}:{other}"


def _said(end: str, found: Counterpart) -> str:
    return _HOW[found.how].format(end=end, position=found.position, difference=found.difference)
