"""The family of errors that people see."""

import inspect

import pytest

from explorer import errors
from explorer.errors import ExplorerError, UnknownModelError, near_match

FAMILY = [
    value
    for value in vars(errors).values()
    if inspect.isclass(value)
    and value.__module__ == errors.__name__
    and value is not ExplorerError
]


@pytest.mark.parametrize("kind", FAMILY)
def test_every_error_is_of_the_family_and_shows_its_text_as_it_stands(kind):
    assert issubclass(kind, ExplorerError)
    assert str(kind("Text with 'quotes'.")) == "Text with 'quotes'."


@pytest.mark.parametrize("kind", FAMILY)
def test_every_error_is_drawn_in_the_tree_and_offered(kind):
    assert f"─ {kind.__name__}" in errors.__doc__
    assert kind.__name__ in errors.__all__


def test_callers_may_catch_the_built_in_kinds():
    with pytest.raises(KeyError):
        raise UnknownModelError("x")
    with pytest.raises(ValueError, match="x"):
        raise errors.ConfigError("x")


def test_only_a_near_name_is_offered():
    assert near_match("wormup", ["warmup", "steps"]) == " Did you mean 'warmup'?"
    assert near_match("zzz", ["warmup", "steps"]) == ""
    assert near_match("zzz", []) == ""
