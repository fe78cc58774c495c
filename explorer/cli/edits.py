"""Editing an image along attributes: one edit, a strip of strengths, classes by strengths."""

__all__ = ["apply", "edit", "grid"]

import math
from typing import TYPE_CHECKING, Annotated

import typer

from explorer.cli.assignments import pairs_of, strengths_of
from explorer.cli.options import (
    DEFAULT_ROOT,
    Image,
    Json,
    Model,
    OptionalPicture,
    Picture,
    Root,
    check_target,
    workbench_of,
)
from explorer.cli.output import print_json, print_table, print_written, write_picture
from explorer.cli.points import point

if TYPE_CHECKING:
    pass

STRIP = (-1.0, -0.5, 0.0, 0.5, 1.0)
"""Strengths of a strip; 1 is the whole difference between images with and without."""

Strengths = Annotated[
    list[float] | None, typer.Option("--strength", help="How far, -3 to 3; may be repeated.")
]
Kinds = Annotated[
    list[str] | None,
    typer.Option(
        "--kind",
        metavar="NAME=KIND",
        help="Direction of an attribute, e.g. glasses=ridge; see `attributes kinds`.",
    ),
]


def edit(  # noqa: PLR0913  (an argument an option)
    model: Model,
    edits: Annotated[
        list[str],
        typer.Option(
            "--set",
            metavar="NAME=STRENGTH",
            help="Move along an attribute, e.g. glasses=1; may be repeated.",
        ),
    ],
    index: Image = "0",
    kinds: Kinds = None,
    alone: Annotated[
        bool, typer.Option("--alone", help="Draw this image only, not one of every class.")
    ] = False,
    out: OptionalPicture = None,
    root: Root = DEFAULT_ROOT,
    as_json: Json = False,
) -> None:
    """Move an image along attributes and report where it then lies.

    With --out, the sheet shows the edit on the image and on one image of every other class.
    """
    from explorer.service.result import of_edit, of_row

    check_target(out, ".png")
    workbench = workbench_of(root)
    strengths, chosen = strengths_of(edits), pairs_of(kinds or [], "--kind", "glasses=ridge")
    position = point(workbench, model, index)
    found = workbench.edit(model, position, strengths, kinds=chosen)
    if out is not None:
        layout = of_edit if alone else of_row
        write_picture(out, layout(workbench, model, position, strengths, chosen).sheet())
    if as_json:
        print_json(
            {
                "model": model,
                "index": index,
                "strengths": strengths,
                "positions": found.positions,
                "bits_per_dim": found.bits_per_dim,
            }
        )
        return
    print(f"'{model}', image {index}; -0.5 is the mean without the attribute, 0.5 with it:")
    print_table(
        [
            ("", name, f"{place:+.2f}", f"moved by {strengths[name]:+g}")
            if name in strengths
            else ("", name, f"{place:+.2f}")
            for name, place in found.positions.items()
        ]
    )
    if not math.isnan(found.bits_per_dim):
        print(f"{found.bits_per_dim:.3f} bits/dim after the edit.")
    print_written(out)


def apply(
    model: Model,
    out: Picture,
    attribute: Annotated[
        list[str] | None,
        typer.Option(help="What to move along, a row each; may be repeated. All if not given."),
    ] = None,
    strength: Strengths = None,
    index: Image = "0",
    kinds: Kinds = None,
    root: Root = DEFAULT_ROOT,
) -> None:
    """Draw the strip of an image: one attribute at several strengths, one labelled picture.

    The image may be one of the model's, a sample, or a picture file. Strength 0 is the image as
    the model has it, exactly.
    """
    from explorer.service.edit_grid import attribute_grid
    from explorer.service.result import of_grid

    check_target(out, ".png")
    workbench = workbench_of(root)
    names = attribute or [card.name for card in workbench.attributes(model)]
    chosen = pairs_of(kinds or [], "--kind", "glasses=ridge")
    position = point(workbench, model, index)
    found = attribute_grid(workbench, model, position, names, strength or STRIP, kinds=chosen)
    write_picture(out, of_grid(found).sheet())
    print_written(out)


def grid(
    model: Model,
    attribute: Annotated[str, typer.Option(help="What to move along.")],
    out: Picture,
    strength: Strengths = None,
    index: Image = "0",
    kinds: Kinds = None,
    root: Root = DEFAULT_ROOT,
) -> None:
    """Draw one image of each class at several strengths of an attribute.

    The image stands for its own class.
    """
    from explorer.service.edit_grid import GRID_STRENGTHS, strength_grid
    from explorer.service.result import of_grid

    check_target(out, ".png")
    workbench = workbench_of(root)
    chosen = pairs_of(kinds or [], "--kind", "glasses=ridge")
    position = point(workbench, model, index)
    found = strength_grid(
        workbench, model, position, attribute, strength or GRID_STRENGTHS, kinds=chosen
    )
    write_picture(out, of_grid(found).sheet())
    print_written(out)
