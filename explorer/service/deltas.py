"""The means that attribute directions come from, of any labelled images, as files to take along.

```text
deltas.npz     names, positives, negatives, z_pos, z_neg, z_delta: a row an attribute
deltas.json    the same without the latents, for people: model, data, counts, lengths, refused
```
"""

__all__ = ["MOST_IMAGES", "Deltas", "attribute_deltas", "deltas_of", "save_deltas"]

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Float32, Int64

from explorer.data.labelled import LabelledImages
from explorer.data.load import load_data
from explorer.errors import DataError
from explorer.files import write_json
from explorer.latent.arrayfile import save_arrays
from explorer.latent.attributes import usable_attributes
from explorer.latent.direction_sums import DirectionSums
from explorer.latent.directions import too_few
from explorer.service.gallery import batches_of
from explorer.service.progress import Report, unreported
from explorer.service.workbench import Workbench
from explorer.settings import DataSettings, parse_experiment
from explorer.train.run import RunFolder

MOST_IMAGES = 10_000

_CELEBA = "list_attr_celeba.txt"


@dataclass(frozen=True, slots=True, eq=False)
class Deltas:
    """Mean latents of images with and without each attribute.

    Attributes:
        model: Name of the model.
        version: SHA-256 of its weights.
        data: Name of the data set.
        images: How many were encoded.
        names: Attributes with enough images, in the order of the rows.
        positives: Images with each, int64, shape (attribute,).
        negatives: Images without it, int64, shape (attribute,).
        z_pos: Mean latents with it, float32, shape (attribute, dim).
        z_neg: Mean latents without it, float32, shape (attribute, dim).
        refused: Attributes with too few images, with their numbers of images with and without.
    """

    model: str
    version: str
    data: str
    images: int
    names: tuple[str, ...]
    positives: Int64[np.ndarray, " attribute"]
    negatives: Int64[np.ndarray, " attribute"]
    z_pos: Float32[np.ndarray, "attribute dim"]
    z_neg: Float32[np.ndarray, "attribute dim"]
    refused: Mapping[str, tuple[int, int]]

    @property
    def z_delta(self) -> Float32[np.ndarray, "attribute dim"]:
        """The step from the mean without an attribute to the mean with it."""
        difference: Float32[np.ndarray, "attribute dim"] = self.z_pos - self.z_neg
        return difference


def attribute_deltas(
    workbench: Workbench,
    model: str,
    source: Path | None = None,
    *,
    count: int = MOST_IMAGES,
    report: Report = unreported,
) -> Deltas:
    """Find the mean latents with and without every attribute of labelled images.

    Args:
        workbench: Where the model lies.
        model: Its name.
        source: An experiment's JSON file, whose data are taken; a folder with CelebA's own files,
            or one with sub-folders of images and attributes.csv; None for what the model was
            trained on.
        count: Images to take at most.
        report: Told how far it is.

    Raises:
        DataError: The images are not there, have no attributes, or no attribute has enough.
        ConfigError: The experiment's file is wrong, or the images do not fit the model.
    """
    opened = workbench.open(model)
    own = RunFolder(opened.folder).experiment().data
    settings = own if source is None else _settings(source, opened.data.image_shape[1], count)
    images = load_data(settings, "train")
    images = images.subset(np.arange(min(count, len(images)), dtype=np.int64))
    return deltas_of(workbench, model, images, trained_on=settings == own, report=report)


