"""The map of a model's images."""

__all__ = ["project"]

from typing import Annotated

import typer

from explorer.cli.options import (
    DEFAULT_ROOT,
    Json,
    Model,
    OptionalPicture,
    Root,
    check_target,
    workbench_of,
)
from explorer.cli.output import print_json, print_written, write_picture


def project(
    model: Model,
    method: Annotated[str, typer.Option(help="umap or pca.")] = "umap",
    out: OptionalPicture = None,
    root: Root = DEFAULT_ROOT,
    as_json: Json = False,
) -> None:
    """Lay the images of a model out on a map, and keep it."""
    from explorer.service.prepare import project as lay_out
    from explorer.service.sheets import map_sheet

    check_target(out, ".png")
    workbench = workbench_of(root)
    workbench.card(model)
    layout = lay_out(root / model, method)
    if out is not None:
        write_picture(out, map_sheet(layout.coordinates, workbench.open(model).gallery.pixels))
    if as_json:
        print_json({"model": model, "count": layout.count, "layout": layout})
        return
    settings = ", ".join(f"{name} {value}" for name, value in layout.settings.items())
    print(
        f"'{model}': {layout.count} images by {layout.method} ({settings or 'no settings'}, seed "
        f"{layout.seed}) in {layout.seconds:.1f} s, in "
        f"'{root / model / f'layout-{method}.npz'}'."
    )
    print_written(out)
