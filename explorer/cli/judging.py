"""Measuring a model on images it never saw."""

__all__ = ["evaluate"]

import sys
from typing import Annotated

import typer

from explorer.cli.options import DEFAULT_ROOT, Json, Model, Root, workbench_of
from explorer.cli.output import print_json, print_table


def evaluate(
    model: Model,
    parts: Annotated[
        list[str] | None,
        typer.Option(
            "--part",
            help="density, reconstruction, samples, edits or honesty; may be repeated. All if "
            "not given.",
        ),
    ] = None,
    draws: Annotated[
        int,
        typer.Option(
            min=1,
            max=1000,
            help="Draws of the training noise an image; for uniform noise more bound the density "
            "of the 8-bit images tighter.",
        ),
    ] = 2,
    root: Root = DEFAULT_ROOT,
    as_json: Json = False,
) -> None:
    """Measure a model on held-out images, and keep the facts.

    Findings appear on standard error as they are made; the facts go to facts.json and
    evaluation.json beside the model. The data's test split must be on this machine.
    """
    from explorer.service.evaluate import evaluate as measure

    def report(line: str) -> None:
        print(line, file=sys.stderr, flush=True)

    workbench_of(root).card(model)
    facts = measure(root / model, parts=parts, draws=draws, report=report)
    if as_json:
        print_json(facts)
        return
    print_table([(name, str(value)) for name, value in facts.items()])
