"""Images made from pairs of labelled images, by a generator or, as its control, by pixels.

A recipe and its control make their images from the very same pairs, positions and labels: these
are drawn before it is decided how to mix.
"""

__all__ = ["Pairs", "Pool", "confident", "draw_pairs", "make_pool", "with_mirrored"]

from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float, Int64, UInt8
from torch import Generator, Tensor, nn
from torch.nn import functional

from explorer.data.images import to_images, to_pixels
from explorer.data.labelled import LabelledImages
from explorer.judge.fewshot.arms import Recipe
from explorer.judge.pictures import AT_ONCE, in_batches
from explorer.models.glico import Glico
from explorer.nn.sphere import slerp_rows, to_sphere
from explorer.protocol import Images, Latents, PerSample

NEAR = 5
"""A near partner is one of this many."""


@dataclass(frozen=True, slots=True)
class Pairs:
    """What is mixed with what.

    Attributes:
        anchors: Positions in the labelled set, `per_anchor` in a row for each image.
        partners: Positions, same shape.
        t: How far from the anchor towards the partner.
    """

    anchors: Int64[Tensor, " pairs"]
    partners: Int64[Tensor, " pairs"]
    t: Float[Tensor, " pairs"]


@dataclass(frozen=True, slots=True)
class Pool:
    """Made images, the same number of each labelled one, in its order.

    Attributes:
        images: uint8, shape (labelled images * per_anchor, height, width, channel).
        targets: Shares of the classes, rows sum to 1.
    """

    images: UInt8[np.ndarray, "pairs height width channel"]
    targets: Float[Tensor, "pairs classes"]


def with_mirrored(data: LabelledImages) -> LabelledImages:
    """Return each image followed by its mirror image, numbered anew."""
    both = np.stack([data.images, data.images[:, :, ::-1]], axis=1)
    return LabelledImages(
        name=data.name,
        images=both.reshape(-1, *data.images.shape[1:]),
        labels=data.labels.repeat(2),
        class_names=data.class_names,
        indices=np.arange(2 * len(data), dtype=np.int64),
    )


def draw_pairs(
    data: LabelledImages, recipe: Recipe, per_anchor: int, generator: Generator
) -> Pairs:
    """Draw partners and positions for every labelled image.

    A partner within the class is another image, or the anchor where the class has one image. A
    partner of any class is any image.

    Args:
        data: The labelled images.
        recipe: Says from where.
        per_anchor: Pairs of each image.
        generator: Source of the draws.
    """
    known = torch.from_numpy(data.labels)
    anchors = torch.arange(len(known)).repeat_interleave(per_anchor)
    chance = torch.rand(2, len(anchors), generator=generator, dtype=torch.float64)
    if recipe.partner == "any-class":
        partners = (chance[0] * len(known)).long()
    elif recipe.partner == "near":
        near = _nearest(data)
        partners = near[anchors, (chance[0] * near.shape[1]).long()]
    else:
        partners = _of_same_class(known, anchors, chance[0])
    low, high = recipe.positions
    place = (chance[1] * recipe.steps).floor() / max(1, recipe.steps - 1)
    t = low + (high - low) * (place if recipe.steps else chance[1] ** recipe.power)
    return Pairs(anchors, partners, t.float())


def make_pool(data: LabelledImages, recipe: Recipe, pairs: Pairs, model: Glico | None) -> Pool:
    """Return the images of all pairs.

    Args:
        data: The labelled images.
        recipe: How to mix.
        pairs: What to mix.
        model: Fitted to these images, its first codes in their order; None for pixels.
    """
    images = to_images(data.images)
    if model is None:
        made = _blended(images, data, recipe, pairs)
    else:
        made = _decoded(model, images, data, recipe, pairs)
    classes = functional.one_hot(torch.from_numpy(data.labels), len(data.class_names))
    targets = classes.float()[pairs.anchors]
    if recipe.soft:
        targets = torch.lerp(targets, classes.float()[pairs.partners], pairs.t[:, None])
    return Pool(made, targets)


