"""New pictures from a model, and the way from pictures to latents and back."""

__all__ = ["decode", "encode", "sample"]

from pathlib import Path
from typing import Annotated

import typer

from explorer.cli.options import DEFAULT_ROOT, Model, Picture, Root, check_target, workbench_of
from explorer.cli.output import print_written, sheet_columns, write_picture

SAMPLE_CELL = 64
"""Pixels that small samples are enlarged to."""


def sample(
    model: Model,
    out: Picture,
    count: Annotated[int, typer.Option(help="How many, 1 to 1024.")] = 32,
    seed: Annotated[int, typer.Option(min=0, help="Same seed, same pictures.")] = 0,
    temperature: Annotated[
        float, typer.Option(help="Spread, 0 to 2; 1 is the model's own.")
    ] = 0.85,
    class_name: Annotated[str | None, typer.Option("--class", help="Only of this class.")] = None,
    root: Root = DEFAULT_ROOT,
) -> None:
    """Draw new pictures into one sheet, enlarged where small."""
    from explorer.data.images import tile
    from explorer.service.sheets import enlarged

    check_target(out, ".png")
    pictures = workbench_of(root).sample(
        model, count, seed=seed, temperature=temperature, class_name=class_name
    )
    write_picture(out, tile(enlarged(pictures, SAMPLE_CELL), sheet_columns(count)))
    print_written(out)


def encode(
    files: Annotated[list[Path], typer.Argument(help="Pictures: PNG, JPEG, WEBP, ...")],
    model: Model,
    out: Annotated[Path, typer.Option(help="npz file to write.")],
    root: Root = DEFAULT_ROOT,
) -> None:
    """Write the latents of pictures to an npz file.

    A picture is cropped to its middle square and resized to the model's size. The file holds
    `latents` (one row a picture), the `model`, and the `version` of its weights.
    """
    import numpy as np

    from explorer.data.intake import read_image
    from explorer.service.latent_file import save_latents

    check_target(out, ".npz")
    workbench = workbench_of(root)
    channels, height, _ = workbench.open(model).data.image_shape
    pixels = np.stack([read_image(file, height, channels) for file in files])
    latents = workbench.encode(model, pixels)
    save_latents(out, root / model, latents)
    print(f"{len(latents)} latents of {latents.shape[1]} numbers. Wrote '{out}'.")


def decode(
    file: Annotated[Path, typer.Argument(help="npz file that `encode` wrote.")],
    out: Picture,
    denoise: Annotated[
        bool, typer.Option("--denoise", help="For latents that were changed: remove the noise.")
    ] = False,
    root: Root = DEFAULT_ROOT,
) -> None:
    """Turn latents back into a sheet of pictures.

    The pictures have the model's own size. A Glow gives back the very pixels that were encoded.
    """
    from explorer.data.images import tile
    from explorer.service.latent_file import load_latents

    check_target(out, ".png")
    model, latents = load_latents(file, root)
    pictures = workbench_of(root).decode(model, latents, as_sample=denoise)
    write_picture(out, tile(pictures, sheet_columns(len(pictures))))
    print_written(out)
