"""A checkpoint of another program as one of our models: converted, checked, ready to explore.

Everything is made in a hidden folder and moved into place at the end, so that an import that is
refused or stopped leaves nothing behind. A model that comes without its data is explored with
what it makes itself: a Glow with samples, a GLICO with the pictures of its codes.
"""

__all__ = ["OWN_PICTURES", "SAMPLES", "Imported", "import_model"]

import datetime
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import cast

import numpy as np
import torch
from torch import Tensor, nn

from explorer.data.images import to_pixels
from explorer.data.labelled import LabelledImages
from explorer.data.load import load_data
from explorer.data.source import UNRECORDED
from explorer.errors import CheckpointError, ConfigError
from explorer.files import write_json
from explorer.interop.conversion import NO_HINTS, Conversion, Hints
from explorer.interop.recognise import convert
from explorer.latent.layout_settings import PcaSettings
from explorer.protocol import GenerativeModel
from explorer.service.gallery import build_gallery, save_gallery
from explorer.service.prepare import (
    DIRECTIONS_COUNT,
    add_class_judge,
    fit_attributes,
    measure,
    project,
    seal,
    update_facts,
)
from explorer.service.progress import Report, part, unreported
from explorer.settings import DataSettings, Experiment, ModelChoice, parse_experiment
from explorer.train.run import DataCard, RunFolder, RunStatus
from explorer.train.session import load_model

SAMPLES = 64
"""Samples in the gallery of a Glow that comes without its data."""

OWN_PICTURES = "its own pictures"
"""Name of the data of a model that comes without any."""

TEMPERATURE = 0.7
"""Of those samples: the paper's figures have it."""

DECODED_AT_ONCE = 16


@dataclass(frozen=True, slots=True)
class Imported:
    """What was imported.

    Attributes:
        name: Of the model.
        dialect: Of the checkpoint.
        model: Family it became, e.g. "glow".
        image_shape: (channel, height, width).
        parameters: Numbers in it.
        images: In its gallery.
        own_images: Whether those are its own samples, because its data are not known.
        notes: What was assumed or left out.
    """

    name: str
    dialect: str
    model: str
    image_shape: tuple[int, int, int]
    parameters: int
    images: int
    own_images: bool
    notes: tuple[str, ...]


@torch.no_grad()
def import_model(
    root: Path,
    files: Sequence[Path],
    name: str,
    *,
    hints: Hints = NO_HINTS,
    data: DataSettings | None = None,
    count: int | None = None,
    report: Report = unreported,
) -> Imported:
    """Convert a foreign checkpoint into a model's folder that opens on the page.

    Args:
        root: Folder that holds the models' folders.
        files: One file, or the pair of a GLICO.
        name: Of the new folder.
        hints: What the files do not tell.
        data: What the model was trained on, with any image size; None if it is not here.
        count: Images in the gallery at most; None for all codes, `SAMPLES` samples, or 2000
            images of the data.
        report: Told how far it is.

    Raises:
        CheckpointError: A file cannot be read, is of no known dialect, or does not fit it.
        ConfigError: The name is taken or not allowed, or hints or data do not fit the model.
        DataError: The data are not there.
    """
    if (root / name).exists():
        raise ConfigError(f"'{root / name}' is there already. Give another --name.")
    report(0.0, "reading the checkpoint")
    conversion = convert(files, hints)
    experiment = _experiment(name, conversion, data)
    train = None if data is None else _data_of(conversion, experiment.data)
    root.mkdir(parents=True, exist_ok=True)
    hidden = Path(tempfile.mkdtemp(dir=root, prefix=".import-"))
    try:
        folder = hidden / name
        _write_model(folder, experiment, conversion, train)
        model = load_model(folder)
        images = train or _own_images(model, conversion, count or SAMPLES, part(report, 0.0, 0.5))
        _make_ready(folder, model, images, count or 2000, part(report, 0.5, 1.0))
        facts: dict[str, float | int | str] = {
            "imported_from": conversion.dialect,
            "imported_on": datetime.date.today().isoformat(),
            "parameters": sum(parameter.numel() for parameter in model.parameters()),
        }
        if conversion.steps:
            facts["steps"] = conversion.steps
        update_facts(folder, facts)
        if train is not None:
            add_class_judge(folder)
        seal(folder)
        folder.rename(root / name)
    finally:
        shutil.rmtree(hidden, ignore_errors=True)
    report(1.0, "ready")
    return Imported(
        name=name,
        dialect=conversion.dialect,
        model=conversion.model,
        image_shape=conversion.image_shape,
        parameters=int(facts["parameters"]),
        images=min(len(images), count or 2000),
        own_images=train is None,
        notes=conversion.notes,
    )


