"""The scripts and skeletons of our own page components, read from `assets/`."""

__all__ = ["ASSETS", "script", "skeleton"]

from pathlib import Path

ASSETS = Path(__file__).resolve().parents[2] / "assets"


def script(*names: str) -> str:
    """Return JavaScript files of `assets/` one after the other, for `gr.HTML(js_on_load=...)`."""
    return "\n".join((ASSETS / name).read_text(encoding="utf-8") for name in names)


def skeleton(name: str) -> str:
    """Return an HTML file of `assets/`, for `gr.HTML(html_template=...)`.

    It never mentions a value: Gradio renders it once and then leaves alone what scripts draw.
    """
    return (ASSETS / name).read_text(encoding="utf-8")