@torch.no_grad()
def confident(pool: Pool, data: LabelledImages, network: nn.Module, least: float) -> Pool:
    """Return the pool with the anchor and its class in place of images that look wrong.

    Args:
        pool: Made from `data`.
        data: The labelled images.
        network: A classifier of them.
        least: Probability that the classes in an image's label must have together.
    """
    images, targets = pool.images.copy(), pool.targets.clone()
    device = next(network.parameters()).device
    found = [
        network(to_images(images[rows.numpy()]).to(device)).softmax(1).cpu()
        for rows in torch.arange(len(targets)).split(AT_ONCE)
    ]
    wrong = (torch.cat(found) * (targets > 0)).sum(1) < least
    anchors = torch.arange(len(data)).repeat_interleave(len(targets) // len(data))[wrong]
    images[wrong.numpy()] = data.images[anchors.numpy()]
    classes = functional.one_hot(torch.from_numpy(data.labels), len(data.class_names)).float()
    targets[wrong] = classes[anchors]
    return Pool(images, targets)


def _nearest(data: LabelledImages) -> Int64[Tensor, "n near"]:
    """Return for each image those of any class whose pixels are nearest, without itself."""
    flat = to_images(data.images).flatten(1)
    distances = torch.cdist(flat, flat)
    distances.fill_diagonal_(float("inf"))
    return distances.topk(min(NEAR, max(1, len(flat) - 1)), largest=False).indices


def _of_same_class(
    labels: Int64[Tensor, " n"], anchors: Int64[Tensor, " pairs"], chance: Tensor
) -> Int64[Tensor, " pairs"]:
    by_class = labels.argsort(stable=True)
    sizes = labels.bincount()
    first = sizes.cumsum(0) - sizes
    rank = torch.empty_like(by_class)
    rank[by_class] = torch.arange(len(labels)) - first[labels[by_class]]
    size = sizes[labels[anchors]]
    step = torch.where(size > 1, 1 + (chance * (size - 1)).long(), 0)
    return by_class[first[labels[anchors]] + (rank[anchors] + step) % size]


def _blended(
    images: Images, data: LabelledImages, recipe: Recipe, pairs: Pairs
) -> UInt8[np.ndarray, "pairs height width channel"]:
    means = _class_means(images.flatten(1), data.labels).unflatten(1, images.shape[1:])
    parts = []
    for rows in torch.arange(len(pairs.t)).split(AT_ONCE):
        anchor, partner = images[pairs.anchors[rows]], images[pairs.partners[rows]]
        t = pairs.t[rows][:, None, None, None]
        if recipe.way == "completion":
            mixed = anchor + t * (partner - means[pairs.partners[rows]])
        elif recipe.way == "reconstruction":
            mixed = anchor
        else:
            mixed = torch.lerp(anchor, partner, t)
        parts.append(to_pixels(mixed))
    return np.concatenate(parts)


@torch.no_grad()
def _decoded(
    model: Glico, images: Images, data: LabelledImages, recipe: Recipe, pairs: Pairs
) -> UInt8[np.ndarray, "pairs height width channel"]:
    codes = model.codes.detach()[: len(images)]
    means = _class_means(codes, data.labels)
    own = torch.cat([model.decode(part) for part in in_batches(codes)]).to(images.device)
    parts = []
    for rows in torch.arange(len(pairs.t)).split(AT_ONCE):
        anchors, partners = pairs.anchors[rows], pairs.partners[rows]
        t = pairs.t[rows].to(codes)
        latents = _between(codes[anchors], codes[partners], means[partners], t, recipe)
        made = model.decode(latents).to(images.device)
        if recipe.residual:
            made = images[anchors] + made - own[anchors]
        parts.append(to_pixels(made))
    return np.concatenate(parts)


def _between(
    anchors: Latents, partners: Latents, means: Latents, t: PerSample, recipe: Recipe
) -> Latents:
    if recipe.way == "slerp":
        return slerp_rows(anchors, partners, t)
    if recipe.way == "lerp":
        return torch.lerp(anchors, partners, t[:, None])
    if recipe.way == "completion":
        return to_sphere(anchors + t[:, None] * (partners - means))
    return anchors


def _class_means(
    rows: Float[Tensor, "n values"], labels: Int64[np.ndarray, " n"]
) -> Float[Tensor, "n values"]:
    """Return for each row the mean of its class."""
    known = torch.from_numpy(labels).to(rows.device)
    sums = torch.zeros(int(known.max()) + 1, rows.shape[1], device=rows.device, dtype=rows.dtype)
    sums.index_add_(0, known, rows)
    return (sums / known.bincount()[:, None].clamp(min=1))[known]
