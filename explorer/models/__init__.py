"""The registry of models: every public module of this package that defines `SPEC` is one."""

__all__ = ["available", "get"]

import importlib
import pkgutil
from functools import cache

from explorer.errors import UnknownModelError, near_match
from explorer.protocol import ModelSpec


@cache
def available() -> dict[str, ModelSpec]:
    """Return every model by name, in alphabetical order."""
    modules = pkgutil.iter_modules(__path__, f"{__name__}.")
    specs: list[ModelSpec] = [importlib.import_module(module.name).SPEC for module in modules]
    return {spec.name: spec for spec in sorted(specs, key=lambda spec: spec.name)}


def get(name: str) -> ModelSpec:
    """Return one model's entry.

    Raises:
        UnknownModelError: The name is not known; the text lists the known ones.
    """
    specs = available()
    if name not in specs:
        hint = near_match(name, specs)
        raise UnknownModelError(f"No model '{name}'.{hint} Known: {', '.join(specs)}.")
    return specs[name]
