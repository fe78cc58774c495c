"""The walk between two images, and the square between four."""

__all__ = ["interpolate", "plane"]

import math
from typing import TYPE_CHECKING, Annotated, Any

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
from explorer.cli.output import print_json, print_progress, print_written, write_picture

if TYPE_CHECKING:
    import explorer.service.walks
    import explorer.service.workbench

Start = Annotated[
    str | None, typer.Option("--from", help="Image A: its number, e.g. 12, sample:7, or a file.")
]
End = Annotated[str | None, typer.Option("--to", help="Image B, as --from.")]
Methods = Annotated[
    list[str] | None,
    typer.Option("--method", help="A path: slerp, nlerp or lerp; repeat it; all if not given."),
]
Corners = Annotated[
    list[str] | None,
    typer.Option(
        "--corner",
        help="Top left, top right, bottom left, bottom right: give it four times; if not given, "
        "the model's own pair and two more images of their classes.",
    ),
]


def interpolate(  # noqa: PLR0913  (an argument an option)
    model: Model,
    start: Start = None,
    end: End = None,
    steps: Annotated[int, typer.Option(help="Pictures a row, 2 to 33, ends included.")] = 9,
    method: Methods = None,
    second: Annotated[
        str | None, typer.Option(help="A second model of the same data, for the same pair.")
    ] = None,
    out: OptionalPicture = None,
    root: Root = DEFAULT_ROOT,
    as_json: Json = False,
) -> None:
    """Walk between two images by several paths, and measure every frame.

    Images are numbered from 0 as on the map. Without --from and --to the model's own pair is
    walked.
    """
    from explorer.cli.points import point
    from explorer.latent.interpolate import METHODS
    from explorer.service.counterpart import counterpart
    from explorer.service.result import of_walk
    from explorer.service.sheets import labelled_sheet, same_size
    from explorer.service.walks import walk

    check_target(out, ".png")
    workbench = workbench_of(root)
    first = workbench.first_pair(model)
    a = first[0] if start is None else point(workbench, model, start)
    b = first[1] if end is None else point(workbench, model, end)
    methods = method or list(METHODS)
    walks = [walk(workbench, model, a, b, num_points=steps, methods=methods)]
    if second is not None:
        ends = [counterpart(workbench, model, end, second, print_progress) for end in (a, b)]
        walks.append(
            walk(
                workbench,
                second,
                ends[0].position,
                ends[1].position,
                num_points=steps,
                methods=methods,
            )
        )
    if out is not None:
        results = [of_walk(workbench, made) for made in walks]
        names, rows = zip(*(row for result in results for row in result.rows), strict=True)
        labelled = list(zip(names, same_size(rows), strict=True))
        write_picture(out, labelled_sheet(labelled, results[0].headings))
    if as_json:
        reports = [_report(workbench, made) for made in walks]
        print_json(reports[0] if second is None else reports[0] | {"second": reports[1]})
        return
    for made in walks:
        _print(workbench, made)
    print_written(out)


def plane(
    model: Model,
    corner: Corners = None,
    size: Annotated[int, typer.Option(help="Pictures a side, 2 to 9.")] = 5,
    method: Annotated[str, typer.Option(help="spherical or bilinear.")] = "spherical",
    out: OptionalPicture = None,
    root: Root = DEFAULT_ROOT,
    as_json: Json = False,
) -> None:
    """Fill the square between four images."""
    from explorer.cli.points import point
    from explorer.service.plane import fitting_corners
    from explorer.service.plane import plane as filled
    from explorer.service.result import of_plane

    check_target(out, ".png")
    workbench = workbench_of(root)
    if corner:
        corners = [point(workbench, model, text) for text in corner]
    else:
        a, b = workbench.first_pair(model)
        corners = [a, b, *fitting_corners(workbench, model, a, b, "class", 0)]
    made = filled(workbench, model, corners, size=size, method=method)
    if out is not None:
        write_picture(out, of_plane(made).sheet())
    inside = int(made.typical.sum())
    if as_json:
        print_json(
            {
                "model": model,
                "corners": made.corners,
                "method": made.method,
                "norms": made.norms,
                "typical": made.typical,
            }
        )
        return
    corners_text = ", ".join(str(position) for position in made.corners)
    print(f"'{model}', {made.method} square between images {corners_text}.")
    print(f"{inside} of {made.typical.size} latents have a length typical of training latents.")
    print_written(out)


def _report(
    workbench: "explorer.service.workbench.Workbench", made: "explorer.service.walks.Walk"
) -> dict[str, Any]:
    """Return a walk for programs."""
    classes = workbench.open(made.model).data.class_names
    return {
        "model": made.model,
        "from": made.start,
        "to": made.end,
        "angle": made.angle,
        "distance": made.distance,
        "typical_norms": made.typical,
        "classes": [classes[label] for label in made.labels],
        "findings": made.findings,
        "rows": [
            {
                "method": row.method,
                "norms": row.norms,
                "typical": row.typical,
                "changes": row.changes,
                "bits_per_dim": row.bits,
                "class_shares": [
                    dict(zip(classes, shares, strict=False)) for shares in row.classes.tolist()
                ],
            }
            for row in made.rows
        ],
    }


def _print(
    workbench: "explorer.service.workbench.Workbench", made: "explorer.service.walks.Walk"
) -> None:
    """Print a walk for people."""
    print(f"'{made.model}', image {made.start} to image {made.end}:")
    print(f"Angle {math.degrees(made.angle):.1f} degrees, distance {made.distance:.3g}.")
    for finding in made.findings:
        print(f"- {finding.sentence}")
    low, middle, high = made.typical
    print(f"Norms of training latents: {middle:.3g} (95 % in {low:.3g} to {high:.3g}).")
    for row in made.rows:
        print(f"  {row.method:6s} {' '.join(f'{norm:.3g}' for norm in row.norms)}")
