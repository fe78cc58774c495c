"""Options that several commands have in common, and the checks of their values."""

__all__ = [
    "DEFAULT_ROOT",
    "Image",
    "Json",
    "Model",
    "OptionalPicture",
    "Picture",
    "Root",
    "check_target",
    "workbench_of",
]

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from explorer.errors import ConfigError

if TYPE_CHECKING:
    import explorer.service.workbench

DEFAULT_ROOT = Path(__file__).resolve().parents[2] / "checkpoints"

Root = Annotated[
    Path,
    typer.Option(
        "--root",
        envvar="LATENT_EXPLORER_ROOT",
        help="Folder that holds the models' folders.",
        show_default="checkpoints, in the repository",
    ),
]
Model = Annotated[str, typer.Option("--model", help="Name of a model; see `models`.")]
Image = Annotated[
    str,
    typer.Option("--index", help="The image: its number, e.g. 12, sample:7, or a picture file."),
]
Picture = Annotated[Path, typer.Option("--out", help="PNG file to write.")]
OptionalPicture = Annotated[Path | None, typer.Option("--out", help="PNG file to write.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON for programs.")]


def workbench_of(root: Path) -> "explorer.service.workbench.Workbench":
    """Return the workbench over a folder of models."""
    from explorer.service.workbench import Workbench

    return Workbench(root)


def check_target(path: Path | None, suffix: str) -> None:
    """Check the path of a file to write before anything is computed for it.

    Args:
        path: What `--out` gives; None to write no file.
        suffix: How its name must end, e.g. ".png".

    Raises:
        ConfigError: It is a folder, ends otherwise, or lies where nothing can be written.
    """
    if path is None:
        return
    if path.is_dir():
        raise ConfigError(f"--out '{path}' is a folder. Give the name of a {suffix} file in it.")
    if path.suffix.lower() != suffix:
        raise ConfigError(f"--out '{path}' must end in {suffix}, the kind of file it becomes.")
    parent = next(folder for folder in path.absolute().parents if folder.exists())
    if not parent.is_dir() or not os.access(parent, os.W_OK):
        raise ConfigError(
            f"--out '{path}': '{parent}' is not a folder that can be written to. Give another."
        )
