"""Make a trained model ready to explore: gallery, map, attribute directions, facts."""

__all__ = ["LAYOUTS", "prepare", "project", "seal", "update_facts"]

import datetime
import json
import math
import os
import platform
from collections.abc import Callable
from pathlib import Path
from typing import cast

import numpy as np
import torch
from torch import nn

from explorer.data.images import to_pixels
from explorer.data.labelled import LabelledImages
from explorer.data.load import load_data
from explorer.errors import ConfigError, NotSupportedError, near_match
from explorer.files import write_json
from explorer.latent.attributes import DirectionSums, fit_directions, usable_attributes
from explorer.latent.directions import save_directions
from explorer.latent.projection import Projection, pca_layout, save_projection, umap_layout
from explorer.protocol import GenerativeModel, Latents
from explorer.service.gallery import (
    Gallery,
    batches_of,
    build_gallery,
    gallery_latents,
    load_gallery,
    save_gallery,
)
from explorer.train import checkpoint
from explorer.train.run import RunFolder
from explorer.train.session import load_model

LAYOUTS: dict[str, Callable[[Latents], Projection]] = {"pca": pca_layout, "umap": umap_layout}
"""Ways to lay latents out on a map, by the name people choose."""

GALLERY_COUNT = 2000
DIRECTIONS_COUNT = 10_000
COMPANIONS = ("atlas.webp", "gallery.npz", "directions.npz", "facts.json", "evaluation.json")


@torch.no_grad()
def prepare(
    folder: Path,
    *,
    count: int = GALLERY_COUNT,
    held_out: int = 0,
    first_pair: tuple[int, int] | None = None,
    directions_count: int = DIRECTIONS_COUNT,
) -> None:
    """Write everything that exploring needs beside a model's weights.

    Args:
        folder: A finished run.
        count: Training images in the gallery, at most.
        held_out: Images of the test split to show as well, for models that encode exactly.
        first_pair: Gallery positions of A and B that the page opens with; None keeps what is set.
        directions_count: Training images from which attribute directions are found, at most.

    Raises:
        CheckpointError: The folder holds no finished model.
        DataError: The data the model was trained on are not there.
        NotSupportedError: Images are held out, but the model only knows its training images.
    """
    run = RunFolder(folder)
    model, settings = load_model(folder), run.experiment().data
    if held_out and cast(GenerativeModel, model).traits.encoder != "exact":
        raise NotSupportedError(
            f"'{folder.name}' has latents for its training images only, so none can be held out. "
            "Show 0 held-out images, or choose a model that encodes any image."
        )
    train = load_data(settings, "train")
    unseen = None
    if held_out:
        test = load_data(settings.model_copy(update={"count": held_out}), "test")
        unseen = test
    gallery = build_gallery(model, train, unseen, count)
    save_gallery(folder, gallery)
    for path in folder.glob("layout-*.npz"):
        path.unlink()  # laid out for another gallery
    _lay_out(folder, model, gallery, "pca")
    fit_attributes(folder, model, train, directions_count)
    update_facts(folder, _training_facts(run, model, train))
    if first_pair is not None:
        _set_first_pair(folder, first_pair, len(gallery))
    seal(folder)


def _set_first_pair(folder: Path, pair: tuple[int, int], count: int) -> None:
    for index in pair:
        if not 0 <= index < count:
            raise ConfigError(f"Image {index} for the first pair; 0 to {count - 1} are there.")
    update_facts(folder, {"first_a": pair[0], "first_b": pair[1]})


@torch.no_grad()
def project(folder: Path, method: str) -> Projection:
    """Lay a prepared model's gallery out on a map and keep the map beside the weights.

    Args:
        folder: A prepared model.
        method: One of `LAYOUTS`.

    Raises:
        ConfigError: The method is unknown.
        CheckpointError: The folder holds no prepared model.
    """
    if method not in LAYOUTS:
        hint = near_match(method, LAYOUTS)
        raise ConfigError(f"No layout '{method}'.{hint} Choose one of {', '.join(LAYOUTS)}.")
    gallery = load_gallery(folder, RunFolder(folder).data_card().image_shape)
    layout = _lay_out(folder, load_model(folder), gallery, method)
    seal(folder)
    return layout


def _lay_out(folder: Path, model: nn.Module, gallery: Gallery, method: str) -> Projection:
    everything = np.arange(len(gallery), dtype=np.int64)
    layout = LAYOUTS[method](gallery_latents(model, gallery, everything))
    save_projection(folder / f"layout-{method}.npz", layout)
    return layout


def fit_attributes(folder: Path, model: nn.Module, train: LabelledImages, count: int) -> None:
    """Find the directions of every attribute with enough images; write none if there is none.

    Args:
        folder: Where `directions.npz` goes.
        model: Meets `GenerativeModel`.
        train: What the model was trained on, in training order.
        count: Images to take at most: the first ones.
    """
    shown = train.subset(np.arange(min(count, len(train)), dtype=np.int64))
    columns = usable_attributes(torch.from_numpy(shown.attributes))
    if not len(columns):
        (folder / "directions.npz").unlink(missing_ok=True)
        return
    encoder = cast(GenerativeModel, model)
    sums = DirectionSums(len(columns), encoder.traits.latent_dim, len(train.class_names))
    for batch in batches_of(shown):
        marks = torch.from_numpy(shown.attributes[batch.indices.numpy()])[:, columns]
        sums.update(encoder.latents([batch]), marks, batch.labels)
    names = [train.attribute_names[column] for column in columns.tolist()]
    save_directions(folder / "directions.npz", fit_directions(sums, names, train.class_names))


def _training_facts(
    run: RunFolder, model: nn.Module, train: LabelledImages
) -> dict[str, float | int | str]:
    status = run.status()
    facts: dict[str, float | int | str] = {
        "steps": status.step,
        "train_minutes": round(status.seconds / 60, 1),
        "trained_on": datetime.date.today().isoformat(),
        "machine": machine(),
        "parameters": sum(p.numel() for p in model.parameters()),
    }
    trained = cast(GenerativeModel, model)
    if trained.traits.encoder != "exact":
        facts["psnr"] = round(_reconstruction_psnr(trained, train), 2)
    return facts


def _reconstruction_psnr(model: GenerativeModel, train: LabelledImages) -> float:
    """Return the peak signal-to-noise ratio of all 8-bit reconstructions together, dB."""
    squares = 0.0
    for batch in batches_of(train):
        pictures = to_pixels(model.decode(model.latents([batch])))
        targets = train.images[batch.indices.numpy()]
        squares += float(np.square(pictures.astype(np.float64) - targets).sum())
    return 10 * math.log10(255**2 * train.images.size / max(squares, 1e-12))


def machine() -> str:
    """Return the processor's name and its number of cores, for the record."""
    name = platform.processor() or platform.machine()
    info = Path("/proc/cpuinfo")
    if info.exists():
        models = [line for line in info.read_text().splitlines() if line.startswith("model name")]
        name = models[0].split(":", 1)[1].strip() if models else name
    return f"{name}, {os.cpu_count()} cores"


def update_facts(folder: Path, facts: dict[str, float | int | str]) -> None:
    """Add measured numbers to a model's `facts.json`; earlier ones of the same name go."""
    path = folder / "facts.json"
    known = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    write_json(path, {**known, **facts})


def seal(folder: Path) -> None:
    """Write the manifest over everything a prepared model consists of."""
    names = ["experiment.json", "data.json", "weights.safetensors"]
    names += [name for name in COMPANIONS if (folder / name).exists()]
    names += [path.name for path in folder.glob("layout-*.npz")]
    checkpoint.write_manifest(folder, names)
