"""Benchmarks: what the numbers in the README come from."""

__all__ = ["benchmark"]

from collections.abc import Callable
from enum import StrEnum
from typing import Annotated

import typer

from explorer.cli.fewshot import fewshot, glico_fit
from explorer.cli.glow_benchmark import glow
from explorer.cli.options import DEFAULT_ROOT, Json, Root
from explorer.cli.output import print_json, print_table
from explorer.errors import NotSupportedError


class Part(StrEnum):
    """A part of the benchmark of trainings."""

    VIEWERS = "viewers"
    KILLS = "kills"
    DEFECTS = "defects"
    PAGES = "pages"
    STOPS = "stops"


benchmark = typer.Typer(
    help="Measure how fast and reliable this program is, and whether it helps."
)


@benchmark.callback()
def _group() -> None:
    """Measure how fast and reliable this program is, and whether it helps."""


@benchmark.command()
def page(
    rounds: Annotated[int, typer.Option(min=5, help="Values of each kind.")] = 20,
    root: Root = DEFAULT_ROOT,
    as_json: Json = False,
) -> None:
    """Time the page in a headless Chromium: start, map, hover, pick, walk, sliders."""
    try:
        from explorer.benchmarks.page import measure_page
    except ModuleNotFoundError as error:
        raise NotSupportedError(
            f"This benchmark drives a browser by '{error.name}', which is not installed. "
            "Run `pip install -r requirements-dev.txt`."
        ) from None

    found = measure_page(
        root, rounds=rounds, report=lambda doing: None if as_json else print(f"{doing} ...")
    )
    if as_json:
        print_json(found)
        return
    heading = ("what", "median", "95 %", "values")
    rows = [
        (name, f"{one['median']:g}", f"{one['p95']:g}", f"{one['count']:g}")
        for name, one in found.times.items()
    ]
    print_table([heading, *rows])
    print(f"{found.wrong_picks} wrong picks of 1000. Load average {found.load}.")
    print("\n".join(found.complaints) or "No complaints of console, scripts or server.")


@benchmark.command()
def directions(
    images: Annotated[int, typer.Option(min=100, help="Latents to draw.")] = 10_000,
    dim: Annotated[int, typer.Option(min=16, help="Numbers of each.")] = 12_288,
    attributes: Annotated[int, typer.Option(min=1, help="Attributes of each.")] = 40,
    as_json: Json = False,
) -> None:
    """Time finding all directions of attributes, by default of CelebA's size."""
    from explorer.benchmarks.directions import measure_directions

    found = measure_directions(images, dim, attributes)
    if as_json:
        print_json(found)
        return
    print(
        f"{found.attributes} attributes, {found.images} latents of {found.dim} numbers, "
        f"{found.threads} threads: sums {found.sums_s} s, all directions {found.directions_s} s, "
        f"spread {found.spread_s} s; {found.memory_mb:.0f} MB, of which {found.before_mb:.0f} MB "
        "before the start."
    )


@benchmark.command()
def training(
    parts: Annotated[
        list[Part] | None, typer.Option("--part", help="Only this; may be repeated.")
    ] = None,
    kills: Annotated[int, typer.Option(min=2, help="Kills of each model's training.")] = 20,
    pages: Annotated[int, typer.Option(min=1, help="Pages that are killed beside one.")] = 10,
    cycles: Annotated[int, typer.Option(min=1, help="Runs that are started and stopped.")] = 20,
    watching: Annotated[int, typer.Option(min=1, help="Viewers of one.")] = 20,
    seed: Annotated[int, typer.Option(help="Of the events at which trainings are killed.")] = 0,
) -> None:
    """Kill trainings, pages and stops at random; put defects in; let many look on."""
    told: dict[Part, Callable[[], None]] = {
        Part.VIEWERS: lambda: _viewers(watching),  # first, while the load is not our own
        Part.KILLS: lambda: _kills(kills, seed),
        Part.DEFECTS: _defects,
        Part.PAGES: lambda: _pages(pages),
        Part.STOPS: lambda: _stops(cycles),
    }
    for part, tell in told.items():
        if not parts or part in parts:
            tell()


def _doing(what: str) -> None:
    print(f"{what} ...", flush=True)


def _viewers(count: int) -> None:
    from explorer.benchmarks.viewers import watch

    found = watch(count, 40.0, _doing)
    print(
        f"{count} viewers, {found.answers} answers, {found.errors} errors: {found.median_ms:.0f} "
        f"ms, 95 % within {found.p95_ms:.0f} ms (aim 300); {found.server_ms:.1f} ms of processor "
        f"time each. The training ran at {found.share:.0%} of its speed alone (aim 85 %), which "
        f"varied by {found.spread:.0%}. Before, other work took {found.foreign:.0%} of the "
        f"machine; load {found.load:.1f}."
    )
    if not found.is_valid:
        print("INVALID: the machine was not quiet, so none of these figures counts.")


def _kills(count: int, seed: int) -> None:
    from explorer.benchmarks.training import kill_table

    heading = ("model", "kills", "weights equal", "saved steps lost", "most lost", "unreadable")
    rows = [
        (
            model,
            str(len(trials)),
            str(sum(one.is_equal for one in trials)),
            str(sum((one.resumed_at or 0) < one.acknowledged for one in trials)),
            str(max(one.reached - (one.resumed_at or 0) for one in trials)),
            str(sum(one.unreadable for one in trials)),
        )
        for model, trials in kill_table(count, seed, _doing).items()
    ]
    print_table([heading, *rows])


def _defects() -> None:
    from explorer.benchmarks.training import mutant_table

    caught = mutant_table(_doing)
    rows = [(name, ", ".join(one.problems) or "NOT CAUGHT") for name, one in caught.items()]
    print_table([("defect", "caught by"), *rows])


def _pages(count: int) -> None:
    from explorer.benchmarks.training import server_kills

    wrong = server_kills(count, _doing)
    print(f"{count} pages killed: " + ("; ".join(wrong) or "the run went on, one trainer."))


def _stops(count: int) -> None:
    from explorer.benchmarks.training import stop_cycles

    seconds, wrong = stop_cycles(count, _doing)
    said = "; ".join(wrong) or "all saved, no process left."
    print(f"{count} stops, {max(seconds):.1f} s at most: {said}")


benchmark.command()(fewshot)
benchmark.command()(glico_fit)
benchmark.command()(glow)
