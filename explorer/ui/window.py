"""The page in a window of its own, for people who want a desktop program."""

__all__ = ["check_window", "show_window"]

import importlib
import logging
import subprocess
import sys
from typing import Any

from explorer.errors import NotSupportedError

SIZE = (1440, 960)
LEAST_SIZE = (390, 600)
_TRY = "from webview.guilib import initialize; initialize()"


def check_window() -> None:
    """Do nothing where a window can be opened.

    That is tried in a process of its own: without a display, or one of its libraries, Qt does not
    raise but ends the process.

    Raises:
        NotSupportedError: pywebview is not installed, or can draw nothing here.
    """
    _webview()
    tried = subprocess.run([sys.executable, "-c", _TRY], capture_output=True, text=True)
    if tried.returncode != 0:
        raise _no_window(_reason(tried.stderr))


def show_window(url: str) -> None:
    """Show a page in a window and return once it is closed.

    Raises:
        NotSupportedError: pywebview, or what it draws windows with, is not installed.
    """
    webview = _webview()
    webview.create_window(
        "Latent Explorer", url, width=SIZE[0], height=SIZE[1], min_size=LEAST_SIZE
    )
    webview.settings["ALLOW_DOWNLOADS"] = True
    # It reports each toolkit that it does not find, with a traceback, before it takes the next.
    logging.getLogger("pywebview").setLevel(logging.CRITICAL)
    try:
        webview.start()
    except webview.errors.WebViewException as error:
        raise _no_window(str(error)) from None


def _reason(stderr: str) -> str:
    """Return the line that says what is missing: Qt's first, or an exception's last."""
    lines = [line.strip() for line in stderr.splitlines() if line.strip()]
    of_qt = [line for line in lines if line.startswith("qt.")]
    return [*of_qt[:1], *lines[-1:], "no reason was given"][0]


def _no_window(reason: str) -> NotSupportedError:
    return NotSupportedError(
        f"No window can be opened here: {reason.rstrip('.')}. It needs a display and, on Debian "
        "and Ubuntu, `apt install libxcb-cursor0 libxcb-icccm4 libxcb-keysyms1`. Or open the page "
        "in a browser: python app.py --open."
    )


def _webview() -> Any:
    try:
        return importlib.import_module("webview")
    except ImportError:
        raise NotSupportedError(
            "A window of its own needs pywebview, which is not installed. "
            "Run `pip install -r requirements-window.txt`, or open the page in a browser: "
            "python app.py --open."
        ) from None
