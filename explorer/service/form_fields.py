"""Settings classes as fields that a person can fill in: kind, range and help, declared once."""

__all__ = ["Field", "Kind", "fields_of", "plain_value", "sentence_of", "shown_value"]

import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import UnionType
from typing import Any, Literal, Union, get_args, get_origin

from annotated_types import Ge, Gt, Le, Lt
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from explorer.settings import words_of_pattern

Kind = Literal["whole", "number", "choice", "switch", "text", "list"]


@dataclass(frozen=True, slots=True)
class Field:
    """One setting.

    Attributes:
        name: Of the setting in its class.
        label: What people read.
        help: What it does and what is allowed, one line.
        kind: "whole" and "number" are numbers, "list" is whole numbers between commas.
        default: Its value if nothing is said.
        choices: Of a "choice".
        optional: Whether it may be left empty.
    """

    name: str
    label: str
    help: str
    kind: Kind
    default: Any
    choices: tuple[str, ...] = ()
    optional: bool = False


def fields_of(settings: type[BaseModel]) -> tuple[Field, ...]:
    """Return the fields of a settings class in its order."""
    return tuple(_field(name, info) for name, info in settings.model_fields.items())


def shown_value(field: Field, value: Any) -> Any:
    """Return what a form shows for the value of a setting."""
    if field.kind == "list" and value is not None:
        return ", ".join(str(number) for number in value)
    if field.optional:
        return "" if value is None else str(value)
    return value


def plain_value(field: Field, shown: Any) -> Any:
    """Return the value of a setting for what stands in a form; what is wrong stays as it is.

    Example:
        >>> from explorer.models.glow import GlowSettings
        >>> steps = fields_of(GlowSettings)[0]
        >>> plain_value(steps, "6, 8, 8")
        [6, 8, 8]
    """
    if isinstance(shown, str):
        shown = shown.strip()
    if field.optional and shown in ("", None):
        return None
    if field.kind == "list" and isinstance(shown, str):
        parts = [part for part in re.split(r"[\s,;]+", shown) if part]
        return [int(part) if re.fullmatch(r"-?\d{1,9}", part) else part for part in parts]
    return shown


def sentence_of(error: Mapping[str, Any]) -> str:
    """Return what is wrong with one value and what is allowed, from one of pydantic's errors."""
    kind, limits, found = error["type"], error.get("ctx", {}), error.get("input")
    if found is None or found == "" or found == []:
        return "Fill this in."
    allowed = {
        "greater_than_equal": "at least {ge}",
        "greater_than": "more than {gt}",
        "less_than_equal": "at most {le}",
        "less_than": "less than {lt}",
        "finite_number": "a finite number",
        "int_type": "a whole number",
        "int_parsing": "a whole number",
        "int_from_float": "a whole number",
        "float_type": "a number",
        "float_parsing": "a number",
        "literal_error": "one of {expected}",
        "string_too_long": "at most {max_length} characters",
        "too_long": "at most {max_length} numbers between commas",
    }.get(kind)
    if kind == "string_pattern_mismatch":
        allowed = words_of_pattern(limits["pattern"])
    if allowed is None:
        message = error["msg"].removeprefix("Value error, ")
        is_name = "_" in message.split(" ", 1)[0]
        return f"{message}." if is_name else f"{message[:1].upper()}{message[1:]}."
    return f"It is {_short(found)}; allowed is {allowed.format(**limits)}."


def _field(name: str, info: FieldInfo) -> Field:
    annotation, optional = _without_none(info.annotation)
    kind, choices = _kind(annotation)
    words = (info.description or "").strip()
    limits = _limits(info)
    empty = "empty: none" if optional and "empty" not in words else ""
    parts = [words[:1].upper() + words[1:], limits, empty]
    return Field(
        name=name,
        label=name.replace("_", " ").capitalize(),
        help="; ".join(part for part in parts if part),
        kind=kind,
        default=info.default,
        choices=choices,
        optional=optional,
    )


def _without_none(annotation: Any) -> tuple[Any, bool]:
    if get_origin(annotation) in (Union, UnionType):
        kinds = [kind for kind in get_args(annotation) if kind is not type(None)]
        return kinds[0], len(kinds) < len(get_args(annotation))
    return annotation, False


def _kind(annotation: Any) -> tuple[Kind, tuple[str, ...]]:
    if get_origin(annotation) is Literal:
        return "choice", tuple(str(choice) for choice in get_args(annotation))
    if get_origin(annotation) is tuple:
        return "list", ()
    kinds: dict[Any, Kind] = {bool: "switch", int: "whole", float: "number"}
    return kinds.get(annotation, "text"), ()


def _limits(info: FieldInfo) -> str:
    """Return the range of a number in words."""
    low = high = ""
    for rule in info.metadata:
        if isinstance(rule, Ge):
            low = f"{rule.ge:,}"
        elif isinstance(rule, Gt):
            low = f"more than {rule.gt:,}"
        elif isinstance(rule, Le):
            high = f"{rule.le:,}"
        elif isinstance(rule, Lt):
            high = f"below {rule.lt:,}"
    if low and high:
        return f"{low} to {high}"
    return f"from {low}" if low and "than" not in low else low or high


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 40 else f"{text[:37]}..."