def _experiment(name: str, conversion: Conversion, data: DataSettings | None) -> Experiment:
    _, height, width = conversion.image_shape
    if height != width:
        raise ConfigError(
            f"The model makes images of {width}x{height} pixels; only square ones can be explored."
        )
    source = DataSettings(name=UNRECORDED) if data is None else data
    raw = {
        "name": name,
        "title": f"{name} · {conversion.dialect}"[:80],
        "model": ModelChoice(name=conversion.model, config=dict(conversion.config)).model_dump(),
        "data": source.model_dump() | {"image_size": height},
    }
    return parse_experiment(raw, where="--name")


def _data_of(conversion: Conversion, settings: DataSettings) -> LabelledImages:
    """Return the images a model was trained on, if they can be."""
    if conversion.model != "glow":
        raise ConfigError(
            f"A model of {conversion.dialect} keeps a code for each of its own images, in an "
            "order that is not in its files. Import it without --data."
        )
    train = load_data(settings, "train")
    channels, classes = train.images.shape[3], len(train.class_names)
    if channels != conversion.image_shape[0]:
        raise ConfigError(
            f"--data {settings.name} has {channels} channels; the model makes images with "
            f"{conversion.image_shape[0]}. Give the data it was trained on, or none."
        )
    if conversion.config.get("class_conditional") and classes != len(conversion.class_names):
        raise ConfigError(
            f"--data {settings.name} has {classes} classes; the model tells "
            f"{len(conversion.class_names)} apart. Give the data it was trained on, or none."
        )
    return train


def _write_model(
    folder: Path, experiment: Experiment, conversion: Conversion, train: LabelledImages | None
) -> None:
    """Write a finished run without its gallery."""
    run = RunFolder(folder)
    folder.mkdir()
    run.record(experiment)
    card = DataCard.of(train) if train is not None else _card(conversion)
    write_json(folder / "data.json", asdict(card))
    message = f"Imported from {conversion.dialect}."
    run.write_status(RunStatus("done", conversion.steps, 0.0, message))
    run.finish(_with_shares(conversion.tensors, card, conversion.config))


def _card(conversion: Conversion) -> DataCard:
    return DataCard(
        name=OWN_PICTURES,
        image_shape=conversion.image_shape,
        class_names=conversion.class_names,
        class_counts=conversion.class_counts,
        attribute_names=(),
        digest="",
    )


def _with_shares(
    tensors: Mapping[str, Tensor], card: DataCard, config: Mapping[str, object]
) -> dict[str, Tensor]:
    """Return the tensors with the classes' shares in the data, where the model knows classes."""
    if not config.get("class_conditional"):
        return dict(tensors)
    counts = torch.tensor(card.class_counts, dtype=torch.float32)
    return {**tensors, "class_log_share": (counts / counts.sum()).log()}


def _own_images(
    model: nn.Module, conversion: Conversion, count: int, report: Report
) -> LabelledImages:
    """Return what a model makes itself: of every code, or samples from a fixed seed."""
    generative = cast(GenerativeModel, model)
    classes = len(conversion.class_names)
    if isinstance(codes := getattr(model, "codes", None), Tensor):
        labels, latents = cast(Tensor, model.code_labels), codes
    else:
        labels = torch.arange(count) % classes
        generator = torch.Generator().manual_seed(0)
        latents = generative.sample_latents(
            count, generator=generator, temperature=TEMPERATURE, labels=labels
        )
    drawn = []
    for first in range(0, len(latents), DECODED_AT_ONCE):
        report(first / len(latents), "making pictures")
        images = generative.decode(latents[first : first + DECODED_AT_ONCE])
        if not bool(images.isfinite().all()):
            raise CheckpointError(
                "The model's own samples are not finite numbers, so that it cannot be explored. "
                "Import a checkpoint from an earlier step."
            )
        drawn.append(to_pixels(images))
    return LabelledImages(
        OWN_PICTURES,
        np.concatenate(drawn),
        labels.numpy().astype(np.int64),
        conversion.class_names,
        np.arange(len(latents), dtype=np.int64),
    )


def _make_ready(
    folder: Path, model: nn.Module, images: LabelledImages, count: int, report: Report
) -> None:
    """Write gallery, map, measures and directions beside the weights."""
    report(0.0, "finding the latents of the pictures")
    save_gallery(folder, build_gallery(model, images, None, count))
    seal(folder)
    project(folder, PcaSettings(), part(report, 0.3, 0.6))
    measure(folder, part(report, 0.6, 0.8))
    report(0.8, "finding directions")
    fit_attributes(folder, model, images, min(DIRECTIONS_COUNT, max(count, 2000)))
