"""Images of a model with their latents: its gallery, or as many training images as one likes."""

__all__ = ["EncodedImages", "encoded_images"]

import hashlib
import threading
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import cast

import numpy as np
import torch
from jaxtyping import Bool, Float32, Int64, UInt8

from explorer.data.labelled import LabelledImages
from explorer.data.load import load_data
from explorer.errors import ConfigError
from explorer.protocol import GenerativeModel
from explorer.service.codes import gallery_codes
from explorer.service.gallery import ENCODED_AT_ONCE, batches_of
from explorer.service.kept import kept, kept_folder
from explorer.service.progress import Report
from explorer.service.shelf import OpenModel
from explorer.service.workbench import Workbench
from explorer.train.run import RunFolder
from explorer.train.session import load_model

MOST_IMAGES = 100_000


@dataclass(frozen=True, slots=True, eq=False)
class EncodedImages:
    """Labelled images and their latents, row by row.

    Attributes:
        source: What they are, for people, e.g. "1,200 gallery images".
        key: Changes with the weights and with the images.
        pixels: uint8, shape (n, height, width, channel).
        labels: Class numbers, int64, shape (n,).
        class_names: Names in the order of the numbers.
        attributes: bool, shape (n, attribute).
        attribute_names: Names in the order of the columns.
        latents: float32, shape (n, dim).
    """

    source: str
    key: str
    pixels: UInt8[np.ndarray, "n height width channel"]
    labels: Int64[np.ndarray, " n"]
    class_names: tuple[str, ...]
    attributes: Bool[np.ndarray, "n attribute"]
    attribute_names: tuple[str, ...]
    latents: Float32[np.ndarray, "n dim"]


def encoded_images(workbench: Workbench, name: str, count: int, report: Report) -> EncodedImages:
    """Return images of a model with their latents, which are encoded once on a machine.

    Args:
        workbench: Where the model lies.
        name: The model.
        count: Training images, the first ones; 0 for the gallery.
        report: Told how far the encoding is.

    Raises:
        ConfigError: The count is negative or too large.
        DataError: Training images are wanted, and the data are not there.
    """
    if not 0 <= count <= MOST_IMAGES:
        raise ConfigError(
            f"{count} images; choose 1 to {MOST_IMAGES:,} training images, or 0 for the gallery."
        )
    opened = workbench.open(name)
    request = (str(workbench.root), name, opened.token, count)
    with _lock:
        if request not in _latest:
            found = _training(opened, count, report) if count else _gallery(opened, report)
            _latest.clear()
            _latest[request] = found
        return _latest[request]


_latest: dict[tuple[str, str, str, int], EncodedImages] = {}
"""The images that were asked for last: one analysis follows another of the same images."""
_lock = threading.Lock()


def _gallery(opened: OpenModel, report: Report) -> EncodedImages:
    gallery, data = opened.gallery, opened.data
    images = LabelledImages(
        data.name,
        gallery.pixels,
        gallery.labels,
        data.class_names,
        gallery.indices,
        data.attribute_names,
        gallery.attributes,
    )
    return _together(opened, "gallery", images, gallery_codes(opened, report).numpy())


def _training(opened: OpenModel, count: int, report: Report) -> EncodedImages:
    images = _first_images(opened.folder, count)
    if opened.generative.traits.encoder == "optimised":
        with torch.no_grad(), opened.lock:
            latents = opened.generative.latents(batches_of(images)).numpy()
    else:
        path = kept_folder(opened) / f"training-{images.digest()[:16]}.npy"
        kept(path, partial(_encode, opened.folder, count), report)
        latents = np.load(path, mmap_mode="r")
    return _together(opened, "training", images, latents)


def _together(
    opened: OpenModel, kind: str, images: LabelledImages, latents: Float32[np.ndarray, "n dim"]
) -> EncodedImages:
    text = f"{opened.version} {kind} {images.digest()}"
    return EncodedImages(
        source=f"{len(images):,} {kind} images",
        key=hashlib.sha256(text.encode()).hexdigest(),
        pixels=images.images,
        labels=images.labels,
        class_names=opened.data.class_names,
        attributes=images.attributes,
        attribute_names=images.attribute_names,
        latents=np.asarray(latents, dtype=np.float32),
    )


def _first_images(folder: Path, count: int) -> LabelledImages:
    images = load_data(RunFolder(folder).experiment().data, "train")
    return images.subset(np.arange(min(count, len(images)), dtype=np.int64))


@torch.no_grad()
def _encode(folder: Path, count: int, target: Path, report: Report) -> None:
    """Write the latents of a model's first training images into an npy file."""
    model = cast(GenerativeModel, load_model(folder))
    images = _first_images(folder, count)
    parts = []
    for number, batch in enumerate(batches_of(images)):
        first = number * ENCODED_AT_ONCE
        report(first / len(images), f"Encoding image {first:,} of {len(images):,}")
        parts.append(model.latents([batch]).numpy().astype(np.float32))
    np.save(target, np.concatenate(parts))
