"""The registry of data sets: each module of this package with a `SOURCE`, or with `SOURCES`."""

__all__ = ["UNRECORDED", "DataSource", "Split", "available", "get"]

import importlib
import pkgutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Literal

import explorer.data
from explorer.data.labelled import LabelledImages
from explorer.errors import DataError, ExplorerError, near_match
from explorer.settings import DataSettings

Split = Literal["train", "test"]

UNRECORDED = "not-recorded"
"""Name of the data of an imported model that came without them."""


@dataclass(frozen=True, slots=True)
class DataSource:
    """One data set that can be loaded.

    Attributes:
        name: What people type, e.g. "fashion-mnist".
        title: What people read.
        summary: One line: what the pictures show.
        counts: Images in (train, test); empty where it depends on the person's own files.
        licence: Licence of the pictures, one line.
        how_to_get: One line a person can follow.
        check: Raise a `DataError` unless the files are there; opens no image.
        load: (settings, split) -> images. "train" must not open a file of the test split.
        hidden_by: Attribute -> attributes under which it cannot be seen, so that its label says
            nothing: hair colours under a hat.
    """

    name: str
    title: str
    summary: str
    counts: tuple[int, ...]
    licence: str
    how_to_get: str
    check: Callable[[DataSettings], None]
    load: Callable[[DataSettings, Split], LabelledImages]
    hidden_by: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def is_ready(self, settings: DataSettings) -> bool:
        """Return whether the files are on this machine."""
        try:
            self.check(settings)
        except ExplorerError:
            return False
        return True


@cache
def available() -> dict[str, DataSource]:
    """Return every data set by name, in alphabetical order."""
    modules = pkgutil.iter_modules(explorer.data.__path__, "explorer.data.")
    found: list[DataSource] = []
    for module in [importlib.import_module(m.name) for m in modules]:
        one, several = getattr(module, "SOURCE", None), getattr(module, "SOURCES", ())
        found += [source for source in (one, *several) if isinstance(source, DataSource)]
    return {source.name: source for source in sorted(found, key=lambda source: source.name)}


def get(name: str) -> DataSource:
    """Return one data set.

    Raises:
        DataError: The name is not known; the text lists the known ones.
    """
    sources = available()
    if name == UNRECORDED:
        raise DataError(
            "This model was imported without the data it was trained on, which this needs. "
            "Import it again with --data."
        )
    if name not in sources:
        hint = near_match(name, sources)
        raise DataError(f"No data set '{name}'.{hint} Known: {', '.join(sources)}.")
    return sources[name]
