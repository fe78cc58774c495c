"""Completion as augmentation: new images of a class that vary as all classes do.

A class with few images shows little of how far an attribute varies. Its images are moved along
the attributes' directions until their positions follow the completed distribution: the class's
own positions together with those of the other classes, shifted to its mean, inside the evidence.
"""

__all__ = ["MOST_SAMPLES", "complete"]

from collections.abc import Sequence

import numpy as np
import torch

from explorer.errors import ConfigError, DataError, near_match
from explorer.latent.completion import draw_targets, moved_to, positions_along
from explorer.latent.evidence import completed
from explorer.service.axes import SliderAxes, slider_axes
from explorer.service.codes import gallery_codes
from explorer.service.progress import Report, part, unreported
from explorer.service.samples import Samples
from explorer.service.shelf import OpenModel
from explorer.service.workbench import Workbench

MOST_SAMPLES = 10_000
DECODED_AT_ONCE = 64


@torch.no_grad()
def complete(
    workbench: Workbench,
    name: str,
    class_name: str,
    attributes: Sequence[str],
    count: int,
    seed: int,
    report: Report = unreported,
) -> Samples:
    """Make new images of a class whose positions follow the completed distribution.

    Parents are the class's training images in the gallery, each used equally often. Attributes
    are drawn independently of one another.

    Args:
        workbench: Opens the model.
        name: The model.
        class_name: The class to complete.
        attributes: Sliders to vary, at least one, each once.
        count: Images to make, 1 to `MOST_SAMPLES`.
        seed: Same seed, same images.
        report: Told after each batch.

    Raises:
        ConfigError: A class or attribute is unknown or named twice, or the count out of range.
        DataError: The gallery has no training image of the class, nothing supports a change of
            an attribute, or the attributes' directions depend on each other.
        NotSupportedError: The model has no sliders.
        Cancelled: The person has cancelled.
    """
    opened = workbench.open(name)
    if not 1 <= count <= MOST_SAMPLES:
        raise ConfigError(f"count is {count}; 1 to {MOST_SAMPLES} images are made at once.")
    label = _label(opened, class_name)
    sliders = slider_axes(opened, label)
    rows = _rows(sliders, attributes)
    axes = sliders.axes[rows].to(torch.float64)
    offsets = sliders.offsets[rows].to(torch.float64)
    seen = ~opened.gallery.held_out
    own = np.flatnonzero(seen & (opened.gallery.labels == label))
    if not len(own):
        raise DataError(
            f"'{name}' shows no training image of '{class_name}', so there is nothing to start "
            f"from. Run `python -m explorer prepare --model {name}` with a larger gallery."
        )
    codes = gallery_codes(opened, part(report, 0.0, 0.3))
    places = positions_along(codes, axes, offsets).numpy()[seen]
    pools = [completed(column, opened.gallery.labels[seen], label) for column in places.T]
    for attribute, pool in zip(attributes, pools, strict=True):
        if not len(pool):
            raise DataError(
                f"Nothing supports a change of '{attribute}' in '{class_name}': it has fewer than "
                "5 images, and no other class has 2. Add images."
            )
    generator = np.random.default_rng(seed)
    parents = np.resize(generator.permutation(own), count).astype(np.int64)
    targets = draw_targets(pools, count, generator)
    latents = moved_to(
        codes[torch.from_numpy(parents)],
        axes,
        offsets,
        torch.from_numpy(targets),
        sphere=opened.generative.traits.prior == "sphere",
    )
    return Samples(
        model=name,
        origin="completion",
        seed=seed,
        latents=latents,
        labels=np.full(count, label, dtype=np.int64),
        parents=parents[:, None],
        attributes=tuple(attributes),
        targets=targets,
        positions=positions_along(latents, axes, offsets).numpy(),
        pixels=_decoded(workbench, name, latents, part(report, 0.3, 1.0)),
    )


def _decoded(workbench: Workbench, name: str, latents: torch.Tensor, report: Report) -> np.ndarray:
    pictures = []
    for first in range(0, len(latents), DECODED_AT_ONCE):
        report(first / len(latents), "Drawing the new images")
        batch = latents[first : first + DECODED_AT_ONCE]
        pictures.append(workbench.decode(name, batch, as_sample=True))
    return np.concatenate(pictures)


def _label(opened: OpenModel, class_name: str) -> int:
    names = opened.data.class_names
    if class_name not in names:
        hint = near_match(class_name, names)
        raise ConfigError(f"No class '{class_name}'.{hint} Known: {', '.join(names)}.")
    return names.index(class_name)


def _rows(sliders: SliderAxes, attributes: Sequence[str]) -> list[int]:
    if not attributes:
        raise ConfigError(f"No attribute is named. Choose among {', '.join(sliders.names)}.")
    for number, attribute in enumerate(attributes):
        if attribute not in sliders.names:
            hint = near_match(attribute, sliders.names)
            known = ", ".join(sliders.names)
            raise ConfigError(f"No attribute '{attribute}'.{hint} Known: {known}.")
        if attribute in attributes[:number]:
            raise ConfigError(f"Attribute '{attribute}' is named twice. Name each once.")
    return [sliders.names.index(attribute) for attribute in attributes]
