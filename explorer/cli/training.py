"""Making models: train them and prepare them to be explored."""

__all__ = ["prepare", "train"]

import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from explorer.cli.bar import TrainBar
from explorer.cli.options import DEFAULT_ROOT, Model, Root, workbench_of
from explorer.cli.output import print_log
from explorer.errors import ExplorerError
from explorer.train.queue import FOLDER as TICKETS

if TYPE_CHECKING:
    import explorer.settings


def train(
    config: Annotated[Path, typer.Option(help="JSON file of the experiment.")],
    overrides: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            metavar="NAME=VALUE",
            help="Replace a setting, e.g. train.steps=500; may be repeated.",
        ),
    ] = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on from the newest saved step.")
    ] = False,
    root: Root = DEFAULT_ROOT,
) -> None:
    """Train a model, save it, and make it ready to explore.

    Ctrl-C stops after the current step and saves; `--resume` goes on from there. Several GPUs
    share each batch if `torchrun --nproc-per-node N -m explorer` stands before `train`.
    """
    from explorer.settings import load_experiment, with_overrides
    from explorer.train.lock import hold
    from explorer.train.process import LOCK, is_first, tell_stacks

    tell_stacks()
    experiment = with_overrides(load_experiment(config), overrides or [])
    if not is_first():
        _fit_along(experiment, root, resume=resume)
        return
    run = root / experiment.name
    with _unless_refused(run), hold(run / LOCK):  # before torch is imported, which takes seconds
        _fit(experiment, root, resume=resume)


@contextmanager
def _unless_refused(run: Path) -> Iterator[None]:
    """Leave no new folder behind where a training was refused before it began."""
    was_there, root_was_there = run.exists(), run.parent.exists()
    try:
        yield
    except ExplorerError:
        if not was_there and not any((run / "units").glob("step-*")):
            shutil.rmtree(run, ignore_errors=True)
            if not root_was_there:
                if not any(run.parent.glob(f"{TICKETS}/*/*.ticket")):
                    shutil.rmtree(run.parent / TICKETS, ignore_errors=True)
                with suppress(OSError):  # something else is in it by now
                    run.parent.rmdir()
        raise


def _fit_along(experiment: "explorer.settings.Experiment", root: Path, *, resume: bool) -> None:
    """Do this process's part of a training by several; the first one writes and speaks."""
    from explorer.train.session import train as fit

    fit(experiment, root, resume=resume, report=lambda progress: None)


def _fit(experiment: "explorer.settings.Experiment", root: Path, *, resume: bool) -> None:
    from explorer.service.run_ready import drop_readiness, make_run_ready
    from explorer.train.session import train as fit

    with TrainBar(experiment.name, experiment.train) as bar:
        run = fit(experiment, root, resume=resume, report=bar.show)
    status, name = run.status(), experiment.name
    minutes = status.seconds / 60
    print_log(
        f"'{name}': step {status.step} after {minutes:.1f} minutes of training, in '{run.path}'."
    )
    if status.state == "done":
        print_log("Making it ready to explore ...")
        make_run_ready(run.path)
    else:
        drop_readiness(run.path)
        print_log(
            f"Stopped before step {experiment.train.steps}. Go on with the same command and "
            f"--resume, or explore it as it is:\n  {_command('prepare', name, root)}"
        )
        raise typer.Exit(130)
    print_log(f"Next:\n  {_command('sample', name, root)} --out {name}.png")
    print_log(f"  {_command('serve', '', root)} --open")


def prepare(
    model: Model,
    count: Annotated[
        int, typer.Option(min=3, max=20_000, help="Training images to show, at most.")
    ] = 2000,
    held_out: Annotated[
        int, typer.Option(min=0, max=10_000, help="Images of the test split to show as well.")
    ] = 0,
    first: Annotated[
        tuple[int, int] | None,
        typer.Option(metavar="A B", help="Numbers of the images that the page opens with."),
    ] = None,
    root: Root = DEFAULT_ROOT,
) -> None:
    """Make a trained model ready to explore.

    Writes gallery, map and attribute directions beside it; `train` does this at its end.
    The data the model was trained on must be on this machine.
    """
    from explorer.service.prepare import prepare as make_ready

    workbench = workbench_of(root)
    workbench.card(model)
    make_ready(root / model, count=count, held_out=held_out, first_pair=first)
    opened = workbench.open(model)
    attributes = len(opened.directions.names) if opened.directions else 0
    print(
        f"'{model}' is ready: {len(opened.gallery)} images, map {', '.join(opened.layouts)}, "
        f"{attributes} attributes."
    )


def _command(command: str, model: str, root: Path) -> str:
    """Return a command line that a person can paste."""
    parts = ["python -m explorer", command, f"--model {model}" if model else ""]
    parts.append("" if root == DEFAULT_ROOT else f"--root {root}")
    return " ".join(part for part in parts if part)
