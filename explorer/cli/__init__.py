"""The command line: what the page can do, as commands. A thin skin over the workbench.

Torch and Gradio take seconds to import, so each command imports what it needs.

| exit code | meaning |
|---|---|
| 0 | done |
| 2 | something the person can put right; one sentence on stderr says what |
| 130 | stopped by Ctrl-C; a training run is saved and can be resumed |
"""

__all__ = ["app", "main"]

import os
import sys
from collections.abc import Sequence
from typing import Annotated

import typer

from explorer.cli.attributes import attributes
from explorer.cli.augment import augment
from explorer.cli.benchmark import benchmark
from explorer.cli.checking import check
from explorer.cli.distributions import distributions
from explorer.cli.importing import import_
from explorer.cli.judging import evaluate
from explorer.cli.lists import archives, data, models
from explorer.cli.maps import measure, neighbours, project
from explorer.cli.page import serve
from explorer.cli.pictures import decode, encode, sample
from explorer.cli.returning import render
from explorer.cli.runs import runs
from explorer.cli.sharing import export, pull, push
from explorer.cli.training import prepare, train
from explorer.cli.walks import interpolate, plane
from explorer.errors import ExplorerError

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)

for command in (
    serve,
    models,
    data,
    archives,
    check,
    train,
    prepare,
    project,
    measure,
    neighbours,
    sample,
    interpolate,
    plane,
    distributions,
    augment,
    encode,
    decode,
    render,
    evaluate,
    export,
    push,
    pull,
):
    app.command()(command)
app.command(name="import")(import_)
app.add_typer(attributes, name="attributes")
app.add_typer(benchmark, name="benchmark")
app.add_typer(runs, name="runs")


@app.callback()
def set_threads(
    threads: Annotated[
        int,
        typer.Option(
            min=1, max=256, envvar="LATENT_EXPLORER_THREADS", help="CPU threads of a model."
        ),
    ] = 1,
) -> None:
    """Train, see and edit GLICO and Glow models of small image sets."""
    os.environ["OMP_NUM_THREADS"] = str(threads)  # read by torch when it is imported
    if "torch" in sys.modules:
        sys.modules["torch"].set_num_threads(threads)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code.

    Args:
        arguments: What follows `python -m explorer`; taken from `sys.argv` if not given.
    """
    # Threads that wait in a busy loop starve each other: with torch's and numba's in one process,
    # two threads on two cores ran a model 100 times slower than one.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    os.environ.setdefault("NUMBA_NUM_THREADS", "1")
    try:
        app(args=arguments, prog_name="python -m explorer")
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else int(end.code is not None)
    except ExplorerError as error:
        print(f"Error: {error}", file=sys.stderr)
        return 2
    except OSError as error:
        if error.filename is None:
            raise
        print(f"Error: '{error.filename}': {error.strerror}.", file=sys.stderr)
        return 2
    return 0
