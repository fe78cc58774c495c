"""Our Glow against those of other libraries."""

__all__ = ["glow"]

import os
from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from explorer.cli.options import Json, OptionalPicture, check_target
from explorer.cli.output import print_json, print_table, print_written, write_picture
from explorer.errors import ConfigError
from explorer.settings import DataSettings

DRAWN = 4000
"""Avatars that are drawn; each is trained on twice or so."""

SPEED = ("train", "memory", "decode", "profile")
TRAINED = ("inversion", "density", "ablations")
ON_GPU = ("train", "memory")


def glow(  # noqa: PLR0913  (one option each)
    parts: Annotated[
        str, typer.Option(help="Of train, memory, decode, profile, inversion, density, ablations.")
    ] = ",".join(SPEED),
    against: Annotated[str, typer.Option(help="Peers.")] = "normflows,FrEIA",
    hidden: Annotated[int, typer.Option(min=2, help="Width of the couplings' networks.")] = 128,
    steps: Annotated[int, typer.Option(min=1, help="Steps of flow a level, K.")] = 16,
    image_size: Annotated[int, typer.Option(min=8, help="Pixels, a multiple of 8.")] = 32,
    batch: Annotated[int, typer.Option(min=12, help="Images of a training step.")] = 16,
    precision: Annotated[
        str, typer.Option(help="Of the training step: float32, bfloat16 or both.")
    ] = "float32",
    rounds: Annotated[int, typer.Option(min=1, help="Values of each time.")] = 5,
    device: Annotated[
        str, typer.Option(help="cpu or cuda; cuda has the parts train and memory.")
    ] = "cpu",
    data: Annotated[str, typer.Option(help="Sets of those that train.")] = "avatars,fashion-mnist",
    data_root: Annotated[
        Path | None, typer.Option(help="Folder of the files of Fashion-MNIST.")
    ] = None,
    updates: Annotated[int, typer.Option(min=10, help="Of each training of those parts.")] = 500,
    seeds: Annotated[int, typer.Option(min=1, help="Trainings of each kind.")] = 1,
    out: OptionalPicture = None,
    as_json: Json = False,
) -> None:
    """Measure our Glow against normflows and FrEIA: time, memory, decoding, arithmetic, density.

    The peers are in requirements-benchmark.txt. The parts inversion, density and ablations train
    and take long, the last two always with K = 4 and 64 hidden channels; the others take minutes.
    """
    os.environ.setdefault("KINETO_LOG_LEVEL", "9")  # torch's profiler talks on stderr
    check_target(out, ".png")
    if image_size % 8:
        raise ConfigError(f"--image-size is {image_size}; give a multiple of 8.")
    (device,) = _names("--device", device, ("cpu", "cuda"))
    chosen = _names("--parts", parts, (*SPEED, *TRAINED) if device == "cpu" else ON_GPU)
    precisions: Any = _names("--precision", precision, ("float32", "bfloat16"))
    report: Callable[[str], None] = (lambda text: None) if as_json else print
    from explorer.benchmarks.glow.candidate import GlowShape
    from explorer.benchmarks.glow.parts import Plan, measure_parts

    plan = Plan(
        shape=GlowShape(side=image_size, steps=steps, hidden=hidden),
        batch=batch,
        names=("ours", *_names("--against", against, ("normflows", "FrEIA"))),
        precisions=precisions,
        rounds=rounds,
        device=device,
    )
    found = measure_parts(plan, tuple(part for part in chosen if part in SPEED), report)
    sets = _sets(data, data_root, image_size)
    if "inversion" in chosen:
        from explorer.benchmarks.glow.density import Budget, measure_inversion

        budget = Budget(steps=updates, batch=batch)
        inverted = measure_inversion(sets, plan.names, plan.shape, budget, report)
        found["inversion"] = [asdict(one) for one in inverted]
    if "density" in chosen:
        from explorer.benchmarks.glow.density import Budget, compare_densities

        budget = Budget(steps=updates, seeds=seeds)
        compared = compare_densities(sets, plan.names, budget, report)
        found["density"] = [asdict(one) for one in compared]
    if "ablations" in chosen:
        from explorer.benchmarks.glow.ablations import CHANGES, ablate

        tried = [ablate(one, tuple(CHANGES), updates, seeds, report) for one in sets]
        found["ablations"] = [asdict(one) for rows in tried for one in rows]
    if out is not None:
        from explorer.benchmarks.glow.plot import benchmark_picture

        write_picture(out, benchmark_picture(found))
    if as_json:
        print_json(found)
        return
    _print(found)
    print_written(out)


