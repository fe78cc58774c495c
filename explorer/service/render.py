"""A view made into the result it stands for."""

__all__ = ["call_of", "check_weights", "places_of", "render", "signed"]

import base64
import binascii
import io
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
from PIL import Image

import explorer
from explorer.data.images import to_png
from explorer.errors import ConfigError, DataError, NotSupportedError
from explorer.service import results
from explorer.service.latent_file import weights_version
from explorer.service.points import add_image, find_point, source_of
from explorer.service.result import Result
from explorer.service.view import (
    EditView,
    KindsView,
    MapView,
    PlaneView,
    RowView,
    StrengthsView,
    StripView,
    TransferView,
    View,
    WalkView,
)
from explorer.service.workbench import Workbench

SHOWN_DIGITS = 16


def signed(workbench: Workbench, view: View) -> View:
    """Return a view that says which weights and version it is of, and holds its own images.

    Raises:
        ConfigError: A source names no point.
    """
    opened = workbench.open(view.model)
    images = {}
    for source in _image_sources(view):
        position = find_point(workbench, view.model, source)
        png = to_png(workbench.picture(view.model, position).pixels)
        images[source] = base64.b64encode(png).decode("ascii")
    return view.model_copy(
        update={
            "weights": weights_version(opened.folder)[:SHOWN_DIGITS],
            "version": explorer.__version__,
            "images": images,
        }
    )


def check_weights(workbench: Workbench, view: View) -> None:
    """Do nothing where the view is of the weights that are here.

    Raises:
        UnknownModelError: The model is not here.
        ConfigError: The model was trained anew since.
    """
    here = weights_version(workbench.open(view.model).folder)[:SHOWN_DIGITS]
    if view.weights and view.weights != here:
        raise ConfigError(
            f"This was made with other weights of '{view.model}' ({view.weights}) than those here "
            f"({here}). Open it where those weights are."
        )


def places_of(workbench: Workbench, view: View) -> dict[str, int]:
    """Return the position of each point a view names, by its source; its images are added.

    Raises:
        UnknownModelError: The model is not here.
        ConfigError: The weights are others, or a source names no point.
        DataError: An image inside the view is damaged.
    """
    check_weights(workbench, view)
    for source, content in view.images.items():
        position = add_image(workbench, view.model, _pixels_of(workbench, view.model, content))
        if source_of(workbench.open(view.model), position) != source:
            raise DataError("An image inside these settings is not the one they name.")
    return {source: find_point(workbench, view.model, source) for source in _sources(view)}


def render(workbench: Workbench, view: View) -> Result:
    """Make the result a view stands for.

    Raises:
        UnknownModelError: The model is not here.
        ConfigError: The weights are others, or a setting is not allowed.
        DataError: An image inside the view is damaged.
        NotSupportedError: It is a map, which only the page draws, or the model has no attributes.
    """
    places_of(workbench, view)
    function, arguments, options = call_of(view)
    return function(workbench, view.model, *arguments, **options)


def call_of(view: View) -> tuple[Callable[..., Result], list[Any], dict[str, Any]]:
    """Return the function of `results` that makes a view's result, and what it is told.

    Raises:
        NotSupportedError: It is a map, which only the page draws.
    """
    match view:
        case WalkView():
            return (
                results.walk_result,
                [view.a, view.b],
                {"steps": view.steps, "methods": view.methods},
            )
        case PlaneView():
            return (
                results.plane_result,
                [view.corners],
                {"size": view.size, "method": view.method},
            )
        case EditView():
            return results.edit_result, [view.a, view.strengths], _kinds(view.kinds)
        case RowView():
            return results.row_result, [view.a, view.strengths], _kinds(view.kinds)
        case StrengthsView():
            return (
                results.strengths_result,
                [view.a, view.attribute, view.strengths],
                _kinds(view.kinds),
            )
        case StripView():
            return (
                results.strip_result,
                [view.a, view.attributes, view.strengths],
                _kinds(view.kinds),
            )
        case KindsView():
            return results.kinds_result, [view.a, view.attribute, view.strength], {}
        case TransferView():
            return (
                results.transfer_result,
                [view.attribute, view.learn_on, view.apply_to, view.strength],
                {},
            )
        case MapView():
            raise NotSupportedError(
                "A map is drawn by the page alone. Open its link, or drop its picture on the page."
            )


def _kinds(kinds: dict[str, str]) -> dict[str, Any]:
    return {"kinds": kinds} if kinds else {}


def _sources(view: View) -> tuple[str, ...]:
    match view:
        case PlaneView():
            return view.corners
        case WalkView() | MapView():
            return (view.a, view.b)
        case TransferView():
            return ()
        case _:
            return (view.a,)


def _image_sources(view: View) -> Iterable[str]:
    """Return the uploaded images a view needs, also as members of means, without their class."""
    parts = [part for source in _sources(view) for part in source.removeprefix("mean:").split("+")]
    return dict.fromkeys(part.split("/")[0] for part in parts if part.startswith("image:"))


def _pixels_of(workbench: Workbench, model: str, content: str) -> np.ndarray:
    channels, height, width = workbench.open(model).data.image_shape
    try:
        png = base64.b64decode(content, validate=True)
        with Image.open(io.BytesIO(png), formats=["PNG"]) as picture:
            if picture.size != (width, height):
                raise DataError("An image inside these settings does not have the model's size.")
            pixels = np.array(picture.convert("L" if channels == 1 else "RGB"))
    except (binascii.Error, OSError, SyntaxError, ValueError):
        raise DataError("An image inside these settings is damaged.") from None
    return pixels.reshape(height, width, channels)
