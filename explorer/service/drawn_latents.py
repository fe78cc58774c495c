"""Where latents that are not of the gallery fall on a map."""

__all__ = ["placed"]

import numpy as np
from jaxtyping import Float32

from explorer.protocol import Latents
from explorer.service.places import drawn_places, drawn_projection
from explorer.service.placing import path_on_map
from explorer.service.progress import Report, unreported
from explorer.service.workbench import Workbench


def placed(
    workbench: Workbench, model: str, layout: str, latents: Latents, report: Report = unreported
) -> Float32[np.ndarray, "k 2"]:
    """Return where any latents are drawn on a map, in the layout's own units.

    The layout was made without them: they are placed by their nearest gallery images, and moved
    as the nearest one was moved to make room.

    Args:
        workbench: Where the model lies.
        model: The model.
        layout: Name of the layout.
        latents: Shape (k, dim).
        report: Takes the progress; the first call of a model may take long.

    Raises:
        ConfigError: The layout is unknown.
    """
    opened = workbench.open(model)
    raw = drawn_projection(opened, layout).coordinates
    found = path_on_map(workbench, model, layout, latents, report)
    moved = drawn_places(opened, layout)[found.nearest] - raw[found.nearest]
    places: Float32[np.ndarray, "k 2"] = (found.points + moved).astype(np.float32)
    return places
