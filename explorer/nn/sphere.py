"""Unit rows inside a model: how rows get there, and great circles that carry gradients.

`explorer.latent.interpolate` walks between any two latents for people, with one position for all
rows and refusals in words; this is the differentiable core that a model trains and samples with.
"""

__all__ = ["MIN_ANGLE", "slerp_rows", "to_sphere"]

import torch

from explorer.protocol import Latents, PerSample

MIN_ANGLE = 1e-3
"""Radians below which (or that near to half a turn) a great circle is not computed."""


def to_sphere(rows: Latents) -> Latents:
    """Divide each row by its length; a zero row stays zero.

    Args:
        rows: Float, shape (batch, dim).

    Returns:
        Rows of length 1, same shape.
    """
    return torch.nn.functional.normalize(rows, dim=1, eps=1e-12)


def slerp_rows(start: Latents, end: Latents, t: PerSample) -> Latents:
    r"""Interpolate along the great circle from start to end, each row by its own amount.

    .. math:: \frac{\sin((1-t)\,\omega)}{\sin\omega}\,a + \frac{\sin(t\,\omega)}{\sin\omega}\,b

    Args:
        start: Unit rows `a`, float, shape (batch, dim).
        end: Unit rows `b`, same shape and dtype.
        t: Position on each path, 0 gives start and 1 gives end; dimensionless, shape (batch,).

    Returns:
        Unit rows, shape (batch, dim). Rows closer than `MIN_ANGLE` are joined by a straight
        line put back on the sphere, where the two agree. No single great circle joins opposite
        rows: they get the nearer of the two ends.

    Source:
        Shoemake, Animating Rotation with Quaternion Curves, SIGGRAPH 1985.

    Example:
        >>> half = torch.tensor([0.5])
        >>> slerp_rows(torch.tensor([[1.0, 0.0]]), torch.tensor([[0.0, 1.0]]), half)
        tensor([[0.7071, 0.7071]])
    """
    position = t[:, None]
    # atan2 of chord lengths is exact for tiny and for almost straight angles, where acos is not.
    chord, opposite = (end - start).norm(dim=1), (end + start).norm(dim=1)
    angle = 2 * torch.atan2(chord, opposite)[:, None]
    sine = torch.sin(angle)
    near = angle < MIN_ANGLE
    opposed = angle > torch.pi - MIN_ANGLE
    safe = torch.where(near | opposed, torch.ones_like(sine), sine)
    circle = (torch.sin((1 - position) * angle) * start + torch.sin(position * angle) * end) / safe
    line = (1 - position) * start + position * end
    nearer = torch.where(position < 0.5, start, end)
    return to_sphere(torch.where(opposed, nearer, torch.where(near, line, circle)))
