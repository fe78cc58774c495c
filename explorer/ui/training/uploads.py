"""Files that are brought to the training tab: written as they arrive, unpacked, deleted again.

| route | takes | answers |
|---|---|---|
| `POST training/upload?name=...` | a ZIP archive of pictures | {folder} or {error} |
| `POST training/import` | a model as one file | {run} or {error} |
| `GET training/brought.json` | nothing | a row an archive: {name, folder, images, size, runs} |
| `POST training/brought/delete?name=...` | nothing | {} or {error} |

What is cut off, refused or cancelled leaves nothing behind.
"""

__all__ = ["LIMITS", "UPLOAD_LIMIT", "add_upload_routes"]

import tempfile
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

from fastapi import FastAPI, Request
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect
from starlette.responses import JSONResponse, Response

from explorer.errors import DataError, ExplorerError
from explorer.service.brought import brought, delete_brought
from explorer.service.datasets import UPLOADS, add_archive
from explorer.service.model_file import import_model

UPLOAD_LIMIT = 200 * 2**20
"""Bytes of an archive. A folder on this machine may be larger and need not be brought."""

IMPORT_LIMIT = 2_000_000_000
LIMITS = {"/training/upload": UPLOAD_LIMIT, "/training/import": IMPORT_LIMIT}
"""Most bytes of a request, by path."""


def add_upload_routes(app: FastAPI, root: Path) -> None:
    """Add the routes of this module's table.

    Args:
        app: The server.
        root: Folder of the models, below which everything is unpacked.
    """

    @app.post("/training/upload")
    async def images(request: Request) -> Response:
        name = request.query_params.get("name", "")[:200]
        return await _taken(
            request, root, lambda path: {"folder": str(add_archive(root, path, name=name))}
        )

    @app.post("/training/import")
    async def model(request: Request) -> Response:
        return await _taken(request, root, lambda path: {"run": import_model(root, path)})

    @app.get("/training/brought.json")
    def before() -> list[dict[str, Any]]:
        return [
            {
                "name": one.name,
                "folder": str(one.folder),
                "images": one.images,
                "size": f"{one.size_mb:,.1f} MB",
                "runs": one.runs,
            }
            for one in brought(root)
        ]

    @app.post("/training/brought/delete")
    def delete(name: str = "") -> dict[str, str]:
        try:
            delete_brought(root, name[:200])
        except DataError as error:
            return {"error": str(error)}
        except OSError as error:
            return {"error": f"'{name[:200]}' could not be deleted: {error.strerror}."}
        return {}


async def _taken(
    request: Request, root: Path, unpack: Callable[[Path], dict[str, str]]
) -> Response:
    """Keep what arrives in a file, and unpack it."""
    try:
        (root / UPLOADS).mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=root / UPLOADS, prefix=".incoming-") as folder:
            arrived = Path(folder) / "file"
            try:
                await _received(request.stream(), arrived)
                return JSONResponse(await run_in_threadpool(unpack, arrived))
            except ExplorerError as error:
                return JSONResponse({"error": str(error).replace(str(arrived), "the file")})
    except ClientDisconnect:
        return Response(status_code=400)
    except OSError as error:  # also where a full disk shows when the file is closed
        return JSONResponse({"error": f"The file could not be kept: {error.strerror}."})


async def _received(chunks: AsyncIterator[bytes], path: Path) -> None:
    with path.open("wb") as file:
        async for chunk in chunks:
            await run_in_threadpool(file.write, chunk)
