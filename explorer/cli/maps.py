"""The map of a model's images, what it can be coloured by, and which images are near."""

__all__ = ["measure", "neighbours", "project"]

import math
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
from explorer.errors import ConfigError, near_match

METHODS = ("umap", "pca")


def project(  # noqa: PLR0913  (an argument an option)
    model: Model,
    method: Annotated[str, typer.Option(help="umap or pca.")] = "umap",
    n_neighbors: Annotated[int, typer.Option(help="UMAP: points that count as near.")] = 15,
    min_dist: Annotated[float, typer.Option(help="UMAP: smallest distance, 0 to 1.")] = 0.1,
    metric: Annotated[
        str, typer.Option(help="UMAP: distance of latents, e.g. euclidean or cosine.")
    ] = "euclidean",
    seed: Annotated[int, typer.Option(help="UMAP: of its random draws.")] = 0,
    axes: Annotated[
        tuple[int, int], typer.Option(help="PCA: which principal axes, counted from 1.")
    ] = (1, 2),
    out: OptionalPicture = None,
    root: Root = DEFAULT_ROOT,
    as_json: Json = False,
) -> None:
    """Lay the images of a model out on a map, and keep it."""
    from explorer.latent.layout_settings import PcaSettings, UmapSettings
    from explorer.service.prepare import project as lay_out
    from explorer.service.sheets import map_sheet

    check_target(out, ".png")
    workbench = workbench_of(root)
    workbench.card(model)
    if method not in METHODS:
        hint = near_match(method, METHODS)
        raise ConfigError(f"No layout '{method}'.{hint} Choose one of {', '.join(METHODS)}.")
    settings = (
        PcaSettings(*axes)
        if method == "pca"
        else UmapSettings(n_neighbors, min_dist, metric, seed)
    )
    layout = lay_out(root / model, settings, print_progress)
    if out is not None:
        write_picture(out, map_sheet(layout.coordinates, workbench.open(model).gallery.pixels))
    if as_json:
        print_json({"model": model, "count": layout.count, "layout": layout})
        return
    chosen = ", ".join(f"{name} {value}" for name, value in layout.settings.items())
    print(
        f"'{model}': {layout.count} images by {layout.method} ({chosen}, seed {layout.seed}) in "
        f"{layout.seconds:.1f} s, in '{root / model / f'layout-{settings.name}.npz'}'."
    )
    print_written(out)


def measure(model: Model, root: Root = DEFAULT_ROOT, as_json: Json = False) -> None:
    """Measure how likely each image of a model's gallery is to it, and how well it comes back."""
    import numpy as np

    from explorer.service.prepare import measure as measure_model

    workbench_of(root).card(model)
    measures = measure_model(root / model, print_progress)
    if as_json:
        print_json({"model": model, "measures": measures})
        return
    text = f"reconstruction error {np.mean(measures.reconstruction):.4f} on average, in [0, 1]"
    if measures.has_density:
        text += f"; {np.nanmean(measures.bits_per_dim):.3f} bits/dim on average"
    print(f"'{model}': {len(measures.reconstruction)} images, {text}.")


def neighbours(
    model: Model,
    index: Image,
    count: Annotated[int, typer.Option(help="How many, 1 to 100.")] = 8,
    out: OptionalPicture = None,
    root: Root = DEFAULT_ROOT,
    as_json: Json = False,
) -> None:
    """List the images whose latents are nearest to an image's, with distance and angle."""
    from explorer.cli.points import point
    from explorer.service.neighbours import neighbours as nearest_images
    from explorer.service.sheets import labelled_sheet

    check_target(out, ".png")
    workbench = workbench_of(root)
    position = point(workbench, model, index)
    found = nearest_images(workbench, model, position, count, print_progress)
    if out is not None:
        positions = [one.position for one in found.records]
        pixels = workbench.open(model).gallery.pixels[positions]
        headings = [f"{one.position}: {one.distance:.3g}" for one in found.records]
        write_picture(out, labelled_sheet([("nearest", pixels)], headings))
    if as_json:
        print_json({"model": model, "neighbours": found})
        return
    rows = [("image", "class", "distance", "angle")]
    rows += [
        (str(one.position), one.class_name, f"{one.distance:.4g}", _degrees(one.angle))
        for one in found.records
    ]
    typical = (f"{found.typical_distance:.4g}", _degrees(found.typical_angle))
    print_table([*rows, ("random pairs", "", *typical)])
    print_written(out)


def _degrees(angle: float) -> str:
    return f"{math.degrees(angle):.1f} degrees"
