"""What attribute edits rest on: evidence, honesty, transfer between classes, completion."""

__all__ = ["complete", "evidence", "honesty", "transfer"]

import csv
import math
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from explorer.cli.assignments import strengths_of
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
from explorer.cli.output import (
    print_json,
    print_progress,
    print_table,
    print_written,
    write_picture,
)
from explorer.cli.points import point
from explorer.errors import ConfigError

if TYPE_CHECKING:
    import explorer.judge.transfer
    import explorer.service.transfer
    import explorer.service.workbench


def evidence(
    model: Model,
    index: Image = "0",
    edits: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="NAME=STRENGTH", help="Another slider; may be repeated."),
    ] = None,
    root: Root = DEFAULT_ROOT,
    as_json: Json = False,
) -> None:
    """Say how far each slider of an image is supported by images, and by whose.

    "own" are strengths that the image's own class supports, "with others" those that other
    classes, shifted to its mean, support as well. Beyond both there is no evidence.
    """
    from explorer.service.evidence import slider_evidence

    workbench = workbench_of(root)
    position = point(workbench, model, index)
    strengths = strengths_of(edits or [])
    found = slider_evidence(workbench, model, position, strengths, report=print_progress)
    if as_json:
        print_json(found)
        return
    print(f"'{model}', image {index}, class '{found.class_name}':")
    heading = ("attribute", "position", "own", "images", "with others", "images", "supported by")
    rows = [
        (
            row.attribute,
            f"{row.place:+.2f}",
            _span(row.own),
            str(row.own_count),
            _span(row.borrowed),
            str(row.borrowed_count),
            {"own": "own class", "borrowed": "other classes", "none": "nothing"}[row.verdict],
        )
        for row in found.sliders
    ]
    print_table([heading, *rows])


def honesty(model: Model, root: Root = DEFAULT_ROOT, as_json: Json = False) -> None:
    """Say how far a model's attribute sliders can be trusted, and what moves with what."""
    import numpy as np

    from explorer.service.honesty import honesty as honesty_of

    found = honesty_of(workbench_of(root), model, print_progress)
    if as_json:
        print_json(found)
        return
    side = np.where(found.forced, 0.0, np.nan_to_num(np.abs(found.drift)))
    heading = ("attribute", "with it", "without", "spread", "area", "one step gives", "moves most")
    rows = []
    for row, name in enumerate(found.attributes):
        other = int(np.argmax(np.where(np.arange(len(side)) == row, -1.0, side[row])))
        rows.append(
            (
                name,
                str(found.positives[row]),
                str(found.negatives[row]),
                _share(found.spread[row]),
                f"{found.auc[row]:.3f}",
                _share(found.changed[row, row]),
                f"{found.attributes[other]} by {found.drift[row, other]:+.3f}",
            )
        )
    print_table([heading, *rows])
    judge = "a classifier that never saw the model" if found.judged_by == "classifier" else None
    print(f"Changes judged by {judge or 'the directions alone, on no picture'}.")
    print(
        f"Area under the ROC curve of the position, on {found.auc_count} images, {found.auc_on}."
    )


def transfer(  # noqa: PLR0913  (an argument an option)
    model: Model,
    attributes: Annotated[
        list[str] | None,
        typer.Option(
            "--attribute",
            help="What to learn; may be repeated. All whose truth is known, if not given.",
        ),
    ] = None,
    learn_on: Annotated[
        str, typer.Option(help="Classes to learn from, with commas.", show_default="all")
    ] = "",
    apply_to: Annotated[
        str, typer.Option(help="Classes to apply it to, with commas.", show_default="all")
    ] = "",
    strength: Annotated[float, typer.Option(help="How far to move.")] = 1.0,
    count: Annotated[int, typer.Option(help="Subjects to measure on.")] = 200,
    seed: Annotated[int, typer.Option(help="Of the random control and the intervals.")] = 0,
    out: OptionalPicture = None,
    root: Root = DEFAULT_ROOT,
    as_json: Json = False,
) -> None:
    """Learn an attribute on some classes, apply it to others, and measure the error.

    The error is known where the data can show the same subject with and without the attribute
    (avatars). No subject's own class teaches the direction that is called "across". With --out
    nothing is measured: gallery images of each class are drawn before and after, for any labelled
    data.
    """
    from explorer.service.transfer import Lesson, transfer_attributes, transfer_errors

    check_target(out, ".png")
    workbench = workbench_of(root)
    known = transfer_attributes(workbench, model)
    class_names = workbench.card(model).class_names
    lessons = [
        Lesson(name, _named(learn_on, class_names), _named(apply_to, class_names), strength)
        for name in attributes or known
    ]
    if not lessons:
        raise ConfigError(
            f"The data of '{model}' show each subject once, so errors are not known. "
            "Give --attribute and --out to see the edit."
        )
    if out is not None:
        if as_json:
            raise ConfigError("--out draws and measures nothing that --json could say. Drop one.")
        _write_transfer(workbench, model, lessons, out)
        print_written(out)
        return
    measured = [
        transfer_errors(workbench, model, lesson, count=count, seed=seed, report=print_progress)
        for lesson in lessons
    ]
    if as_json:
        print_json(measured)
        return
    _print_transfer(measured)


