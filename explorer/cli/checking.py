"""Looking at data before a model learns from them."""

__all__ = ["check"]

from typing import Annotated

import typer

from explorer.cli.options import DEFAULT_ROOT, Json, OptionalPicture, Root, check_target
from explorer.cli.output import (
    print_json,
    print_progress,
    print_table,
    print_written,
    write_picture,
)


def check(
    named: Annotated[
        str,
        typer.Option(
            "--data",
            metavar="SET|FOLDER|ZIP|JSON",
            help="A known set, a folder, a ZIP archive, or an experiment file.",
        ),
    ],
    image_size: Annotated[
        int | None, typer.Option(min=8, max=256, help="Height and width to train with, pixels.")
    ] = None,
    shots: Annotated[
        int | None, typer.Option(min=1, help="Images a class to train with; all if not given.")
    ] = None,
    out: OptionalPicture = None,
    root: Root = DEFAULT_ROOT,
    as_json: Json = False,
) -> None:
    """Look at images before training: counts, broken files, duplicates, sizes; go or not.

    Exit code 2 means that no model can be trained on them as they are.
    """
    from explorer.service.data_check import check_data
    from explorer.service.data_sheet import data_sheet
    from explorer.service.datasets import data_settings

    check_target(out, ".png")
    changes = {"image_size": image_size, "shots": shots}
    settings = data_settings(named, root, print_progress).model_copy(
        update={name: value for name, value in changes.items() if value is not None}
    )
    found = check_data(settings, print_progress)
    print_progress(1.0, "Looked at the images")
    if out is not None and found.pictures:
        write_picture(out, data_sheet(found))
    if as_json:
        print_json(
            {
                "data": settings.model_dump(),
                "can_go": found.can_go,
                "verdict": found.verdict,
                "classes": found.classes,
                "findings": found.findings,
            }
        )
    else:
        print(f"{settings.name}: {settings.root}" if settings.root else settings.name)
        for row in found.classes:
            print_table([("", row.name, f"{row.train:,} to train", f"{row.test:,} held out")])
        for finding in found.findings:
            print(f"[{finding.tone}] {finding.text} {finding.next_step}".rstrip())
            for item in finding.items:
                print(f"    {item}")
        print(found.verdict)
        print_written(out if found.pictures else None)
    if not found.can_go:
        raise typer.Exit(2)
