"""Results that leave the program: rows of labelled pictures, with their latents if there are any.

Two functions a kind of result: `of_...` lays out what was computed, `..._result` computes it from
the sources of its points. The page exports these results, the command line writes them, and the
lines that people copy call them, so that all three give the same pixels.
"""

__all__ = [
    "Result",
    "edit_result",
    "of_edit",
    "of_grid",
    "of_plane",
    "of_row",
    "of_walk",
    "plane_result",
    "row_result",
    "strengths_result",
    "walk_result",
]

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
import torch
from jaxtyping import UInt8

from explorer.protocol import Latents
from explorer.service.edit_grid import EditGrid, class_positions, strength_grid
from explorer.service.evidence import edit_supports
from explorer.service.plane import Plane, plane
from explorer.service.points import find_point, source_of
from explorer.service.sheets import labelled_sheet, titled
from explorer.service.walks import Walk, walk
from explorer.service.workbench import Workbench

NO_KINDS: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True, slots=True, eq=False)
class Result:
    """Rows of equally many pictures.

    Attributes:
        rows: Label and uint8 pictures, shape (columns, height, width, channel).
        headings: One a column.
        latents: The pictures' latents row by row, shape (rows * columns, dim); None where the
            pictures are not of one latent each.
        title: Over the sheet; none if empty.
        framed: (row, column) of edits that no image of the data supports.
    """

    rows: tuple[tuple[str, UInt8[np.ndarray, "columns height width channel"]], ...]
    headings: tuple[str, ...]
    latents: Latents | None = None
    title: str = ""
    framed: frozenset[tuple[int, int]] = frozenset()

    def sheet(self) -> UInt8[np.ndarray, "sheet_height sheet_width 3"]:
        """Return all pictures with their labels as one picture."""
        sheet = labelled_sheet(self.rows, self.headings, self.framed)
        return titled(sheet, self.title) if self.title else sheet


def of_walk(workbench: Workbench, walked: Walk) -> Result:
    """Lay out a walk, a row a method."""
    opened, count = workbench.open(walked.model), len(walked.rows[0].frames)
    a, b = (source_of(opened, position) for position in (walked.start, walked.end))
    between = [f"{k / (count - 1):.2f}" for k in range(1, count - 1)]
    return Result(
        rows=tuple((row.method, row.frames) for row in walked.rows),
        headings=(f"A: {a}", *between, f"B: {b}"),
        latents=torch.cat([row.latents for row in walked.rows]),
    )


def of_plane(square: Plane) -> Result:
    """Lay out a square between four corners."""
    size = len(square.pixels)
    places = [f"{k / (size - 1):.2f}" for k in range(size)]
    return Result(
        rows=tuple((place, row) for place, row in zip(places, square.pixels, strict=True)),
        headings=tuple(places),
        latents=square.latents.flatten(0, 1),
    )


def of_grid(grid: EditGrid) -> Result:
    """Lay out a grid of strengths."""
    rows = tuple((row, pixels) for row, pixels in zip(grid.rows, grid.pixels, strict=True))
    return Result(rows, grid.columns, title=grid.title, framed=grid.unsupported)


def of_edit(
    workbench: Workbench,
    model: str,
    position: int,
    strengths: Mapping[str, float],
    kinds: Mapping[str, str],
) -> Result:
    """Lay out one image before and after an edit.

    Raises:
        ConfigError: An attribute, a strength or a direction is not allowed.
        NotSupportedError: The model has no attributes.
    """
    before = workbench.drawn(model, [position])
    after = workbench.edit(model, position, strengths, kinds=kinds, with_density=False)
    moved = workbench.edited_latents(model, [position], strengths, kinds=kinds)
    return Result(
        rows=(("before", before), ("after", after.pixels[None])),
        headings=(workbench.picture(model, position).class_name,),
        latents=torch.cat([workbench.latents(model, [position]), moved]),
        framed=_unsupported(workbench, model, [position], strengths, kinds),
    )


def of_row(
    workbench: Workbench,
    model: str,
    position: int,
    strengths: Mapping[str, float],
    kinds: Mapping[str, str],
) -> Result:
    """Lay out one image of each class before and after an edit; the image stands for its class.

    Raises:
        ConfigError: An attribute, a strength or a direction is not allowed.
        NotSupportedError: The model has no attributes.
    """
    row = workbench.edit_row(model, position, strengths, kinds=kinds)
    positions = class_positions(workbench.open(model), position)
    return Result(
        (("before", row.before), ("after", row.after)),
        tuple(row.class_names),
        framed=_unsupported(workbench, model, positions, strengths, kinds),
    )


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


def _unsupported(
    workbench: Workbench,
    model: str,
    positions: Sequence[int],
    strengths: Mapping[str, float],
    kinds: Mapping[str, str],
) -> frozenset[tuple[int, int]]:
    """Return the places, in the second row, of images whose edit no image of the data supports."""
    edits = [(position, strengths) for position in positions]
    supports = edit_supports(workbench, model, edits, kinds)
    return frozenset((1, column) for column, one in enumerate(supports) if one == "none")
