"""New labelled images for a training set, judged and sorted out, as folders or an archive."""

__all__ = ["augment"]

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from explorer.cli.assignments import pairs_of
from explorer.cli.options import DEFAULT_ROOT, Json, Root, workbench_of
from explorer.cli.output import print_json, print_progress, print_table, print_written
from explorer.errors import ConfigError

if TYPE_CHECKING:
    import explorer.service.augmented_set
    import explorer.service.limits


def augment(  # noqa: PLR0913  (an argument an option)
    model: Annotated[str | None, typer.Option("--model", help="Name of a model.")] = None,
    read: Annotated[
        Path | None, typer.Option(help="A set that was written before, instead of a model.")
    ] = None,
    per_class: Annotated[int, typer.Option(help="New images of each class.")] = 20,
    class_name: Annotated[
        list[str] | None, typer.Option("--class", help="Only of this class; may be repeated.")
    ] = None,
    source: Annotated[
        str, typer.Option(help="mix (two training images), sample (the model's) or complete.")
    ] = "mix",
    law: Annotated[
        str, typer.Option(help="How far to mix: paper (0.1 to 0.4), uniform (to 0.5) or near.")
    ] = "paper",
    partner: Annotated[
        str, typer.Option(help="Whom to mix with: same-class, nearest or other-class.")
    ] = "same-class",
    residual: Annotated[
        bool, typer.Option("--residual", help="Keep the training image's own details.")
    ] = False,
    temperature: Annotated[float, typer.Option(help="Spread of samples, 0 to 2.")] = 0.85,
    noise: Annotated[
        float, typer.Option(help="Random step of each latent, a share of its length.")
    ] = 0.0,
    attribute: Annotated[
        list[str] | None, typer.Option(help="What to complete; may be repeated.")
    ] = None,
    seed: Annotated[int, typer.Option(help="Same seed, same images.")] = 0,
    limit: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME=VALUE", help="A limit to be kept; may be repeated."),
    ] = None,
    backbone: Annotated[
        str, typer.Option(help="Network whose features judge; any of torchvision's.")
    ] = "efficientnet-lite0",
    out: Annotated[
        Path | None, typer.Option(help="Folder to write, or archive where it ends in .zip.")
    ] = None,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace a set that is there.")
    ] = False,
    root: Root = DEFAULT_ROOT,
    as_json: Json = False,
) -> None:
    """Make new labelled images, judge each beside real ones, and write those that pass.

    kept/CLASS/*.png is an image folder; left-out/ holds the others, and manifest.jsonl every
    number, parent, seed and reason.

    Limits: memorised, unlike and twin (distances, 1 is that of a real image to its nearest other),
    agreement and pretrained (share of the label that is seen), blurred, plain and unlikely
    (percent of real images).
    """
    from explorer.service.augmented_set import make_set, with_limits
    from explorer.service.limits import checked_limits
    from explorer.service.plan import checked_plan
    from explorer.service.set_file import check_place, write_set
    from explorer.service.set_reader import read_set

    if (model is None) == (read is None):
        raise ConfigError("Give --model NAME to make a set, or --read SET to open one.")
    limits = checked_limits(pairs_of(limit or [], "--limit", "agreement=0.7"))
    if out is not None:
        check_place(out, overwrite=overwrite)
    if read is not None:
        found = read_set(read)
        if limit:
            found = with_limits(workbench_of(root), found, limits)
    else:
        raw: dict[str, Any] = {
            "per_class": per_class,
            "classes": class_name or [],
            "source": source,
            "law": law,
            "partner": partner,
            "residual": residual,
            "temperature": temperature,
            "noise": noise,
            "attributes": attribute or [],
            "seed": seed,
        }
        found = make_set(
            workbench_of(root),
            str(model),
            checked_plan(raw),
            limits,
            print_progress,
            backbone=backbone,
        )
    if out is not None:
        write_set(out, found, overwrite=overwrite)
    if as_json:
        print_json(_plain(found))
        return
    _print(found)
    print_written(out)


def _plain(found: "explorer.service.augmented_set.AugmentedSet") -> dict[str, Any]:
    return {
        "model": found.made.model,
        "version": found.made.version,
        "plan": found.made.plan.model_dump(mode="json"),
        "limits": found.limits.model_dump(mode="json"),
        "images": len(found.made),
        "kept": int(found.kept.sum()),
        "left_out": Counter(reason for reasons in found.reasons for reason in reasons),
        "measures": found.judged.values,
        "share_of_real_below": found.judged.shares,
        "real": found.judged.yardsticks,
        "whole": found.whole,
        "chosen": found.chosen,
    }


def _print(found: "explorer.service.augmented_set.AugmentedSet") -> None:
    made = found.made
    print(f"'{made.model}': {len(made)} new images, {int(found.kept.sum())} kept.")
    reasons = Counter(reason for row in found.reasons for reason in row)
    for reason, count in reasons.most_common():
        print(f"  left out, {reason}: {count}")
    print_table(_image_rows(found))
    print()
    if found.whole.found:
        print_table(_set_rows(found))
    print(found.whole.note)


def _image_rows(found: "explorer.service.augmented_set.AugmentedSet") -> list[tuple[str, ...]]:
    import numpy as np

    from explorer.service.real_images import MEASURES

    heading = ("measure", "new: 2.5 %", "50 %", "97.5 %", "real: 2.5 %", "50 %", "97.5 %", "of")
    rows: list[tuple[str, ...]] = [heading]
    for name, values in found.judged.values.items():
        digits, finite = MEASURES[name].digits, values[np.isfinite(values)]
        quantiles = np.quantile(finite, [0.025, 0.5, 0.975]).tolist() if len(finite) else []
        real = found.judged.yardsticks.get(name)
        cells = [f"{one:.{digits}f}" for one in quantiles] or [""] * 3
        if real:
            cells += [f"{one:.{digits}f}" for one in (real.low, real.median, real.high)]
            cells.append(real.source)
        rows.append((MEASURES[name].title, *cells))
    return rows


def _set_rows(found: "explorer.service.augmented_set.AugmentedSet") -> list[tuple[str, ...]]:
    from explorer.service.set_measures import SET_MEASURES

    kept = {one.name: one for one in found.chosen.found}
    rows: list[tuple[str, ...]] = [("set measure", "all", "kept", "real sets, 90 %", "median")]
    for one in found.whole.found:
        measure = SET_MEASURES[one.name]
        number = f".{measure.digits}f"
        value = f"{kept[one.name].value:{number}}" if one.name in kept else ""
        span = f"{one.low:{number}} to {one.high:{number}}"
        rows.append(
            (measure.title, f"{one.value:{number}}", value, span, f"{one.median:{number}}")
        )
    return rows
