"""The directions of a model's attributes: listed, compared, found again, taken along as files."""

__all__ = ["delta", "fit", "kinds", "list_attributes"]

import math
from pathlib import Path
from typing import Annotated

import typer

from explorer.cli.options import (
    DEFAULT_ROOT,
    Image,
    Json,
    Model,
    OptionalPicture,
    Root,
    check_target,
    workbench_of,
)
from explorer.cli.output import (
    print_json,
    print_progress,
    print_table,
    print_written,
    write_picture,
)
from explorer.cli.points import point
from explorer.errors import ConfigError


def list_attributes(
    model: Model,
    root: Root = DEFAULT_ROOT,
    as_json: Json = False,
) -> None:
    """List what images of a model can be moved along, and which attributes were refused."""
    workbench = workbench_of(root)
    cards = workbench.attributes(model)
    if as_json:
        print_json(cards)
        return
    heading = ("attribute", "with it", "without", "direction", "strength", "flips", "taught")
    rows = [
        (
            card.name,
            str(card.positives or "-"),
            str(card.negatives or "-"),
            card.kind,
            f"{card.strength:g}",
            "not measured" if math.isnan(card.flips) else f"{card.flips:.0%}",
            "by you" if card.own else "",
        )
        for card in cards
    ]
    print_table([heading, *rows])
    directions = workbench.open(model).directions
    _print_refused({} if directions is None else dict(directions.refused))


def kinds(
    model: Model,
    attribute: Annotated[str, typer.Option(help="What to move along.")],
    index: Image = "0",
    strength: Annotated[float, typer.Option(help="How far, -3 to 3.")] = 1.0,
    out: OptionalPicture = None,
    root: Root = DEFAULT_ROOT,
    as_json: Json = False,
) -> None:
    """Compare the kinds of direction an attribute has for one image, and what each would do."""
    from explorer.service.kinds import compare_kinds
    from explorer.service.result import of_kinds

    check_target(out, ".png")
    workbench = workbench_of(root)
    position = point(workbench, model, index)
    cards = compare_kinds(workbench, model, position, attribute, strength)
    if out is not None:
        shown = of_kinds(workbench, model, position, cards, attribute, strength)
        write_picture(out, shown.sheet())
    if as_json:
        told = [name for name in cards[0].__dataclass_fields__ if name != "pixels"]
        print_json([{name: getattr(card, name) for name in told} for card in cards])
        return
    heading = ("direction", "", "length", "cosine", "error", "with it", "without", "works")
    rows_of_text = [
        (
            card.kind,
            "in use" if card.in_use else "",
            f"{card.length:.3g}",
            f"{card.cosine:.3f}",
            "not known" if math.isnan(card.spread_error) else f"{card.spread_error:.0%}",
            str(card.positives or "-"),
            str(card.negatives or "-"),
            "not measured" if math.isnan(card.flips) else f"{card.flips:.0%}",
        )
        for card in cards
    ]
    print_table([heading, *rows_of_text])
    print("cosine: to the direction in use; error: standard error over draws of the images.")
    print("works: unseen images that have the attribute after a step of strength 1.")
    print_written(out)


def fit(
    model: Model,
    count: Annotated[
        int, typer.Option(min=1, max=100_000, help="Training images to take, at most.")
    ] = 10_000,
    root: Root = DEFAULT_ROOT,
) -> None:
    """Find a model's directions again; its gallery, maps and measurements stay as they are.

    The data the model was trained on must be on this machine.
    """
    from explorer.service.prepare import refit_attributes

    workbench_of(root).card(model)
    found = refit_attributes(root / model, count=count)
    print(
        f"'{model}': {len(found.names)} attributes and {len(found.variations)} directions of "
        "variation without a label."
    )
    _print_refused(dict(found.refused))


def delta(
    model: Model,
    out: Annotated[Path, typer.Option(help="Folder to write deltas.npz and deltas.json into.")],
    data: Annotated[
        Path | None,
        typer.Option(
            help="An experiment's JSON file, or a folder of images with attributes.csv or with "
            "CelebA's own files; what the model was trained on if not given."
        ),
    ] = None,
    count: Annotated[int, typer.Option(min=1, max=100_000, help="Images at most.")] = 10_000,
    root: Root = DEFAULT_ROOT,
    as_json: Json = False,
) -> None:
    """Write z_pos, z_neg and z_delta of every attribute, with the numbers of images behind them.

    z_pos is the mean latent of the images with the attribute, z_neg of those without, z_delta
    their difference.
    """
    from explorer.service.deltas import attribute_deltas, save_deltas

    if out.exists() and not out.is_dir():
        raise ConfigError(f"--out '{out}' is a file. Give the name of a folder.")
    found = attribute_deltas(workbench_of(root), model, data, count=count, report=print_progress)
    arrays, readable = save_deltas(out, found)
    counts = list(
        zip(found.names, found.positives.tolist(), found.negatives.tolist(), strict=True)
    )
    if as_json:
        print_json({"files": [str(arrays), str(readable)], "attributes": counts})
        return
    print_table(
        [("attribute", "with it", "without"), *((n, str(p), str(m)) for n, p, m in counts)]
    )
    _print_refused(dict(found.refused))
    print_written(arrays)
    print_written(readable)


def _print_refused(refused: dict[str, tuple[int, int]]) -> None:
    from explorer.latent.directions import too_few

    for name, counts in refused.items():
        print(too_few(name, *counts))
