"""What the slider panel is told; `assets/sliders.js` draws it.

| message | when |
|---|---|
| "stale" | which image is picked and how many are selected; computed once the tab is seen |
| "subject" | the image, its sliders, its bits per dimension |
| "outcome" | bits per dimension of the edited image |
| "support" | how far each slider is supported by images of the data |
| "row" | images of each class, or those selected on the map, before and after |
| "progress" | how far long work is |
| "nothing" | the model has no sliders: what to do instead |
| "problem" | the notice says what went wrong |
"""

__all__ = [
    "MOST_SELECTED",
    "NO_STRENGTHS",
    "Message",
    "outcome",
    "preview",
    "problem",
    "row",
    "row_positions",
    "stale_message",
    "subject",
    "support",
    "title_of",
    "token_of",
]

import itertools
import math
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

import numpy as np

from explorer.errors import ExplorerError, NotSupportedError
from explorer.latent.evidence import Support
from explorer.service.edit_grid import EditedPictures, class_positions
from explorer.service.evidence import PictureEvidence
from explorer.service.records import AttributeCard, Picture
from explorer.service.workbench import Workbench
from explorer.ui.attributes.desk import Choices
from explorer.ui.attributes.requests import read_request
from explorer.ui.convert import picture_uri, sheet
from explorer.ui.shared import Picked, Selection

MOST_SELECTED = 24
"""Selected images shown in a row."""

Message = dict[str, Any]

_problems = itertools.count()
NO_STRENGTHS: Mapping[str, float] = MappingProxyType({})
UNMOVED = "Drag a slider, or add an attribute with its button."

KIND_WORDS = {
    "conditional": "direction from its own class",
    "class": "direction found in its class alone",
    "ridge": "direction freed of the other attributes",
    "pooled": "direction z_pos - z_neg over all classes",
    "logistic": "normal of a logistic classifier",
    "principal": "direction in which the images of a class vary",
}


def stale_message(
    picked: Picked | None, choices: Choices, selection: Selection | None = None
) -> Message:
    """Tell the panel which image it should show, and how many images are selected.

    One message says both: before the tab was opened, a panel knows the last one only. Nothing is
    computed.
    """
    mine = selection is not None and picked is not None and selection.model == picked.model
    count = len(selection.positions) if selection is not None and mine else 0
    return {
        "kind": "stale",
        "token": token_of(picked, choices),
        "selection": {"count": count, "shown": min(count, MOST_SELECTED)},
    }


def subject(
    workbench: Workbench,
    picked: Picked,
    choices: Choices,
    wanted: Mapping[str, float] | None = None,
) -> Message:
    """Return the image A with its sliders, or what to do if there are none.

    Args:
        workbench: Where the model lies.
        picked: The pair.
        choices: Kinds of direction a person chose.
        wanted: Strengths the sliders are to be set to; None leaves that to the panel.
    """
    picture, kinds = workbench.picture(picked.model, picked.a), choices.of(picked.model)
    try:
        cards = workbench.attributes(picked.model)
    except NotSupportedError as error:
        return _nothing(workbench, picked, choices, error)
    start = workbench.edit(picked.model, picked.a, {}, kinds=kinds)
    exact = np.array_equal(start.pixels, picture.pixels)
    return {
        "kind": "subject",
        "token": token_of(picked, choices),
        "model": picked.model,
        "index": picked.a,
        "source": picture.source,
        "kinds": kinds,
        "title": title_of(picture),
        "note": _note(cards),
        "picture": picture_uri(start.pixels),
        "drawn": "" if exact else "as the model draws it",
        "likelihood": _bits_text(start.bits_per_dim),
        "reference": _reference(workbench.card(picked.model).facts),
        "classes": len(workbench.card(picked.model).class_names),
        "groups": _groups(cards, picture, start.positions, kinds),
        "example": _most_certain(cards),
        "strengths": None if wanted is None else dict(wanted),
    }


def preview(workbench: Workbench, request: object) -> Message:
    """Return the edited picture for a request of the browser, or why there is none.

    Args:
        workbench: Where the model lies.
        request: {"token", "model", "index", "strengths", "kinds"}, as the browser sent it.

    Returns:
        {"ok": True, "picture"} or {"ok": False, "error"}.
    """
    try:
        asked = read_request(request)
        pixels = workbench.sketch(asked.model, asked.position, asked.strengths, kinds=asked.kinds)
    except ExplorerError as error:
        return {"ok": False, "error": str(error)}
    return {"ok": True, "picture": picture_uri(pixels)}


def outcome(
    workbench: Workbench, picked: Picked, choices: Choices, strengths: Mapping[str, float]
) -> Message:
    """Return the exact edited picture with its bits per dimension."""
    kinds = choices.of(picked.model)
    edited = workbench.edit(picked.model, picked.a, strengths, kinds=kinds)
    original = workbench.drawn(picked.model, [picked.a])
    before = workbench.bits_per_dim(picked.model, original)[0]
    high = _number(workbench.card(picked.model).facts, "bits_high")
    after, moved = edited.bits_per_dim, any(strengths.values())
    return {
        "kind": "outcome",
        "token": token_of(picked, choices),
        "strengths": dict(strengths),
        "picture": picture_uri(edited.pixels),
        "likelihood": _bits_text(after),
        "verdict": _verdict(after, before, high) if moved else UNMOVED,
        "tone": "warm" if moved and after > high else "good",
    }


