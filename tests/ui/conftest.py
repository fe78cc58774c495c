"""What the page's tests share: a workbench, a running page, a browser."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="session")
def page_root(tiny_root, tmp_path_factory) -> Path:
    """The tiny models, and beside them one with torn weights and one without a gallery."""
    from tiny_models import BROKEN, GLOW, UNPREPARED

    root = Path(shutil.copytree(tiny_root, tmp_path_factory.mktemp("page") / "checkpoints"))
    for name in (BROKEN, UNPREPARED):
        shutil.copytree(root / GLOW, root / name)
        experiment = root / name / "experiment.json"
        experiment.write_text(experiment.read_text().replace(GLOW, name))
    weights = root / BROKEN / "weights.safetensors"
    weights.write_bytes(weights.read_bytes()[:-7])
    (root / UNPREPARED / "gallery.npz").unlink()
    return root


@pytest.fixture(scope="session")
def workbench(page_root):
    from explorer.service.workbench import Workbench

    return Workbench(page_root)


@contextmanager
def served(root: Path) -> Iterator[str]:
    """The address of a page over a folder of models, served by the command that a person types."""
    command = [sys.executable, "-m", "explorer", "serve", "--port", "0", "--root", str(root)]
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    server = subprocess.Popen(
        command, cwd=REPOSITORY, env=environment, stdout=subprocess.PIPE, text=True
    )
    try:
        words = server.stdout.readline().split()
        address = next((word for word in words if word.startswith("http://")), None)
        assert address, f"the server ended with exit code {server.wait()}"
        yield address
    finally:
        server.terminate()
        server.wait(30)
        server.stdout.close()


@pytest.fixture(scope="session")
def page_address(page_root) -> Iterator[str]:
    """The address of the page that most tests visit."""
    with served(page_root) as address:
        yield address


@pytest.fixture
def own_page(tiny_root, tmp_path) -> Iterator[tuple[str, Path]]:
    """The address of a page whose folder of models the test may change, and that folder."""
    from tiny_models import GLICO

    root = tmp_path / "checkpoints"
    shutil.copytree(tiny_root / GLICO, root / GLICO)
    with served(root) as address:
        yield address, root


@pytest.fixture
def serve():
    """Serve a folder of models while a block runs: `with serve(root) as address`."""
    return served


@pytest.fixture(scope="session")
def browser() -> Iterator:
    """A headless Chromium; a machine that has none fails the tests, it does not skip them."""
    from explorer.benchmarks.chromium import launched

    with launched() as browser:
        yield browser


WHOLE_MAP = {"width": 1280, "height": 1100}
"""A window in which every image of the map can be reached by the pointer, below any notice."""


@pytest.fixture
def visit(browser, page_address) -> Iterator:
    """Open the page as a visitor does; what it must never do is checked at the end."""
    visits = []

    def open_page(link="", **context):
        from explorer.benchmarks.chromium import Visit

        context = {"viewport": WHOLE_MAP} | context
        visits.append(Visit(browser.new_context(**context), page_address, link))
        return visits[-1].page

    yield open_page
    for one in visits:
        one.close()
    assert [one.complaints for one in visits] == [[] for _ in visits]
