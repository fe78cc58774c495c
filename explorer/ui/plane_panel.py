"""The square between A, B and two more images, as a panel that computes when it is seen.

| message to the panel | fields |
|---|---|
| "stale" | key of the square that is wanted |
| "plane" | everything `assets/plane.js` draws |
| "problem" | text; the reason is in the notice |
"""

__all__ = ["Wish", "build", "plane_message", "stale_plane", "wish", "wish_of_view"]

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Literal

import gradio as gr
import numpy as np

from explorer.errors import ConfigError
from explorer.latent.plane import PLANE_METHODS
from explorer.latent.walk_findings import percent
from explorer.service.plane import SIZES, Plane, fitting_corners, plane
from explorer.service.points import find_point, name_of, source_of
from explorer.service.view import PlaneView, View, view_text
from explorer.service.workbench import Workbench
from explorer.ui import arrival
from explorer.ui.convert import sheet
from explorer.ui.events import CHOOSE, COMPUTE, LOOKUP, guarded
from explorer.ui.figures import steps
from explorer.ui.scripts import script, skeleton
from explorer.ui.shared import Picked, Shared

FIRST_SIZE = 5
LEAST_SIZE = 3

Message = dict[str, Any]

PROBLEM: Message = {
    "kind": "problem",
    "text": "This square could not be computed; the notice says why. Choose other corners.",
}


@dataclass(frozen=True, slots=True)
class Wish:
    """The square that is wanted.

    Attributes:
        model: The model.
        corners: Positions of A, B, C, D.
        size: Pictures a side.
        method: One of `PLANE_METHODS`.
    """

    model: str
    corners: tuple[int, int, int, int]
    size: int
    method: str

    @property
    def key(self) -> str:
        """A text that is another for every other square."""
        return f"{self.model}:{':'.join(map(str, self.corners))}:{self.size}:{self.method}"


def wish(
    workbench: Workbench,
    picked: Picked | None,
    size: object,
    method: object,
    lower: Literal["class", "random"] = "class",
    seed: int = 0,
) -> Wish | None:
    """Return the square of a pair and two more images; None without a pair.

    Args:
        workbench: Where the model lies.
        picked: The pair.
        size: Pictures a side, as a browser sent it.
        method: Kind of square, as a browser sent it.
        lower: Which images: of the pair's classes, or any.
        seed: Of the draw.

    Raises:
        ConfigError: The size or the method is none that the page offers.
    """
    if picked is None:
        return None
    c, d = fitting_corners(workbench, picked.model, picked.a, picked.b, lower, seed)
    return _shaped(Wish(picked.model, (picked.a, picked.b, c, d), FIRST_SIZE, ""), size, method)


def stale_plane(wanted: Wish | None) -> Message:
    """Tell the panel which square is wanted; nothing is computed."""
    return {"kind": "stale", "key": wanted.key if wanted else ""}


def plane_message(workbench: Workbench, wanted: Wish) -> Message:
    """Compute a square and return everything the panel draws."""
    made = plane(workbench, wanted.model, wanted.corners, size=wanted.size, method=wanted.method)
    typical = float(np.median(workbench.open(wanted.model).gallery.norms))
    inside, count = int(made.typical.sum()), made.typical.size
    if inside == count:
        headline = f"All {count} latents have a length that is typical of training latents."
    else:
        headline = f"{count - inside} of {count} latents leave the typical length (dashed)."
    low, high = float(made.norms.min()) / typical, float(made.norms.max()) / typical
    if wanted.method == "spherical":
        way = "Spherical: each direction is the weighted mean on the sphere, edges are slerps."
    else:
        way = "Bilinear: weighted sums of the corners, edges are straight lines."
    return {
        "kind": "plane",
        "key": wanted.key,
        "sheet": sheet(list(made.pixels)),
        "size": wanted.size,
        "places": [f"{place:.2f}" for place in steps(wanted.size)],
        "shares": [[percent(float(norm) / typical) for norm in row] for row in made.norms],
        "typical": made.typical.tolist(),
        "note": _named(workbench, made),
        "headline": headline,
        "detail": f"Lengths from {percent(low)} to {percent(high)} of the typical one. {way}",
        "tone": "good" if inside == count else "warm",
        "view": _view(workbench, made),
    }


