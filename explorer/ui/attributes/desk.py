"""What the panels of the attributes tab share: chosen directions, and which sliders there are."""

__all__ = ["Choices", "Desk", "OfImages", "Sliders", "is_of", "moved_by"]

from dataclasses import dataclass

import gradio as gr

from explorer.service.points import find_point
from explorer.service.view import (
    EditView,
    KindsView,
    RowView,
    StrengthsView,
    StripView,
    TransferView,
    View,
)
from explorer.service.workbench import Workbench
from explorer.ui.shared import Picked

OfImages = EditView | RowView | StrengthsView | StripView | KindsView | TransferView


@dataclass(frozen=True, slots=True)
class Choices:
    """What a person chose in this session; hashable, as Gradio wants a state to be.

    Attributes:
        edition: Counts every change, also of the attributes a model was taught.
        kinds: (model, attribute, kind of direction) of each choice; where nothing was chosen, the
            attribute moves along the one in use.
    """

    edition: int = 0
    kinds: tuple[tuple[str, str, str], ...] = ()

    def of(self, model: str) -> dict[str, str]:
        """Return the chosen kinds of one model's attributes."""
        return {attribute: kind for one, attribute, kind in self.kinds if one == model}

    def changed(self, model: str, attribute: str, kind: str | None) -> "Choices":
        """Return the choices with another kind for one attribute; None takes the choice back."""
        others = tuple(one for one in self.kinds if one[:2] != (model, attribute))
        added = () if kind is None else ((model, attribute, kind),)
        return Choices(self.edition + 1, others + added)

    def of_view(self, view: View | None) -> "Choices":
        """Return the choices with which a view's edits are those it was made with."""
        if not isinstance(view, EditView | RowView | StrengthsView | StripView):
            return self
        now, found = self.of(view.model), self
        for name in moved_by(view):
            if now.get(name) != (kind := view.kinds.get(name)):
                found = found.changed(view.model, name, kind)
        return found


@dataclass(frozen=True, slots=True)
class Sliders:
    """What the open model can move.

    Attributes:
        model: Its name.
        names: Every slider.
        taught: Those a person taught it.
        class_names: Its classes.
    """

    model: str
    names: tuple[str, ...]
    taught: tuple[str, ...]
    class_names: tuple[str, ...]

    @classmethod
    def of(cls, workbench: Workbench, picked: Picked) -> "Sliders":
        """Look up the sliders of a model.

        Raises:
            NotSupportedError: It has none.
        """
        cards = workbench.attributes(picked.model)
        return cls(
            picked.model,
            tuple(card.name for card in cards),
            tuple(card.name for card in cards if card.own),
            workbench.card(picked.model).class_names,
        )

    @property
    def choices(self) -> list[tuple[str, str]]:
        """(text, name) of each slider, for a dropdown."""
        return [(name.replace("_", " "), name) for name in self.names]


def is_of(workbench: Workbench, view: OfImages, picked: Picked) -> bool:
    """Whether a view is of the open model and, if it is of one image, of the picked one.

    Raises:
        ConfigError: The view's image is not there.
    """
    if view.model != picked.model:
        return False
    return isinstance(view, TransferView) or (
        find_point(workbench, view.model, view.a) == picked.a
    )


def moved_by(view: EditView | RowView | StrengthsView | StripView) -> tuple[str, ...]:
    """Return the attributes that a view moves images along."""
    match view:
        case StrengthsView():
            return (view.attribute,)
        case StripView():
            return view.attributes
        case _:
            return tuple(view.strengths)


@dataclass(frozen=True, slots=True)
class Desk:
    """State of the tab.

    Attributes:
        choices: Holds `Choices`.
        sliders: Holds `Sliders`, or None while no model with sliders is shown.
        again: Holds the view that a panel below the sliders is to show again, or None. It is of
            the picked image, and the sliders of its model are there.
    """

    choices: gr.State
    sliders: gr.State
    again: gr.State

    @classmethod
    def build(cls) -> "Desk":
        """Make the state where it is called."""
        return cls(gr.State(Choices()), gr.State(None), gr.State(None))