def _sets(names: str, root: Path | None, side: int) -> list[DataSettings]:
    return [
        DataSettings(
            name=name,
            root=str(root) if root is not None and name == "fashion-mnist" else None,
            image_size=side,
            count=DRAWN if name == "avatars" else 0,
        )
        for name in _names("--data", names, ("avatars", "fashion-mnist"))
    ]


def _names(option: str, text: str, known: tuple[str, ...]) -> tuple[str, ...]:
    """Return the names between commas, each once."""
    names = tuple(dict.fromkeys(name.strip() for name in text.split(",") if name.strip()))
    for name in names:
        if name not in known:
            raise ConfigError(f"{option} has '{name}'; known are: {', '.join(known)}.")
    if not names and option != "--against":
        raise ConfigError(f"{option} is empty; give one or more of: {', '.join(known)}.")
    return names


def _print(found: Mapping[str, Any]) -> None:
    """Print a table for each part."""
    for part, (heading, row_of) in TABLES.items():
        if rows := found.get(part):
            print()
            print_table([(part, *heading), *[row_of(row) for row in rows]])
    from explorer.benchmarks.glow.parts import fastest

    best = fastest(found.get("decode", ()))
    ours = {row["images"]: row["wall_ms"] for row in best if row["candidate"] == "ours"}
    for row in best:
        print(
            f"Decoding {row['images']}: {row['candidate']} {row['wall_ms']:g} ms by the clock on "
            f"{row['threads']} threads, its best; {row['wall_ms'] / ours[row['images']]:.2f} "
            "times ours."
        )
    loads = f"{found['load_before']} before, {found['load_after']} after"
    machine = f"{found['device']}, {found['cores']} cores"
    print(f"\n{machine}, torch {found['torch']}; load average {loads}.")


def _times(row: Mapping[str, Any]) -> tuple[str, str, str]:
    ratio = f"{row['to_ours']:.2f}" if "to_ours" in row else ""
    return f"{row['cpu_ms']:g}", f"{row['wall_ms']:g}", ratio


TABLES: Mapping[str, tuple[tuple[str, ...], Callable[[Mapping[str, Any]], tuple[str, ...]]]] = {
    "train": (
        ("precision", "CPU ms", "wall ms", "to ours", "GFLOP", "GFLOP/s", "of the peak"),
        lambda row: (
            row["candidate"],
            row["precision"],
            *_times(row),
            f"{row['gflop']:g}",
            f"{row['gflop_per_s']:g}",
            f"{row['share']:.0%} of {row['peak_gflop_per_s']:g}",
        ),
    ),
    "memory": (
        ("K", "MiB a sample"),
        lambda row: (row["candidate"], str(row["steps"]), f"{row['mib']:.2f}"),
    ),
    "decode": (
        ("images", "threads", "CPU ms", "wall ms", "to ours"),
        lambda row: (row["candidate"], str(row["images"]), str(row["threads"]), *_times(row)),
    ),
    "profile": (
        ("share", "calls a step", "precision"),
        lambda row: (
            row["operation"],
            f"{row['share']:.1%}",
            str(row["calls"]),
            row["precision"],
        ),
    ),
    "inversion": (
        ("data", "updates", "bits/dim", "inversion"),
        lambda row: (
            row["candidate"],
            row["data"],
            str(row["steps"]),
            f"{row['bits']:.3f}",
            f"{row['inversion']:.1e}",
        ),
    ),
    "density": (
        ("data", "bits/dim", "learning rate", "inversion", "CPU s"),
        lambda row: (
            row["candidate"],
            row["data"],
            ", ".join(f"{value:.3f}" for value in row["bits"]),
            f"{row['rate']:g}",
            f"{row['inversion']:.1e}",
            f"{row['cpu_s']:g}",
        ),
    ),
    "ablations": (
        ("data", "bits/dim", "by 8 draws", "CPU s"),
        lambda row: (
            row["change"],
            row["data"],
            ", ".join(f"{value:.3f}" for value in row["bits"]),
            ", ".join(f"{value:.3f}" for value in row["bound"]),
            f"{row['cpu_s']:g}",
        ),
    ),
}
