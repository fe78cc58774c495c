r"""How far directions scatter over draws of the images, by bootstrap in a small space.

The bootstrap (Efron, *Annals of Statistics* 1979) draws as many images as there are, with
repetition, and finds the directions anew; here `DRAWS` times. In 12,288 dimensions that would cost
as much as finding them `DRAWS` times over. But only lengths and angles are asked for, and a random
sketch keeps those: a count sketch (Charikar, Chen and Farach-Colton, *Theoretical Computer
Science* 2004) adds each coordinate with a random sign to one of `SKETCH` sums. As sums over
images and sketching are both linear, directions of sketches are sketches of directions. With `S`
the sketch, `d` the direction of all images and `d*` one of resampled images:

.. math::
    error^2 &= \text{mean}\, |S(d^* - d)|^2 / |d|^2 \\
    cosine &= \text{mean}\, \frac{|d|^2 + p}{|d| \sqrt{|d|^2 + 2p + |S(d^* - d)|^2}},
        \qquad p = \langle S(d^* - d), S d \rangle

Both are exact up to a few per cent of their own value. Draws that leave an attribute without a
positive or a negative image are left out for it.
"""

__all__ = ["DRAWS", "SKETCH", "LatentSketch", "Resampled", "spread_over_draws"]

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import torch
from jaxtyping import Float, Float32, Float64, Int64
from torch import Tensor

SKETCH = 256
"""Numbers that stand for one latent; a latent that is no longer is taken as it is."""

DRAWS = 30


class LatentSketch:
    """A random linear map to few numbers that keeps lengths and angles on average.

    Attributes:
        size: Numbers a sketch has.
    """

    def __init__(self, dim: int, *, seed: int = 0) -> None:
        """Draw the map.

        Args:
            dim: Length of a latent.
            seed: Same seed, same map.
        """
        generator = torch.Generator().manual_seed(seed)
        self.size = min(dim, SKETCH)
        self._sums = torch.randint(self.size, (dim,), generator=generator)
        self._signs = torch.randint(2, (dim,), generator=generator) * 2.0 - 1
        if dim <= SKETCH:
            self._sums, self._signs = torch.arange(dim), torch.ones(dim)

    def __call__(self, rows: Float[Tensor, "*row dim"]) -> Float32[Tensor, "*row size"]:
        """Return the sketches of rows, float32."""
        values = rows.detach().to(device="cpu", dtype=torch.float32) * self._signs
        flat = values.reshape(-1, values.shape[-1])
        return (
            flat.new_zeros(len(flat), self.size)
            .index_add_(1, self._sums, flat)
            .reshape(*values.shape[:-1], self.size)
        )


@dataclass(frozen=True, slots=True, eq=False)
class Resampled:
    """How far the directions of one kind scatter.

    Attributes:
        cosines: Mean cosine to the directions of all images, float32, shape (*row,).
        errors: Relative standard errors, float32, shape (*row,).
    """

    cosines: Float32[Tensor, "*row"]
    errors: Float32[Tensor, "*row"]


def spread_over_draws(
    count: int,
    find: Callable[[Int64[Tensor, " n"]], Mapping[str, Tensor]],
    whole: Mapping[str, Tensor],
    lengths: Mapping[str, Tensor],
    *,
    draws: int = DRAWS,
    seed: int = 0,
) -> dict[str, Resampled]:
    """Return how far directions scatter, by kind.

    Args:
        count: Number of images.
        find: Returns the directions of the images at some rows, which may repeat, by kind; shape
            (*row, size); NaN where those images have none.
        whole: The directions of all images, by kind, as `find` would return them.
        lengths: Lengths of the directions themselves, by kind, shape (*row,); a direction of
            length 0 is none.
        draws: How often images are drawn anew.
        seed: Of the draws.
    """
    generator = torch.Generator().manual_seed(seed)
    cosines: dict[str, list[Tensor]] = {kind: [] for kind in whole}
    squares: dict[str, list[Tensor]] = {kind: [] for kind in whole}
    for _ in range(draws):
        for kind, found in find(torch.randint(count, (count,), generator=generator)).items():
            moved = (found - whole[kind]).double()
            square = moved.square().sum(-1)
            length = _positive(lengths[kind])
            along = (moved * whole[kind]).sum(-1)
            own = (length.square() + 2 * along + square).clamp(min=1e-30).sqrt()
            cosines[kind].append((length.square() + along) / (length * own))
            squares[kind].append(square)
    return {
        kind: Resampled(
            torch.stack(cosines[kind]).nanmean(0).clamp(-1, 1).float(),
            (torch.stack(squares[kind]).nanmean(0).sqrt() / _positive(lengths[kind])).float(),
        )
        for kind in whole
    }


def _positive(lengths: Tensor) -> Float64[Tensor, "*row"]:
    """Return lengths in float64, NaN in place of 0."""
    return lengths.double().where(lengths > 0, torch.nan)
