"""Main directions of the scatter within classes: what varies, without any label of it."""

__all__ = ["MOST_IMAGES", "principal_directions"]

import numpy as np
import torch
from jaxtyping import Float32
from sklearn.utils.extmath import randomized_svd
from torch import Tensor

from explorer.protocol import Labels, Latents

MOST_IMAGES = 4096
"""Images the scatter is taken from at most, the first ones: they fit any memory."""

_OVERSAMPLES = 8
_POWER_ITERATIONS = 4
_NOTHING = 1e-6
"""Share of the largest scatter below which a direction is rounding, not scatter."""


def principal_directions(
    latents: Latents, labels: Labels, count: int, *, seed: int = 0
) -> Float32[Tensor, "variation dim"]:
    """Return the main directions of latents around the means of their classes.

    A randomised singular value decomposition (Halko, Martinsson and Tropp, *Finding structure
    with randomness*, SIAM Review 2011, algorithm 4.4) of the latents less their class means.

    Args:
        latents: Float, shape (n, dim).
        labels: Class numbers, shape (n,).
        count: Directions at most.
        seed: Of the random start; same seed, same directions.

    Returns:
        Orthogonal rows, the one with most scatter first, each as long as one standard deviation
        along it; fewer than `count` where the images span fewer (a class of one image adds
        none). The largest value of a row is positive.
    """
    z = latents[:MOST_IMAGES].detach().to(device="cpu", dtype=torch.float32).numpy().copy()
    classes, own = np.unique(labels[:MOST_IMAGES].cpu().numpy(), return_inverse=True)
    for number in range(len(classes)):
        rows = own == number
        z[rows] -= z[rows].mean(axis=0, dtype=np.float64).astype(np.float32)
    freedom = len(z) - len(classes)
    wanted = min(count, freedom, z.shape[1])
    if wanted < 1:
        return torch.zeros(0, latents.shape[1])
    _, lengths, axes = randomized_svd(
        z,
        n_components=wanted,
        n_oversamples=_OVERSAMPLES,
        n_iter=_POWER_ITERATIONS,
        flip_sign=False,
        random_state=seed,
    )
    there = lengths > _NOTHING * max(float(lengths.max()), 1e-30)
    axes = axes[there] * (lengths[there] / np.sqrt(freedom))[:, None]
    largest = np.take_along_axis(axes, np.abs(axes).argmax(axis=1)[:, None], axis=1)
    return torch.from_numpy((axes * np.sign(largest)).astype(np.float32))
