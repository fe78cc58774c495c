"""The server: our own routes and the Gradio page in one app, behind the guard."""

__all__ = ["build_app", "serve", "serve_window"]

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
from fastapi import FastAPI
from starlette.types import ASGIApp, Receive, Scope, Send

from explorer.errors import ConfigError, ExplorerError
from explorer.service.brought import delete_remains
from explorer.service.walks import walk
from explorer.service.workbench import Workbench
from explorer.ui import layout, own_image
from explorer.ui.augment_sets import OPEN_LIMIT, OPEN_PATH, add_augment_routes
from explorer.ui.guard import BODY_LIMIT, Guard
from explorer.ui.map_data import add_data_routes
from explorer.ui.opening import open_first
from explorer.ui.scripts import ASSETS
from explorer.ui.share import SHARE_LIMIT, add_share_routes
from explorer.ui.training import uploads
from explorer.ui.training.run_routes import add_run_routes

HOSTS = ("localhost", "127.0.0.1", "[::1]")
"""Under which names a page on this machine answers."""

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
    add_data_routes(app, workbench)
    add_share_routes(app, workbench)
    own_image.add_own_image_routes(app)
    add_run_routes(app, workbench)
    uploads.add_upload_routes(app, workbench.root)
    add_augment_routes(app, workbench)
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
        pwa=True,
        **layout.APPEARANCE,
    )
    # Mounting resets it, and takes one for the path "/" only.
    page.favicon_path = str(ASSETS / "icon.png")  # type: ignore[assignment]  # declared None
    larger = {
        "/share/": SHARE_LIMIT,
        own_image.PATH: own_image.BODY_LIMIT,
        **uploads.LIMITS,
        OPEN_PATH: OPEN_LIMIT,
    }
    return Guard(_uncompressed(app), hosts=HOSTS, larger=larger)


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
    with _prepared(workbench, host, port) as (server, listener, url):
        server.ready = lambda: _welcome(workbench, url, open_browser, on_ready)
        server.run(sockets=[listener])


def serve_window(
    workbench: Workbench, *, host: str, port: int, show: Callable[[str], None]
) -> None:
    """Serve the page as long as a window shows it.

    Args:
        workbench: The models.
        host: As for `serve`.
        port: As for `serve`.
        show: Shows the page at an address and returns once the person has closed the window; it
            runs in this thread, as windows must.

    Raises:
        ConfigError: As for `serve`, or the server did not start.
    """
    with _prepared(workbench, host, port) as (server, listener, url):
        answers = threading.Event()
        server.ready = answers.set
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
        thread.start()
        try:
            while not answers.wait(0.1):
                if not thread.is_alive():
                    raise ConfigError("The page did not start. Run `python app.py` to see why.")
            threading.Thread(target=_warm, args=(workbench,), daemon=True).start()
            show(url)
        finally:
            server.should_exit = True
            thread.join(10)


@contextlib.contextmanager
def _prepared(
    workbench: Workbench, host: str, port: int
) -> Iterator[tuple["_Server", socket.socket, str]]:
    """Hold the port and build the server; yield it with its socket and the page's address."""
    address = _loopback(host)
    with _bound(address, port) as listener, _own_temporary_folder():
        shown = f"[{address}]" if ":" in address else address
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
        yield _Server(config), listener, f"http://{shown}:{listener.getsockname()[1]}"


class _NotForPeople(logging.Filter):
    """Keeps quiet that Ctrl-C ends the streams of pages that are still open."""

    def filter(self, record: logging.LogRecord) -> bool:
        error = record.exc_info[1] if record.exc_info else None
        if isinstance(error, asyncio.CancelledError):
            return False
        return "graceful shutdown exceeded" not in record.getMessage()


class _Server(uvicorn.Server):
    """A server that says when it answers.

    Attributes:
        ready: Called once, then.
    """

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.ready: Callable[[], None] = lambda: None

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets=sockets)
        if self.started:
            self.ready()


def _welcome(
    workbench: Workbench, url: str, open_browser: bool, on_ready: Callable[[str], None] | None
) -> None:
    threading.Thread(target=_warm, args=(workbench,), daemon=True).start()
    if on_ready:
        on_ready(url)
    if open_browser:
        threading.Thread(target=webbrowser.open, args=(url,), daemon=True).start()


def _warm(workbench: Workbench) -> None:
    """Do what a first visitor should not wait for: open the first model and walk once, tidy."""
    delete_remains(workbench.root)
    picked = open_first(workbench).picked
    if picked is None:
        return
    try:
        walk(workbench, picked.model, picked.a, picked.b, num_points=2)
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
