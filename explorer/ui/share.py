"""Views that leave the page and come back: exports, links, copied lines, dropped pictures.

| route | body | answer |
|---|---|---|
| `POST share/recipe` | a view | `{python, command, link}` |
| `POST share/export/FORMAT` | a view | the file |
| `POST share/stamp` | a PNG file; query `view` | the file with the view inside |
| `POST share/read` | a PNG file | `{view}` |

What a person can cause is answered by `{error}` with status 200, so that the browser's console
stays for bugs.
"""

__all__ = [
    "LINK_START",
    "SHARE_LIMIT",
    "Restored",
    "add_share_routes",
    "link_text",
    "restored",
    "view_of_event",
    "view_of_link",
]

import base64
import binascii
import io
import json
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import numpy as np
from fastapi import FastAPI, Request
from PIL import Image
from starlette.concurrency import run_in_threadpool
from starlette.responses import JSONResponse, Response

from explorer.errors import ConfigError, DataError, ExplorerError
from explorer.service.export import EXPORTS, export
from explorer.service.recipe import as_command, as_python
from explorer.service.render import places_of, signed
from explorer.service.stamp import read_stamp, stamped_png
from explorer.service.view import (
    VIEW_LIMIT,
    MapView,
    PlaneView,
    View,
    WalkView,
    parse_view,
    view_text,
)
from explorer.service.workbench import Workbench
from explorer.ui.shared import Picked

SHARE_LIMIT = 24 * 2**20
"""Bytes of a picture that is dropped, or of the map's own picture."""

LINK_START = "#view="
PAIR = 2
_TABS = {WalkView: "interpolate", PlaneView: "interpolate", MapView: "map"}


@dataclass(frozen=True, slots=True)
class Restored:
    """What the page shows to show a view again.

    Attributes:
        picked: The pair.
        tab: Id of the tab.
        view: The view.
    """

    picked: Picked
    tab: str
    view: View


def restored(workbench: Workbench, view: View) -> Restored:
    """Find everything a view names; its own images are added as points.

    Raises:
        UnknownModelError: Its model is not here.
        ConfigError: The weights are others, or a point it names is not there.
        DataError: An image inside it is damaged.
    """
    places = list(places_of(workbench, view).values())
    for spare in workbench.first_pair(view.model):
        if len(places) < PAIR and spare not in places:
            places.append(spare)
    a, b = (places * PAIR)[:PAIR]
    picked = Picked(view.model, a, b)
    return Restored(picked, _TABS.get(type(view), "attributes"), view)


def link_text(view: View) -> str:
    """Return what follows the page's address in a link to a view."""
    packed = base64.urlsafe_b64encode(view_text(view).encode()).decode("ascii")
    return LINK_START + packed.rstrip("=")


def view_of_link(text: str) -> View:
    """Return the view of a link's end.

    Raises:
        ConfigError: It is not one that `link_text` wrote.
    """
    packed = text.removeprefix(LINK_START)
    if len(packed) > 2 * VIEW_LIMIT:
        raise ConfigError(f"This link is {len(packed):,} letters long. Copy it again.")
    try:
        plain = base64.urlsafe_b64decode(packed + "=" * (-len(packed) % 4))
        return parse_view(plain.decode("utf-8"))
    except (binascii.Error, ValueError) as error:
        if isinstance(error, ConfigError):
            raise
        raise ConfigError("This link was cut off or changed. Copy it again.") from None


def view_of_event(event: object) -> View:
    """Return the view a browser's event brings: `link`, `view`, or `error`; anything can be sent.

    Raises:
        DataError: The picture it was read from is none of ours.
        ConfigError: It brings no view.
    """
    error, link, view = (getattr(event, name, None) for name in ("error", "link", "view"))
    if isinstance(error, str):
        raise DataError(error[:1000])
    if isinstance(link, str):
        return view_of_link(link)
    if not isinstance(view, dict):
        raise ConfigError("The settings did not arrive. Drop the picture again.")
    return parse_view(json.dumps(view))


def add_share_routes(app: FastAPI, workbench: Workbench) -> None:
    """Add the routes of this module's table."""

    @app.post("/share/recipe")
    async def recipe(request: Request) -> Response:
        return await _answer(_recipe, workbench, await request.body())

    @app.post("/share/export/{name}")
    async def exported(request: Request, name: str) -> Response:
        return await _answer(_export, workbench, await request.body(), name)

    @app.post("/share/stamp")
    async def stamp(request: Request) -> Response:
        view = request.query_params.get("view", "")
        return await _answer(_stamp, workbench, await request.body(), view)

    @app.post("/share/read")
    async def read(request: Request) -> Response:
        return await _answer(_read, await request.body())


async def _answer(work: Any, *arguments: Any) -> Response:
    try:
        answer: Response = await run_in_threadpool(work, *arguments)
    except ExplorerError as error:
        return JSONResponse({"error": str(error)})
    return answer


def _recipe(workbench: Workbench, body: bytes) -> Response:
    view = signed(workbench, parse_view(body))
    command = as_command(view, root=workbench.root)
    texts = {"python": as_python(view, workbench.root), "command": command}
    return JSONResponse(texts | {"link": link_text(view)})


def _export(workbench: Workbench, body: bytes, name: str) -> Response:
    view = parse_view(body)
    content = export(workbench, view, name)
    return _file(content, f"{view.model}-{view.kind}.{name}", EXPORTS[name].media_type)


def _stamp(workbench: Workbench, body: bytes, text: str) -> Response:
    view = signed(workbench, parse_view(text))
    try:
        with Image.open(io.BytesIO(body), formats=["PNG"]) as picture:
            pixels = np.asarray(picture.convert("RGB"))
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError):
        raise DataError("The picture of the map did not arrive. Try again.") from None
    return _file(stamped_png(pixels, view), f"{view.model}-{view.kind}.png", "image/png")


def _read(body: bytes) -> Response:
    return JSONResponse({"view": json.loads(view_text(read_stamp(body)))})


def _file(content: bytes, name: str, media_type: str) -> Response:
    headers = {"content-disposition": f"attachment; filename*=UTF-8''{quote(name)}"}
    return Response(content, media_type=media_type, headers=headers)
