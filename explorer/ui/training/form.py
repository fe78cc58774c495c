"""All settings of a run as controls in groups, and their values by dotted name."""

__all__ = ["Form", "element_id"]

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import gradio as gr
from gradio.components import Component

from explorer import models
from explorer.service.experiment_form import form_fields, form_values, presets
from explorer.service.form_fields import Field
from explorer.ui.controls import control_of

_numbers = itertools.count(1)
_LABELS = {
    "data.root": "Folder on this machine",
    "data.name": "Known set",
    "data.count": "Images at most",
    "data.shots": "Images a class",
    "data.seed": "Seed of the draw",
    "train.seed": "Seed of the training",
    "train.beta1": "Adam beta 1",
    "train.beta2": "Adam beta 2",
    "train.ema_decay": "Decay of averaged weights",
}
_HELP = {
    "data.root": "One sub-folder of pictures for each class, or train and test folders of these.",
    "data.image_size": "Height and width, pixels; 8 to 256. Glow halves it on each level.",
    "data.count": "0 takes all.",
    "data.shots": "The same number of each class; empty takes all.",
    "train.device": "auto takes a graphics processor where there is one; else cpu, cuda, mps.",
}


@dataclass(slots=True)
class Form:
    """The controls, in the order in which events pass their values.

    Attributes:
        keys: Model that a control belongs to, empty for all models, and its dotted name.
        controls: As many.
    """

    keys: list[tuple[str, str]] = field(default_factory=list)
    controls: list[Component] = field(default_factory=list)

    def add(self, name: str, control: Component, *, model: str = "") -> None:
        """Take a control in."""
        self.keys.append((model, name))
        self.controls.append(control)

    def place(self, name: str, *, model: str = "", min_width: int = 150) -> Component:
        """Lay out the control of one setting where it is called, and take it in.

        Args:
            name: Dotted name.
            model: Whose setting it is; empty for data and training.
            min_width: Pixels below which the next control goes to another row.
        """
        first = (
            presets()[0]
            if not model
            else next(one for one in presets() if one.experiment.model.name == model)
        )
        control = control_of(
            _fields(first.experiment.model.name)[name],
            form_values(first.experiment)[name],
            elem_id=element_id(name, model),
            label=_LABELS.get(name, ""),
            info=_HELP.get(name, ""),
            min_width=min_width,
        )
        self.add(name, control, model=model)
        return control

    def place_all(self, group: str, *, model: str = "", but: Sequence[str] = ()) -> None:
        """Lay out the controls of a group of settings, "train." or "model.config."."""
        for name in _fields(model or next(iter(models.available()))):
            if name.startswith(group) and name not in but:
                self.place(name, model=model)

    def values(self, sent: Sequence[Any]) -> dict[str, Any]:
        """Return what an event passed, by dotted name, without settings of other models."""
        chosen = dict(zip(self.keys, sent, strict=True))
        model = chosen["", "model.name"]
        return {name: value for (owner, name), value in chosen.items() if owner in ("", model)}

    def shown(self, values: Mapping[str, Any]) -> list[Any]:
        """Return what an event gives back to show these values; others stay."""
        model = values.get("model.name")
        return [
            gr.update(value=values[name]) if name in values and owner in ("", model) else gr.skip()
            for owner, name in self.keys
        ]

    def marks(self, problems: Mapping[str, str], model: str) -> dict[str, str]:
        """Return sentences by the id of the field that they are about."""
        own = {name for owner, name in self.keys if owner == model}
        return {
            element_id(name, model if name in own else ""): sentence
            for name, sentence in problems.items()
        }

    def message(self, problems: Mapping[str, str]) -> dict[str, Any]:
        """Return what the desk shows: sentences by the id of the field, or none any more."""
        return {"kind": "problems", "problems": dict(problems), "number": next(_numbers)}


def element_id(name: str, model: str = "") -> str:
    """Return the id of a control on the page.

    Example:
        >>> element_id("train.batch_size"), element_id("model.config.width", "glico")
        ('set-train-batch_size', 'set-glico-model-config-width')
    """
    return "-".join(part for part in ("set", model, name.replace(".", "-")) if part)


@cache
def _fields(model: str) -> dict[str, Field]:
    return dict(form_fields(model))
