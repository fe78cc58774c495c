"""Attributes of images: which there are, and what moving along them does."""

__all__ = ["attributes"]

import math
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from explorer.cli.options import (
    DEFAULT_ROOT,
    Json,
    Model,
    OptionalPicture,
    Root,
    check_target,
    workbench_of,
)
from explorer.cli.output import print_json, print_table, print_written, write_picture
from explorer.errors import ConfigError

if TYPE_CHECKING:
    import explorer.service.workbench

GRID_STRENGTHS = (-1.0, -0.5, 0.0, 0.5, 1.0)
"""Columns of the grid; 1 is the whole difference between images with and without."""


def attributes(
    model: Model,
    index: Annotated[int, typer.Option(help="Number of the image to edit.")] = 0,
    edits: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            metavar="NAME=STRENGTH",
            help="Move along an attribute, e.g. glasses=1; may be repeated.",
        ),
    ] = None,
    out: OptionalPicture = None,
    root: Root = DEFAULT_ROOT,
    as_json: Json = False,
) -> None:
    """List the attributes of a model, or edit with them.

    --set alone reports the edit. With --out, the sheet shows the edit on the image and on one
    image of every other class; without --set it shows each attribute at several strengths.
    """
    check_target(out, ".png")
    workbench = workbench_of(root)
    if edits:
        _report_edit(workbench, model, index, _strengths(edits), out, as_json=as_json)
        return
    cards = workbench.attributes(model)
    if out is not None:
        _write_strength_grid(workbench, model, index, out)
    if as_json:
        print_json(cards)
        return
    heading = ("attribute", "with it", "without", "direction", "strength", "flips")
    rows = [
        (
            card.name,
            str(card.positives),
            str(card.negatives),
            card.kind,
            f"{card.strength:g}",
            "not measured" if math.isnan(card.flips) else f"{card.flips:.0%}",
        )
        for card in cards
    ]
    print_table([heading, *rows])
    print_written(out)


def _report_edit(
    workbench: "explorer.service.workbench.Workbench",
    model: str,
    index: int,
    strengths: Mapping[str, float],
    target: Path | None,
    *,
    as_json: bool,
) -> None:
    from explorer.service.sheets import labelled_sheet

    edit = workbench.edit(model, index, strengths)
    if target is not None:
        row = workbench.edit_row(model, index, strengths)
        rows = [("before", row.before), ("after", row.after)]
        write_picture(target, labelled_sheet(rows, row.class_names))
    if as_json:
        print_json(
            {
                "model": model,
                "index": index,
                "strengths": strengths,
                "positions": edit.positions,
                "bits_per_dim": edit.bits_per_dim,
            }
        )
        return
    print(f"'{model}', image {index}; -0.5 is the mean without the attribute, 0.5 with it:")
    print_table(
        [
            ("", name, f"{place:+.2f}", f"moved by {strengths[name]:+g}")
            if name in strengths
            else ("", name, f"{place:+.2f}")
            for name, place in edit.positions.items()
        ]
    )
    if not math.isnan(edit.bits_per_dim):
        print(f"{edit.bits_per_dim:.3f} bits/dim after the edit.")
    print_written(target)


def _write_strength_grid(
    workbench: "explorer.service.workbench.Workbench", model: str, index: int, target: Path
) -> None:
    """Write one image moved along each attribute: an attribute a row, a strength a column."""
    import numpy as np

    from explorer.service.sheets import labelled_sheet

    rows = []
    for card in workbench.attributes(model):
        edits = [
            workbench.edit(model, index, {card.name: strength}, with_density=False).pixels
            for strength in GRID_STRENGTHS
        ]
        rows.append((card.name, np.stack(edits)))
    write_picture(target, labelled_sheet(rows, [f"{value:+g}" for value in GRID_STRENGTHS]))


def _strengths(edits: Iterable[str]) -> dict[str, float]:
    strengths = {}
    for text in edits:
        name, _, value = text.partition("=")
        try:
            strengths[name] = float(value)
        except ValueError:
            raise ConfigError(
                f"--set '{text}' gives no number. Write it as attribute=strength, e.g. glasses=1."
            ) from None
    return strengths
