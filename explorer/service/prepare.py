"""Make a trained model ready to explore: gallery, map, measures, attribute directions, facts."""

__all__ = [
    "add_class_judge",
    "measure",
    "prepare",
    "project",
    "refit_attributes",
    "seal",
    "update_facts",
]

import datetime
import json
import math
import os
import platform
from pathlib import Path
from typing import cast

import numpy as np
import torch
from torch import nn

from explorer.data.images import to_pixels
from explorer.data.labelled import LabelledImages
from explorer.data.load import load_data
from explorer.errors import ConfigError, DataError, NotSupportedError
from explorer.files import write_json
from explorer.latent.direction_file import save_directions
from explorer.latent.direction_fit import DirectionFit
from explorer.latent.directions import Directions
from explorer.latent.layout_settings import LayoutSettings, PcaSettings
from explorer.latent.projection import Projection, lay_out, save_projection
from explorer.protocol import GenerativeModel
from explorer.service.class_judge import CLASS_JUDGE, TESTED, fit_class_judge
from explorer.service.gallery import (
    Gallery,
    batches_of,
    build_gallery,
    gallery_latents,
    load_gallery,
    save_gallery,
)
from explorer.service.latent_file import weights_version
from explorer.service.measures import (
    MEASURES,
    Measures,
    load_measures,
    measure_gallery,
    save_measures,
)
from explorer.service.progress import Report, unreported
from explorer.settings import DataSettings
from explorer.train import checkpoint
from explorer.train.run import RunFolder
from explorer.train.session import load_model

GALLERY_COUNT = 2000
DIRECTIONS_COUNT = 10_000
_MODEL = ("experiment.json", "data.json", "weights.safetensors")
COMPANIONS = (
    "atlas.webp",
    "gallery.npz",
    MEASURES,
    "directions.npz",
    "facts.json",
    "evaluation.json",
    "honesty.npz",
    CLASS_JUDGE,
)


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
    unseal(folder)
    save_gallery(folder, gallery)
    for path in folder.glob("layout-*.npz"):
        path.unlink()  # laid out for another gallery
    _lay_out(folder, model, gallery, PcaSettings(), unreported)
    save_measures(folder, measure_gallery(model, gallery, unreported))
    fit_attributes(folder, model, train, directions_count)
    update_facts(folder, _training_facts(run, model, train))
    update_facts(folder, fit_class_judge(folder, train, _test_images(settings)))
    if first_pair is not None:
        _set_first_pair(folder, first_pair, len(gallery))
    seal(folder)


def add_class_judge(folder: Path) -> None:
    """Train the classifier of a prepared model's classes again, with nothing else.

    Args:
        folder: A prepared model.

    Raises:
        CheckpointError: The folder holds no finished model.
        DataError: The data the model was trained on are not there.
    """
    settings = RunFolder(folder).experiment().data
    train = load_data(settings, "train")
    update_facts(folder, fit_class_judge(folder, train, _test_images(settings)))
    seal(folder)


def _test_images(settings: DataSettings) -> LabelledImages | None:
    """Return images that say how good a classifier is; None where the data have no test split."""
    count = min(TESTED, settings.count or TESTED)
    try:
        return load_data(settings.model_copy(update={"count": count}), "test")
    except DataError:
        return None


def _set_first_pair(folder: Path, pair: tuple[int, int], count: int) -> None:
    for index in pair:
        if not 0 <= index < count:
            raise ConfigError(f"Image {index} for the first pair; 0 to {count - 1} are there.")
    update_facts(folder, {"first_a": pair[0], "first_b": pair[1]})


@torch.no_grad()
def project(folder: Path, settings: LayoutSettings, report: Report = unreported) -> Projection:
    """Lay a prepared model's gallery out on a map and keep the map beside the weights.

    Args:
        folder: A prepared model.
        settings: Of the map; one of the same settings is replaced.
        report: Told how far it is.

    Raises:
        ConfigError: A setting is not allowed.
        CheckpointError: The folder holds no prepared model.
    """
    gallery = load_gallery(folder, RunFolder(folder).data_card().image_shape)
    model = load_model(folder)
    settings.check(len(gallery), cast(GenerativeModel, model).traits.latent_dim)
    layout = _lay_out(folder, model, gallery, settings, report)
    seal(folder)
    return layout


def measure(folder: Path, report: Report = unreported) -> Measures:
    """Measure the gallery of a prepared model and keep the numbers; the other files stay.

    Args:
        folder: A prepared model.
        report: Told how far it is.

    Raises:
        CheckpointError: The folder holds no prepared model.
    """
    gallery = load_gallery(folder, RunFolder(folder).data_card().image_shape)
    save_measures(folder, measure_gallery(load_model(folder), gallery, report))
    seal(folder)
    return cast(Measures, load_measures(folder, len(gallery)))


def _lay_out(
    folder: Path, model: nn.Module, gallery: Gallery, settings: LayoutSettings, report: Report
) -> Projection:
    everything = np.arange(len(gallery), dtype=np.int64)
    latents = gallery_latents(model, gallery, everything)
    layout = lay_out(latents, settings, lambda share: report(share, "Laying the images out"))
    save_projection(folder / f"layout-{settings.name}.npz", layout)
    return layout


@torch.no_grad()
def refit_attributes(folder: Path, *, count: int = DIRECTIONS_COUNT) -> Directions:
    """Find the directions of a finished model again, and leave the rest of its folder as it is.

    Args:
        folder: A finished run.
        count: Training images to take at most.

    Raises:
        CheckpointError: The folder holds no finished model.
        DataError: The data the model was trained on are not there.
    """
    model = load_model(folder)
    train = load_data(RunFolder(folder).experiment().data, "train")
    found = fit_attributes(folder, model, train, count)
    seal(folder)
    return found


def fit_attributes(
    folder: Path, model: nn.Module, train: LabelledImages, count: int
) -> Directions:
    """Find the directions of every attribute with enough images, and of the unlabelled variation.

    Args:
        folder: Where `directions.npz` goes.
        model: Meets `GenerativeModel`.
        train: What the model was trained on, in training order.
        count: Images to take at most: the first ones.

    Returns:
        What was found; its `refused` tells which attributes have too few images.
    """
    shown = train.subset(np.arange(min(count, len(train)), dtype=np.int64))
    encoder = cast(GenerativeModel, model)
    fit = DirectionFit(
        shown.attribute_names,
        shown.class_names,
        torch.from_numpy(shown.attributes),
        torch.from_numpy(shown.labels),
        encoder.traits.latent_dim,
    )
    for batch in batches_of(shown):
        fit.update(encoder.latents([batch]))
    directions = fit.finish(weights_version(folder))
    save_directions(folder / "directions.npz", directions)
    return directions


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


def unseal(folder: Path) -> None:
    """Write the manifest over the model alone, so that being cut off later loses no model."""
    checkpoint.write_manifest(folder, _MODEL)


def seal(folder: Path) -> None:
    """Write the manifest over everything a prepared model consists of."""
    names = list(_MODEL)
    names += [name for name in COMPANIONS if (folder / name).exists()]
    names += [path.name for path in folder.glob("layout-*.npz")]
    checkpoint.write_manifest(folder, names)
