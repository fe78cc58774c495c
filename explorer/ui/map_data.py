"""The data the map asks for by URL, so that an event carries a handful of numbers only.

| under `data_address` | what |
|---|---|
| `atlas.webp` | every thumbnail, as it lies in the model's folder |
| `points-LAYOUT.bin` | little-endian float32 x, y, class, held out or not; a row an image |
| `about.json` | names, counts, which image has which attribute, colours, neighbours a row |
| `colour-NAME.bin` | little-endian float32, a value an image, NaN where it is not known |
| `neighbours.bin` | little-endian float32 position, distance, angle; `neighbours` an image |
| `neighbours-POSITION.json` | the nearest gallery images of one image or guest |

In `about.json`, `unmeasured` says why some colours are missing. The address holds the model's
token, which changes with its files: browsers may keep the data.
"""

__all__ = [
    "about_bytes",
    "add_data_routes",
    "atlas_bytes",
    "colour_bytes",
    "data_address",
    "layout_cards",
    "neighbour_bytes",
    "points_bytes",
]

import json
import math
from typing import Any
from urllib.parse import quote

import numpy as np
from fastapi import FastAPI, HTTPException
from starlette.responses import Response

from explorer.errors import ExplorerError
from explorer.latent.projection import Projection
from explorer.service.colours import Colour, colours
from explorer.service.gallery import ATLAS
from explorer.service.layouts import layouts_of
from explorer.service.measures import NO_MEASURES
from explorer.service.neighbours import neighbour_count, neighbour_table, neighbours
from explorer.service.places import drawn_places
from explorer.service.progress import unreported
from explorer.service.shelf import OpenModel
from explorer.service.workbench import Workbench

_FOREVER = {"cache-control": "private, max-age=31536000, immutable"}
_ONCE = {"cache-control": "no-store"}
_GONE = HTTPException(404, "There is no such data; reload the page.")
_NUMBERS = "application/octet-stream"


def data_address(opened: OpenModel) -> str:
    """Return where the page finds the model's data, relative to the page."""
    return f"explore/{quote(opened.name, safe='')}/{opened.token}/"


def layout_cards(opened: OpenModel) -> list[dict[str, str]]:
    """Return `name`, `title` and `note` of each map, the one to show first in front."""
    return [
        {"name": name, "title": layout.title, "note": _note(layout, len(opened.gallery))}
        for name, layout in layouts_of(opened).items()
    ]


def points_bytes(opened: OpenModel, layout: str) -> bytes:
    """Return the table of one layout, where images that would overlap are moved apart.

    Raises:
        ConfigError: The model has no such layout.
    """
    gallery = opened.gallery
    table = np.column_stack([drawn_places(opened, layout), gallery.labels, gallery.held_out])
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
        "colours": [_colour(one) for one in colours(opened)],
        "unmeasured": "" if opened.measures is not None else NO_MEASURES.format(model=opened.name),
        "neighbours": neighbour_count(opened),
    }
    return json.dumps(about, allow_nan=False).encode("utf-8")


def colour_bytes(colour: Colour) -> bytes:
    """Return the values of all images."""
    return colour.values.astype("<f4").tobytes()


def neighbour_bytes(opened: OpenModel) -> bytes:
    """Return the nearest images of every image; the first time it may take a minute.

    Raises:
        NotSupportedError: There are too many images to compare all with all.
    """
    table = neighbour_table(opened, unreported)
    columns = [table.positions, table.distances, table.angles]
    return np.stack([column.astype("<f4") for column in columns], axis=2).tobytes()


def atlas_bytes(workbench: Workbench, opened: OpenModel) -> bytes:
    """Return the sheet of thumbnails, a WebP file."""
    return (workbench.root / opened.name / ATLAS).read_bytes()


def add_data_routes(app: FastAPI, workbench: Workbench) -> None:
    """Answer the addresses above; what is not there is a 404, whatever the reason."""

    def found(model: str, token: str) -> OpenModel:
        try:
            opened = workbench.open(model)
        except ExplorerError:
            raise _GONE from None
        if opened.token != token:
            raise _GONE
        return opened

    @app.get("/explore/{model}/{token}/atlas.webp")
    def atlas(model: str, token: str) -> Response:
        content = atlas_bytes(workbench, found(model, token))
        return Response(content, media_type="image/webp", headers=_FOREVER)

    @app.get("/explore/{model}/{token}/points-{name}.bin")
    def points(model: str, token: str, name: str) -> Response:
        opened = found(model, token)
        if name not in layouts_of(opened):
            raise _GONE
        return Response(points_bytes(opened, name), media_type=_NUMBERS, headers=_FOREVER)

    @app.get("/explore/{model}/{token}/about.json")
    def about(model: str, token: str) -> Response:
        content = about_bytes(found(model, token))
        return Response(content, media_type="application/json", headers=_FOREVER)

    @app.get("/explore/{model}/{token}/colour-{name}.bin")
    def colour(model: str, token: str, name: str) -> Response:
        known = {one.name: one for one in colours(found(model, token))}
        if name not in known:
            raise _GONE
        return Response(colour_bytes(known[name]), media_type=_NUMBERS, headers=_FOREVER)

    @app.get("/explore/{model}/{token}/neighbours.bin")
    def all_neighbours(model: str, token: str) -> Response:
        try:
            content = neighbour_bytes(found(model, token))
        except ExplorerError as error:
            raise HTTPException(404, str(error)) from None
        return Response(content, media_type=_NUMBERS, headers=_FOREVER)

    @app.get("/explore/{model}/{token}/neighbours-{position}.json")
    def neighbours_of(model: str, token: str, position: str) -> Response:
        opened = found(model, token)
        # At most nine digits: Python refuses to read numbers of thousands of them.
        if not (position.isascii() and position.isdigit() and len(position) < 10):
            raise _GONE
        try:
            near = neighbours(workbench, opened.name, int(position))
        except ExplorerError:
            raise _GONE from None
        rows = [
            {"position": one.position, "distance": one.distance, "degrees": _degrees(one.angle)}
            for one in near.records
        ]
        # A guest's position may come to mean nothing, so nothing is kept.
        return Response(json.dumps(rows), media_type="application/json", headers=_ONCE)


def _note(layout: Projection, count: int) -> str:
    settings = [f"{name} {value}" for name, value in layout.settings.items()]
    parts = [f"{layout.count:,} of {count:,} images", *settings, f"seed {layout.seed}"]
    return f"{', '.join(parts)}; computed in {layout.seconds:.1f} s"


def _colour(colour: Colour) -> dict[str, Any]:
    about: dict[str, Any] = {"name": colour.name, "title": colour.title, "kind": colour.kind}
    if colour.kind == "category":
        return {**about, "labels": list(colour.labels)}
    return {**about, "low": colour.low, "high": colour.high, "unit": colour.unit}


def _degrees(angle: float) -> float | None:
    return math.degrees(angle) if math.isfinite(angle) else None
