"""A picture of one's own on the page: brought by file, paste or drop, cropped, added as a point.

The browser sends the file as it is to `POST own-image?name=...`, so that every kind of picture is
decoded by the one decoder. The answer is {key, width, height, uri, notes} or {error}; the crop
is then chosen on that preview, and an event asks for the point.

| message to the dialog | fields |
|---|---|
| "model" | name, size, classes: what a picture is made to fit |
| "progress" | share, doing |
| "added" | everything the result shows |
| "problem" | text |

Each message has a number of its own, so that two equal ones are two messages.
"""

__all__ = ["BODY_LIMIT", "PATH", "add_own_image_routes", "build", "result_message", "square_of"]

import itertools
from collections.abc import Iterator
from typing import Any

import gradio as gr
import numpy as np
from fastapi import FastAPI, Request
from PIL import Image
from starlette.concurrency import run_in_threadpool
from starlette.responses import JSONResponse, Response

from explorer.data.intake import MAX_BYTES, shrunk
from explorer.errors import ConfigError, ExplorerError
from explorer.service.own_image import OwnImage, Square, Tray, add_own_image, read_own_image
from explorer.service.plausibility import Plausibility, Reference, plausibility
from explorer.service.points import in_class
from explorer.service.workbench import Workbench
from explorer.ui.background import Done, followed
from explorer.ui.convert import picture_uri
from explorer.ui.events import CHOOSE, LOOKUP, guarded
from explorer.ui.pairs import position_of, with_end
from explorer.ui.scripts import script, skeleton
from explorer.ui.shared import Picked, Shared

PATH = "/own-image"
BODY_LIMIT = MAX_BYTES + 2**16
"""Bytes of a request there: a little over the decoder's limit, whose sentence is better."""

PREVIEW = 420
"""Longest side of the preview, pixels."""

Message = dict[str, Any]

_tray = Tray()
_numbers = itertools.count(1)


def add_own_image_routes(app: FastAPI) -> None:
    """Add the route that takes a file."""

    @app.post(PATH)
    async def take(request: Request) -> Response:
        name = request.query_params.get("name", "")[:200]
        return JSONResponse(await run_in_threadpool(_taken, await request.body(), name))


def square_of(sent: object) -> Square:
    """Return the crop that a browser's event asks for; anything can be sent.

    Raises:
        ConfigError: It is none.
    """
    fields = sent if isinstance(sent, dict) else {}
    left, top, side = (_share(fields.get(name)) for name in ("left", "top", "side"))
    pad = fields.get("pad")
    if left is None or top is None or side is None or not isinstance(pad, bool):
        raise ConfigError("The crop square did not arrive. Move it again.")
    return Square(left, top, side, pad)


def result_message(workbench: Workbench, model: str, position: int) -> Message:
    """Return what the dialog shows of a point that was added."""
    opened = workbench.open(model)
    picture = workbench.picture(model, position)
    measured = plausibility(workbench, model, position)
    return _message(
        "added",
        position=position,
        original=picture_uri(picture.pixels),
        drawn=picture_uri(measured.pixels),
        back=_back(measured),
        exact=measured.exact,
        lines=_lines(measured),
        unusual=measured.unusual,
        label=picture.class_name,
        class_from=picture.class_from,
        classes=list(opened.data.class_names),
    )


