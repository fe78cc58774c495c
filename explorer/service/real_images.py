"""What the judge finds on real images: computed once a model, the yardstick of generated ones.

A number of one image is compared with the same number of every training image, found without
that image: its nearest *other* training image, a classifier that did not learn from it. So the
yardstick takes nothing from the test split. Only the classifier trained from scratch, which
cannot be trained again for each image, is measured on held-out images instead.
"""

__all__ = [
    "MEASURES",
    "Measure",
    "RealImages",
    "bits_of",
    "flow_of",
    "pixel_difference",
    "real_images",
]

from dataclasses import dataclass
from functools import lru_cache, partial
from pathlib import Path

import numpy as np
from jaxtyping import Float32, Float64, Int64

from explorer.data.images import to_images
from explorer.judge.feature_classifier import (
    FeatureClassifier,
    cross_validated,
    fit_feature_classifier,
)
from explorer.judge.features import DEFAULT_BACKBONE, backbone_features
from explorer.judge.legibility import information, sharpness
from explorer.judge.nearness import nearest_other
from explorer.latent.arrayfile import load_arrays, save_arrays
from explorer.protocol import Density
from explorer.service.kept import kept, kept_folder
from explorer.service.progress import Report, part
from explorer.service.shelf import OpenModel
from explorer.service.unseen import same_data, unseen_images
from explorer.service.workbench import Workbench

MOST_REAL = 1000
"""Training images that are compared with, the first of the gallery."""

MOST_LIKELY = 200
"""Of these, how many are measured by a flow, which takes long."""


@dataclass(frozen=True, slots=True)
class Measure:
    """One number of a generated image.

    Attributes:
        title: For people.
        text: What it says, in a sentence.
        digits: After the decimal point.
    """

    title: str
    text: str
    digits: int


MEASURES = {
    "novelty": Measure(
        "Distance to the nearest training image",
        "In features of a pretrained network. Far below that of real images: memorised.",
        2,
    ),
    "difference": Measure(
        "Difference to it in pixels", "Root mean square, 0 to 1; 0 is the very same picture.", 3
    ),
    "twin": Measure(
        "Distance to an earlier new image",
        "In the same features. 0 is a double; the first of the set has none.",
        2,
    ),
    "agreement": Measure(
        "Class agreement",
        "How much of its label a small classifier sees that learned from the same images alone.",
        2,
    ),
    "pretrained": Measure(
        "Class agreement, pretrained",
        "The same by a classifier on features of a network that knows ImageNet.",
        2,
    ),
    "sharpness": Measure("Sharpness", "Root mean square of the Laplacian; low is a blur.", 3),
    "information": Measure(
        "Information", "Entropy of its grey levels, bits; low is an almost plain picture.", 2
    ),
    "bits": Measure(
        "Bits per dimension",
        "By a flow of the same data; high is unlikely. Simple pictures are likely to a flow.",
        2,
    ),
}
"""The numbers of one image by name."""


@dataclass(frozen=True, slots=True, eq=False)
class RealImages:
    """Features of real images and their numbers.

    Attributes:
        backbone: Whose features.
        positions: Gallery positions of the training images compared with, int64, shape (n,).
        labels: Their classes.
        features: float32, shape (n, feature).
        unseen: Features of held-out images, float32, shape (m, feature); may be none.
        unseen_labels: Their classes.
        unseen_origin: Where they come from, or why there are none; for people.
        values: Numbers of real images by measure; what was not measured is not there.
        flow: Name of the flow that gives bits per dimension; empty where there is none.
        second: The classifier on features.
    """

    backbone: str
    positions: Int64[np.ndarray, " n"]
    labels: Int64[np.ndarray, " n"]
    features: Float32[np.ndarray, "n feature"]
    unseen: Float32[np.ndarray, "m feature"]
    unseen_labels: Int64[np.ndarray, " m"]
    unseen_origin: str
    values: dict[str, Float64[np.ndarray, " _"]]
    flow: str
    second: FeatureClassifier

    def source(self, measure: str) -> str:
        """Return on which real images a measure's yardstick was found, for people."""
        if measure == "agreement":
            return self.unseen_origin
        count = len(self.values[measure])
        how = {"pretrained": ", each by a classifier that did not learn from it"}
        return f"{count:,} training images" + how.get(measure, "")


def flow_of(workbench: Workbench, opened: OpenModel) -> str:
    """Return the model that can tell bits per dimension of this model's images; else nothing."""
    for name in same_data(workbench, opened):
        if isinstance(workbench.open(name).model, Density):
            return name
    return ""


