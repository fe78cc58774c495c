"""Scrolling to what a link or a dropped picture brought back, where it is far down its tab."""

__all__ = ["arrived", "build"]

import uuid

import gradio as gr

from explorer.ui.scripts import script


def build(target: str) -> gr.HTML:
    """Lay out what scrolls the page to an element whenever it is given what `arrived` returns.

    Args:
        target: Id of the element.
    """
    return gr.HTML(
        value=None,
        html_template="",
        js_on_load=f"const target = '{target}';\n" + script("arrival.js"),
        apply_default_css=False,
        elem_classes=["bare", "arrival"],
    )


def arrived() -> str:
    """Return a value that is another each time."""
    return uuid.uuid4().hex
