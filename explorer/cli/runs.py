"""Training runs in the background: what the tab of the page does, as commands."""

__all__ = ["runs"]

from pathlib import Path
from typing import Annotated

import typer

from explorer.cli.options import DEFAULT_ROOT, Json, Root
from explorer.cli.output import print_json, print_table

runs = typer.Typer(help="Training runs in the background: they outlive this terminal.")
Run = Annotated[str, typer.Argument(help="Name of a run; see `runs list`.")]
Config = Annotated[Path, typer.Option(help="JSON file of the experiment.")]
Changes = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="NAME=VALUE", help="Replace a setting; may be repeated."),
]


@runs.command("list")
def list_(root: Root = DEFAULT_ROOT, as_json: Json = False) -> None:
    """List all runs, the living ones first."""
    from explorer.service.runs import list_runs

    found = list_runs(root)
    if as_json:
        print_json(found)
        return
    heading = ("run", "model", "state", "step", "images/s", "device", "says")
    rows = [
        (
            run.name,
            run.model,
            run.state,
            f"{run.step}/{run.steps}",
            f"{run.images_per_second:.0f}",
            run.device,
            run.message,
        )
        for run in found
    ]
    print_table([heading, *rows])


@runs.command()
def start(config: Config, changes: Changes = None, root: Root = DEFAULT_ROOT) -> None:
    """Start a run in the background; it waits if another one has the device."""
    from explorer.service.run_control import start_run
    from explorer.settings import load_experiment, with_overrides

    name = start_run(root, with_overrides(load_experiment(config), changes or []))
    print(f"'{name}' has begun. Look at it with `python -m explorer runs list`.")


@runs.command()
def stop(
    run: Run,
    discard: Annotated[
        bool, typer.Option("--discard", help="Give up what came after the last saved step.")
    ] = False,
    root: Root = DEFAULT_ROOT,
) -> None:
    """End a run after its current step, and save."""
    from explorer.service.run_control import stop_run

    view = stop_run(root, run, save=not discard)
    print(f"'{run}' is {view.state} at step {view.step}. {view.message}")


@runs.command()
def pause(run: Run, root: Root = DEFAULT_ROOT) -> None:
    """Let a run save, give its device to the next one, and wait."""
    from explorer.service.run_control import pause_run

    pause_run(root, run)
    print(f"'{run}' pauses after its current step.")


@runs.command()
def resume(run: Run, changes: Changes = None, root: Root = DEFAULT_ROOT) -> None:
    """Go on with a run that is paused, stopped, failed or lost."""
    from explorer.service.run_control import resume_run
    from explorer.settings import changes_of

    resume_run(root, run, changes_of(changes or []))
    print(f"'{run}' goes on.")


@runs.command()
def duplicate(
    run: Run,
    name: Annotated[str, typer.Argument(help="Name of the new run.")],
    changes: Changes = None,
    root: Root = DEFAULT_ROOT,
) -> None:
    """Start a run with the settings of another one, some of them changed."""
    from explorer.service.run_control import duplicate_run
    from explorer.settings import changes_of

    print(f"'{duplicate_run(root, run, name, changes_of(changes or []))}' has begun.")


@runs.command()
def delete(run: Run, root: Root = DEFAULT_ROOT) -> None:
    """Delete a run that is not alive, with all its files."""
    from explorer.service.run_control import delete_run

    delete_run(root, run)
    print(f"'{run}' is deleted.")


@runs.command()
def log(
    run: Run,
    lines: Annotated[int, typer.Option(min=1, help="Lines at most.")] = 40,
    root: Root = DEFAULT_ROOT,
) -> None:
    """Print the last lines a run has written."""
    from explorer.service.run_records import log_tail

    print(log_tail(root, run, lines))


@runs.command()
def metrics(run: Run, root: Root = DEFAULT_ROOT) -> None:
    """Print the metrics of a run as CSV."""
    from explorer.service.run_records import metrics_csv

    print(metrics_csv(root, run), end="")


@runs.command()
def estimate(config: Config, changes: Changes = None, as_json: Json = False) -> None:
    """Measure a few steps: how long all of them will take, and how much memory."""
    from explorer.service.run_estimate import estimate as measure
    from explorer.settings import load_experiment, with_overrides

    found = measure(with_overrides(load_experiment(config), changes or []))
    if as_json:
        print_json(found)
        return
    print(
        f"{found.device}: {found.seconds_per_step:.3g} s a step, {found.images_per_second:.0f} "
        f"images/s, {found.memory_mb:.0f} MB; all steps {found.total_seconds / 60:.1f} minutes."
    )
