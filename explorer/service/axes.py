"""What a slider moves a latent along: trained attributes, own attributes, variations."""

__all__ = [
    "AS_IN_USE",
    "SliderAxes",
    "axis_in_use",
    "directions_of",
    "kind_in_use",
    "slider_axes",
    "slider_names",
]

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

import torch
from jaxtyping import Float32, Float64
from torch import Tensor

from explorer.errors import ConfigError, NotSupportedError, near_match
from explorer.latent.directions import KINDS, Directions, too_few
from explorer.service.own_files import own_directions
from explorer.service.shelf import OpenModel

PREFERRED = "conditional"
"""What moves an image where nothing was measured: the direction from its own class."""

AS_IN_USE: Mapping[str, str] = MappingProxyType({})
"""No kind was chosen by a person."""


@dataclass(frozen=True, slots=True, eq=False)
class SliderAxes:
    """What every slider of an image of one class moves along; row i of each is slider i.

    Attributes:
        names: Trained attributes, own attributes, variations.
        kinds: Of direction, see `explorer.latent.directions`.
        axes: float32, shape (slider, dim).
        offsets: float64, shape (slider,): the position of a latent is `<z, d> / |d|^2 - offset`.
        errors: Relative standard error of each direction over draws of the images, float64,
            shape (slider,); NaN where it is not known.
        own: Whether a person taught it.
    """

    names: tuple[str, ...]
    kinds: tuple[str, ...]
    axes: Float32[Tensor, "slider dim"]
    offsets: Float64[Tensor, " slider"]
    errors: Float64[Tensor, " slider"]
    own: tuple[bool, ...]

    def positions(self, latent: Float32[Tensor, " dim"]) -> Float64[Tensor, " slider"]:
        """Return where a latent lies along each slider, float64, shape (slider,)."""
        d = self.axes.double()
        return d @ latent.double() / d.square().sum(1).clamp(min=1e-300) - self.offsets


def slider_names(opened: OpenModel) -> tuple[str, ...]:
    """Return all sliders: trained attributes, own attributes, variations.

    Raises:
        NotSupportedError: There is none.
    """
    trained = opened.directions
    own = tuple(own_directions(opened))
    names = own if trained is None else trained.names + own + trained.variations
    if not names:
        raise NotSupportedError(
            f"'{opened.name}' has no directions to move along, so it has no sliders. Run "
            f"`python -m explorer attributes fit --model {opened.name}`, teach it an attribute, "
            "or choose a model of labelled faces."
        )
    return names


def directions_of(opened: OpenModel, attribute: str) -> Directions:
    """Return the directions that an attribute is part of.

    Raises:
        ConfigError: There is no such slider; where its data has too few images, with the counts.
        NotSupportedError: The model has no sliders.
    """
    trained, own = opened.directions, own_directions(opened)
    if attribute in own:
        return own[attribute]
    if trained is not None and attribute in trained.sliders:
        return trained
    if trained is not None and attribute in trained.refused:
        raise ConfigError(too_few(attribute, *trained.refused[attribute]))
    names = slider_names(opened)
    hint = near_match(attribute, names)
    raise ConfigError(f"No attribute '{attribute}'.{hint} Known: {', '.join(names)}.")


def kind_in_use(
    opened: OpenModel, attribute: str, label: int, kinds: Mapping[str, str] = AS_IN_USE
) -> str:
    """Return which kind of direction moves an image.

    The kind a person chose, where the image's class has it; else the kind that was measured to
    work best on images the model never saw; else the one from the image's own class; else, where
    the attribute was taught without classes, the pooled one.

    Args:
        opened: The model.
        attribute: One of its sliders.
        label: The image's class.
        kinds: Chosen kind by attribute.

    Raises:
        ConfigError: The attribute or the chosen kind is unknown.
        NotSupportedError: The model has no sliders.
    """
    directions = directions_of(opened, attribute)
    there = directions.kinds(attribute, label)
    chosen = kinds.get(attribute)
    if chosen in there:
        return chosen
    if chosen is not None and chosen not in KINDS:
        raise ConfigError(
            f"No direction of kind '{chosen}' for '{attribute}'. There are: {', '.join(there)}."
        )
    measured = str(opened.facts.get(f"edit.{attribute}.kind", PREFERRED))
    return next(kind for kind in (measured, PREFERRED, *there) if kind in there)


def axis_in_use(
    opened: OpenModel, attribute: str, label: int, kinds: Mapping[str, str] = AS_IN_USE
) -> Float32[Tensor, " dim"]:
    """Return the direction that moves an image of a class along an attribute, shape (dim,)."""
    kind = kind_in_use(opened, attribute, label, kinds)
    return directions_of(opened, attribute).axis(attribute, kind, label)


def slider_axes(opened: OpenModel, label: int, kinds: Mapping[str, str] = AS_IN_USE) -> SliderAxes:
    """Return what all sliders of an image of a class move along.

    Args:
        opened: The model.
        label: The class.
        kinds: Chosen kind by attribute; see `kind_in_use`.

    Raises:
        NotSupportedError: The model has no sliders.
        ConfigError: There is no such class, or a chosen kind is unknown.
    """
    names = slider_names(opened)
    own = own_directions(opened)
    in_use = tuple(kind_in_use(opened, name, label, kinds) for name in names)
    found = [directions_of(opened, name) for name in names]
    together = list(zip(found, names, in_use, strict=True))
    errors = [directions.spread(name, kind, label).error for directions, name, kind in together]
    offsets = [directions.offset(name, kind, label) for directions, name, kind in together]
    return SliderAxes(
        names=names,
        kinds=in_use,
        axes=torch.stack([rows.axis(name, kind, label) for rows, name, kind in together]),
        offsets=torch.tensor(offsets, dtype=torch.float64),
        errors=torch.tensor(errors, dtype=torch.float64),
        own=tuple(name in own for name in names),
    )