def complete(  # noqa: PLR0913  (an argument an option)
    model: Model,
    class_name: Annotated[str, typer.Option("--class", help="The class to complete.")],
    attributes: Annotated[
        list[str], typer.Option("--attribute", help="What to vary; may be repeated.")
    ],
    out: Picture,
    count: Annotated[int, typer.Option(help="Images to make.")] = 32,
    seed: Annotated[int, typer.Option(help="Same seed, same images.")] = 0,
    root: Root = DEFAULT_ROOT,
    as_json: Json = False,
) -> None:
    """Make images of a class that vary in attributes as all classes do, shifted to its mean."""
    from explorer.cli.output import sheet_columns
    from explorer.data.images import tile
    from explorer.service.completion import complete as completed

    check_target(out, ".png")
    found = completed(
        workbench_of(root), model, class_name, attributes, count, seed, print_progress
    )
    write_picture(out, tile(found.pixels, sheet_columns(count), gap=2))
    if as_json:
        print_json(
            {
                "model": model,
                "class": class_name,
                "attributes": found.attributes,
                "seed": seed,
                "parents": found.parents,
                "targets": found.targets,
                "positions": found.positions,
            }
        )
        return
    print_written(out)


def _write_transfer(
    workbench: "explorer.service.workbench.Workbench",
    model: str,
    lessons: "Iterable[explorer.service.transfer.Lesson]",
    target: Path,
) -> None:
    """Write two rows an attribute and class: gallery images before and after."""
    from explorer.service.result import of_transfers
    from explorer.service.transfer import transfer as transferred

    found = [transferred(workbench, model, lesson, report=print_progress) for lesson in lessons]
    write_picture(target, of_transfers(found).sheet())


def _print_transfer(measured: "Sequence[explorer.judge.transfer.TransferResult]") -> None:
    methods = [row.method for row in measured[0].errors]
    for what in ("pixels", "features"):
        print(f"Mean error in {what}, and across / image with its 95 % interval:")
        rows = []
        for result in measured:
            ratio = result.pixel_ratio if what == "pixels" else result.feature_ratio
            errors = [getattr(row, what).value for row in result.errors]
            share = f"{ratio.value:.2f} ({ratio.low:.2f} to {ratio.high:.2f})"
            rows.append((result.attribute, *(f"{error:.4f}" for error in errors), share))
        print_table([("attribute", *methods, "across / image"), *rows])
    first = measured[0]
    print(f"{first.count} or so held-out subjects each, strength {first.strength:g}, ", end="")
    print(f"seed {first.seed}. A perfect edit has error 0.")


def _named(text: str, known: Sequence[str]) -> tuple[str, ...]:
    """Return the names between commas; one with a comma of its own is quoted, as in CSV."""
    if not text:
        return tuple(known)
    (names,) = csv.reader([text], skipinitialspace=True)
    return tuple(name.strip() for name in names)


def _span(span: tuple[float, float] | None) -> str:
    return "too few" if span is None else f"{span[0]:+.2f} to {span[1]:+.2f}"


def _share(value: float) -> str:
    return "not known" if math.isnan(value) else f"{value:.1%}"
