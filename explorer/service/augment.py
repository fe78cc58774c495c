"""New labelled images from a model: the one function behind the tab, the command and the file.

Any model will do: its latents of training images are mixed, or it draws samples of a class, or
its attributes are completed. Only labelled training images of the gallery are used.
"""

__all__ = ["NewImages", "augment"]

from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float32, Float64, Int64, UInt8

from explorer.data.images import to_images, to_pixels
from explorer.errors import DataError
from explorer.latent.mixing import draw_mixes, jittered, mixed
from explorer.protocol import Latents
from explorer.service.codes import gallery_codes
from explorer.service.completion import complete
from explorer.service.plan import Plan, check_fits
from explorer.service.progress import Report, part, unreported
from explorer.service.shelf import OpenModel
from explorer.service.workbench import Workbench

DECODED_AT_ONCE = 64
DRAWN_AT_ONCE = 16
"""Samples a draw: always the same number, so that asking for more keeps the first ones."""


@dataclass(frozen=True, slots=True, eq=False)
class NewImages:
    """Generated images with all it takes to make them again.

    Attributes:
        model: Name of the model.
        version: SHA-256 of its weights.
        class_names: In the order of the class numbers.
        plan: How they were made.
        pixels: uint8, shape (n, height, width, channel).
        labels: Class each was made for, int64, shape (n,).
        mixture: Share of each class in the label, float32, shape (n, class); rows sum to 1.
        numbers: Position within the class's images, int64, shape (n,).
        parents: Gallery positions each was made from, int64, shape (n, 2); -1 for none.
        t: How far from the first parent to the second, float64, shape (n,); NaN where there are
            not two.
    """

    model: str
    version: str
    class_names: tuple[str, ...]
    plan: Plan
    pixels: UInt8[np.ndarray, "n height width channel"]
    labels: Int64[np.ndarray, " n"]
    mixture: Float32[np.ndarray, "n class_"]
    numbers: Int64[np.ndarray, " n"]
    parents: Int64[np.ndarray, "n 2"]
    t: Float64[np.ndarray, " n"]

    def __len__(self) -> int:
        """Return the number of images."""
        return len(self.labels)


@dataclass(frozen=True, slots=True, eq=False)
class _Drawn:
    """Latents of one class, and where they come from."""

    latents: Latents
    parents: Int64[np.ndarray, "n 2"]
    t: Float64[np.ndarray, " n"]


@torch.no_grad()
def augment(workbench: Workbench, name: str, plan: Plan, report: Report = unreported) -> NewImages:
    """Make new labelled images.

    Args:
        workbench: Opens the model.
        name: The model.
        plan: How many and how.
        report: Told after each batch.

    Raises:
        ConfigError: A class or attribute is unknown, or there would be too many images.
        DataError: A class has no image, or a single one and so no partner.
        NotSupportedError: The model cannot do what the plan says.
        Cancelled: The person has cancelled.
    """
    opened = workbench.open(name)
    names = opened.data.class_names
    check_fits(plan, name, opened.generative.traits, names)
    labels = [names.index(one) for one in plan.classes or names]
    codes = gallery_codes(opened, part(report, 0.0, 0.2))
    seen = np.flatnonzero(~opened.gallery.held_out).astype(np.int64)
    drawn = []
    for place, label in enumerate(labels):
        report(0.2 + 0.2 * place / len(labels), f"Drawing latents of {names[label]}")
        found = _drawn(workbench, opened, plan, label, codes, seen)
        moved = jittered(found.latents, plan.noise, label, plan.seed)
        drawn.append(_Drawn(moved, found.parents, found.t))
    latents = torch.cat([one.latents for one in drawn])
    parents = np.concatenate([one.parents for one in drawn])
    t = np.concatenate([one.t for one in drawn])
    given = np.repeat(np.array(labels, dtype=np.int64), plan.per_class)
    pixels = _decoded(workbench, opened, latents, part(report, 0.4, 0.9 if plan.residual else 1.0))
    if plan.residual:
        first = codes[torch.from_numpy(parents[:, 0])]
        rebuilt = _decoded(workbench, opened, first, part(report, 0.9, 1.0))
        pixels = _with_residual(opened.gallery.pixels[parents[:, 0]], pixels, rebuilt)
    return NewImages(
        model=name,
        version=opened.version,
        class_names=names,
        plan=plan,
        pixels=pixels,
        labels=given,
        mixture=_mixture(given, parents, t, opened.gallery.labels, len(names)),
        numbers=np.tile(np.arange(plan.per_class, dtype=np.int64), len(labels)),
        parents=parents,
        t=t,
    )


