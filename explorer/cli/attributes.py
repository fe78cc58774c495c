"""The commands around attributes, as one group: `python -m explorer attributes COMMAND`."""

__all__ = ["attributes"]

import typer

from explorer.cli.directions import delta, fit, kinds, list_attributes
from explorer.cli.edits import apply, edit, grid
from explorer.cli.evidence import complete, evidence, honesty, transfer
from explorer.cli.teaching import delete, export, import_, learn

attributes = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode=None,
    help="Attributes: what there is, what edits do and rest on, and teaching new ones.",
)

attributes.command("list")(list_attributes)
attributes.command("import")(import_)
for command in (
    edit,
    grid,
    apply,
    kinds,
    evidence,
    honesty,
    transfer,
    complete,
    delta,
    fit,
    learn,
    delete,
    export,
):
    attributes.command()(command)
