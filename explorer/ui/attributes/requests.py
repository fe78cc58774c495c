"""What a browser sends the attribute sliders, checked: anything can be sent."""

__all__ = ["MOST_SLIDERS", "Request", "read_kinds", "read_request", "read_strengths", "text_of"]

import math
from dataclasses import dataclass

from explorer.errors import ConfigError

MOST_SLIDERS = 512
LONGEST_TEXT = 100


@dataclass(frozen=True, slots=True)
class Request:
    """Which image is to be moved, how far, along which kinds of direction."""

    model: str
    position: int
    strengths: dict[str, float]
    kinds: dict[str, str]


def read_request(value: object) -> Request:
    """Return the request of a slider on the move.

    Raises:
        ConfigError: It is none.
    """
    if not isinstance(value, dict):
        raise ConfigError("The slider's request did not arrive. Reload the page.")
    model, index = value.get("model"), value.get("index")
    if not isinstance(model, str) or isinstance(index, bool) or not isinstance(index, int):
        raise ConfigError("The slider's request names no image. Reload the page.")
    return Request(
        model, index, read_strengths(value.get("strengths")), read_kinds(value.get("kinds", {}))
    )


def read_strengths(value: object) -> dict[str, float]:
    """Return strengths by attribute, in the order of the names.

    That order is what makes the edited picture the same, to the last bit, in whatever order the
    sliders were moved.

    Raises:
        ConfigError: It is no object of finite numbers. Names and range are the workbench's to
            check.
    """
    if not isinstance(value, dict) or len(value) > MOST_SLIDERS:
        raise ConfigError("The strengths of the sliders did not arrive. Reload the page.")
    strengths = {}
    for name, strength in sorted(value.items(), key=lambda item: str(item[0])):
        number = isinstance(strength, int | float) and not isinstance(strength, bool)
        if not number or not math.isfinite(strength):
            raise ConfigError(f"'{str(strength)[:40]}' is no strength. Type a number such as 1.")
        strengths[str(name)] = float(strength)
    return strengths


def read_kinds(value: object) -> dict[str, str]:
    """Return kinds of direction by attribute.

    Raises:
        ConfigError: It is no object of texts.
    """
    if not isinstance(value, dict) or len(value) > MOST_SLIDERS:
        raise ConfigError("The chosen directions did not arrive. Reload the page.")
    return {text_of(name, "attribute"): text_of(kind, "kind") for name, kind in value.items()}


def text_of(value: object, what: str) -> str:
    """Return a text as a browser sent it.

    Raises:
        ConfigError: It is no text, or too long a one.
    """
    if not isinstance(value, str) or len(value) > LONGEST_TEXT:
        raise ConfigError(f"'{str(value)[:40]}' is the name of no {what}. Reload the page.")
    return value
