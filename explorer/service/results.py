"""Results computed from settings alone: the model, the sources of its points, and numbers.

The page exports what these functions return, the command line writes it, and the lines that people
copy call them, so that all three give the same pixels.
"""

__all__ = [
    "edit_result",
    "kinds_result",
    "plane_result",
    "row_result",
    "strengths_result",
    "strip_result",
    "transfer_result",
    "walk_result",
]

from collections.abc import Mapping, Sequence
from types import MappingProxyType

from explorer.service.edit_grid import attribute_grid, strength_grid
from explorer.service.kinds import compare_kinds
from explorer.service.plane import plane
from explorer.service.points import find_point
from explorer.service.result import (
    Result,
    of_edit,
    of_grid,
    of_kinds,
    of_plane,
    of_row,
    of_transfers,
    of_walk,
)
from explorer.service.transfer import Lesson, transfer
from explorer.service.walks import walk
from explorer.service.workbench import Workbench

NO_KINDS: Mapping[str, str] = MappingProxyType({})


def walk_result(
    workbench: Workbench, model: str, a: str, b: str, *, steps: int, methods: Sequence[str]
) -> Result:
    """Return a walk between two points, a row a method.

    Args:
        workbench: Where the model lies.
        model: The model.
        a: Source of the first point, see `explorer.service.points`.
        b: Source of the last.
        steps: Pictures a row, 2 to 33.
        methods: Of `explorer.latent.interpolate.METHODS`.

    Raises:
        ConfigError: A source, method or number is not allowed.
    """
    start, end = find_point(workbench, model, a), find_point(workbench, model, b)
    walked = walk(workbench, model, start, end, num_points=steps, methods=methods)
    return of_walk(workbench, walked)


def plane_result(
    workbench: Workbench,
    model: str,
    corners: tuple[str, str, str, str],
    *,
    size: int,
    method: str,
) -> Result:
    """Return a square of pictures between four points: the first two on top, then below.

    Raises:
        ConfigError: A source, the method or the size is not allowed.
    """
    places = [find_point(workbench, model, source) for source in corners]
    return of_plane(plane(workbench, model, places, size=size, method=method))


def edit_result(
    workbench: Workbench,
    model: str,
    a: str,
    strengths: Mapping[str, float],
    *,
    kinds: Mapping[str, str] = NO_KINDS,
) -> Result:
    """Return one image before and after an edit.

    Args:
        workbench: Where the model lies.
        model: The model.
        a: Source of the image.
        strengths: Strength by attribute.
        kinds: Kind of direction by attribute, where it is not the one in use.

    Raises:
        ConfigError: The source, an attribute, a strength or a direction is not allowed.
        NotSupportedError: The model has no attributes.
    """
    return of_edit(workbench, model, find_point(workbench, model, a), strengths, kinds)


def row_result(
    workbench: Workbench,
    model: str,
    a: str,
    strengths: Mapping[str, float],
    *,
    kinds: Mapping[str, str] = NO_KINDS,
) -> Result:
    """Return one image of each class before and after the same edit; `a` stands for its class.

    Raises:
        ConfigError: As for `edit_result`.
        NotSupportedError: The model has no attributes.
    """
    return of_row(workbench, model, find_point(workbench, model, a), strengths, kinds)


def strengths_result(
    workbench: Workbench,
    model: str,
    a: str,
    attribute: str,
    strengths: Sequence[float],
    *,
    kinds: Mapping[str, str] = NO_KINDS,
) -> Result:
    """Return one image of each class, a column each, at several strengths, a row each.

    Raises:
        ConfigError: As for `edit_result`.
        NotSupportedError: The model has no attributes.
    """
    position = find_point(workbench, model, a)
    return of_grid(strength_grid(workbench, model, position, attribute, strengths, kinds=kinds))


def strip_result(
    workbench: Workbench,
    model: str,
    a: str,
    attributes: Sequence[str],
    strengths: Sequence[float],
    *,
    kinds: Mapping[str, str] = NO_KINDS,
) -> Result:
    """Return one image moved along several attributes, a row each, a column a strength.

    Raises:
        ConfigError: As for `edit_result`.
        NotSupportedError: The model has no attributes.
    """
    position = find_point(workbench, model, a)
    return of_grid(attribute_grid(workbench, model, position, attributes, strengths, kinds=kinds))


def kinds_result(
    workbench: Workbench, model: str, a: str, attribute: str, strength: float
) -> Result:
    """Return one image as it is and moved along every kind of direction of an attribute.

    Raises:
        ConfigError: As for `edit_result`.
        NotSupportedError: The model has no attributes.
    """
    position = find_point(workbench, model, a)
    cards = compare_kinds(workbench, model, position, attribute, strength)
    return of_kinds(workbench, model, position, cards, attribute, strength)


def transfer_result(
    workbench: Workbench,
    model: str,
    attribute: str,
    learn_on: Sequence[str],
    apply_to: Sequence[str],
    strength: float,
) -> Result:
    """Return images of some classes before and after an edit that other classes taught.

    Raises:
        ConfigError: An attribute or class is unknown, or the strength out of range.
        DataError: The classes have too few images to learn from, or to show.
        NotSupportedError: The model's data have no labelled attributes.
    """
    lesson = Lesson(attribute, tuple(learn_on), tuple(apply_to), strength)
    return of_transfers([transfer(workbench, model, lesson)])
