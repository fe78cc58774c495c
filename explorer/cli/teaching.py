"""Teaching a model attributes of one's own, and carrying them to another copy of it."""

__all__ = ["delete", "export", "import_", "learn"]

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from explorer.cli.options import DEFAULT_ROOT, Json, Model, Root, check_target, workbench_of
from explorer.cli.output import print_json, print_progress, print_written
from explorer.cli.points import point
from explorer.errors import ConfigError

if TYPE_CHECKING:
    import explorer.service.own_attributes
    import explorer.service.workbench

Name = Annotated[str, typer.Option("--name", help="Name of the attribute.")]


def learn(
    model: Model,
    name: Annotated[str, typer.Option(help="Name of the new attribute.")] = "",
    with_it: Annotated[
        str, typer.Option("--with", help="Images with it: a folder, or numbers as 3,8,15.")
    ] = "",
    without_it: Annotated[
        str, typer.Option("--without", help="Images without it: a folder, or numbers.")
    ] = "",
    table: Annotated[
        Path | None,
        typer.Option(help="CSV instead: image file, then a column of 0 and 1 an attribute."),
    ] = None,
    root: Root = DEFAULT_ROOT,
    as_json: Json = False,
) -> None:
    """Teach a model an attribute: by two sets of its images, two folders, or a table."""
    from explorer.service import own_attributes

    workbench = workbench_of(root)
    if table is not None:
        if name or with_it or without_it:
            raise ConfigError("--table names attributes and images itself. Leave the others out.")
        learned = own_attributes.learn_from_table(workbench, model, table, print_progress)
    elif not (name and with_it and without_it):
        raise ConfigError("Give --name, --with and --without, or --table alone.")
    elif Path(with_it).is_dir() and Path(without_it).is_dir():
        folders = Path(with_it), Path(without_it)
        learned = (
            own_attributes.learn_from_folders(workbench, model, name, *folders, print_progress),
        )
    else:
        positions = (
            _positions(workbench, model, with_it),
            _positions(workbench, model, without_it),
        )
        learned = (
            own_attributes.learn_attribute(workbench, model, name, *positions, print_progress),
        )
    if as_json:
        print_json(learned)
        return
    for one in learned:
        print(_sentence(model, one))


def delete(model: Model, name: Name, root: Root = DEFAULT_ROOT) -> None:
    """Forget an attribute that a model was taught."""
    from explorer.service.own_attributes import delete_attribute

    delete_attribute(workbench_of(root), model, name)
    print(f"'{model}' has forgotten '{name}'.")


def export(
    model: Model,
    name: Name,
    out: Annotated[Path, typer.Option(help="npz file to write.")],
    root: Root = DEFAULT_ROOT,
) -> None:
    """Write a taught attribute to a file, for another copy of the same model."""
    from explorer.service.own_attributes import export_attribute

    check_target(out, ".npz")
    export_attribute(workbench_of(root), model, name, out)
    print_written(out)


def import_(
    file: Annotated[
        Path,
        typer.Argument(
            help="npz file that `attributes export` wrote, or a folder of `detla_z_*.npy`."
        ),
    ],
    model: Model,
    names: Annotated[
        str, typer.Option(help="Of the vectors in a folder, as a,b,c; else CelebA's 40.")
    ] = "",
    root: Root = DEFAULT_ROOT,
) -> None:
    """Take over an attribute of another copy of the model, or a folder of attribute vectors.

    Vectors are those of chaiyujin/glow-pytorch: one file an attribute, of the top level's shape.
    """
    if file.is_dir():
        _import_vectors(root, model, file, names)
        return
    if names:
        raise ConfigError(f"--names is for a folder of vectors; '{file}' is none. Leave it out.")
    from explorer.service.own_attributes import import_attribute

    print(_sentence(model, import_attribute(workbench_of(root), model, file)))


def _import_vectors(root: Path, model: str, folder: Path, names: str) -> None:
    from explorer.interop.z_delta import CELEBA
    from explorer.service.z_delta_files import import_z_deltas

    wanted = tuple(name.strip() for name in names.split(",")) if names else CELEBA
    known = import_z_deltas(workbench_of(root), model, folder, wanted)
    print(f"'{model}' has {len(known)} sliders more: {', '.join(known)}.")


def _sentence(model: str, one: "explorer.service.own_attributes.OwnAttribute") -> str:
    return (
        f"'{model}' knows '{one.name}' from {one.positives} images with it and {one.negatives} "
        f"without; the direction's standard error is {one.spread_error:.0%} of its length."
    )


def _positions(
    workbench: "explorer.service.workbench.Workbench", model: str, text: str
) -> list[int]:
    return [point(workbench, model, part) for part in text.split(",")]
