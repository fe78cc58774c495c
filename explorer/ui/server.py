"""The server: our own routes and the Gradio page in one app, behind the guard."""

__all__ = ["build_app", "serve"]

import asyncio
import contextlib
import ipaddress
import logging
import os
import socket
import tempfile
import threading
import webbrowser
from collections.abc import Callable, Iterator

import gradio as gr
import uvicorn
from fastapi import FastAPI, HTTPException
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from explorer.errors import ConfigError, ExplorerError
from explorer.service.shelf import OpenModel
from explorer.service.workbench import Workbench
from explorer.ui import layout
from explorer.ui.guard import BODY_LIMIT, Guard
from explorer.ui.latent_map import about_bytes, atlas_bytes, points_bytes

HOSTS = ("localhost", "127.0.0.1", "[::1]")
"""Under which names a page on this machine answers."""

_FOREVER = {"cache-control": "private, max-age=31536000, immutable"}
_GONE = HTTPException(404, "There is no such data; reload the page.")
_IGNORED = (
    "GRADIO_SHARE",
    "GRADIO_ALLOWED_PATHS",
    "GRADIO_SERVER_NAME",
    "GRADIO_LOCAL_DEV_MODE",
    "GRADIO_ROOT_PATH",
)
"""Settings by which the environment could open the page to others."""

_log = logging.getLogger(__name__)


def build_app(workbench: Workbench) -> ASGIApp:
    """Return the whole page as an ASGI app, guarded, for a server on this machine only."""
    for name in _IGNORED:
        os.environ.pop(name, None)
    app = FastAPI(openapi_url=None, docs_url=None, redoc_url=None)
    _add_data_routes(app, workbench)
    page = layout.build(workbench)
    page.queue(api_open=False, max_size=64, default_concurrency_limit=1)
    gr.mount_gradio_app(
        app,
        page,
        path="",
        show_error=False,
        max_file_size=BODY_LIMIT,
        enable_monitoring=False,
        run_history=False,
        footer_links=[],
        mcp_server=False,
        ssr_mode=False,
        pwa=False,
        **layout.APPEARANCE,
    )
    return Guard(_uncompressed(app), hosts=HOSTS)


def serve(
    workbench: Workbench,
    *,
    host: str,
    port: int,
    open_browser: bool,
    on_ready: Callable[[str], None] | None = None,
) -> None:
    """Serve the page until the process is told to stop.

    Args:
        workbench: The models.
        host: A loopback address or "localhost".
        port: 1 to 65535, or 0 for any free one.
        open_browser: Whether to open the page in the person's browser.
        on_ready: Told the page's address once it answers.

    Raises:
        ConfigError: The address is not of this machine alone, or the port cannot be had.
    """
    address = _loopback(host)
    with _bound(address, port) as listener, _own_temporary_folder():
        shown = f"[{address}]" if ":" in address else address
        url = f"http://{shown}:{listener.getsockname()[1]}"
        config = uvicorn.Config(
            build_app(workbench),
            log_level="warning",
            access_log=False,
            proxy_headers=False,
            server_header=False,
            timeout_keep_alive=10,
            timeout_graceful_shutdown=1,
        )
        logging.getLogger("uvicorn.error").addFilter(_NotForPeople())
        server = _Server(config, lambda: _welcome(workbench, url, open_browser, on_ready))
        server.run(sockets=[listener])


class _NotForPeople(logging.Filter):
    """Keeps quiet that Ctrl-C ends the streams of pages that are still open."""

    def filter(self, record: logging.LogRecord) -> bool:
        error = record.exc_info[1] if record.exc_info else None
        if isinstance(error, asyncio.CancelledError):
            return False
        return "graceful shutdown exceeded" not in record.getMessage()


class _Server(uvicorn.Server):
    """A server that says when it answers."""

    def __init__(self, config: uvicorn.Config, ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._ready = ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets=sockets)
        if self.started:
            self._ready()


def _welcome(
    workbench: Workbench, url: str, open_browser: bool, on_ready: Callable[[str], None] | None
) -> None:
    threading.Thread(target=_warm, args=(workbench,), daemon=True).start()
    if on_ready:
        on_ready(url)
    if open_browser:
        threading.Thread(target=webbrowser.open, args=(url,), daemon=True).start()


def _warm(workbench: Workbench) -> None:
    """Open the first model and walk once, so that the first visitor need not wait for it."""
    picked = layout.open_first(workbench).picked
    if picked is None:
        return
    try:
        workbench.walk(picked.model, picked.a, picked.b, num_points=2)
    except ExplorerError as error:
        _log.warning("'%s' could not be tried out: %s", picked.model, error)


def _uncompressed(app: ASGIApp) -> ASGIApp:
    """Keep Gradio from compressing its scripts at each visit: the browser is on this machine."""

    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            headers = [pair for pair in scope["headers"] if pair[0] != b"accept-encoding"]
            scope = {**scope, "headers": headers}
        await app(scope, receive, send)

    return answer


def _add_data_routes(app: FastAPI, workbench: Workbench) -> None:
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
        if name not in opened.layouts:
            raise _GONE
        content = points_bytes(opened, name)
        return Response(content, media_type="application/octet-stream", headers=_FOREVER)

    @app.get("/explore/{model}/{token}/about.json")
    def about(model: str, token: str) -> Response:
        content = about_bytes(found(model, token))
        return Response(content, media_type="application/json", headers=_FOREVER)


def _loopback(host: str) -> str:
    """The address to bind for a host that means this machine alone."""
    try:
        address = ipaddress.ip_address("127.0.0.1" if host == "localhost" else host.strip("[]"))
    except ValueError:
        address = None
    if address is None or f"{address}" not in ("127.0.0.1", "::1"):
        raise ConfigError(
            f"host is '{host}'; the page is for this machine only and answers on 127.0.0.1, ::1 "
            "or localhost. From elsewhere, forward the port: ssh -L 7860:localhost:7860 MACHINE."
        )
    return str(address)


@contextlib.contextmanager
def _bound(address: str, port: int) -> Iterator[socket.socket]:
    """Hold the port before anything slow begins."""
    if not 0 <= port <= 65535:
        raise ConfigError(f"port is {port}; it must lie in 0 to 65535.")
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((address, port))
            listener.listen()
        except OSError as error:
            other = port + 1 if port < 65535 else port - 1
            raise ConfigError(
                f"Port {port} of {address} cannot be used ({os.strerror(error.errno or 0)}). "
                f"Stop what uses it, or choose another: --port {other}."
            ) from None
        yield listener


@contextlib.contextmanager
def _own_temporary_folder() -> Iterator[None]:
    """Keep Gradio's files in a folder of our own, which goes with the server."""
    with tempfile.TemporaryDirectory(prefix="latent-explorer-") as folder:
        os.environ["GRADIO_TEMP_DIR"] = folder
        yield
