"""The page in a window of its own, for people who want a desktop program."""

__all__ = ["check_window", "show_window"]

import importlib
from typing import Any

from explorer.errors import NotSupportedError

SIZE = (1440, 960)
LEAST_SIZE = (390, 600)


def check_window() -> None:
    """Do nothing where a window can be asked for.

    Raises:
        NotSupportedError: pywebview is not installed.
    """
    _webview()


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
    try:
        webview.start()
    except webview.errors.WebViewException as error:
        raise NotSupportedError(
            f"No window can be opened here: {error}. Run `pip install 'pywebview[qt]'`, or open "
            "the page in a browser: python app.py --open."
        ) from None


def _webview() -> Any:
    try:
        return importlib.import_module("webview")
    except ImportError:
        raise NotSupportedError(
            "A window of its own needs pywebview, which is not installed. "
            "Run `pip install -r requirements-window.txt`, or open the page in a browser: "
            "python app.py --open."
        ) from None
