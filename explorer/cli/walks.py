"""The walk between two images."""

__all__ = ["interpolate"]

import math
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


def interpolate(
    model: Model,
    start: Annotated[int | None, typer.Option("--from", help="Number of image A.")] = None,
    end: Annotated[int | None, typer.Option("--to", help="Number of image B.")] = None,
    steps: Annotated[int, typer.Option(help="Pictures a row, 2 to 33, ends included.")] = 9,
    out: OptionalPicture = None,
    root: Root = DEFAULT_ROOT,
    as_json: Json = False,
) -> None:
    """Walk between two images, by slerp and by lerp.

    Images are numbered from 0 as on the map. Without --from and --to the model's own pair is
    walked.
    """
    from explorer.service.sheets import labelled_sheet

    check_target(out, ".png")
    workbench = workbench_of(root)
    first = workbench.first_pair(model)
    start, end = (first[0] if start is None else start), (first[1] if end is None else end)
    walk = workbench.walk(model, start, end, num_points=steps)
    if out is not None:
        between = [f"{k / (steps - 1):.2f}" for k in range(1, steps - 1)]
        headings = [f"A: {start}", *between, f"B: {end}"]
        rows = [(row.method, row.frames) for row in walk.rows]
        write_picture(out, labelled_sheet(rows, headings))
    if as_json:
        print_json(
            {
                "model": model,
                "from": start,
                "to": end,
                "angle": walk.angle,
                "distance": walk.distance,
                "typical_norms": walk.typical,
                "verdict": walk.verdict,
                "rows": [
                    {"method": row.method, "inside": row.inside, "norms": row.norms}
                    for row in walk.rows
                ],
            }
        )
        return
    print(f"'{model}', image {start} to image {end}: {walk.verdict}")
    print(f"Angle {math.degrees(walk.angle):.1f} degrees, distance {walk.distance:.3g}.")
    low, middle, high = walk.typical
    print(f"Norms of training latents: {middle:.3g} (95 % in {low:.3g} to {high:.3g}).")
    for row in walk.rows:
        print(f"  {row.method:6s} {' '.join(f'{norm:.3g}' for norm in row.norms)}")
    print_written(out)
