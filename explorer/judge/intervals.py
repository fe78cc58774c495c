"""Means with their spread over the judged images."""

__all__ = ["Interval", "mean_interval", "ratio_interval"]

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64

DRAWS = 1000
LEVELS = (0.025, 0.975)


@dataclass(frozen=True, slots=True)
class Interval:
    """A number and the 95 % interval of its bootstrap.

    Attributes:
        value: From all images.
        low: 2.5 % quantile over draws of the images.
        high: 97.5 % quantile.
    """

    value: float
    low: float
    high: float


def mean_interval(values: Float64[np.ndarray, " n"], *, seed: int = 0) -> Interval:
    """Return the mean of at least one number with its interval over draws of the numbers."""
    low, high = np.quantile(values[_draws(len(values), seed)].mean(1), LEVELS)
    return Interval(float(values.mean()), float(low), float(high))


def ratio_interval(
    values: Float64[np.ndarray, " n"], others: Float64[np.ndarray, " n"], *, seed: int = 0
) -> Interval:
    """Return mean(values) / mean(others); every draw takes both numbers of an image together.

    Args:
        values: One number an image.
        others: One number of the same image, above 0 on average.
        seed: Of the draws.
    """
    chosen = _draws(len(values), seed)
    low, high = np.quantile(values[chosen].mean(1) / others[chosen].mean(1), LEVELS)
    return Interval(float(values.mean() / others.mean()), float(low), float(high))


def _draws(count: int, seed: int) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, count, (DRAWS, count))