def real_images(
    workbench: Workbench, name: str, report: Report, *, backbone: str = DEFAULT_BACKBONE
) -> RealImages:
    """Measure a model's real images, the first time in a process of its own; then read them.

    Args:
        workbench: Where the model lies.
        name: The model.
        report: Told how far it is; where it raises, nothing is left behind.
        backbone: Whose features; see `explorer.judge.features`.

    Raises:
        ConfigError: There is no such network, or its weights cannot be had.
    """
    opened = workbench.open(name)
    flow = flow_of(workbench, opened)
    version = workbench.open(flow).version[:12] if flow else "none"
    path = kept_folder(opened) / f"real-{backbone}-{version}.npz"
    work = partial(_measure, workbench.root, name, flow, backbone)
    return _loaded(kept(path, work, report), backbone, flow)


def _measure(
    root: Path, name: str, flow: str, backbone: str, target: Path, report: Report
) -> None:
    """Write everything that is known of the real images into an npz file."""
    workbench = Workbench(root)
    opened = workbench.open(name)
    gallery, names = opened.gallery, opened.data.class_names
    positions = np.flatnonzero(~gallery.held_out)[:MOST_REAL].astype(np.int64)
    pixels, labels = gallery.pixels[positions], gallery.labels[positions]
    images = to_images(pixels)
    see = part(report, 0.0, 0.4)
    features = backbone_features(
        images, backbone, progress=lambda share: see(share, "Looking at the training images")
    )
    report(0.4, "Finding held-out images")
    unseen = unseen_images(workbench, opened)
    look = part(report, 0.45, 0.65)
    unseen_features = backbone_features(
        to_images(unseen.pixels),
        backbone,
        progress=lambda share: look(share, "Looking at held-out images"),
    )
    report(0.65, "Training a second classifier")
    rows = features.numpy()
    second = fit_feature_classifier(rows, labels, len(names))
    nearest = nearest_other(features)
    values = {
        "novelty": nearest.distances.numpy(),
        "twin": nearest.distances.numpy(),
        "difference": pixel_difference(pixels, pixels[nearest.indices.numpy()]),
        "pretrained": cross_validated(rows, labels, len(names))[np.arange(len(rows)), labels],
        "sharpness": sharpness(images).numpy(),
        "information": information(images).numpy(),
    }
    if opened.class_judge is not None and len(unseen):
        chances = opened.class_judge.predict(to_images(unseen.pixels)).double().numpy()
        values["agreement"] = chances[np.arange(len(unseen)), unseen.labels]
    if flow:
        measured = part(report, 0.8, 1.0)
        values["bits"] = bits_of(workbench, flow, pixels[:MOST_LIKELY], measured)
    save_arrays(
        target,
        {
            "positions": positions,
            "labels": labels,
            "features": rows,
            "unseen": unseen_features.numpy(),
            "unseen_labels": unseen.labels,
            "unseen_origin": np.array(unseen.origin),
            "weights": second.weights,
            "offsets": second.offsets,
            "centre": second.centre,
            "scale": second.scale,
            "measured": np.array(list(values)),
            **{f"real.{measure}": numbers for measure, numbers in values.items()},
        },
    )


def pixel_difference(pixels: np.ndarray, others: np.ndarray) -> Float64[np.ndarray, " n"]:
    """Return the root mean square difference of pairs of 8-bit pictures, 0 to 1."""
    error = (pixels.astype(np.float64) - others) / 255
    return np.asarray(np.sqrt(np.square(error).mean(axis=(1, 2, 3))))


def bits_of(
    workbench: Workbench, flow: str, pixels: np.ndarray, report: Report
) -> Float64[np.ndarray, " n"]:
    """Return the bits per dimension of pictures under a flow."""
    found: list[float] = []
    for first in range(0, len(pixels), 32):
        report(first / len(pixels), "Measuring likelihood")
        found += workbench.bits_per_dim(flow, pixels[first : first + 32])
    return np.array(found)


@lru_cache(maxsize=4)
def _loaded(path: Path, backbone: str, flow: str) -> RealImages:
    names = ["positions", "labels", "features", "unseen", "unseen_labels", "unseen_origin"]
    parts = ["weights", "offsets", "centre", "scale"]
    arrays = load_arrays(path, [*names, *parts, "measured"])
    measured = [str(name) for name in arrays["measured"]]
    values = load_arrays(path, [f"real.{name}" for name in measured])
    return RealImages(
        backbone=backbone,
        **{name: arrays[name] for name in names if name != "unseen_origin"},
        unseen_origin=str(arrays["unseen_origin"]),
        values={name: values[f"real.{name}"] for name in measured},
        flow=flow,
        second=FeatureClassifier(**{name: arrays[name] for name in parts}),
    )
