"""Edited images side by side: strengths by classes, attributes by strengths, and a chosen few.

Every picture is made once: `EditedPictures` keeps those it has made by the latent they were drawn
from, so that a grid with one row more costs one row, whatever the sliders are called by then.
"""

__all__ = [
    "GRID_STRENGTHS",
    "EditGrid",
    "EditedPictures",
    "attribute_grid",
    "class_positions",
    "strength_grid",
]

import hashlib
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import UInt8

from explorer.errors import ConfigError
from explorer.latent.evidence import Support
from explorer.protocol import Latents
from explorer.service.evidence import edit_supports
from explorer.service.progress import Report, part, unreported
from explorer.service.shelf import OpenModel
from explorer.service.workbench import Workbench

GRID_STRENGTHS = (-2.0, -1.0, 0.0, 1.0, 2.0)
"""Rows of a grid if not given."""

MOST_CELLS = 400
DECODED_AT_ONCE = 8
"""Few, so that a slider on the move waits for one such batch only."""


@dataclass(frozen=True, slots=True, eq=False)
class EditGrid:
    """Pictures in rows and columns with what they show.

    Attributes:
        title: What was changed, for people.
        rows: One label a row.
        columns: One label a column; the classes' names where the columns are classes.
        pixels: uint8, shape (row, column, height, width, channel).
        supports: What supports each picture, row by row; see `explorer.service.evidence`.
    """

    title: str
    rows: tuple[str, ...]
    columns: tuple[str, ...]
    pixels: UInt8[np.ndarray, "row column height width channel"]
    supports: tuple[tuple[Support, ...], ...]

    @property
    def unsupported(self) -> frozenset[tuple[int, int]]:
        """(row, column) of each picture that goes where no image of the data does."""
        return frozenset(
            (row, column)
            for row, supports in enumerate(self.supports)
            for column, support in enumerate(supports)
            if support == "none"
        )


class EditedPictures:
    """Pictures of edited images, each made once; the ones used longest ago make room."""

    def __init__(self, kept: int = 2048) -> None:
        self._kept = kept
        self._pictures: OrderedDict[bytes, UInt8[np.ndarray, "height width channel"]] = (
            OrderedDict()
        )

    def of(
        self,
        workbench: Workbench,
        model: str,
        wanted: Sequence[tuple[int, Mapping[str, float]]],
        *,
        kinds: Mapping[str, str] | None = None,
        report: Report = unreported,
    ) -> UInt8[np.ndarray, "cell height width channel"]:
        """Return the picture of each wanted image, moved along its attributes.

        Strength 0 gives the image as the model has it, exactly.

        Args:
            workbench: Where the model lies.
            model: Its name.
            wanted: Position and strength by attribute of each cell.
            kinds: Kind of direction by attribute, where it is not the one in use.
            report: Told how far it is.

        Raises:
            NotSupportedError: The model has no sliders.
            ConfigError: A position, attribute, kind or strength is not allowed.
        """
        token, keys = workbench.open(model).token, []
        moved: dict[bytes, Latents] = {}
        for position, strengths in wanted:
            latent = workbench.edited_latents(model, [position], strengths, kinds=kinds or {})
            still = not any(strengths.values())
            key = hashlib.sha256(f"{token} {position if still else ''} ".encode())
            key.update(latent.numpy().tobytes())
            keys.append(key.digest())
            if keys[-1] in self._pictures:
                self._pictures.move_to_end(keys[-1])
            elif still:
                self._pictures[keys[-1]] = workbench.drawn(model, [position])[0]
            else:
                moved[keys[-1]] = latent
        for first in range(0, len(moved), DECODED_AT_ONCE):
            report(first / len(moved), "drawing the edited images")
            part = list(moved)[first : first + DECODED_AT_ONCE]
            latents = torch.cat([moved[key] for key in part])
            drawn = workbench.decode(model, latents, as_sample=True)
            self._pictures.update(zip(part, drawn, strict=True))
        pictures = np.stack([self._pictures[key] for key in keys])
        while len(self._pictures) > self._kept:
            self._pictures.popitem(last=False)
        return pictures


