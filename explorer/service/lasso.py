"""Which images a line on the map encloses."""

__all__ = ["MOST_CORNERS", "enclosed"]

from collections.abc import Collection

import numpy as np
from jaxtyping import Float

from explorer.errors import ConfigError, near_match
from explorer.latent.polygon import inside_polygon
from explorer.service.colours import colours
from explorer.service.places import drawn_places
from explorer.service.shelf import OpenModel
from explorer.service.workbench import Workbench

MOST_CORNERS = 4096


def enclosed(
    workbench: Workbench,
    model: str,
    layout: str,
    corners: Float[np.ndarray, "m 2"],
    *,
    colour: str = "class",
    greyed: Collection[int] = (),
) -> tuple[int, ...]:
    """Return the gallery images that are drawn inside a polygon, ascending.

    Args:
        workbench: Where the model lies.
        model: The model.
        layout: Name of the layout the line was drawn on.
        corners: In the layout's own units, as images are drawn; 3 to `MOST_CORNERS`.
        colour: What the map is coloured by.
        greyed: Numbers of its categories that are greyed out: their images are left out.

    Raises:
        ConfigError: There are too few or too many corners, one is not finite, or the layout or
            the colour is unknown.
    """
    if not 3 <= len(corners) <= MOST_CORNERS:
        raise ConfigError(
            f"A lasso of {len(corners):,} corners; 3 to {MOST_CORNERS:,} are taken. "
            "Draw a simpler line."
        )
    if not np.isfinite(corners).all():
        raise ConfigError("A corner of the lasso is not a finite number. Draw the line again.")
    opened = workbench.open(model)
    inside = inside_polygon(drawn_places(opened, layout), corners)
    if greyed:
        inside &= ~np.isin(_categories(opened, colour), list(greyed))
    return tuple(np.flatnonzero(inside).tolist())


def _categories(opened: OpenModel, colour: str) -> np.ndarray:
    known = {one.name: one.values for one in colours(opened) if one.kind == "category"}
    if colour not in known:
        hint = near_match(colour[:60], known)
        raise ConfigError(f"No colour '{colour[:60]}' with categories.{hint}")
    return known[colour]
