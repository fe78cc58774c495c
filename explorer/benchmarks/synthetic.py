"""Models with galleries of any size that nobody had to train: for timing the page.

The model is a tiny GLICO with random weights. Its codes lie in clusters, one a class, and its
gallery has discs of random colours. The map called "umap" is drawn from the clusters, not
computed; "pca" is computed.
"""

__all__ = ["synthetic_model"]

from dataclasses import asdict
from pathlib import Path

import numpy as np
import torch

from explorer import models
from explorer.data.labelled import LabelledImages
from explorer.files import write_json
from explorer.latent.layout_settings import UmapSettings
from explorer.latent.projection import Projection, pca_layout, save_projection
from explorer.nn.sphere import to_sphere
from explorer.service.gallery import Gallery, save_gallery
from explorer.service.measures import Measures, save_measures
from explorer.service.prepare import seal, update_facts
from explorer.settings import parse_experiment
from explorer.train import checkpoint
from explorer.train.run import RunFolder, RunStatus
from explorer.train.session import build_model

CLASSES = tuple(f"class {number}" for number in range(10))
ATTRIBUTES = ("large", "dark")
SIZE = 32
LATENT_DIM = 32
CLUSTER_SPREAD = 0.25
DONE = RunStatus("done", 0, 0.0, "Made, not trained.")


def synthetic_model(root: Path, count: int, name: str = "") -> str:
    """Write a prepared model with a gallery of `count` images and return its name.

    Args:
        root: Folder of models.
        count: Images, at least 20.
        name: Of the folder; "synthetic-COUNT" if empty.
    """
    name = name or f"synthetic-{count}"
    run = RunFolder(root / name)
    chance = np.random.default_rng(count)
    data = _discs(count, chance)
    config = models.get("glico").tiny().model_dump(mode="json") | {"latent_dim": LATENT_DIM}
    experiment = {
        "name": name,
        "title": f"{count:,} discs",
        "model": {"name": "glico", "config": config},
        "data": {"name": "folder", "root": "nowhere", "image_size": SIZE, "count": count},
    }
    run.begin(parse_experiment(experiment, where="synthetic"), data)
    write_json(run.path / "status.json", asdict(DONE))
    torch.manual_seed(count)
    model = build_model(run.experiment().model, data.info)
    codes, places = _clusters(data.labels, chance)
    model.codes.data = codes
    checkpoint.write_tensors(run.path / "weights.safetensors", model.state_dict())
    gallery = Gallery(
        pixels=data.images,
        labels=data.labels,
        attributes=data.attributes,
        indices=np.arange(count, dtype=np.int64),
        held_out=np.zeros(count, dtype=bool),
        norms=np.ones(count, dtype=np.float32),
    )
    save_gallery(run.path, gallery)
    settings = {key: value for key, value in asdict(UmapSettings()).items() if key != "seed"}
    save_projection(run.path / "layout-umap.npz", Projection(places, "umap", settings))
    save_projection(run.path / "layout-pca.npz", pca_layout(codes))
    bits = chance.normal(5, 0.1, count)
    save_measures(run.path, Measures(bits, chance.uniform(0, 0.1, count)))
    update_facts(run.path, {"psnr": 0.0})
    seal(run.path)
    return name


def _discs(count: int, chance: np.random.Generator) -> LabelledImages:
    """Discs of one colour on another, classes in order, two attributes that can be seen."""
    rows, columns = np.mgrid[0:SIZE, 0:SIZE] / (SIZE - 1) - 0.5
    distance = np.hypot(rows, columns)[None]
    attributes = chance.random((count, len(ATTRIBUTES))) < (0.5, 0.3)
    radius = np.where(attributes[:, :1, None], 0.42, 0.25)
    light = np.where(attributes[:, 1:], 90, 255)
    colours = (chance.random((2, count, 3)) * light).astype(np.uint8)
    inside = (distance < radius)[..., None]
    return LabelledImages(
        name="folder",
        images=np.where(inside, colours[0, :, None, None], colours[1, :, None, None]),
        labels=np.sort(np.arange(count, dtype=np.int64) % len(CLASSES)),
        class_names=CLASSES,
        indices=np.arange(count, dtype=np.int64),
        attributes=attributes,
        attribute_names=ATTRIBUTES,
    )


def _clusters(labels: np.ndarray, chance: np.random.Generator) -> tuple[torch.Tensor, np.ndarray]:
    """Codes on the sphere and places on a map, each near its class's middle."""
    middles = chance.normal(size=(len(CLASSES), LATENT_DIM)) / LATENT_DIM**0.5
    noise = chance.normal(size=(len(labels), LATENT_DIM)) / LATENT_DIM**0.5
    codes = to_sphere(torch.from_numpy(middles[labels] + CLUSTER_SPREAD * noise).float())
    around = 10 * chance.normal(size=(len(CLASSES), 2))
    places = around[labels] + 2 * chance.normal(size=(len(labels), 2))
    return codes, places.astype(np.float32)
