"""One slider an attribute on the picked image A, and the same change on one image of each class.

While a slider moves, the browser asks `preview` past the queue and shows the newest answer; when
it rests, one event measures the edited picture and one repeats the change across the classes.

| message to the panel | when |
|---|---|
| "stale" | another image was picked; nothing is computed before the tab is seen |
| "subject" | the image, its sliders, its bits per dimension |
| "outcome" | bits per dimension and positions of the edited image |
| "row" | one image of each class, before and after |
| "nothing" | the model has no attributes: what to do instead |
| "problem" | the notice says what went wrong |
"""

__all__ = [
    "TITLE",
    "build",
    "class_row",
    "outcome",
    "preview",
    "read_strengths",
    "stale_message",
    "subject",
]

import math
from collections.abc import Mapping
from typing import Any

import gradio as gr
import numpy as np

from explorer.errors import ConfigError, ExplorerError, NotSupportedError
from explorer.service.records import AttributeCard, Picture
from explorer.service.workbench import Workbench
from explorer.ui.convert import picture_uri, sheet
from explorer.ui.events import COMPUTE, LOOKUP, guarded
from explorer.ui.scripts import script, skeleton
from explorer.ui.shared import Picked, Shared

TITLE = "Attributes"
MOST_SLIDERS = 24

Message = dict[str, Any]

PROBLEM: Message = {"kind": "problem"}

UNMOVED = "Drag a slider, or add an attribute with its button."

_KINDS = {
    "conditional": "direction from its own class",
    "ridge": "direction freed of the other attributes",
    "pooled": "direction z_pos - z_neg over all classes",
}


def stale_message(picked: Picked | None) -> Message:
    """Tell the panel which image it should show; nothing is computed."""
    return {"kind": "stale", "token": _token(picked)}


def subject(workbench: Workbench, picked: Picked) -> Message:
    """Return the image A with one slider an attribute, or what to do if there are none."""
    picture = workbench.picture(picked.model, picked.a)
    try:
        cards = workbench.attributes(picked.model)[:MOST_SLIDERS]
    except NotSupportedError as error:
        return _nothing(workbench, picked, error)
    start = workbench.edit(picked.model, picked.a, {})
    exact = np.array_equal(start.pixels, picture.pixels)
    return {
        "kind": "subject",
        "token": _token(picked),
        "model": picked.model,
        "index": picked.a,
        "title": _title(picture),
        "note": _note(cards),
        "picture": picture_uri(start.pixels),
        "drawn": "" if exact else "as the model draws it",
        "likelihood": _bits_text(start.bits_per_dim),
        "reference": _reference(workbench.card(picked.model).facts),
        "attributes": [_slider(card, picture, start.positions[card.name]) for card in cards],
        "example": _most_certain(cards),
    }


def preview(workbench: Workbench, request: object) -> Message:
    """Return the edited picture for a request of the browser, or why there is none.

    Args:
        workbench: Where the model lies.
        request: {"token", "model", "index", "strengths"}, as the browser sent it.

    Returns:
        {"ok": True, "token", "picture"} or {"ok": False, "error"}.
    """
    try:
        model, index, strengths = _read_request(request)
        pixels = workbench.sketch(model, index, strengths)
    except ExplorerError as error:
        return {"ok": False, "error": str(error)}
    return {"ok": True, "picture": picture_uri(pixels)}


def outcome(workbench: Workbench, picked: Picked, strengths: Mapping[str, float]) -> Message:
    """Return the exact edited picture with its positions and its bits per dimension."""
    edited = workbench.edit(picked.model, picked.a, strengths)
    original = workbench.picture(picked.model, picked.a).pixels
    before = workbench.bits_per_dim(picked.model, original[None])[0]
    high = _number(workbench.card(picked.model).facts, "bits_high")
    after, moved = edited.bits_per_dim, any(strengths.values())
    return {
        "kind": "outcome",
        "token": _token(picked),
        "strengths": dict(strengths),
        "picture": picture_uri(edited.pixels),
        "likelihood": _bits_text(after),
        "verdict": _verdict(after, before, high) if moved else UNMOVED,
        "tone": "warm" if moved and after > high else "good",
        "positions": {name: round(value, 2) for name, value in edited.positions.items()},
    }


def class_row(workbench: Workbench, picked: Picked, strengths: Mapping[str, float]) -> Message:
    """Return one image of each class before and after the same change."""
    row = workbench.edit_row(picked.model, picked.a, strengths)
    return {
        "kind": "row",
        "token": _token(picked),
        "strengths": dict(strengths),
        "sheet": sheet([row.before, row.after]),
        "classes": [name.replace("_", " ") for name in row.class_names],
    }


def read_strengths(value: object) -> dict[str, float]:
    """Return strengths by attribute as a browser sent them; anything can be sent.

    Raises:
        ConfigError: It is no object of finite numbers. Names and range are the workbench's to
            check.
    """
    if not isinstance(value, dict) or len(value) > MOST_SLIDERS:
        raise ConfigError("The strengths of the sliders did not arrive. Reload the page.")
    strengths = {}
    for name, strength in value.items():
        number = isinstance(strength, int | float) and not isinstance(strength, bool)
        if not number or not math.isfinite(strength):
            raise ConfigError(f"'{str(strength)[:40]}' is no strength. Type a number such as 1.")
        strengths[str(name)] = float(strength)
    return strengths