def build(workbench: Workbench, shared: Shared) -> None:
    """Lay out and wire the square of the picked pair."""
    wanted = gr.State(None)
    draws = gr.State(0)
    with gr.Column(elem_id="plane-card", elem_classes=["card", "plane-card"]):
        with gr.Row(elem_classes=["plane-controls"]):
            method = gr.Radio(
                [("Spherical", "spherical"), ("Bilinear", "bilinear")],
                value="spherical",
                label="Kind of square",
                interactive=True,
            )
            size = gr.Slider(
                LEAST_SIZE, SIZES[1], FIRST_SIZE, step=1, label="Pictures a side", interactive=True
            )
            c = gr.Textbox("", label="Image C", interactive=True)
            d = gr.Textbox("", label="Image D", interactive=True)
            alike = gr.Button("C and D of the same classes", size="sm")
            anything = gr.Button("Random C and D", size="sm")
        panel = gr.HTML(
            value=None,
            html_template=skeleton("plane.html"),
            js_on_load=script("frames.js", "plane.js"),
            apply_default_css=False,
            elem_id="plane-panel",
            elem_classes=["bare"],
        )
    arrival_mark = arrival.build("plane-card")
    shown = [wanted, panel, c, d]

    def told(wished: Wish | None) -> tuple[Wish | None, Message, str, str]:
        if wished is None:
            return None, stale_plane(None), "", ""
        opened = workbench.open(wished.model)
        names = [source_of(opened, position) for position in wished.corners[2:]]
        return wished, stale_plane(wished), names[0], names[1]

    @guarded
    def follow(
        picked: Picked | None, size: object, method: object, before: Wish | None
    ) -> tuple[Wish | None, Message, str, str]:
        if picked and before and (before.model, before.corners[:2]) == _pair(picked):
            return told(before)  # a link or a dropped picture was quicker
        return told(wish(workbench, picked, size, method))

    @guarded
    def restore(view: View | None) -> Any:
        if not isinstance(view, PlaneView):
            return gr.skip()
        wished = wish_of_view(workbench, view)
        return *told(wished), wished.size, wished.method, arrival.arrived()

    def drawing(lower: Literal["class", "random"]) -> Callable[..., Any]:
        @guarded
        def drawn(picked: Picked | None, size: object, method: object, draw: int) -> Any:
            return *told(wish(workbench, picked, size, method, lower, draw + 1)), draw + 1

        return drawn

    @guarded
    def name(wished: Wish | None, c: str, d: str) -> tuple[Wish | None, Message, str, str]:
        if wished is None:
            return told(None)
        lower = [find_point(workbench, wished.model, str(text)) for text in (c, d)]
        a, b = wished.corners[:2]
        return told(replace(wished, corners=(a, b, lower[0], lower[1])))

    @guarded
    def shape(wished: Wish | None, size: object, method: object) -> tuple[Wish | None, Message]:
        changed = wished and _shaped(wished, size, method)
        return changed, stale_plane(changed)

    @guarded
    def show(wished: Wish | None) -> Message:
        return plane_message(workbench, wished) if wished else stale_plane(None)

    shared.picked.change(follow, [shared.picked, size, method, wanted], shown, **LOOKUP)
    shared.view.change(restore, shared.view, [*shown, size, method, arrival_mark], **CHOOSE)
    drawing_from = [shared.picked, size, method, draws]
    alike.click(drawing("class"), drawing_from, [*shown, draws], **CHOOSE)
    anything.click(drawing("random"), drawing_from, [*shown, draws], **CHOOSE)
    gr.on([c.submit, d.submit], name, [wanted, c, d], shown, **CHOOSE)
    gr.on([size.change, method.change], shape, [wanted, size, method], [wanted, panel], **CHOOSE)
    computed = panel.show(show, wanted, panel, api_name="plane", **COMPUTE)
    computed.failure(lambda: PROBLEM, None, panel, **LOOKUP)


def _shaped(wished: Wish, size: object, method: object) -> Wish:
    """Return the square at another size or of another kind; a browser may have sent anything."""
    if not isinstance(size, int | float) or not LEAST_SIZE <= size <= SIZES[1]:
        raise ConfigError(
            f"A square of {size!s:.40} pictures; {LEAST_SIZE} to {SIZES[1]} are shown."
        )
    if not isinstance(method, str) or method not in PLANE_METHODS:
        known = ", ".join(PLANE_METHODS)
        raise ConfigError(f"No square '{method!s:.40}'. Choose one of {known}.")
    return replace(wished, size=int(size), method=method)


def wish_of_view(workbench: Workbench, view: PlaneView) -> Wish:
    """Return the square that a link or a dropped picture asks for.

    Raises:
        ConfigError: A corner is not there, or the method is unknown.
    """
    a, b, c, d = (find_point(workbench, view.model, source) for source in view.corners)
    size = max(LEAST_SIZE, view.size)
    return _shaped(Wish(view.model, (a, b, c, d), size, ""), size, view.method)


def _pair(picked: Picked) -> tuple[str, tuple[int, int]]:
    return picked.model, (picked.a, picked.b)


def _named(workbench: Workbench, made: Plane) -> str:
    opened = workbench.open(made.model)
    a, b, c, d = (name_of(opened, position) for position in made.corners)
    return f"A {a} to B {b} runs to the right, downwards to C {c} and D {d}."


def _view(workbench: Workbench, made: Plane) -> Message:
    """Return what is needed to make this square again."""
    opened = workbench.open(made.model)
    a, b, c, d = (source_of(opened, position) for position in made.corners)
    view = PlaneView(
        model=made.model, corners=(a, b, c, d), size=len(made.pixels), method=made.method
    )
    content: Message = json.loads(view_text(view))
    return content
