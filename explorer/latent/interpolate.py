r"""Walk from one latent to another.

The straight line (lerp) cuts through the inside of the shell on which high-dimensional latents
lie; the great circle (slerp) stays on it, and so does the straight line with its lengths restored
(nlerp). With `a`, `b` the ends, `u`, `v` their unit directions, `omega` the angle between them,
and `r(t) = (1-t) |a| + t |b|`:

.. math::
    \mathrm{lerp}(t) = (1-t)\,a + t\,b \qquad
    \mathrm{nlerp}(t) = r(t)\,\frac{\mathrm{lerp}(t)}{|\mathrm{lerp}(t)|} \qquad
    \mathrm{slerp}(t) = r(t)\,\frac{\sin((1-t)\,\omega)\,u + \sin(t\,\omega)\,v}{\sin\omega}

Between ends of equal length nlerp and slerp run along the same great circle, slerp at constant
angular speed, nlerp slower near the ends; they meet at t = 1/2.

Source:
    Shoemake, Animating Rotation with Quaternion Curves, SIGGRAPH 1985 (slerp).
    White, Sampling Generative Networks, 2016 (slerp for latents).
    Blow, Understanding Slerp, Then Not Using It, 2004 (nlerp; here with lengths other than 1).
"""

__all__ = [
    "METHODS",
    "MIN_ANGLE",
    "angles",
    "check_method",
    "lerp",
    "nlerp",
    "norms",
    "path",
    "slerp",
]

import math
from collections.abc import Callable

import torch
from jaxtyping import Float
from torch import Tensor

from explorer.errors import ConfigError, near_match
from explorer.protocol import Latents, PerSample

MIN_ANGLE = 1e-6
"""Radians. Directions nearer than this are joined straight; so near to opposite, refused."""


def lerp(start: Latents, end: Latents, t: float) -> Latents:
    """Interpolate along the straight line from start to end.

    Args:
        start: Latents, float, shape (batch, dim).
        end: Latents, same shape and dtype.
        t: Position on the path, 0 gives start and 1 gives end; dimensionless.

    Returns:
        Points on the path, shape (batch, dim). The ends are exact.

    Raises:
        ConfigError: The shapes differ or `t` is not in [0, 1].
    """
    _check_shapes(start, end)
    _check_position(t)
    return torch.lerp(start, end, t)


def slerp(start: Latents, end: Latents, t: float) -> Latents:
    """Interpolate the direction along the great circle and the norm linearly.

    Between rows of equal norm this is Shoemake's formula. Rows of different norm (a normal
    prior) keep constant angular speed, and their norm runs evenly from one end's to the other's.

    Args:
        start: Latents, float, shape (batch, dim), no zero rows.
        end: Latents, same shape and dtype.
        t: Position on the path, 0 gives start and 1 gives end; dimensionless.

    Returns:
        Points on the path, shape (batch, dim), computed in float64 and returned in start's
        dtype. The ends are exact; unit rows stay unit rows. Directions closer than
        `MIN_ANGLE` radians are joined by a straight line, where the two agree.

    Raises:
        ConfigError: The shapes differ, `t` is not in [0, 1], a row is zero or not finite, or two
            rows point in opposite directions, so that no single great circle joins them.

    Source:
        Shoemake, Animating Rotation with Quaternion Curves, SIGGRAPH 1985.

    Example:
        >>> slerp(torch.tensor([[1.0, 0.0]]), torch.tensor([[0.0, 1.0]]), 0.5)
        tensor([[0.7071, 0.7071]])
    """
    _check_shapes(start, end)
    _check_position(t)
    _check_directions("start", start)
    _check_directions("end", end)
    omega = angles(start, end)
    _check_not_opposite(omega)
    if t in (0, 1):
        return (start if t == 0 else end).clone()
    a, b = _double(start), _double(end)
    u, v = _unit(a), _unit(b)
    straight = (omega < MIN_ANGLE)[:, None]
    omega = torch.where(straight, 1.0, omega[:, None])
    turned = (torch.sin((1 - t) * omega) * u + torch.sin(t * omega) * v) / torch.sin(omega)
    directions = torch.where(straight, torch.lerp(u, v, t), turned)
    lengths = torch.lerp(norms(a), norms(b), t)[:, None]
    return (lengths * directions).to(start)


