"""Ways to choose the picked pair without pointing at it.

One end is chosen at a time, as an event of the page asks: {slot, how, value, temperature, label}.

| how | the new end |
|---|---|
| "random" | any gallery image |
| "nearest" | the gallery image nearest to the other end in latent space |
| "same", "other" | an image of the class of the other end; of another class |
| "mean" | the mean of the images that are selected on the map |
| "sample" | a new sample; `temperature` and `label`, a class name or "", are its settings |
| "source" | what `value` names; see `explorer.service.points` |
"""

__all__ = ["chosen_end", "position_of", "random_pair", "swapped", "with_end"]

from collections.abc import Mapping

import numpy as np

from explorer.errors import ConfigError
from explorer.service.neighbours import neighbours
from explorer.service.points import add_mean, add_sample, find_point
from explorer.service.workbench import DEFAULT_TEMPERATURE, Workbench
from explorer.ui.shared import Picked, Selection

SLOTS = ("a", "b")
_LARGEST_SEED = 2**31
_LARGEST_POSITION = 10**9


def swapped(picked: Picked) -> Picked:
    """Return the pair with its ends exchanged."""
    return Picked(picked.model, picked.b, picked.a)


def random_pair(workbench: Workbench, picked: Picked, chance: np.random.Generator) -> Picked:
    """Return two different images of the same gallery."""
    count = len(workbench.open(picked.model).gallery)
    a, b = chance.choice(count, size=2, replace=count < 2).tolist()
    return Picked(picked.model, a, b)


def with_end(picked: Picked, slot: object, position: int) -> Picked:
    """Return the pair with another end.

    Raises:
        ConfigError: The slot is neither "a" nor "b".
    """
    if slot == "a":
        return Picked(picked.model, position, picked.b)
    if slot == "b":
        return Picked(picked.model, picked.a, position)
    raise ConfigError(f"There is no slot '{str(slot)[:40]}'; choose for A or for B.")


def chosen_end(
    workbench: Workbench,
    picked: Picked,
    selection: Selection | None,
    sent: Mapping[str, object],
    chance: np.random.Generator,
) -> Picked:
    """Return the pair with the end that an event of the page asks for; anything can be sent.

    Args:
        workbench: Where the model lies.
        picked: The pair so far.
        selection: What is selected on the map.
        sent: The event's fields; see the table of this module.
        chance: Source of what is random.

    Raises:
        ConfigError: A field is not one that the page sends, or there is no such image.
    """
    slot, how = sent.get("slot"), sent.get("how")
    if slot not in SLOTS:
        raise ConfigError(f"There is no slot '{str(slot)[:40]}'; choose for A or for B.")
    own, other = (picked.a, picked.b) if slot == "a" else (picked.b, picked.a)
    opened = workbench.open(picked.model)
    labels = opened.gallery.labels
    if how == "random":
        position = _one_of(np.arange(len(labels)), (own, other), chance)
    elif how in ("same", "other"):
        alike = labels == opened.label(other)
        position = _one_of(np.flatnonzero(alike == (how == "same")), (own, other), chance)
    elif how == "nearest":
        position = neighbours(workbench, picked.model, other, 1).records[0].position
    elif how == "mean":
        position = _mean(workbench, picked.model, selection)
    elif how == "sample":
        position = _sample(workbench, picked.model, sent, chance)
    elif how == "source":
        position = find_point(workbench, picked.model, str(sent.get("value"))[:20_001])
    else:
        raise ConfigError(f"'{str(how)[:40]}' is no way to choose an image. Reload the page.")
    return with_end(picked, slot, position)


def position_of(value: object) -> int:
    """Return what a browser sent as a position; anything can be sent.

    Raises:
        ConfigError: It is no whole number.
    """
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int) or abs(value) > _LARGEST_POSITION:
        raise ConfigError(f"'{str(value)[:40]}' is no image number. Type a whole number.")
    return value


def _one_of(positions: np.ndarray, taken: tuple[int, int], chance: np.random.Generator) -> int:
    """Return one of the positions that is not taken, where there is one."""
    free = np.setdiff1d(positions, taken)
    if not len(free):
        raise ConfigError("There is no other such image on the map. Choose in another way.")
    return int(chance.choice(free))


def _mean(workbench: Workbench, model: str, selection: Selection | None) -> int:
    if selection is None or selection.model != model:
        raise ConfigError("Nothing is selected. Draw around images on the map first.")
    return add_mean(workbench, model, selection.positions)


def _sample(
    workbench: Workbench, model: str, sent: Mapping[str, object], chance: np.random.Generator
) -> int:
    temperature = sent.get("temperature", DEFAULT_TEMPERATURE)
    if isinstance(temperature, bool) or not isinstance(temperature, int | float):
        raise ConfigError(f"'{str(temperature)[:40]}' is no temperature. Type a number, 0 to 2.")
    if not 0 <= temperature <= 2:  # also false for NaN
        raise ConfigError(f"temperature is {str(temperature)[:40]}; it must lie in [0, 2].")
    label = str(sent.get("label") or "")[:200]
    return add_sample(
        workbench,
        model,
        seed=int(chance.integers(_LARGEST_SEED)),
        temperature=float(temperature),
        class_name=label or None,
    )
