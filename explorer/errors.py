"""The errors a person can cause, each with a text that can be shown as it stands.

```text
ExplorerError                  its text names the thing, the value, what is allowed, the next step
├─ ConfigError(ValueError)     a setting is wrong: dotted name, value, allowed values, near match
├─ UnknownModelError(KeyError) lists the known names
├─ CheckpointError             missing, foreign, damaged or newer: path, what to do
├─ DataError                   folder or file, what was found, what was expected
├─ NotSupportedError           the model lacks the ability: model, operation, who has it
└─ TrainingError               a run cannot go on: step, what happened, what to change
```
"""

__all__ = [
    "CheckpointError",
    "ConfigError",
    "DataError",
    "ExplorerError",
    "NotSupportedError",
    "TrainingError",
    "UnknownModelError",
    "near_match",
]

import difflib
from collections.abc import Iterable


class ExplorerError(Exception):
    """Base of every error whose text is written for the person, not for the developer."""


class ConfigError(ExplorerError, ValueError):
    """A setting or an argument has a value that is not allowed."""


class UnknownModelError(ExplorerError, KeyError):
    """A model or checkpoint name is not known."""

    __str__ = Exception.__str__  # KeyError would show the text in quotation marks


class CheckpointError(ExplorerError):
    """A checkpoint is missing, foreign, damaged or written by a newer version."""


class DataError(ExplorerError):
    """A data set is missing, empty, unreadable or not of the expected form."""


class NotSupportedError(ExplorerError):
    """The model cannot do what was asked."""


class TrainingError(ExplorerError):
    """A training run cannot go on."""


def near_match(name: str, known: Iterable[str]) -> str:
    """Return `` Did you mean 'x'?`` for the closest known name, or an empty string.

    Example:
        >>> near_match("train.step", ["train.steps", "train.seed"])
        " Did you mean 'train.steps'?"
    """
    close = difflib.get_close_matches(name, list(known), n=1)
    return f" Did you mean '{close[0]}'?" if close else ""