def _drawn(
    workbench: Workbench,
    opened: OpenModel,
    plan: Plan,
    label: int,
    codes: Latents,
    seen: Int64[np.ndarray, " m"],
) -> _Drawn:
    unknown = np.full(plan.per_class, np.nan)
    class_name = opened.data.class_names[label]
    if plan.source == "sample":
        rows = _sampled(opened, plan, label)
        return _Drawn(rows, np.full((len(rows), 2), -1, dtype=np.int64), unknown)
    if plan.source == "complete":
        seed = int(np.random.SeedSequence([plan.seed, label]).generate_state(1, np.uint64)[0] >> 1)
        made = complete(workbench, opened.name, class_name, plan.attributes, plan.per_class, seed)
        parents = np.concatenate([made.parents, np.full_like(made.parents, -1)], axis=1)
        return _Drawn(made.latents, parents, unknown)
    own = codes[torch.from_numpy(seen)]
    try:
        mixes = draw_mixes(
            own,
            opened.gallery.labels[seen],
            label,
            plan.per_class,
            law=plan.law,
            partner=plan.partner,
            seed=plan.seed,
        )
    except DataError as error:
        text = str(error).replace(f"Class {label} ", f"Class '{class_name}' ")
        raise DataError(f"'{opened.name}': {text}") from None
    parents = np.stack([seen[mixes.anchors], seen[mixes.partners]], axis=1)
    return _Drawn(mixed(own, mixes), parents, mixes.t)


def _sampled(opened: OpenModel, plan: Plan, label: int) -> Latents:
    parts = []
    for block in range(-(-plan.per_class // DRAWN_AT_ONCE)):
        seed = int(np.random.SeedSequence([plan.seed, label, block]).generate_state(1)[0])
        with opened.lock:
            parts.append(
                opened.generative.sample_latents(
                    DRAWN_AT_ONCE,
                    generator=torch.Generator().manual_seed(seed),
                    temperature=plan.temperature,
                    labels=torch.full((DRAWN_AT_ONCE,), label),
                )
            )
    return torch.cat(parts)[: plan.per_class]


def _decoded(
    workbench: Workbench, opened: OpenModel, latents: Latents, report: Report
) -> UInt8[np.ndarray, "n height width channel"]:
    pictures = []
    for first in range(0, len(latents), DECODED_AT_ONCE):
        report(first / len(latents), "Drawing the new images")
        batch = latents[first : first + DECODED_AT_ONCE]
        pictures.append(workbench.decode(opened.name, batch, as_sample=True))
    return np.concatenate(pictures)


def _with_residual(
    anchors: UInt8[np.ndarray, "n height width channel"],
    drawn: UInt8[np.ndarray, "n height width channel"],
    rebuilt: UInt8[np.ndarray, "n height width channel"],
) -> UInt8[np.ndarray, "n height width channel"]:
    """Return the anchors plus what the model changes: x + G(z) - G(z of x), clipped."""
    return to_pixels(to_images(anchors) + to_images(drawn) - to_images(rebuilt))


def _mixture(
    labels: Int64[np.ndarray, " n"],
    parents: Int64[np.ndarray, "n 2"],
    t: Float64[np.ndarray, " n"],
    gallery_labels: Int64[np.ndarray, " m"],
    num_classes: int,
) -> Float32[np.ndarray, "n class_"]:
    """Return the labels: of one class, or mixed like the latents of two."""
    share = np.where(np.isfinite(t), t, 0.0)
    rows = np.arange(len(labels))
    mixture = np.zeros((len(labels), num_classes), dtype=np.float32)
    mixture[rows, labels] += (1 - share).astype(np.float32)
    partners = np.where(share > 0, gallery_labels[parents[:, 1]], labels)
    mixture[rows, partners] += share.astype(np.float32)
    return mixture
