"""Images whose latents hold a known attribute, in the place of a model's own."""

import numpy as np

from explorer.service.encoded import EncodedImages

EACH = 60


def planted_images(class_names, attribute_names):
    """60 images of each class: glasses along the first number, hats of one class, no smile."""
    rng = np.random.default_rng(0)
    labels = np.arange(len(class_names) * EACH) % len(class_names)
    attributes = rng.uniform(size=(len(labels), len(attribute_names))) < 0.5
    attributes[:, attribute_names.index("hat")] = labels == 4
    attributes[:, attribute_names.index("smile")] = False
    latents = rng.normal(size=(len(labels), 12)).astype(np.float32)
    latents[:, 0] += 6 * attributes[:, attribute_names.index("glasses")]
    return EncodedImages(
        source=f"{len(labels)} planted images",
        key="planted",
        pixels=rng.integers(0, 256, (len(labels), 8, 8, 3), dtype=np.uint8),
        labels=labels,
        class_names=class_names,
        attributes=attributes,
        attribute_names=attribute_names,
        latents=latents,
    )


def plant(monkeypatch, workbench, name):
    """Let every analysis of a model find the planted images."""
    from explorer.service import distributions, survey

    data = workbench.open(name).data
    images = planted_images(data.class_names, data.attribute_names)
    for module in (distributions, survey):
        monkeypatch.setattr(module, "encoded_images", lambda *_: images)
    distributions._finished.clear()
    return images