def support(
    found: PictureEvidence,
    row_supports: Sequence[Support],
    picked: Picked,
    choices: Choices,
    strengths: Mapping[str, float],
    of: object,
) -> Message:
    """Return what supports each slider of an image, and the same change on the row's images."""

    def rounded(span: tuple[float, float] | None) -> list[float] | None:
        return None if span is None else [round(span[0], 3), round(span[1], 3)]

    return {
        "kind": "support",
        "token": token_of(picked, choices),
        "row": {"of": _row_of(of), "strengths": dict(strengths), "supports": list(row_supports)},
        "sliders": [
            {
                "name": slider.attribute,
                "own": rounded(slider.own),
                "borrowed": rounded(slider.borrowed),
                "own_count": slider.own_count,
                "borrowed_count": slider.borrowed_count,
            }
            for slider in found.sliders
        ],
    }


def problem(event: str) -> Message:
    """Return that an event of the panel failed; a notice says why.

    Its `number` is new each time: Gradio does not deliver the same value twice in a row.
    """
    answers = None if event == "show" else event
    return {"kind": "problem", "answers": answers, "number": next(_problems)}


def row(
    workbench: Workbench,
    pictures: EditedPictures,
    picked: Picked,
    choices: Choices,
    selection: Selection | None,
    strengths: Mapping[str, float],
    of: object,
) -> Message:
    """Return images before and after the same change.

    Args:
        workbench: Where the model lies.
        pictures: Where edited pictures are kept.
        picked: The pair; A stands for its own class.
        choices: Kinds of direction a person chose.
        selection: What is selected on the map.
        strengths: Strength by attribute.
        of: "selection" for the first of the selected images; else one image of each class.
    """
    kinds = choices.of(picked.model)
    positions = row_positions(workbench, picked, selection, of)
    if of == "selection":
        names = [f"#{position:,}" for position in positions]
    else:
        classes = workbench.open(picked.model).data.class_names
        names = [name.replace("_", " ") for name in classes]
    after: list[tuple[int, Mapping[str, float]]] = [(one, strengths) for one in positions]
    before: list[tuple[int, Mapping[str, float]]] = [(one, {}) for one in positions]
    found = (
        pictures.of(workbench, picked.model, before + after, kinds=kinds) if positions else None
    )
    half = len(positions)
    return {
        "kind": "row",
        "token": token_of(picked, choices),
        "of": _row_of(of),
        "strengths": dict(strengths),
        "sheet": None if found is None else sheet([found[:half], found[half:]]),
        "names": names,
    }


def row_positions(
    workbench: Workbench, picked: Picked, selection: Selection | None, of: object
) -> list[int]:
    """Return which images a row shows; see `row`."""
    if of != "selection":
        return class_positions(workbench.open(picked.model), picked.a)
    if selection is None or selection.model != picked.model:
        return []
    return list(selection.positions[:MOST_SELECTED])


def token_of(picked: Picked | None, choices: Choices) -> str:
    """Return a text that changes whenever the sliders must be drawn anew."""
    return "" if picked is None else f"{picked.model}:{picked.a}:{choices.edition}"


def title_of(picture: Picture) -> str:
    """Return which image A is."""
    unseen = " · never seen in training" if picture.held_out else ""
    return f"A · #{picture.position:,} · {picture.class_name.replace('_', ' ')}{unseen}"


def _row_of(of: object) -> str:
    return "selection" if of == "selection" else "classes"


def _groups(
    cards: list[AttributeCard],
    picture: Picture,
    positions: Mapping[str, float],
    kinds: Mapping[str, str],
) -> list[Message]:
    titles = {
        "Your own attributes": [c for c in cards if c.own],
        "Trained attributes": [c for c in cards if not c.own and c.kind != "principal"],
        "Variations found without labels": [c for c in cards if c.kind == "principal"],
    }
    return [
        {
            "title": title,
            "sliders": [
                _slider(card, picture, positions[card.name], kinds.get(card.name, card.kind))
                for card in group
            ],
        }
        for title, group in titles.items()
        if group
    ]


def _slider(card: AttributeCard, picture: Picture, place: float, kind: str) -> Message:
    from_file = card.own and card.positives + card.negatives == 0
    binary = card.kind != "principal" and not from_file
    counts = f"{card.positives:,} with · {card.negatives:,} without" if binary else ""
    measured = (
        ""
        if math.isnan(card.flips)
        else f"{100 * card.flips:.0f} % of unseen images change at {card.strength:g}"
    )
    return {
        "name": card.name,
        "label": card.name.replace("_", " ").capitalize(),
        "has": card.name in picture.attributes,
        "counts": "from a file" if from_file else counts,
        "direction": KIND_WORDS.get(kind, kind),
        "measured": measured,
        "flip": round(card.strength, 2),
        "position": round(place, 3),
        "binary": binary,
        "own": card.own,
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
    if all(card.kind == "principal" for card in cards):
        return (
            "Strength 1 is one standard deviation of the images of a class along a direction in "
            "which they vary."
        )
    return (
        "Strength 1 is the step from the mean image without an attribute to the mean image with "
        "it."
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
    shown = round(after, 2) - round(before, 2)  # as the captions have both
    change = f"{shown:+.2f} bits/dim against the original"
    if round(shown, 2) == 0:
        change = "No change in bits/dim against the original (less than 0.01)"
    if after > high:
        return f"{change}: unusual to the model. A smaller step stays closer to real images."
    return f"{change}."


def _number(facts: Mapping[str, float | int | str], name: str) -> float:
    value = facts.get(name)
    return float(value) if isinstance(value, int | float) else math.nan


def _nothing(
    workbench: Workbench, picked: Picked, choices: Choices, error: ExplorerError
) -> Message:
    others = [
        card.title
        for card in workbench.models()
        if card.attribute_names and card.name != picked.model and not card.problem
    ]
    listed = f"Models with sliders: {', '.join(others)}." if others else ""
    return {
        "kind": "nothing",
        "token": token_of(picked, choices),
        "text": str(error),
        "others": listed,
    }