def strength_grid(  # noqa: PLR0913 (what is drawn, and how)
    workbench: Workbench,
    model: str,
    position: int,
    attribute: str,
    strengths: Sequence[float] = GRID_STRENGTHS,
    *,
    kinds: Mapping[str, str] | None = None,
    pictures: EditedPictures | None = None,
    report: Report = unreported,
) -> EditGrid:
    """Return one image of each class, a column each, at several strengths, a row each.

    Args:
        workbench: Where the model lies.
        model: Its name.
        position: Of the image that stands for its own class.
        attribute: What is moved.
        strengths: Of each row, in [-3, 3].
        kinds: Kind of direction by attribute, where it is not the one in use.
        pictures: Where pictures are kept from one grid to the next.
        report: Told how far it is.

    Raises:
        NotSupportedError: The model has no sliders.
        ConfigError: An argument is not allowed, or the grid would have more than 400 pictures.
    """
    opened = workbench.open(model)
    columns = class_positions(opened, position)
    _check_size(len(strengths), len(columns))
    wanted = [(column, {attribute: strength}) for strength in strengths for column in columns]
    pixels, supports = _cells(workbench, model, wanted, len(columns), kinds, pictures, report)
    return EditGrid(
        title=f"{_words(attribute)} on one image of each class",
        rows=tuple(f"{strength:+g}" if strength else "0" for strength in strengths),
        columns=tuple(_words(name) for name in opened.data.class_names),
        pixels=pixels,
        supports=supports,
    )


def attribute_grid(  # noqa: PLR0913 (what is drawn, and how)
    workbench: Workbench,
    model: str,
    position: int,
    attributes: Sequence[str],
    strengths: Sequence[float] = GRID_STRENGTHS,
    *,
    kinds: Mapping[str, str] | None = None,
    pictures: EditedPictures | None = None,
    report: Report = unreported,
) -> EditGrid:
    """Return one image moved along several attributes, a row each, a column a strength.

    For the arguments and errors see `strength_grid`.
    """
    opened = workbench.open(model)
    _check_size(len(attributes), len(strengths))
    wanted = [(position, {name: strength}) for name in attributes for strength in strengths]
    pixels, supports = _cells(workbench, model, wanted, len(strengths), kinds, pictures, report)
    class_name = _words(opened.data.class_names[opened.label(position)])
    return EditGrid(
        title=f"{_called(opened, position)} ({class_name}) moved along each attribute alone",
        rows=tuple(_words(name) for name in attributes),
        columns=tuple(f"{strength:+g}" if strength else "0" for strength in strengths),
        pixels=pixels,
        supports=supports,
    )


def class_positions(opened: OpenModel, position: int) -> list[int]:
    """Return one image of each class, in class order: the given one, and the first of the others.

    Args:
        opened: The model.
        position: Of an image of its gallery, or of a guest.
    """
    own, labels = opened.label(position), opened.gallery.labels
    return [
        position if label == own else int(np.argmax(labels == label))
        for label in range(len(opened.data.class_names))
    ]


def _cells(
    workbench: Workbench,
    model: str,
    wanted: Sequence[tuple[int, Mapping[str, float]]],
    columns: int,
    kinds: Mapping[str, str] | None,
    pictures: EditedPictures | None,
    report: Report,
) -> tuple[UInt8[np.ndarray, "row column height width channel"], tuple[tuple[Support, ...], ...]]:
    """Return the pictures of a grid and what supports each, both in rows."""
    drawn = (pictures or EditedPictures()).of(
        workbench, model, wanted, kinds=kinds, report=part(report, 0.0, 0.6)
    )
    supports = edit_supports(workbench, model, wanted, kinds or {}, part(report, 0.6, 1.0))
    rows = [supports[first : first + columns] for first in range(0, len(supports), columns)]
    return drawn.reshape(len(rows), columns, *drawn.shape[1:]), tuple(rows)


def _check_size(rows: int, columns: int) -> None:
    if not 1 <= rows * columns <= MOST_CELLS:
        raise ConfigError(
            f"A grid of {rows} rows and {columns} columns has {rows * columns} pictures; 1 to "
            f"{MOST_CELLS} are drawn. Choose fewer attributes or strengths."
        )


def _called(opened: OpenModel, position: int) -> str:
    """Return what a title calls an image: the same wherever an image of one's own is put."""
    if position < len(opened.gallery):
        return f"Image {position}"
    return "One's own image" if opened.guests.get(position).origin == "uploaded" else "An image"


def _words(name: str) -> str:
    return name.replace("_", " ")
