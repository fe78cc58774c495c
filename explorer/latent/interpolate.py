r"""Walk from one latent to another, and say how far the walk leaves where latents live.

The straight line (lerp) cuts through the inside of the shell on which high-dimensional latents
lie; the great circle (slerp) stays on it. With `a`, `b` the ends, `u`, `v` their unit directions
and `omega` the angle between them:

.. math::
    \mathrm{lerp}(t) = (1-t)\,a + t\,b \qquad
    \mathrm{slerp}(t) = \bigl((1-t)\,|a| + t\,|b|\bigr)\,
        \frac{\sin((1-t)\,\omega)\,u + \sin(t\,\omega)\,v}{\sin\omega}

Source:
    Shoemake, Animating Rotation with Quaternion Curves, SIGGRAPH 1985 (slerp).
    White, Sampling Generative Networks, 2016 (slerp for latents).
"""

__all__ = [
    "METHODS",
    "MIN_ANGLE",
    "WalkVerdict",
    "angles",
    "compare_walks",
    "describe_walk",
    "lerp",
    "norms",
    "path",
    "slerp",
]

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from explorer.errors import ConfigError, DataError, near_match
from explorer.protocol import Latents, PerSample

MIN_ANGLE = 1e-6
"""Radians. Directions nearer than this are joined straight; so near to opposite, refused."""

NORM_TOLERANCE = 1e-3
"""Relative slack of the typical range: on a sphere all norms are 1 up to rounding."""

STEADY = 0.025
"""A midpoint within this share of the ends' mean norm neither falls nor rises."""


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


METHODS: dict[str, Callable[[Latents, Latents, float], Latents]] = {"slerp": slerp, "lerp": lerp}
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
    if method not in METHODS:
        hint = near_match(method, METHODS)
        raise ConfigError(f"No path '{method}'.{hint} Choose one of {', '.join(METHODS)}.")
    if num_points < 2:
        raise ConfigError(f"A path of {num_points} points has no two ends; at least 2 are needed.")
    step = METHODS[method]
    last = num_points - 1
    return torch.cat([step(start[None], end[None], i / last) for i in range(num_points)])


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


@dataclass(frozen=True, slots=True)
class WalkVerdict:
    """What the norm at the midpoint of one walk says.

    Attributes:
        name: The walk as the sentence calls it, e.g. "lerp".
        share: Norm at the midpoint over the median norm of the reference; 1 is typical.
        low: 2.5 % quantile of the reference norms over their median.
        high: 97.5 % quantile of the reference norms over their median.
        inside: Whether the midpoint's norm lies between the two, 0.1 % slack.
        finding: The verdict in words, without "At the midpoint".
    """

    name: str
    share: float
    low: float
    high: float
    inside: bool
    finding: str

    @property
    def sentence(self) -> str:
        """The verdict for people."""
        return compare_walks([self])


def describe_walk(
    path_norms: Float[Tensor, " points"],
    reference_norms: Float[Tensor, " reference"],
    *,
    name: str,
) -> WalkVerdict:
    """Return how typical the norm at the midpoint of a walk is.

    Args:
        path_norms: Norms along the walk, shape (points,). The midpoint of an even number of
            points is the mean of the two in the middle.
        reference_norms: Norms of the training latents, shape (reference,).
        name: The walk as the sentence calls it, e.g. "lerp".

    Raises:
        DataError: A norm is missing or not finite, or the typical norm is 0.
    """
    _check_norms(path_norms, "path")
    _check_norms(reference_norms, "training latents")
    levels = torch.tensor([0.025, 0.5, 0.975], dtype=torch.float64)
    low, typical, high = torch.quantile(_double(reference_norms), levels).tolist()
    if typical == 0:
        raise DataError("The training latents have a typical norm of 0; encode them again.")
    walk = _double(path_norms)
    half = (len(walk) - 1) // 2
    middle = float(walk[half : len(walk) - half].mean())
    ends = float(walk[[0, -1]].mean())
    inside = low * (1 - NORM_TOLERANCE) <= middle <= high * (1 + NORM_TOLERANCE)
    finding = _finding(name, middle, ends, typical, inside=inside)
    return WalkVerdict(name, middle / typical, low / typical, high / typical, inside, finding)


def compare_walks(verdicts: Sequence[WalkVerdict]) -> str:
    """Return the verdicts on several walks as one sentence, in their order."""
    return f"At the midpoint {'; '.join(verdict.finding for verdict in verdicts)}."


def _finding(name: str, middle: float, ends: float, typical: float, *, inside: bool) -> str:
    if middle < ends * (1 - STEADY):
        verb = "falls to"
    elif middle > ends * (1 + STEADY):
        verb = "rises to"
    else:
        verb = "stays at"
    place = "inside" if inside else "outside"
    share = f"{100 * middle / typical:.0f} %"
    range_text = f"{place} the range of 95 % of the training latents"
    return f"{name} {verb} {share} of the typical norm, {range_text}"


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
            f"Row {row} of {name} is {kind} and has no direction, which slerp needs. "
            "Choose another point."
        )


def _check_not_opposite(omega: Tensor) -> None:
    opposite = (omega > math.pi - MIN_ANGLE).nonzero().flatten()
    if len(opposite) > 0:
        raise ConfigError(
            f"The ends of row {int(opposite[0])} point in opposite directions, so no single great "
            "circle joins them. Choose another end, or walk by lerp."
        )


def _check_norms(values: Tensor, name: str) -> None:
    if len(values) == 0 or not torch.isfinite(values).all():
        raise DataError(
            f"The norms of the {name} are {'not finite' if len(values) else 'missing'}; "
            "at least one finite number is needed. Encode the images again."
        )
