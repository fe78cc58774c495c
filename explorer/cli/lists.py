"""What there is: models, data sets, archives of pictures that were brought."""

__all__ = ["archives", "data", "models"]

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from explorer.cli.options import DEFAULT_ROOT, Json, Root, workbench_of
from explorer.cli.output import print_json, print_table

if TYPE_CHECKING:
    from explorer.service.records import ModelCard


def models(root: Root = DEFAULT_ROOT, as_json: Json = False) -> None:
    """List the models that can be trained, and the trained ones."""
    from explorer import models as registry

    families = list(registry.available().values())
    cards = workbench_of(root).models()
    if as_json:
        print_json(
            {
                "families": [
                    {
                        "name": spec.name,
                        "title": spec.title,
                        "summary": spec.summary,
                        "source": spec.source,
                        "settings": {
                            name: {"default": field.default, "description": field.description}
                            for name, field in spec.settings.model_fields.items()
                        },
                    }
                    for spec in families
                ],
                "models": cards,
            }
        )
        return
    print("To train:")
    print_table([("", spec.name, spec.title, spec.summary, spec.source) for spec in families])
    if not cards:
        print(f"\nNo trained model in '{root}'. Train one: python -m explorer train --help")
        return
    print(f"\nTrained, in '{root}':")
    print_table([("", card.name, card.title, *_model_columns(card)) for card in cards])


def _model_columns(card: "ModelCard") -> tuple[str, ...]:
    if not card.model:
        return (card.problem,)
    channels, height, width = card.image_shape
    facts = card.facts
    measured = [
        f"{facts[name]:.{digits}f} {unit}"
        for name, unit, digits in (
            ("bits_per_dim", "bits/dim", 2),
            ("psnr", "dB", 1),
            ("train_minutes", "min", 0),
        )
        if isinstance(facts.get(name), int | float)
    ]
    return (
        f"{card.model} on {card.data}",
        f"{sum(card.class_counts)} images of {height}x{width}x{channels}",
        f"{len(card.class_names)} classes",
        ", ".join(measured) or "-",
        card.problem,
    )


def data(as_json: Json = False) -> None:
    """List the data sets: licence, how many, how to get."""
    from explorer.data.source import available
    from explorer.settings import DataSettings

    sources = available().values()
    ready = {source.name: source.is_ready(DataSettings(name=source.name)) for source in sources}
    if as_json:
        shown = ("name", "title", "summary", "counts", "licence", "how_to_get")
        print_json(
            [
                {name: getattr(source, name) for name in shown} | {"ready": ready[source.name]}
                for source in sources
            ]
        )
        return
    for source in sources:
        counts = [
            f"{count:,} {kind}"
            for count, kind in zip(source.counts, ("train", "test"), strict=False)
        ]
        state = "ready" if ready[source.name] else "not on this machine"
        print(f"{source.name} - {source.title}: {source.summary}")
        print(f"    Images:  {', '.join(counts) or 'as many as you have'} ({state})")
        print(f"    Licence: {source.licence}")
        print(f"    Get it:  {source.how_to_get}")


def archives(
    delete: Annotated[
        str | None, typer.Option(metavar="NAME", help="Delete one that no run learned from.")
    ] = None,
    root: Root = DEFAULT_ROOT,
    as_json: Json = False,
) -> None:
    """List the archives of pictures that were brought and unpacked, or delete one."""
    from explorer.service.brought import brought, delete_brought

    if delete is not None:
        delete_brought(root, delete)
    found = brought(root)
    if as_json:
        print_json([asdict(one) | {"folder": str(one.folder)} for one in found])
        return
    if not found:
        print(f"No archive was brought to '{root}'.")
        return
    rows = [
        (one.name, f"{one.images:,}", f"{one.size_mb:,.1f}", ", ".join(one.runs) or "-")
        for one in found
    ]
    print_table([("archive", "pictures", "MB", "used by"), *rows])