def nlerp(start: Latents, end: Latents, t: float) -> Latents:
    """Interpolate along the straight line, then restore the length that slerp has at the same t.

    Args:
        start: Latents, float, shape (batch, dim), no zero rows.
        end: Latents, same shape and dtype.
        t: Position on the path, 0 gives start and 1 gives end; dimensionless.

    Returns:
        Points on the path, shape (batch, dim), computed in float64 and returned in start's
        dtype. The ends are exact; unit rows stay unit rows.

    Raises:
        ConfigError: As for `slerp`: between opposite ends the line passes through zero.

    Example:
        >>> nlerp(torch.tensor([[1.0, 0.0]]), torch.tensor([[0.0, 1.0]]), 0.25)
        tensor([[0.9487, 0.3162]])
    """
    _check_shapes(start, end)
    _check_position(t)
    _check_directions("start", start)
    _check_directions("end", end)
    _check_not_opposite(angles(start, end))
    if t in (0, 1):
        return (start if t == 0 else end).clone()
    a, b = _double(start), _double(end)
    lengths = torch.lerp(norms(a), norms(b), t)[:, None]
    return (lengths * _unit(torch.lerp(a, b, t))).to(start)


METHODS: dict[str, Callable[[Latents, Latents, float], Latents]] = {
    "slerp": slerp,
    "nlerp": nlerp,
    "lerp": lerp,
}
"""The kinds of path by the name people choose."""


def path(
    start: Float[Tensor, " dim"],
    end: Float[Tensor, " dim"],
    num_points: int,
    method: str,
) -> Float[Tensor, "num_points dim"]:
    """Return evenly spaced points from start to end, both ends included and exact.

    Args:
        start: One latent, shape (dim,).
        end: One latent, same shape and dtype.
        num_points: How many points, at least 2.
        method: One of `METHODS`.

    Returns:
        Points in order, shape (num_points, dim).

    Raises:
        ConfigError: `num_points` or `method` is not allowed, or the method refuses the ends.
    """
    check_method(method)
    if num_points < 2:
        raise ConfigError(f"A path of {num_points} points has no two ends; at least 2 are needed.")
    step = METHODS[method]
    last = num_points - 1
    return torch.cat([step(start[None], end[None], i / last) for i in range(num_points)])


def check_method(method: str) -> None:
    """Refuse a name that is not one of `METHODS`.

    Raises:
        ConfigError: With the nearest name.
    """
    if method not in METHODS:
        hint = near_match(method, METHODS)
        raise ConfigError(f"No path '{method}'.{hint} Choose one of {', '.join(METHODS)}.")


def norms(latents: Latents) -> PerSample:
    """Return the Euclidean length of each row, shape (batch,)."""
    lengths: Tensor = torch.linalg.vector_norm(latents, dim=1)
    return lengths


def angles(start: Latents, end: Latents) -> Float[Tensor, " batch"]:
    """Return the angle between each pair of rows, accurate near 0 and near pi.

    Args:
        start: Latents, shape (batch, dim).
        end: Latents, same shape.

    Returns:
        Radians in [0, pi], float64 on the CPU, shape (batch,); NaN where a row is zero.

    Source:
        Kahan, How Futile are Mindless Assessments of Roundoff, 2006, section 12: the arc cosine
        loses half the digits at small angles, `2 atan2(|u - v|, |u + v|)` none.
    """
    u, v = _unit(_double(start)), _unit(_double(end))
    return 2 * torch.atan2(norms(u - v), norms(u + v))


def _double(values: Tensor) -> Tensor:
    """Float64 on the CPU: some accelerators have no float64."""
    return values.detach().to(device="cpu", dtype=torch.float64)


def _unit(rows: Tensor) -> Tensor:
    return rows / norms(rows)[:, None]


def _check_shapes(start: Tensor, end: Tensor) -> None:
    if start.shape != end.shape:
        raise ConfigError(
            f"The ends of a path have shapes {tuple(start.shape)} and {tuple(end.shape)}; "
            "they must be equal. Take both from the same model."
        )


def _check_position(t: float) -> None:
    if not 0 <= t <= 1:
        raise ConfigError(f"Position t on a path is {t}; it must lie in [0, 1].")


def _check_directions(name: str, rows: Tensor) -> None:
    lengths = norms(_double(rows))
    bad = (~torch.isfinite(lengths) | (lengths == 0)).nonzero().flatten()
    if len(bad) > 0:
        row = int(bad[0])
        kind = "zero" if lengths[row] == 0 else "not finite"
        raise ConfigError(
            f"Row {row} of {name} is {kind} and has no direction to turn. Choose another point."
        )


def _check_not_opposite(omega: Tensor) -> None:
    opposite = (omega > math.pi - MIN_ANGLE).nonzero().flatten()
    if len(opposite) > 0:
        raise ConfigError(
            f"The ends of row {int(opposite[0])} point in opposite directions, so no single great "
            "circle joins them. Choose another end, or walk by lerp."
        )
