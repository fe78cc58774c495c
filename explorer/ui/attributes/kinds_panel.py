"""What each kind of direction would do to image A, and the choice of one for this session."""

__all__ = ["build", "chosen_kind", "comparison_html"]

import math
from collections.abc import Sequence
from typing import Any

import gradio as gr

from explorer.service.axes import kind_in_use
from explorer.service.kinds import KindCard, compare_kinds
from explorer.service.points import source_of
from explorer.service.result import of_kinds
from explorer.service.view import KindsView, View
from explorer.service.workbench import Workbench
from explorer.ui.attributes.desk import Choices, Desk, Sliders
from explorer.ui.attributes.fragments import picture_html, table_html, words_html
from explorer.ui.attributes.messages import KIND_WORDS
from explorer.ui.events import CHOOSE, COMPUTE, LOOKUP, guarded
from explorer.ui.shared import Picked, Shared

MEASURED = "as measured"
HELP = (
    "An attribute has several directions. Each was tried on images the model never saw, at "
    "growing strength until it worked. Of those that worked about as often as the best, the "
    "slider uses one that changes little else by a small step; where nothing was measured, the "
    "one from the image's own class. Compare what each would do to image A; your choice holds "
    "until you leave the page."
)
EMPTY = "Choose an attribute, and compare."
OF_A_CLASS = ("conditional", "class")


def comparison_html(
    workbench: Workbench,
    picked: Picked,
    choices: Choices,
    attribute: str,
    strength: float,
) -> tuple[str, Sequence[str]]:
    """Return pictures and numbers of every kind, and the kinds' names.

    Raises:
        NotSupportedError: The model has no sliders.
        ConfigError: The attribute is unknown or the strength out of its range.
    """
    cards = compare_kinds(workbench, picked.model, picked.a, attribute, strength)
    opened = workbench.open(picked.model)
    used = kind_in_use(opened, attribute, opened.label(picked.a), choices.of(picked.model))
    label, title = f"{strength:+g}", attribute.replace("_", " ")
    shown = of_kinds(workbench, picked.model, picked.a, cards, attribute, strength)
    picture = picture_html(
        shown.sheet(),
        alt=f"Image A moved by {label} along every kind of direction of {title}",
        view=KindsView(
            model=picked.model,
            a=source_of(opened, picked.a),
            attribute=attribute,
            strength=strength,
        ),
    )
    heading = [
        "Direction",
        "Works on unseen images, at strength",
        "Length",
        "Cosine to the one measured",
        "Spread",
        "With",
        "Without",
    ]
    class_name = opened.data.class_names[opened.label(picked.a)].replace("_", " ")
    rows = [_row(card, card.kind == used, class_name) for card in cards]
    return picture + table_html(heading, rows), [card.kind for card in cards]


def chosen_kind(
    workbench: Workbench, picked: Picked, choices: Choices, attribute: str, kind: str
) -> Choices:
    """Return the choices with this kind for an attribute; `MEASURED` takes a choice back.

    Raises:
        ConfigError: The attribute or the kind is unknown.
        NotSupportedError: The model has no sliders.
    """
    opened = workbench.open(picked.model)
    wanted = None if kind == MEASURED else kind
    kind_in_use(opened, attribute, opened.label(picked.a), {attribute: wanted} if wanted else {})
    return choices.changed(picked.model, attribute, wanted)


def build(workbench: Workbench, shared: Shared, desk: Desk) -> None:
    """Lay out and wire the panel."""
    gr.HTML(words_html(HELP), apply_default_css=False, elem_classes=["bare"])
    with gr.Row(elem_classes=["panel-controls"]):
        attribute = gr.Dropdown([], label="Attribute", interactive=True, min_width=200)
        strength = gr.Slider(
            -3, 3, value=1, step=0.25, label="Strength", interactive=True, min_width=200
        )
        compare = gr.Button("Compare", variant="primary", size="sm", min_width=110)
    shown = gr.HTML(words_html(EMPTY), apply_default_css=False, elem_classes=["bare"])
    kind = gr.Radio(
        [], label="The slider of this attribute moves along", interactive=True, visible=False
    )

    @guarded
    def show(
        picked: Picked | None, choices: Choices, name: str | None, far: float
    ) -> tuple[str, gr.Radio]:
        if picked is None or not name:
            return words_html(EMPTY), gr.Radio(visible=False)
        found, kinds = comparison_html(workbench, picked, choices, name, far)
        offered = [("as measured", MEASURED), *((KIND_WORDS[one], one) for one in kinds)]
        now = choices.of(picked.model).get(name, MEASURED)
        return found, gr.Radio(offered, value=now, visible=len(kinds) > 1)

    @guarded
    def choose(picked: Picked, choices: Choices, name: str, wanted: str) -> Choices:
        return chosen_kind(workbench, picked, choices, name, wanted)

    def offer(sliders: Sliders | None) -> tuple[gr.Dropdown, str, gr.Radio]:
        names = sliders.choices if sliders else []
        first = names[0][1] if names else None
        return gr.Dropdown(names, value=first), words_html(EMPTY), gr.Radio(visible=False)

    @guarded
    def show_again(view: View | None, picked: Picked | None, choices: Choices) -> tuple[Any, ...]:
        if picked is None or not isinstance(view, KindsView):
            return (gr.skip(),) * 4
        offered = gr.Dropdown(Sliders.of(workbench, picked).choices, value=view.attribute)
        found = show(picked, choices, view.attribute, view.strength)
        return offered, view.strength, *found

    desk.sliders.change(offer, desk.sliders, [attribute, shown, kind], **LOOKUP)
    asked = [shared.picked, desk.choices, attribute, strength]
    compare.click(show, asked, [shown, kind], api_name="compare_kinds", **COMPUTE)
    desk.again.change(
        show_again,
        [desk.again, shared.picked, desk.choices],
        [attribute, strength, shown, kind],
        **COMPUTE | {"api_visibility": "private"},
    )
    kind.input(choose, [shared.picked, desk.choices, attribute, kind], desk.choices, **CHOOSE)


def _row(card: KindCard, used: bool, class_name: str) -> list[str]:
    counted = card.positives + card.negatives > 0
    words = KIND_WORDS[card.kind]
    if card.kind in OF_A_CLASS:
        words += f": {class_name}"
    return [
        f"{words} (in use)" if used else words,
        _works(card),
        f"{card.length:.2f}",
        f"{card.cosine:.2f}",
        "not known" if math.isnan(card.spread_error) else f"± {100 * card.spread_error:.0f} %",
        f"{card.positives:,}" if counted else "",
        f"{card.negatives:,}" if counted else "",
    ]


def _works(card: KindCard) -> str:
    """Say how often the kind works at each strength that was measured."""
    shares = (f"{100 * share:.0f} % at {strength:g}" for strength, share in card.tried)
    return ", ".join(shares) or "not measured"
