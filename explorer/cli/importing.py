"""Models that come in as files: ours as one file, and checkpoints of other programs."""

__all__ = ["import_"]

from pathlib import Path
from typing import Annotated

import typer

from explorer.cli.options import DEFAULT_ROOT, Json, Root
from explorer.cli.output import print_json, print_progress
from explorer.errors import ConfigError


def import_(  # noqa: PLR0913  (an argument an option)
    files: Annotated[
        list[Path],
        typer.Argument(
            help="A file that `export` wrote, or a checkpoint of another program; of a GLICO two "
            "files, its codes and its generator."
        ),
    ],
    name: Annotated[
        str, typer.Option(help="Name of the new model; its file's if not given.")
    ] = "",
    image_size: Annotated[
        int | None,
        typer.Option(min=8, max=256, help="Height and width, where the file does not tell."),
    ] = None,
    bits: Annotated[
        int | None,
        typer.Option(min=1, max=8, help="Bits a value it was trained with, if not the usual."),
    ] = None,
    data: Annotated[
        str, typer.Option(help="Data set it was trained on; if not given, its samples are shown.")
    ] = "",
    data_root: Annotated[
        Path | None, typer.Option(help="Folder that holds the data set's files.")
    ] = None,
    count: Annotated[
        int | None, typer.Option(min=8, max=20_000, help="Images to show, at most.")
    ] = None,
    root: Root = DEFAULT_ROOT,
    as_json: Json = False,
) -> None:
    """Take a model in: a file that `export` wrote, or a checkpoint of another Glow or GLICO.

    Known are files of chaiyujin/glow-pytorch, rosinality/glow-pytorch, y0ast/Glow-PyTorch and
    IdanAzuri/glico-learning-small-sample. Only tensors and numbers are read: no code in a file
    is ever run.
    """
    from explorer.interop.conversion import Hints
    from explorer.service.import_model import import_model
    from explorer.service.model_file import import_model as take_model_in
    from explorer.service.model_file import is_model_file
    from explorer.settings import DataSettings

    if len(files) == 1 and is_model_file(files[0]):
        if data or data_root or image_size or bits or count:
            raise ConfigError(
                f"'{files[0]}' is a whole model; of the options only --name fits it."
            )
        taken = take_model_in(root, files[0], name)
        print_json({"name": taken}) if as_json else print(f"'{taken}' is there.")
        return
    if data_root is not None and not data:
        raise ConfigError("--data-root says where a data set lies. Give its name with --data.")
    settings = (
        DataSettings(name=data, root=None if data_root is None else str(data_root))
        if data
        else None
    )
    done = import_model(
        root,
        files,
        name or files[0].stem,
        hints=Hints(image_size, bits),
        data=settings,
        count=count,
        report=print_progress,
    )
    if as_json:
        print_json(done)
        return
    channels, height, width = done.image_shape
    print(
        f"'{done.name}' is ready: a {done.model} written by {done.dialect}, {done.parameters:,} "
        f"parameters, images of {height}x{width}x{channels}."
    )
    for note in done.notes:
        print(f"  Note: {note}.")
    if done.own_images:
        print(f"  It came without its data: the gallery shows {done.images} of its own pictures.")
    print(f"Next:\n  python -m explorer serve --open{_root(root)}")


def _root(root: Path) -> str:
    return "" if root == DEFAULT_ROOT else f" --root {root}"
