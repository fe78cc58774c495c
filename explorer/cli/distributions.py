"""How attributes are distributed over classes, and both hypotheses about it."""

__all__ = ["distributions"]

import sys
from collections import Counter
from collections.abc import Iterable
from typing import TYPE_CHECKING, Annotated, Any, cast

import typer

from explorer.cli.options import DEFAULT_ROOT, Json, Model, Root, workbench_of
from explorer.cli.output import print_json, print_table
from explorer.errors import ConfigError

if TYPE_CHECKING:
    import explorer.service.distributions
    import explorer.service.survey

PARTS = ("all", "with", "without")
SIGNIFICANT = 0.05


def distributions(
    model: Model,
    attribute: Annotated[
        list[str] | None,
        typer.Option(
            help="What varies: an attribute, brightness, contrast, size, tilt, or 'variation 1' "
            "to 4; may be repeated. Everything if not given."
        ),
    ] = None,
    part: Annotated[
        str | None,
        typer.Option(help="Images of an attribute to look at: all, with or without."),
    ] = None,
    count: Annotated[
        int, typer.Option(help="Training images to take; 0 for the model's gallery.")
    ] = 0,
    seed: Annotated[int, typer.Option(help="Of every draw.")] = 0,
    root: Root = DEFAULT_ROOT,
    as_json: Json = False,
) -> None:
    """Test whether pooling over classes brings attributes nearer to normal, or fills gaps.

    Latents of training images are computed once and kept in ~/.cache/latent-explorer.
    """
    from explorer.service.survey import survey

    if part is not None and (part not in PARTS or not attribute):
        raise ConfigError(
            f"--part '{part}'; choose one of {', '.join(PARTS)}, and an --attribute it is of."
        )
    chosen = cast("explorer.service.distributions.Part | None", part)
    wanted = [(name, chosen) for name in attribute or ()]
    found = survey(workbench_of(root), model, wanted, count=count, seed=seed, report=_report_line)
    if as_json:
        print_json({"model": model, "seed": seed, **_plain(found)})
        return
    _print(found)


def _plain(found: "explorer.service.survey.Survey") -> dict[str, Any]:
    return {"found": found.found, "corrected": found.corrected, "skipped": found.skipped}


def _print(found: "explorer.service.survey.Survey") -> None:
    heading = ("attribute", "images", "hypothesis 1", "change", "p", "corrected", "hypothesis 2")
    rows = [
        (
            one.axis.name,
            one.part,
            one.mixed.state,
            f"{one.mixed.change:+.2f} [{one.mixed.change_low:+.2f}, {one.mixed.change_high:+.2f}]",
            f"{one.mixed.p_value:.3f}",
            f"{corrected:.3f}",
            one.complement.state,
            *(f"n = {size.size}: {size.gain:+.3f}" for size in one.complement.sizes),
        )
        for one, corrected in zip(found.found, found.corrected, strict=True)
    ]
    if rows:
        print_table([(*heading, "gain"), *rows])
    if len(found.found) == 1:
        (one,) = found.found
        texts = (one.note, one.mixed.verdict, one.complement.verdict)
        more = (one.complement.beyond, one.complement.correlation)
        print("".join(f"\n{text}" for text in (*texts, *more) if text))
    elif rows:
        _print_totals(found)
    for missing in found.skipped:
        print(f"Skipped {missing.axis.name} ({missing.part}): {missing.reason}")


def _print_totals(found: "explorer.service.survey.Survey") -> None:
    """Count the verdicts of all analyses; of hypothesis 2 at each sample size."""
    verdicts = [one.mixed.state for one in found.found]
    kept = sum(
        one.mixed.state == "supported" and corrected <= SIGNIFICANT
        for one, corrected in zip(found.found, found.corrected, strict=True)
    )
    explained = sum(
        own.low[-1] <= control.high[-1] and own.high[-1] >= control.low[-1]
        for own, control in (
            (curves["attribute"], curves["parametric"])
            for curves in (one.mixed.curves["anderson_darling"] for one in found.found)
        )
    )
    print(
        f"\nHypothesis 1, {len(found.found)} analyses: {_counted(verdicts)}; supported after "
        f"correction {kept}. Pooled, {explained} are as far from normal as normal classes with "
        "their means and deviations."
    )
    sizes = sorted({size.size for one in found.found for size in one.complement.sizes})
    for number in sizes:
        at = [s for one in found.found for s in one.complement.sizes if s.size == number]
        gain = sum(size.gain for size in at) / len(at)
        states = [size.state for size in at]
        print(f"Hypothesis 2, {number} images a class: {_counted(states)}; mean gain {gain:+.3f}.")


def _counted(states: Iterable[str]) -> str:
    return ", ".join(f"{count} {state}" for state, count in sorted(Counter(states).items()))


def _report_line(share: float, doing: str) -> None:
    if sys.stderr.isatty():
        end = "\n" if share >= 1 else ""
        print(f"\r{100 * share:3.0f} % {doing:<60}", end=end, file=sys.stderr, flush=True)
