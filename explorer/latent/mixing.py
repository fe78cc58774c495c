r"""Which latents are mixed for a new image, and how far: anchors, partners, positions.

.. math:: z = \mathrm{slerp}(z_i, z_j; t), \qquad y = (1 - t)\, y_i + t\, y_j

with `i` the anchor, of the wanted class, and `j` its partner. No image is its own partner. As `t`
never passes 1/2, the anchor's class has the largest share of the label; where both are of one
class, larger `t` would only swap their parts.

Each new image has random numbers of its own, that follow from the seed, its class and its number
alone. So asking for more keeps the first ones, and a class does not depend on the others.

Source:
    Azuri and Weinshall, GLICO, ICPR 2020 (same class, t in {0.1, 0.2, 0.3, 0.4}).
    Zhang et al., mixup, ICLR 2018 (mixed labels).
"""

__all__ = [
    "LAWS",
    "NEAREST",
    "PARTNERS",
    "Law",
    "Mixes",
    "Partner",
    "draw_mixes",
    "jittered",
    "mixed",
    "row_generator",
]

from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch
from jaxtyping import Float, Float64, Int64
from torch import Tensor

from explorer.errors import DataError
from explorer.nn.sphere import slerp_rows, to_sphere
from explorer.protocol import Latents

Law = Literal["paper", "uniform", "near"]
Partner = Literal["same-class", "nearest", "other-class"]

LAWS: dict[Law, str] = {
    "paper": "t of 0.1, 0.2, 0.3 or 0.4, as in the GLICO paper",
    "uniform": "t anywhere from 0 to 0.5",
    "near": "t anywhere from 0 to 0.25: close to a training image",
}
"""How far towards the partner, by name."""

PARTNERS: dict[Partner, str] = {
    "same-class": "any other image of the class",
    "nearest": "one of the 5 images of the class with the nearest latents",
    "other-class": "any image of another class; the label is mixed like the image",
}
"""Whom an image is mixed with, by name."""

NEAREST = 5


@dataclass(frozen=True, slots=True, eq=False)
class Mixes:
    """What to mix.

    Attributes:
        anchors: Rows of the latents, int64, shape (n,).
        partners: The same.
        t: How far from the anchor to the partner, 0 to 0.5, float64, shape (n,).
    """

    anchors: Int64[np.ndarray, " n"]
    partners: Int64[np.ndarray, " n"]
    t: Float64[np.ndarray, " n"]


def row_generator(seed: int, label: int, number: int) -> np.random.Generator:
    """Return the random numbers of one new image: number `number` of a class."""
    return np.random.default_rng([seed, label, number])


def draw_mixes(
    latents: Latents,
    labels: Int64[np.ndarray, " m"],
    label: int,
    count: int,
    *,
    law: Law,
    partner: Partner,
    seed: int,
) -> Mixes:
    """Draw anchors of a class, a partner of each, and positions between them.

    Args:
        latents: Of the training images, shape (m, dim); looked at for "nearest" only.
        labels: Their classes, int64, shape (m,).
        label: Class of the anchors.
        count: How many.
        law: One of `LAWS`.
        partner: One of `PARTNERS`.
        seed: Same seed, same draws; at least 0.

    Raises:
        DataError: The class has no image, or no image has a partner.
    """
    own = np.flatnonzero(labels == label)
    if not len(own):
        raise DataError(f"Class {label} has no training image, so there is nothing to start from.")
    others = np.flatnonzero(labels != label) if partner == "other-class" else own
    if len(others) < (1 if partner == "other-class" else 2):
        raise DataError(
            f"Class {label} has a single training image, so it has no partner in its class; at "
            "least 2 are needed. Add images, or mix it with other classes."
            if partner != "other-class"
            else "There is no other class to take a partner from. Choose one of the same class."
        )
    near = _nearest_members(latents, own) if partner == "nearest" else None
    anchors, partners = np.empty((2, count), dtype=np.int64)
    positions = np.empty(count)
    for number in range(count):
        chance = row_generator(seed, label, number)
        place = int(chance.integers(len(own)))
        anchors[number] = own[place]
        if near is not None:
            partners[number] = near[place][int(chance.integers(len(near[place])))]
        elif partner == "other-class":
            partners[number] = others[int(chance.integers(len(others)))]
        else:
            partners[number] = own[(place + 1 + int(chance.integers(len(own) - 1))) % len(own)]
        positions[number] = _position(law, chance)
    return Mixes(anchors, partners, positions)


def mixed(latents: Latents, mixes: Mixes) -> Float[Tensor, "n dim"]:
    """Return the latents between anchors and partners, float32.

    Directions run along the great circle, lengths evenly from one to the other. Latents that
    point in opposite directions give the nearer end.
    """
    start = latents[torch.from_numpy(mixes.anchors)].double()
    end = latents[torch.from_numpy(mixes.partners)].double()
    t = torch.from_numpy(mixes.t)
    lengths = torch.lerp(start.norm(dim=1), end.norm(dim=1), t)[:, None]
    found: Tensor = (lengths * slerp_rows(to_sphere(start), to_sphere(end), t)).float()
    return found


def jittered(latents: Latents, noise: float, label: int, seed: int) -> Latents:
    """Return latents after a random step, their lengths restored.

    Args:
        latents: Of the new images number 0, 1, ... of a class.
        noise: Length of the step as a share of a latent's own length; 0 changes nothing.
        label: The class.
        seed: Of the draw.
    """
    if noise == 0:
        return latents
    rows = [
        # A third number keeps the step apart from the draw of partners.
        np.random.default_rng([seed, label, number, 1]).standard_normal(latents.shape[1])
        for number in range(len(latents))
    ]
    lengths = latents.norm(dim=1, keepdim=True)
    step = torch.from_numpy(np.array(rows)).to(latents) * (noise / latents.shape[1] ** 0.5)
    moved: Tensor = to_sphere(latents + lengths * step) * lengths
    return moved


def _position(law: Law, chance: np.random.Generator) -> float:
    if law == "paper":
        return float(chance.integers(1, 5)) / 10
    return float(chance.uniform(0.0, 0.5 if law == "uniform" else 0.25))


def _nearest_members(
    latents: Latents, own: Int64[np.ndarray, " k"]
) -> list[Int64[np.ndarray, " near"]]:
    """Return the nearest other members of a class for each member."""
    members = latents[torch.from_numpy(own)].double()
    distances = torch.cdist(members, members).fill_diagonal_(torch.inf)
    nearest = distances.topk(min(NEAREST, len(own) - 1), dim=1, largest=False).indices
    return [own[row] for row in nearest.numpy()]
