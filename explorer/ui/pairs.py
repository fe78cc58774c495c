"""Ways to choose the picked pair without pointing at it."""

__all__ = ["of_one_class", "other_class", "random_pair", "same_class", "swapped"]

import numpy as np

from explorer.errors import ConfigError
from explorer.service.workbench import Workbench
from explorer.ui.shared import Picked


def swapped(picked: Picked) -> Picked:
    """Return the pair with its ends exchanged."""
    return Picked(picked.model, picked.b, picked.a)


def random_pair(workbench: Workbench, picked: Picked, chance: np.random.Generator) -> Picked:
    """Return two different images of the same gallery."""
    return _two_of(picked.model, np.arange(len(_labels(workbench, picked))), chance)


def of_one_class(workbench: Workbench, picked: Picked, chance: np.random.Generator) -> Picked:
    """Return two different images of one class, each class equally likely.

    Raises:
        ConfigError: No class has two images.
    """
    labels = _labels(workbench, picked)
    numbers, counts = np.unique(labels, return_counts=True)
    if not (counts > 1).any():
        raise ConfigError(
            f"No class of '{picked.model}' has two images on the map. Pick a pair of any classes."
        )
    label = chance.choice(numbers[counts > 1])
    return _two_of(picked.model, np.flatnonzero(labels == label), chance)


def same_class(workbench: Workbench, picked: Picked, chance: np.random.Generator) -> Picked:
    """Return A with another image of its class; the pair itself where there is none."""
    labels = _labels(workbench, picked)
    return _with_partner(picked, labels == labels[picked.a], chance)


def other_class(workbench: Workbench, picked: Picked, chance: np.random.Generator) -> Picked:
    """Return A with an image of another class; the pair itself where there is none."""
    labels = _labels(workbench, picked)
    return _with_partner(picked, labels != labels[picked.a], chance)


def _labels(workbench: Workbench, picked: Picked) -> np.ndarray:
    return workbench.open(picked.model).gallery.labels


def _two_of(model: str, positions: np.ndarray, chance: np.random.Generator) -> Picked:
    a, b = chance.choice(positions, size=2, replace=len(positions) < 2).tolist()
    return Picked(model, a, b)


def _with_partner(picked: Picked, allowed: np.ndarray, chance: np.random.Generator) -> Picked:
    partners = np.setdiff1d(np.flatnonzero(allowed), [picked.a, picked.b])
    if not len(partners):
        return picked
    return Picked(picked.model, picked.a, int(chance.choice(partners)))
