"""Install a Chromium for the browser tests where there is none; the tests themselves only look.

`python tests/install_chromium.py` does nothing on a machine that has one.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
ASK = """
from playwright.sync_api import sync_playwright
with sync_playwright() as playwright:
    print(playwright.chromium.executable_path)
"""


def is_there() -> bool:
    """Return whether the browser tests will find a Chromium."""
    if any(map(shutil.which, NAMES)) or Path(os.environ.get("CHROMIUM", "")).is_file():
        return True
    # Playwright keeps an event loop for the life of its process, so it gets one of its own
    asked = subprocess.run([sys.executable, "-c", ASK], capture_output=True, text=True, check=True)
    return Path(asked.stdout.strip()).is_file()


def install() -> None:
    """Install a Chromium: by apt as root on Debian and its kin, else into Playwright's folder.

    Raises:
        SystemExit: It could not be installed, with a sentence that says what to do.
    """
    by_apt = os.geteuid() == 0 and shutil.which("apt-get")
    commands = [[sys.executable, "-m", "playwright", "install", "chromium"]]
    if by_apt:
        commands[:0] = [
            ["apt-get", "update", "--quiet"],
            ["apt-get", "install", "--yes", "--quiet", "chromium"],
        ]
    for command in commands:
        if not is_there():
            subprocess.run(command, check=False)
    if not is_there():
        sys.exit(
            "No Chromium was found, and none could be installed. Install Chromium or Chrome, or "
            "set CHROMIUM to the path of one."
        )


if __name__ == "__main__":
    install()
