"""What more than one tab uses: the model picker, the picked pair, the images chosen by lasso."""

__all__ = ["Picked", "Selection", "Shared", "Wanted", "model_choices"]

from dataclasses import dataclass

import gradio as gr

from explorer.service.records import ModelCard


@dataclass(frozen=True, slots=True)
class Picked:
    """The pair of gallery images that every tab shows.

    Attributes:
        model: Whose gallery.
        a: Gallery position of A.
        b: Gallery position of B.
    """

    model: str
    a: int
    b: int


@dataclass(frozen=True, slots=True)
class Selection:
    """Images chosen together on the map.

    Attributes:
        model: Whose.
        positions: Positions on its map, ascending, at least one.
    """

    model: str
    positions: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Wanted:
    """A model that a tab asks to see on the map; a number makes equal wishes differ."""

    model: str
    number: int


@dataclass(frozen=True, slots=True)
class Shared:
    """Components and state of more than one tab.

    Attributes:
        model: The picker; its value is the model's name, None where there is no model.
        picked: Holds a `Picked`, or None as long as no model is open. A new model comes with a
            new pair, so that a tab needs to listen to `picked.change` only.
        selection: Holds a `Selection`, or None where nothing is selected.
        view: Holds the `View` that a link or a dropped picture asked for last, or None. It comes
            together with its pair; tabs take their own settings from it.
        wanted: Holds the `Wanted` model of a tab that asks for one, or None.
        deleted: Holds the name of the model that was deleted last, or None.
    """

    model: gr.Dropdown
    picked: gr.State
    selection: gr.State
    view: gr.State
    wanted: gr.State
    deleted: gr.State

    @classmethod
    def build(cls, cards: list[ModelCard]) -> "Shared":
        """Lay out the picker where it is called."""
        model = gr.Dropdown(
            choices=model_choices(cards),
            value=cards[0].name if cards else None,
            label="Model",
            container=False,
            filterable=False,
            interactive=True,
            elem_id="model-picker",
        )
        return cls(
            model=model,
            picked=gr.State(None),
            selection=gr.State(None),
            view=gr.State(None),
            wanted=gr.State(None),
            deleted=gr.State(None),
        )


def model_choices(cards: list[ModelCard]) -> list[tuple[str, str]]:
    """Return (text, name) of each model; those that cannot be opened say so."""
    return [
        (f"{card.title} (cannot be opened)" if card.problem else card.title, card.name)
        for card in cards
    ]
