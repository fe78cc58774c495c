"""What may not be loaded: the core starts without the page and without slow libraries."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PAGE = {"gradio", "fastapi", "uvicorn"}
SLOW = {"umap", "sklearn", "numba", "plotly", "torchvision", "efficientnet_lite_pytorch"}
CORE = ("explorer.cli", "explorer.service.workbench", "explorer.train.session", "explorer.models")


@pytest.mark.parametrize("module", CORE)
def test_importing_the_core_loads_neither_the_page_nor_a_slow_library(module):
    program = f"import sys, {module}; print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", program],
        capture_output=True,
        text=True,
        cwd=ROOT,
        check=True,
    )
    loaded = set(done.stdout.split())
    assert module in loaded
    assert not loaded & (PAGE | SLOW)


def python_files():
    return sorted((ROOT / "explorer").rglob("*.py"))


def test_no_module_switches_its_annotations_to_text():
    """Shapes in annotations could then not be checked."""
    for path in python_files():
        assert "from __future__ import annotations" not in path.read_text(), path


def test_every_module_says_what_it_is_and_what_it_offers():
    for path in python_files():
        text = path.read_text()
        assert text.lstrip("r").startswith('"""'), path
        if path.name not in ("__init__.py", "__main__.py"):
            assert text.count("\n__all__ = [") == 1, path


def test_nothing_is_unpickled_that_could_run_code():
    for path in python_files():
        text = path.read_text()
        assert text.count("torch.load(") == text.count("weights_only=True"), path
        assert "allow_pickle=True" not in text, path


def test_no_network_address_is_taken_for_granted_by_the_page():
    """Fonts, scripts and styles come from this machine."""
    for path in [*(ROOT / "assets").glob("*.css"), *(ROOT / "assets").glob("*.js")]:
        text = path.read_text()
        assert "http://" not in text.replace("http://www.w3.org/", ""), path
        assert "https://" not in text, path
