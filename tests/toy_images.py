"""Small pictures with a learnable structure, made without any data set."""

import numpy as np

from explorer.data.labelled import LabelledImages
from explorer.data.source import DataSource

CLASS_NAMES = ("round", "wide", "tall")
RADII = ((0.3, 0.3), (0.2, 0.42), (0.42, 0.2))  # (vertical, horizontal) of each class


def ellipses(count: int, size: int = 16, channels: int = 3, seed: int = 0) -> LabelledImages:
    """Return blurred ellipses of one colour on a background of another: faces, from afar."""
    rng = np.random.default_rng(seed)
    labels = np.arange(count, dtype=np.int64) % len(CLASS_NAMES)
    rows, columns = np.mgrid[0:size, 0:size] / (size - 1) - 0.5
    pixels = np.empty((count, size, size, channels), dtype=np.uint8)
    for number, label in enumerate(labels):
        vertical, horizontal = RADII[label]
        down, right = rng.uniform(-0.1, 0.1, 2)
        distance = ((rows - down) / vertical) ** 2 + ((columns - right) / horizontal) ** 2
        inside = 1 / (1 + np.exp(6 * (distance - 1)))[:, :, None]
        skin, background = rng.uniform(100, 220, channels), rng.uniform(20, 240, channels)
        picture = inside * skin + (1 - inside) * background + rng.normal(0, 3, (size, size, 1))
        pixels[number] = picture.clip(0, 255)
    return LabelledImages(
        name="ellipses",
        images=pixels,
        labels=labels,
        class_names=CLASS_NAMES,
        indices=np.arange(count, dtype=np.int64),
    )


def ellipse_source(opened: list[str]) -> DataSource:
    """Return the pictures as a data set that notes which of its splits is asked for."""

    def load(settings, split):
        opened.append(split)
        return ellipses(settings.count, settings.image_size, seed=settings.seed)

    return DataSource(
        name="ellipses",
        title="Ellipses",
        summary="for tests",
        counts=(),
        licence="none",
        how_to_get="none",
        check=lambda settings: None,
        load=load,
    )