def build(workbench: Workbench, shared: Shared) -> None:
    """Lay out and wire the tab."""

    def answer(request: object) -> Message:
        return preview(workbench, request)

    answer.__name__ = "preview"  # what the script calls
    panel = gr.HTML(
        value=None,
        html_template=skeleton("sliders.html"),
        js_on_load=script("frames.js", "sliders.js"),
        server_functions=[answer],
        apply_default_css=False,
        elem_id="sliders",
        elem_classes=["bare"],
    )

    @guarded
    def show(picked: Picked | None) -> Message:
        return stale_message(picked) if picked is None else subject(workbench, picked)

    @guarded
    def measure(picked: Picked, event: gr.EventData) -> Message:
        return outcome(workbench, picked, read_strengths(event.strengths))

    @guarded
    def spread(picked: Picked, event: gr.EventData) -> Message:
        return class_row(workbench, picked, read_strengths(event.strengths))

    shared.picked.change(stale_message, shared.picked, panel, **LOOKUP)
    for computed in (
        panel.show(show, shared.picked, panel, api_name="sliders", **COMPUTE),
        panel.settle(measure, shared.picked, panel, api_name="edit", **COMPUTE),
        panel.spread(spread, shared.picked, panel, api_name="edit_row", **COMPUTE),
    ):
        computed.failure(lambda: PROBLEM, None, panel, **LOOKUP)


def _read_request(request: object) -> tuple[str, int, dict[str, float]]:
    if not isinstance(request, dict):
        raise ConfigError("The slider's request did not arrive. Reload the page.")
    model, index = request.get("model"), request.get("index")
    if not isinstance(model, str) or isinstance(index, bool) or not isinstance(index, int):
        raise ConfigError("The slider's request names no image. Reload the page.")
    return model, index, read_strengths(request.get("strengths"))


def _token(picked: Picked | None) -> str:
    return "" if picked is None else f"{picked.model}:{picked.a}"


def _title(picture: Picture) -> str:
    unseen = " · never seen in training" if picture.held_out else ""
    return f"A · #{picture.position:,} · {picture.class_name.replace('_', ' ')}{unseen}"


def _slider(card: AttributeCard, picture: Picture, place: float) -> Message:
    measured = (
        ""
        if math.isnan(card.flips)
        else f"{100 * card.flips:.0f} % of unseen images change at {card.strength:g}"
    )
    return {
        "name": card.name,
        "label": card.name.replace("_", " ").capitalize(),
        "has": card.name in picture.attributes,
        "counts": f"{card.positives:,} with · {card.negatives:,} without",
        "direction": _KINDS.get(card.kind, card.kind),
        "measured": measured,
        "flip": round(card.strength, 2),
        "position": round(place, 3),
    }


def _most_certain(cards: list[AttributeCard]) -> str:
    """Return the attribute whose edit works most often, with the least strength among equals.

    The first where nothing was measured.
    """
    best = max(
        cards, key=lambda card: (0.0 if math.isnan(card.flips) else card.flips, -card.strength)
    )
    return best.name


def _note(cards: list[AttributeCard]) -> str:
    kinds = {card.kind for card in cards}
    shared = f" Each slider moves along the {_KINDS[kinds.pop()]}." if len(kinds) == 1 else ""
    return (
        "Strength 1 is the step from the mean image without an attribute to the mean image with "
        f"it.{shared}"
    )


def _bits_text(bits: float) -> str:
    return "" if math.isnan(bits) else f"{bits:.2f} bits/dim"


def _reference(facts: Mapping[str, float | int | str]) -> str:
    mean, high = _number(facts, "bits_per_dim"), _number(facts, "bits_high")
    if math.isnan(mean):
        return ""
    most = "" if math.isnan(high) else f", and 97.5 % of them stay below {high:.2f}"
    return f"Images it never saw take {mean:.2f} bits/dim on average{most}."


def _verdict(after: float, before: float, high: float) -> str:
    if math.isnan(after):
        return "This model has no likelihood, so only your eyes judge the picture."
    change = f"{after - before:+.2f} bits/dim against the original"
    if after > high:
        return f"{change}: unusual to the model. A smaller step stays closer to real images."
    return f"{change}."


def _number(facts: Mapping[str, float | int | str], name: str) -> float:
    value = facts.get(name)
    return float(value) if isinstance(value, int | float) else math.nan


def _nothing(workbench: Workbench, picked: Picked, error: ExplorerError) -> Message:
    others = [
        card.title
        for card in workbench.models()
        if card.attribute_names and card.name != picked.model and not card.problem
    ]
    listed = f"Models with sliders: {', '.join(others)}." if others else ""
    return {
        "kind": "nothing",
        "token": _token(picked),
        "text": str(error),
        "others": listed,
    }
