"""Finding and driving a Chromium, for the page's benchmark and its tests."""

__all__ = ["PATIENCE", "Visit", "executable", "launched"]

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, BrowserContext, Playwright, sync_playwright

from explorer.errors import NotSupportedError

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
OPTIONS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-3d-apis",  # WebGL off: nothing on the page needs it
    "--disable-background-networking",
]
PATIENCE = 120_000
"""Milliseconds until a condition is given up: a busy machine is slow, not broken."""


def executable(playwright: Playwright) -> str:
    """Return the Chromium named by CHROMIUM, or installed, or fetched by playwright.

    Raises:
        NotSupportedError: There is none.
    """
    found = [os.environ.get("CHROMIUM"), *map(shutil.which, NAMES)]
    found.append(playwright.chromium.executable_path)
    for path in found:
        if path and Path(path).exists():
            return path
    raise NotSupportedError(
        "No Chromium found. Install one, or `python -m playwright install chromium`, or name one "
        "by the environment variable CHROMIUM."
    )


@contextmanager
def launched() -> Iterator[Browser]:
    """Run a headless Chromium."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable(playwright), args=OPTIONS)
        yield browser
        browser.close()


class Visit:
    """One visitor's page, with everything that must not happen on it written down.

    Attributes:
        page: The page, with the map drawn.
        complaints: Errors of the console, of scripts and of the server, and foreign requests.
    """

    def __init__(self, context: BrowserContext, address: str, link: str = "") -> None:
        """Visit the page; a link is what follows its address."""
        self.complaints: list[str] = []
        self._context = context
        self.page = context.new_page()
        self.page.set_default_timeout(PATIENCE)
        self._watch(address)
        self.page.goto(address + link)
        self.page.wait_for_function("() => window.__map && window.__map.ready")

    def close(self) -> None:
        """Leave the page."""
        self._context.close()

    def _watch(self, address: str) -> None:
        def heard(message: Any) -> None:
            if message.type == "error":
                self.complaints.append(f"console: {message.text}")

        def asked(request: Any) -> None:
            if not request.url.startswith((f"{address}/", "data:", "blob:")):
                self.complaints.append(f"foreign request: {request.url}")

        def answered(response: Any) -> None:
            if response.status >= 400:
                self.complaints.append(f"{response.status}: {response.url}")

        self.page.on("console", heard)
        self.page.on("pageerror", lambda error: self.complaints.append(f"script: {error}"))
        self.page.on("request", asked)
        self.page.on("response", answered)
