"""Controls of a form, made from settings: one a field, with its help, its range checked later.

Ranges are in the help, not in the control: the browser's own refusals would not say what to do.
"""

__all__ = ["control_of"]

from typing import Any

import gradio as gr
from gradio.components import Component

from explorer.service.form_fields import Field


def control_of(
    field: Field,
    value: Any,
    *,
    elem_id: str,
    label: str = "",
    info: str = "",
    min_width: int = 150,
) -> Component:
    """Return the control of one field where it is called.

    Args:
        field: What it is for.
        value: What it shows first.
        elem_id: By which the page finds it.
        label: Another label than the field's own.
        info: Another help than the field's own.
        min_width: Pixels below which the next control goes to another row.
    """
    common: dict[str, Any] = {
        "label": label or field.label,
        "info": info or field.help,
        "value": value,
        "interactive": True,
        "elem_id": elem_id,
        "elem_classes": ["setting"],
        "min_width": min_width,
    }
    if field.kind == "switch":
        return gr.Checkbox(**common)
    if field.kind == "choice":
        return gr.Dropdown(list(field.choices), **common)
    if field.kind in ("whole", "number") and not field.optional:  # an empty Number shows 0
        return gr.Number(step=1 if field.kind == "whole" else 0.001, **common)
    return gr.Textbox(max_lines=1, **common)
