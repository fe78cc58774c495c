"""The few-shot comparison, and how long its generator takes."""

__all__ = ["fewshot", "glico_fit"]

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from explorer.cli.options import Json
from explorer.cli.output import print_json, print_table
from explorer.errors import ConfigError

if TYPE_CHECKING:
    from explorer.judge.fewshot.statistics import Difference
    from explorer.judge.fewshot.summary import ArmResult


def fewshot(  # noqa: PLR0913  (one option each)
    out: Annotated[Path, typer.Option(help="Folder of the runs; started anew, it goes on.")],
    config: Annotated[
        Path | None, typer.Option(help="JSON file of a comparison, e.g. in assets/fewshot.")
    ] = None,
    data: Annotated[str, typer.Option(help="Data set; see `data`.")] = "",
    shots: Annotated[str, typer.Option(help="Labelled images a class, e.g. 5,10,20,50.")] = "",
    seeds: Annotated[int, typer.Option(min=0, help="Number of subsets.")] = 0,
    arms: Annotated[str, typer.Option(help="Names of arms; an unknown one lists them.")] = "",
    steps: Annotated[str, typer.Option(help="Classifier updates, e.g. 800,1600.")] = "",
    overrides: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            metavar="NAME=VALUE",
            help="Replace a setting, e.g. augmentation.shift=1 or transductive=true.",
        ),
    ] = None,
    as_json: Json = False,
) -> None:
    """Train classifiers on few images, with and without made ones, and compare them seed by seed.

    The generator sees the labelled images of a subset only, unless `--set transductive=true`.
    """
    from explorer.service.fewshot import run_fewshot
    from explorer.service.fewshot_experiment import (
        FewshotExperiment,
        load_fewshot,
        with_fewshot_settings,
    )
    from explorer.service.fewshot_results import write_summary

    changes: dict[str, Any] = {"data.name": data, "seeds": seeds}
    changes |= {"shots": _numbers("--shots", shots), "steps": _numbers("--steps", steps)}
    changes |= {"arms": [name.strip() for name in arms.split(",") if name.strip()]}
    base = FewshotExperiment() if config is None else load_fewshot(config)
    given = {name: value for name, value in changes.items() if value}
    experiment = with_fewshot_settings(base, given, overrides or [])
    report: Callable[[str], None] = (lambda text: None) if as_json else print
    for plan in experiment.plans():
        run_fewshot(plan, out, report)
    rows, found = write_summary(out)
    _write_plots(out, rows)
    if as_json:
        print_json({"rows": rows, "verdicts": found})
        return
    _print_results(rows)
    print("\n".join(one.text for one in found))
    print(f"Wrote 'summary.json' and the plots in '{out}'.")


def glico_fit(
    config: Annotated[
        Path | None, typer.Option(help="Comparison whose data and generator are measured.")
    ] = None,
    shots: Annotated[int, typer.Option(min=1, help="Images a class.")] = 10,
    target: Annotated[float, typer.Option(help="Wanted PSNR, dB.")] = 22.0,
    longest: Annotated[float, typer.Option(min=1, help="CPU seconds a recipe may take.")] = 300,
    as_json: Json = False,
) -> None:
    """Time how long GLICO takes to a given quality: our recipe and the paper's, same images."""
    from explorer.benchmarks.glico_fit import measure_fit, paper_recipes
    from explorer.data.fewshot import draw_shots
    from explorer.data.load import load_data
    from explorer.service.fewshot_experiment import FewshotExperiment, load_fewshot

    experiment = FewshotExperiment() if config is None else load_fewshot(config)
    images = draw_shots(load_data(experiment.data, "train"), shots, 0)
    recipes = {"ours": experiment.generator, **paper_recipes()}
    found = [
        measure_fit(name, images, settings, target=target, longest=longest)
        for name, settings in recipes.items()
    ]
    if as_json:
        print_json(found)
        return
    heading = ("recipe", "CPU s", "updates", "PSNR", "reached")
    rows = [
        (one.recipe, f"{one.seconds:.1f}", f"{one.steps}", f"{one.psnr:.1f}", str(one.reached))
        for one in found
    ]
    print_table([heading, *rows])


def _numbers(name: str, text: str) -> list[int]:
    """Return whole numbers between commas."""
    try:
        return [int(part) for part in text.split(",") if part.strip()]
    except ValueError:
        raise ConfigError(
            f"{name} is '{text}'; give whole numbers between commas, e.g. 5,10,20."
        ) from None


def _write_plots(folder: Path, rows: "list[ArmResult]") -> None:
    """Write the gain against shots and against updates where there are two places or more."""
    from explorer.benchmarks.fewshot_plot import gain_figure, gain_picture
    from explorer.data.images import to_png
    from explorer.files import write_bytes, write_text

    for axis in ("shots", "steps"):
        figure = gain_figure(rows, axis)
        if figure.data:
            write_text(folder / f"gain-{axis}.html", figure.to_html(include_plotlyjs=True))
            write_bytes(folder / f"gain-{axis}.png", to_png(gain_picture(rows, axis)))


def _print_results(rows: "list[ArmResult]") -> None:
    heading = (
        "data",
        "shots",
        "updates",
        "arm",
        "seeds",
        "right",
        "over standard",
        "over control",
    )
    table = [
        (
            row.data + (" (transductive)" if row.transductive else ""),
            f"{row.shots}",
            f"{row.steps}",
            row.arm,
            f"{row.seeds}",
            f"{row.accuracy:.2f} %",
            _difference_text(row.over_standard),
            _difference_text(row.over_control),
        )
        for row in rows
    ]
    print_table([heading, *table])


def _difference_text(difference: "Difference | None") -> str:
    if difference is None:
        return ""
    return f"{difference.mean:+.2f} [{difference.low:+.2f}, {difference.high:+.2f}]"
