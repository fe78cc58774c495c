"""Models as one file, and on the Hugging Face Hub."""

__all__ = ["export", "pull", "push"]

from pathlib import Path
from typing import Annotated

import typer

from explorer.cli.options import DEFAULT_ROOT, Model, Root, check_target
from explorer.errors import ConfigError

Repository = Annotated[str, typer.Argument(help="OWNER/NAME on the hub.")]
Name = Annotated[str, typer.Option("--name", help="Its name here; else that of its experiment.")]


def export(
    model: Model,
    out: Annotated[
        Path, typer.Option(help="The .zip file to write; a .pt file for another program.")
    ],
    dialect: Annotated[
        str, typer.Option(help="Write it as another program does: rosinality.")
    ] = "",
    root: Root = DEFAULT_ROOT,
) -> None:
    """Write a model with all that exploring needs into one file, or as another program does.

    `--dialect rosinality` writes a Glow as rosinality/glow-pytorch does, if that is exact.
    """
    if dialect:
        _export_dialect(root, model, dialect, out)
        return
    from explorer.service.model_file import export_model

    check_target(out, ".zip")
    names = export_model(root, model, out)
    print(f"'{model}' is in '{out}': {len(names)} files, {out.stat().st_size / 1e6:.1f} MB.")


def _export_dialect(root: Path, model: str, dialect: str, out: Path) -> None:
    from explorer.service.dialect_file import DIALECTS, export_dialect

    if dialect not in DIALECTS:
        raise ConfigError(f"--dialect is '{dialect}'; known is: {', '.join(DIALECTS)}.")
    check_target(out, ".pt")
    notes = export_dialect(root, model, out)
    print(f"'{model}' is in '{out}', {out.stat().st_size / 1e6:.1f} MB.")
    for note in notes:
        print(f"  Note: {note}.")


def push(
    model: Model,
    repository: Repository,
    public: Annotated[bool, typer.Option("--public", help="Let everybody see it.")] = False,
    root: Root = DEFAULT_ROOT,
) -> None:
    """Upload a model to the Hugging Face Hub."""
    from explorer.service.hub import push_model

    print(f"'{model}' is at {push_model(root, model, repository, public=public)}.")


def pull(repository: Repository, name: Name = "", root: Root = DEFAULT_ROOT) -> None:
    """Download a model from the Hugging Face Hub, and check all of it."""
    from explorer.service.hub import pull_model

    print(f"'{pull_model(root, repository, name)}' is there.")
