"""Results that come back: an exported picture is made anew from the settings inside it."""

__all__ = ["render"]

from pathlib import Path
from typing import Annotated

import typer

from explorer.cli.options import DEFAULT_ROOT, Picture, Root, check_target, workbench_of
from explorer.cli.output import print_written
from explorer.errors import DataError


def render(
    picture: Annotated[Path, typer.Argument(help="A PNG file that the page exported.")],
    out: Picture,
    root: Root = DEFAULT_ROOT,
) -> None:
    """Make an exported picture anew, from the settings inside it, pixel by pixel the same."""
    from explorer.files import write_bytes
    from explorer.service.export import export
    from explorer.service.stamp import read_stamp

    check_target(out, ".png")
    try:
        content = picture.read_bytes()
    except OSError as error:
        raise DataError(f"'{picture}' cannot be read: {error.strerror}.") from None
    write_bytes(out, export(workbench_of(root), read_stamp(content), "png"))
    print_written(out)
