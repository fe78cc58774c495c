r"""Points on a square between four corners.

With corners `a` (top left), `b` (top right), `c` (bottom left), `d` (bottom right), s to the
right and t downwards:

.. math::
    \mathrm{bilinear}(s, t) = \mathrm{lerp}_t(\mathrm{lerp}_s(a, b), \mathrm{lerp}_s(c, d))

Spherical: the direction is the weighted spherical mean of the four directions, the point of the
sphere with the least sum of weighted squared angles to them, with the weights of the bilinear
square; the length is the bilinear mean of the four lengths. Corners are exact, each edge is the
slerp of its corners, and, unlike a slerp of slerps, the square does not depend on which axis
comes first.

Source:
    Buss and Fillmore, Spherical Averages and Applications to Spherical Splines and Interpolation,
    ACM Transactions on Graphics 20(2), 2001: the mean, algorithm A1, and that it is unique where
    all points lie in one open hemisphere.
"""

__all__ = ["PLANE_METHODS", "bilinear", "plane_points", "spherical"]

from collections.abc import Callable

import torch
from jaxtyping import Float
from torch import Tensor

from explorer.errors import ConfigError, near_match
from explorer.latent.interpolate import MIN_ANGLE, norms
from explorer.protocol import Latents

CONVERGED = 1e-12
"""Length of the last step, radians."""

MOST_ROUNDS = 200

Corners = Float[Tensor, "4 dim"]
Weights = Float[Tensor, "points 4"]


def bilinear(corners: Corners, weights: Weights) -> Latents:
    """Return weighted sums of the corners, float64, shape (points, dim)."""
    return weights.double() @ corners.double()


def spherical(corners: Corners, weights: Weights) -> Latents:
    """Return weighted spherical means of the corners' directions at weighted mean lengths.

    Args:
        corners: Four latents, shape (4, dim), no zero rows.
        weights: At least 0, rows sum to 1, shape (points, 4).

    Returns:
        Points, float64, shape (points, dim).

    Raises:
        ConfigError: A corner has no direction, or the corners do not lie in one hemisphere
            around their mean, so that the mean may not be unique.
    """
    lengths = norms(corners.double())
    if not bool((torch.isfinite(lengths) & (lengths > 0)).all()):
        raise ConfigError("A corner is zero or not finite and has no direction. Choose another.")
    units = corners.double() / lengths[:, None]
    weights = weights.double()
    middle = units.mean(0)
    if bool((units @ middle <= MIN_ANGLE).any()):
        raise ConfigError(
            "The four corners point too far apart for a spherical square: they do not lie in one "
            "hemisphere. Choose nearer corners, or the bilinear square."
        )
    points = torch.nn.functional.normalize(weights @ units)
    for _ in range(MOST_ROUNDS):
        step = _step(points, units, weights)
        size = norms(step)[:, None]
        points = torch.cos(size) * points + torch.sinc(size / torch.pi) * step
        points = torch.nn.functional.normalize(points)
        if float(size.max()) < CONVERGED:
            break
    return (weights @ lengths)[:, None] * points


PLANE_METHODS: dict[str, Callable[[Corners, Weights], Latents]] = {
    "spherical": spherical,
    "bilinear": bilinear,
}
"""The kinds of square by the name people choose."""


def plane_points(corners: Corners, size: int, method: str) -> Float[Tensor, "size size dim"]:
    """Return a square of points; the corners are exact.

    Args:
        corners: Top left, top right, bottom left, bottom right; shape (4, dim).
        size: Points a side, at least 2.
        method: One of `PLANE_METHODS`.

    Returns:
        Row by row from the top, in the corners' dtype, shape (size, size, dim).

    Raises:
        ConfigError: The size or the method is not allowed, or the method refuses the corners.
    """
    if method not in PLANE_METHODS:
        hint = near_match(method, PLANE_METHODS)
        raise ConfigError(f"No square '{method}'.{hint} Choose one of {', '.join(PLANE_METHODS)}.")
    if size < 2:
        raise ConfigError(f"A square of {size} points a side has no four corners; 2 are needed.")
    places = torch.linspace(0, 1, size, dtype=torch.float64)
    t, s = (grid.flatten() for grid in torch.meshgrid(places, places, indexing="ij"))
    weights = torch.stack([(1 - s) * (1 - t), s * (1 - t), (1 - s) * t, s * t], 1)
    flat = PLANE_METHODS[method](corners, weights).to(corners)
    found: Tensor = flat.unflatten(0, (size, size))
    found[0, 0], found[0, -1], found[-1, 0], found[-1, -1] = corners
    return found


def _step(
    points: Float[Tensor, "points dim"], units: Corners, weights: Weights
) -> Float[Tensor, "points dim"]:
    """Return the weighted mean of the corners seen from each point: tangents as long as angles."""
    cosines = points @ units.T
    # The component of each corner across the point, by its exact length: no arc cosine.
    across = units[None] - cosines[:, :, None] * points[:, None]
    sines = torch.linalg.vector_norm(across, dim=2)
    angles = torch.atan2(sines, cosines)
    ratio = torch.where(sines > 0, angles / sines.clamp_min(1e-300), torch.ones_like(sines))
    step: Tensor = ((weights * ratio)[:, :, None] * across).sum(1)
    return step
