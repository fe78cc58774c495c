"""Where images are drawn on a map: as its layout says, with what would overlap moved apart."""

__all__ = ["drawn_places", "drawn_projection"]

import threading
from collections import OrderedDict

import numpy as np
from jaxtyping import Float32

from explorer.errors import ConfigError, near_match
from explorer.latent.projection import Projection
from explorer.latent.spread import moved_apart
from explorer.service.layouts import layouts_of
from explorer.service.shelf import OpenModel

_KEPT = 12
_places: "OrderedDict[tuple[str, str], Float32[np.ndarray, 'n 2']]" = OrderedDict()
_lock = threading.Lock()


def drawn_projection(opened: OpenModel, layout: str) -> Projection:
    """Return a layout of a model by its name.

    Raises:
        ConfigError: The model has no such layout.
    """
    known = layouts_of(opened)
    if layout not in known:
        raise ConfigError(
            f"'{opened.name}' has no layout '{layout[:60]}'.{near_match(layout, known)} "
            f"Known: {', '.join(known)}."
        )
    return known[layout]


def drawn_places(opened: OpenModel, layout: str) -> Float32[np.ndarray, "n 2"]:
    """Return where each gallery image is drawn, in the layout's own units, y upwards.

    Computed once for each layout of the files a model has now.

    Raises:
        ConfigError: The model has no such layout.
    """
    projection, key = drawn_projection(opened, layout), (opened.token, layout)
    with _lock:
        if key not in _places:
            _places[key] = moved_apart(projection.coordinates)
            while len(_places) > _KEPT:
                _places.popitem(last=False)
        return _places[key]
