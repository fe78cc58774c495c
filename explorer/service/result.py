"""Results laid out to leave the program: rows of labelled pictures, with their latents if any.

The page shows and exports them, the command line writes them; `explorer.service.results` computes
them from settings.
"""

__all__ = [
    "Result",
    "of_edit",
    "of_grid",
    "of_kinds",
    "of_plane",
    "of_row",
    "of_transfers",
    "of_walk",
]

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
import torch
from jaxtyping import UInt8

from explorer.protocol import Latents
from explorer.service.edit_grid import EditGrid, class_positions
from explorer.service.evidence import edit_supports
from explorer.service.kinds import KindCard
from explorer.service.plane import Plane
from explorer.service.points import source_of
from explorer.service.sheets import labelled_sheet, titled
from explorer.service.transfer import Transfer
from explorer.service.walks import Walk
from explorer.service.workbench import Workbench

KIND_TITLES: Mapping[str, str] = MappingProxyType(
    {
        "conditional": "Own class",
        "class": "Its class alone",
        "ridge": "Ridge",
        "pooled": "z_pos - z_neg",
        "logistic": "Logistic",
        "principal": "Variation",
    }
)
"""Short names of the kinds of direction, for headings."""


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


def of_kinds(
    workbench: Workbench,
    model: str,
    position: int,
    cards: Sequence[KindCard],
    attribute: str,
    strength: float,
) -> Result:
    """Lay out one image as it is and moved along every kind of direction."""
    before = workbench.drawn(model, [position])
    pixels = np.concatenate([before, np.stack([card.pixels for card in cards])])
    return Result(
        rows=((f"{strength:+g}", pixels),),
        headings=("as it is", *(KIND_TITLES[card.kind] for card in cards)),
        title=f"{_words(attribute)}, every kind of direction",
    )


def of_transfers(found: Sequence[Transfer]) -> Result:
    """Lay out images before and after edits that other classes taught, two rows a class.

    Args:
        found: At least one.
    """
    several = len(found) > 1
    width = max(len(row.before) for one in found for row in one.rows)
    rows = []
    for one in found:
        for row in one.rows:
            words = _words(row.class_name)
            named = f"{_words(one.lesson.attribute)}, {words}" if several else words
            rows += [(named, _filled(row.before, width)), ("after", _filled(row.after, width))]
    lesson = found[0].lesson
    named = "Attributes" if several else _words(lesson.attribute)
    return Result(
        rows=tuple(rows),
        headings=("",) * width,
        title=f"{named} {lesson.strength:+g}, learned on {', '.join(lesson.learn_on)}",
    )


def _words(name: str) -> str:
    return name.replace("_", " ")


def _filled(
    pixels: UInt8[np.ndarray, "some height width channel"], width: int
) -> UInt8[np.ndarray, "columns height width channel"]:
    """Return pictures with white ones appended up to a number."""
    missing = width - len(pixels)
    return np.concatenate([pixels, np.full((missing, *pixels.shape[1:]), 255, dtype=np.uint8)])


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