def build(workbench: Workbench, shared: Shared) -> None:
    """Lay out and wire the dialog; it is on the page once."""
    panel = gr.HTML(
        value=None,
        html_template=skeleton("own_image.html"),
        js_on_load=script("own_image_crop.js", "own_image.js"),
        apply_default_css=False,
        elem_id="own-image",
        elem_classes=["bare"],
    )

    @guarded
    def tell(picked: Picked | None) -> Message:
        return _model_message(workbench, picked)

    def add(picked: Picked | None, event: gr.EventData) -> Iterator[Any]:
        try:
            yield from _added(workbench, picked, event)
        except ExplorerError as error:
            yield _message("problem", text=str(error)), gr.skip()

    @guarded
    def label(picked: Picked | None, event: gr.EventData) -> Any:
        if picked is None:
            return gr.skip(), gr.skip()
        position = position_of(getattr(event, "position", None))
        name = str(getattr(event, "label", ""))[:200]
        moved = in_class(workbench, picked.model, position, name)
        ends = [moved if end == position else end for end in (picked.a, picked.b)]
        return result_message(workbench, picked.model, moved), Picked(picked.model, *ends)

    shared.picked.change(tell, shared.picked, panel, **LOOKUP)
    adding = panel.bring(guarded(add), shared.picked, [panel, shared.picked], **CHOOSE)
    panel.halt(lambda: None, None, None, cancels=[adding], **LOOKUP)
    panel.relabel(label, shared.picked, [panel, shared.picked], **CHOOSE)


def _taken(content: bytes, name: str) -> Message:
    try:
        own = read_own_image(content, name=name)
    except ExplorerError as error:
        return {"error": str(error)}
    _tray.put(own)
    width, height = own.image.size
    return {
        "key": own.key,
        "width": width,
        "height": height,
        "uri": picture_uri(_preview(own)),
        "notes": list(own.notes),
    }


def _share(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 1:
        return None
    return float(value)


def _preview(own: OwnImage) -> np.ndarray:
    image = own.image.convert("RGBA")
    scale = PREVIEW / max(image.size)
    if scale < 1:
        width, height = (max(1, round(side * scale)) for side in image.size)
        image = shrunk(image, (width, height))
    white = Image.new("RGBA", image.size, "white")
    return np.asarray(Image.alpha_composite(white, image).convert("RGB"))


def _added(workbench: Workbench, picked: Picked | None, event: gr.EventData) -> Iterator[Any]:
    if picked is None:
        raise ConfigError("No model is open. Choose one first.")
    own = _tray.get(getattr(event, "key", None))
    square = square_of(getattr(event, "square", None))
    slot = getattr(event, "slot", None)
    with_end(picked, slot, picked.a)
    model = picked.model
    yield _message("progress", share=0.0, doing="Reading the picture"), gr.skip()
    for step in followed(lambda report: add_own_image(workbench, model, own, square, report)):
        if isinstance(step, Done):
            message = result_message(workbench, model, step.result)
            yield message, with_end(picked, slot, step.result)
        else:
            yield _message("progress", share=step.share, doing=step.doing), gr.skip()


def _model_message(workbench: Workbench, picked: Picked | None) -> Message:
    if picked is None:
        return _message("model", name="", size=0, grey=False)
    channels, height, _ = workbench.open(picked.model).data.image_shape
    title = workbench.card(picked.model).title
    return _message("model", name=title, size=height, grey=channels == 1)


def _message(kind: str, **fields: Any) -> Message:
    return {"kind": kind, "number": next(_numbers), **fields}


def _back(measured: Plausibility) -> str:
    if measured.exact:
        return "Decoding its latent gives the same 8-bit picture, value for value."
    return f"What its latent gives has a PSNR of {measured.psnr:.1f} dB; more is better."


def _lines(measured: Plausibility) -> list[Message]:
    """Return one line a number: name, value, comparison, and whether it is unusual."""
    lines = []
    if measured.bits is not None:
        lines.append(_line("Bits per dimension", f"{measured.bits.value:.2f}", measured.bits))
    if measured.error is not None:
        known = measured.error
        lines.append(_line("Error of the reconstruction", f"{known.value:.3f}", known))
    if measured.norm is not None:
        lines.append(_line("Length of the latent", f"{measured.norm.value:.1f}", measured.norm))
    return lines


def _line(name: str, value: str, known: Reference) -> Message:
    if known.below in (0, 1):
        where = "more" if known.below else "less"
        where = f"{where} than each of {known.count:,} training images"
    else:
        where = f"more than {100 * known.below:.0f} % of {known.count:,} training images"
    return {
        "name": name,
        "value": value,
        "where": f"{where}; 95 % of them: {known.low:.3g} to {known.high:.3g}",
        "side": known.side,
    }
