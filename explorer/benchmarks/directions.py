"""How long all attribute directions of CelebA's size take to find, once its images are encoded.

Latents are drawn at random: 10,000 of 12,288 numbers, as of a Glow of 64 x 64 pixels, with 40
attributes, one in five of them set.
"""

__all__ = ["DirectionTimes", "measure_directions"]

import resource
import time
from dataclasses import dataclass

import torch

from explorer.latent.direction_fit import DirectionFit

BATCH = 64


@dataclass(frozen=True, slots=True)
class DirectionTimes:
    """Seconds of each part, and memory.

    Attributes:
        sums_s: Two sparse matrix products a batch, in float64.
        directions_s: All that follows: pooled, class, conditional, ridge, logistic, principal.
        spread_s: The bootstrap of all kinds.
        memory_mb: The most this process has held, with everything it had imported before.
        before_mb: The most it had held before the start.
        images: Number of latents.
        dim: Numbers of each.
        attributes: Attributes of each.
        threads: Of torch.
    """

    sums_s: float
    directions_s: float
    spread_s: float
    memory_mb: float
    before_mb: float
    images: int
    dim: int
    attributes: int
    threads: int


def measure_directions(
    images: int = 10_000, dim: int = 12_288, attributes: int = 40
) -> DirectionTimes:
    """Draw latents, find all directions and time each part."""
    generator = torch.Generator().manual_seed(0)
    marks = torch.rand(images, attributes, generator=generator) < 0.2
    effects = 0.3 * torch.randn(attributes, dim, generator=generator)
    names = [f"attribute {number}" for number in range(attributes)]
    before = _memory()
    fit = DirectionFit(names, ["any"], marks, torch.zeros(images, dtype=torch.int64), dim)
    sums = 0.0
    for rows in torch.arange(images).split(BATCH):
        latents = torch.randn(len(rows), dim, generator=generator)
        latents += marks[rows].float() @ effects
        start = time.perf_counter()
        fit.update(latents)
        sums += time.perf_counter() - start
    start = time.perf_counter()
    found = fit.directions("")
    middle = time.perf_counter()
    fit.with_spread(found)
    end = time.perf_counter()
    return DirectionTimes(
        sums_s=round(sums, 2),
        directions_s=round(middle - start, 2),
        spread_s=round(end - middle, 2),
        memory_mb=round(_memory()),
        before_mb=round(before),
        images=images,
        dim=dim,
        attributes=attributes,
        threads=torch.get_num_threads(),
    )


def _memory() -> float:
    """Return the most memory this process has held, megabytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
