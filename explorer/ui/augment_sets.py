"""The sets of new images that pages look at, and the routes by which their pictures get there.

| route | answer |
|---|---|
| `GET augment/TOKEN/made.png` | all new images as one picture |
| `GET augment/TOKEN/near.png` | the nearest training image of each, in the same places |
| `GET augment/TOKEN/set.zip` | the set as it is sorted out now |
| `POST augment/open` | takes an archive; `{token}`, or `{error}` with status 200 |
"""

__all__ = [
    "OPEN_LIMIT",
    "OPEN_PATH",
    "SETS",
    "SHEET_COLUMNS",
    "Sets",
    "add_augment_routes",
    "nearest_of",
]

import secrets
import threading
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from fastapi import FastAPI, Request
from jaxtyping import UInt8
from starlette.concurrency import run_in_threadpool
from starlette.responses import JSONResponse, Response

from explorer.data.images import tile, to_png
from explorer.errors import ConfigError, ExplorerError
from explorer.service.augmented_set import AugmentedSet
from explorer.service.set_file import set_bytes
from explorer.service.set_reader import read_set
from explorer.service.workbench import Workbench

OPEN_PATH = "/augment/open"
OPEN_LIMIT = 64 * 2**20
"""Bytes of an archive that is sent; larger ones are opened by their place."""

Pixels = UInt8[np.ndarray, "n height width channel"]

KEPT_SETS = 6
SHEET_COLUMNS = 32


class Sets:
    """The last few sets, by a word that cannot be guessed."""

    def __init__(self) -> None:
        self._sets: OrderedDict[str, AugmentedSet] = OrderedDict()
        self._lock = threading.Lock()

    def add(self, found: AugmentedSet) -> str:
        """Keep a set and return its token; the one looked at longest ago may go."""
        token = secrets.token_urlsafe(12)
        self.put(token, found)
        return token

    def put(self, token: str, found: AugmentedSet) -> None:
        """Keep a set under its token, in place of what was there."""
        with self._lock:
            self._sets[token] = found
            self._sets.move_to_end(token)
            while len(self._sets) > KEPT_SETS:
                self._sets.popitem(last=False)

    def get(self, token: object) -> AugmentedSet:
        """Return a set.

        Raises:
            ConfigError: It is not kept any more; anything can be asked for.
        """
        with self._lock:
            found = self._sets.get(token) if isinstance(token, str) else None
            if found is None:
                raise ConfigError("This set is not kept any more. Make or open it again.")
            self._sets.move_to_end(str(token))
            return found


SETS = Sets()
"""Those of this server."""


def nearest_of(workbench: Workbench, found: AugmentedSet) -> Pixels | None:
    """Return the nearest training image of each; None where the very model is not here."""
    try:
        opened = workbench.open(found.made.model)
    except ExplorerError:
        return None
    gallery, nearest = opened.gallery, found.judged.nearest
    same_shape = gallery.pixels.shape[1:] == found.made.pixels.shape[1:]
    if opened.version != found.made.version or not same_shape:
        return None
    if nearest.min() < 0 or nearest.max() >= len(gallery):
        return None
    pixels: Pixels = gallery.pixels[nearest]
    return pixels


def add_augment_routes(app: FastAPI, workbench: Workbench, sets: Sets = SETS) -> None:
    """Add the routes of this module's table."""

    @app.get("/augment/{token}/made.png")
    def made(token: str) -> Response:
        return _picture(sets, token, lambda found: found.made.pixels)

    @app.get("/augment/{token}/near.png")
    def near(token: str) -> Response:
        return _picture(sets, token, lambda found: nearest_of(workbench, found))

    @app.get("/augment/{token}/set.zip")
    def archive(token: str) -> Response:
        try:
            content = set_bytes(sets.get(token))
        except ExplorerError as error:
            return JSONResponse({"error": str(error)}, status_code=404)
        return Response(content, media_type="application/zip")

    @app.post(OPEN_PATH)
    async def opened(request: Request) -> Response:
        body = await request.body()
        try:
            return JSONResponse({"token": sets.add(await run_in_threadpool(_archived, body))})
        except ExplorerError as error:
            return JSONResponse({"error": str(error)})


def _archived(body: bytes) -> AugmentedSet:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "the file.zip"
        path.write_bytes(body)
        try:
            return read_set(path)
        except ExplorerError as error:
            raise type(error)(str(error).replace(str(path), path.name)) from None


def _picture(
    sets: Sets, token: str, pixels_of: Callable[[AugmentedSet], Pixels | None]
) -> Response:
    try:
        pixels = pixels_of(sets.get(token))
    except ExplorerError:
        pixels = None
    if pixels is None:
        return Response(status_code=404)
    sheet = to_png(tile(pixels, min(SHEET_COLUMNS, len(pixels)), gap=0))
    return Response(sheet, media_type="image/png", headers={"cache-control": "no-store"})
