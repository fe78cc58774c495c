"""The map component: what it is told, where its data come from, what it may answer.

The page asks for three kinds of data by URL, so that an event carries a handful of numbers only:

| under `data_address` | what |
|---|---|
| `atlas.webp` | every thumbnail, as it lies in the model's folder |
| `points-LAYOUT.bin` | little-endian float32 x, y, class, held out or not; a row an image |
| `about.json` | classes with counts, attributes, and which attributes each image has |

The address holds the model's token, which changes with its files: browsers may keep the data.
"""

__all__ = [
    "about_bytes",
    "atlas_bytes",
    "data_address",
    "latent_map",
    "layout_names",
    "map_value",
    "points_bytes",
]

import json
from typing import Any
from urllib.parse import quote

import gradio as gr
import numpy as np

from explorer.service.gallery import ATLAS
from explorer.service.shelf import OpenModel
from explorer.service.workbench import Workbench
from explorer.ui.scripts import script, skeleton
from explorer.ui.shared import Picked

_FIRST_LAYOUT = "umap"


def latent_map() -> gr.HTML:
    """Lay out an empty map. Fires `pick` with `token`, `a` and `b`, both row numbers."""
    return gr.HTML(
        value=None,
        html_template=skeleton("latent_map.html"),
        js_on_load=script("latent_map.js"),
        apply_default_css=False,
        elem_id="latent-map",
        elem_classes=["bare"],
    )


def map_value(workbench: Workbench, picked: Picked | None) -> dict[str, Any] | None:
    """Return what the map is told: small, whatever the number of images; None empties it."""
    if picked is None:
        return None
    opened = workbench.open(picked.model)
    _, height, width = opened.data.image_shape
    return {
        "token": opened.token,
        "base": data_address(opened),
        "count": len(opened.gallery),
        "columns": opened.gallery.columns,
        "cell": [width, height],
        "layouts": layout_names(opened),
        "a": picked.a,
        "b": picked.b,
    }


def data_address(opened: OpenModel) -> str:
    """Return where the page finds the model's data, relative to the page."""
    return f"explore/{quote(opened.name, safe='')}/{opened.token}/"


def layout_names(opened: OpenModel) -> list[str]:
    """Return the names of the maps, the one to show first in front."""
    return sorted(opened.layouts, key=lambda name: (name != _FIRST_LAYOUT, name))


def points_bytes(opened: OpenModel, layout: str) -> bytes:
    """Return the table of one layout."""
    gallery = opened.gallery
    table = np.column_stack([opened.layouts[layout].coordinates, gallery.labels, gallery.held_out])
    return table.astype("<f4").tobytes()


def about_bytes(opened: OpenModel) -> bytes:
    """Return names and counts as JSON. The counts are of the images on the map."""
    gallery, data = opened.gallery, opened.data
    counts = np.bincount(gallery.labels, minlength=len(data.class_names)).tolist()
    marks = [np.flatnonzero(row).tolist() for row in gallery.attributes]
    about = {
        "classes": [
            {"name": name, "count": count}
            for name, count in zip(data.class_names, counts, strict=True)
        ],
        "attributes": list(data.attribute_names),
        "marks": marks if data.attribute_names else [],
    }
    return json.dumps(about).encode("utf-8")


def atlas_bytes(workbench: Workbench, opened: OpenModel) -> bytes:
    """Return the sheet of thumbnails, a WebP file."""
    return (workbench.root / opened.name / ATLAS).read_bytes()