@torch.no_grad()
def deltas_of(
    workbench: Workbench,
    model: str,
    images: LabelledImages,
    *,
    trained_on: bool,
    report: Report = unreported,
) -> Deltas:
    """Find the mean latents with and without every attribute of images in memory.

    Args:
        workbench: Where the model lies.
        model: Its name.
        images: With attributes.
        trained_on: Whether they are the model's training images, in training order: a model
            that keeps a code for each of those looks it up.
        report: Told how far it is.

    Raises:
        DataError: The images have no attributes, or no attribute has enough images.
        ConfigError: The images do not fit the model.
    """
    opened = workbench.open(model)
    marks = torch.from_numpy(images.attributes)
    columns = usable_attributes(marks)
    counts = images.attributes.sum(0).tolist()
    chosen = set(columns.tolist())
    refused = {
        name: (positives, len(images) - positives)
        for column, (name, positives) in enumerate(
            zip(images.attribute_names, counts, strict=True)
        )
        if column not in chosen
    }
    if not chosen:
        raise DataError(_nothing(images, refused))
    sums = DirectionSums(len(columns), opened.generative.traits.latent_dim, 1)
    for batch in batches_of(images):
        first = int(batch.indices[0])
        report(first / len(images), "finding the latents of the images")
        with opened.lock:
            latents = (
                opened.generative.latents([batch])
                if trained_on
                else workbench.encode(model, images.images[batch.indices.numpy()])
            )
        sums.update(latents, marks[batch.indices][:, columns], torch.zeros_like(batch.labels))
    with_it, everything = sums.joint_sums[0], sums.class_sums[0]
    return Deltas(
        model=model,
        version=opened.version,
        data=images.name,
        images=len(images),
        names=tuple(images.attribute_names[column] for column in columns.tolist()),
        positives=sums.positives.long().numpy(),
        negatives=sums.negatives.long().numpy(),
        z_pos=(with_it / sums.positives[:, None]).float().numpy(),
        z_neg=((everything - with_it) / sums.negatives[:, None]).float().numpy(),
        refused=refused,
    )


def save_deltas(folder: Path, deltas: Deltas) -> tuple[Path, Path]:
    """Write `deltas.npz` and `deltas.json` into a folder, which is made, and return their paths.

    Raises:
        OSError: The folder cannot be written to.
    """
    arrays, readable = folder / "deltas.npz", folder / "deltas.json"
    save_arrays(
        arrays,
        {
            "names": np.array(deltas.names, dtype=np.str_),
            "positives": deltas.positives,
            "negatives": deltas.negatives,
            "z_pos": deltas.z_pos,
            "z_neg": deltas.z_neg,
            "z_delta": deltas.z_delta,
            "model": np.array(deltas.model),
            "version": np.array(deltas.version),
        },
    )
    write_json(readable, _readable(deltas))
    return arrays, readable


def _readable(deltas: Deltas) -> dict[str, object]:
    lengths = np.linalg.norm(deltas.z_delta.astype(np.float64), axis=1)
    rows = zip(
        deltas.names,
        deltas.positives.tolist(),
        deltas.negatives.tolist(),
        lengths.tolist(),
        strict=True,
    )
    return {
        "model": deltas.model,
        "version": deltas.version,
        "data": deltas.data,
        "images": deltas.images,
        "latent_dim": deltas.z_pos.shape[1],
        "attributes": [
            {"name": name, "positives": with_it, "negatives": without, "length": length}
            for name, with_it, without, length in rows
        ],
        "refused": [
            {"name": name, "positives": with_it, "negatives": without}
            for name, (with_it, without) in deltas.refused.items()
        ],
    }


def _settings(source: Path, image_size: int, count: int) -> DataSettings:
    """Return the settings of data that a person names by a file or a folder."""
    if source.is_file():
        try:
            raw = json.loads(source.read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise DataError(
                f"'{source}' is not a readable JSON file: {error}. Give an experiment's file or a "
                "folder of images."
            ) from None
        data = parse_experiment(raw, where=f"'{source}'").data
        return data.model_copy(update={"image_size": image_size})
    if not source.is_dir():
        raise DataError(
            f"'{source}' is not there. Give an experiment's JSON file or a folder of images."
        )
    is_celeba = any((source / part / _CELEBA).is_file() for part in (".", "celeba"))
    return DataSettings(
        name="celeba" if is_celeba else "folder",
        root=str(source),
        image_size=image_size,
        count=count if is_celeba else 0,
    )


def _nothing(images: LabelledImages, refused: Mapping[str, tuple[int, int]]) -> str:
    if refused:
        name, counts = next(iter(refused.items()))
        return f"No attribute of '{images.name}' has enough images. {too_few(name, *counts)}"
    return (
        f"The images of '{images.name}' have no attributes. Add an attributes.csv to their "
        "folder, or name other data."
    )
