"""What a shown result was made with: enough to make it again, here or on another machine.

A view travels inside every exported picture, in links and in copied commands. Ends are *sources*:
the texts by which `explorer.service.guests` finds a point, such as "12" or "sample:7".
"""

__all__ = [
    "VIEW_LIMIT",
    "EditView",
    "KindsView",
    "MapView",
    "PlaneView",
    "RowView",
    "StrengthsView",
    "StripView",
    "TransferView",
    "View",
    "WalkView",
    "parse_view",
    "view_text",
]

import math
from typing import Annotated, Literal

from pydantic import BaseModel, Field, TypeAdapter, ValidationError, field_validator

from explorer.errors import ConfigError

VIEW_LIMIT = 200_000
"""Characters of a view's text. Uploaded images travel inside it, as PNG files of model size."""

Source = Annotated[str, Field(min_length=1, max_length=20_000)]
Strength = Annotated[float, Field(ge=-3, le=3, allow_inf_nan=False)]
Name = Annotated[str, Field(min_length=1, max_length=100)]
ClassName = Annotated[str, Field(min_length=1, max_length=255)]


class _View(BaseModel, frozen=True, extra="forbid"):
    """What every view says.

    Attributes:
        model: Folder name of the model.
        weights: First 16 hexadecimal digits of its weights' SHA-256.
        version: Version of this program.
        images: Uploaded images among the sources: a PNG file in base64 by source.
    """

    model: Name
    weights: str = Field("", pattern=r"^([0-9a-f]{16})?$")
    version: str = Field("", max_length=40)
    images: dict[Source, str] = Field(default_factory=dict, max_length=4)

    def __hash__(self) -> int:
        return hash(self.model_dump_json())


class WalkView(_View):
    """A walk from `a` to `b`, one row a method."""

    kind: Literal["walk"] = "walk"
    a: Source
    b: Source
    steps: int = Field(ge=2, le=33)
    methods: tuple[Name, ...] = Field(min_length=1, max_length=6)


class PlaneView(_View):
    """A square of images between four corners: a, b on top; c, d below."""

    kind: Literal["plane"] = "plane"
    corners: tuple[Source, Source, Source, Source]
    size: int = Field(ge=2, le=9)
    method: Name


class EditView(_View):
    """One image moved along attributes; `kinds` names directions that the person chose."""

    kind: Literal["edit"] = "edit"
    a: Source
    strengths: dict[Name, Strength] = Field(max_length=64)
    kinds: dict[Name, Name] = Field(default_factory=dict, max_length=64)


class RowView(_View):
    """One image of each class before and after the same edit; `a` stands for its class."""

    kind: Literal["row"] = "row"
    a: Source
    strengths: dict[Name, Strength] = Field(max_length=64)
    kinds: dict[Name, Name] = Field(default_factory=dict, max_length=64)


class StrengthsView(_View):
    """One image of each class moved along one attribute at several strengths."""

    kind: Literal["strengths"] = "strengths"
    a: Source
    attribute: Name
    strengths: tuple[Strength, ...] = Field(min_length=1, max_length=13)
    kinds: dict[Name, Name] = Field(default_factory=dict, max_length=64)


class StripView(_View):
    """One image moved along several attributes, one at a time, at several strengths."""

    kind: Literal["strip"] = "strip"
    a: Source
    attributes: tuple[Name, ...] = Field(min_length=1, max_length=400)
    strengths: tuple[Strength, ...] = Field(min_length=1, max_length=13)
    kinds: dict[Name, Name] = Field(default_factory=dict, max_length=400)


class KindsView(_View):
    """One image moved along every kind of direction that an attribute has."""

    kind: Literal["kinds"] = "kinds"
    a: Source
    attribute: Name
    strength: Strength


class TransferView(_View):
    """Images of some classes before and after an edit that other classes taught."""

    kind: Literal["transfer"] = "transfer"
    attribute: Name
    learn_on: tuple[ClassName, ...] = Field(min_length=1, max_length=1000)
    apply_to: tuple[ClassName, ...] = Field(min_length=1, max_length=1000)
    strength: Strength


class MapView(_View):
    """The map as it is looked at. Coordinates are those of the layout.

    Attributes:
        layout: Its name.
        colour: What colours stand for.
        mode: Thumbnails or dots.
        a: Picked image A.
        b: Picked image B.
        window: left, bottom, right, top of what is seen; empty for the whole map.
    """

    kind: Literal["map"] = "map"
    layout: Name
    colour: Name = "class"
    mode: Literal["pictures", "dots"] = "pictures"
    a: Source
    b: Source
    window: tuple[float, ...] = ()

    @field_validator("window")
    @classmethod
    def _finite_window(cls, window: tuple[float, ...]) -> tuple[float, ...]:
        if len(window) not in (0, 4) or not all(map(math.isfinite, window)):
            raise ValueError("a window has four finite numbers or none")
        return window


View = Annotated[
    WalkView
    | PlaneView
    | EditView
    | RowView
    | StrengthsView
    | StripView
    | KindsView
    | TransferView
    | MapView,
    Field(discriminator="kind"),
]

_ADAPTER: TypeAdapter[View] = TypeAdapter(View)


def parse_view(text: str | bytes) -> View:
    """Return the view a text stands for.

    Raises:
        ConfigError: It is too long, no JSON, or not a view this version knows.
    """
    if len(text) > VIEW_LIMIT:
        raise ConfigError(
            f"The settings are {len(text):,} characters long; {VIEW_LIMIT:,} are allowed. "
            "Copy the link again."
        )
    try:
        return _ADAPTER.validate_json(text)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        place = ".".join(str(part) for part in first["loc"][1:]) or "the whole"
        raise ConfigError(
            f"These settings cannot be read: {place}: {first['msg']}. "
            "Copy the link, or export the picture, again."
        ) from None


def view_text(view: View) -> str:
    """Return a view as JSON; what is at its default is left out.

    Example:
        >>> view_text(WalkView(model="m", a="1", b="2", steps=5, methods=("slerp",)))
        '{"model":"m","kind":"walk","a":"1","b":"2","steps":5,"methods":["slerp"]}'
    """
    idle = {field for field in type(view).model_fields if _idle(view, field)}
    return view.model_dump_json(exclude=idle - {"kind"})


def _idle(view: View, field: str) -> bool:
    """Whether a field says no more than its default."""
    info = type(view).model_fields[field]
    return not info.is_required() and getattr(view, field) == info.get_default(
        call_default_factory=True
    )
