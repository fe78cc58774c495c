r"""Kernel distance of two sets of features: how far generated images are from real ones as a set.

.. math:: \mathrm{KID} = \frac{1}{m(m-1)}\sum_{i \ne j} k(x_i, x_j)
    + \frac{1}{n(n-1)}\sum_{i \ne j} k(y_i, y_j) - \frac{2}{mn}\sum_{i,j} k(x_i, y_j),
    \quad k(x, y) = \Bigl(\frac{x^\top y}{d} + 1\Bigr)^3

Unlike the Frechet distance it has no bias from small sets, so it may be below 0.

Source:
    Binkowski, Sutherland, Arbel and Gretton, Demystifying MMD GANs, ICLR 2018, section 4.
"""

__all__ = ["kernel_distance", "polynomial_kernel", "unbiased_mmd"]

from jaxtyping import Float
from torch import Tensor

Rows = Float[Tensor, "rows feature"]
Others = Float[Tensor, "others feature"]


def polynomial_kernel(rows: Rows, others: Others) -> Float[Tensor, "rows others"]:
    """Return the cubic kernel of each row with each other, float64."""
    return (rows.double() @ others.double().T / rows.shape[1] + 1) ** 3


def unbiased_mmd(
    own: Float[Tensor, "m m"], other: Float[Tensor, "n n"], between: Float[Tensor, "m n"]
) -> float:
    """Return the unbiased squared discrepancy from kernel values.

    Args:
        own: Kernel of the first set with itself, at least 2 rows.
        other: Of the second set with itself, at least 2 rows.
        between: Of the first with the second.
    """
    m, n = between.shape
    first = (own.sum() - own.trace()) / (m * (m - 1))
    second = (other.sum() - other.trace()) / (n * (n - 1))
    return float(first + second - 2 * between.mean())


def kernel_distance(rows: Rows, others: Others) -> float:
    """Return the KID of two sets of features; 0 on average for two sets of one distribution.

    Args:
        rows: Features, shape (m, feature), m at least 2.
        others: Features, shape (n, feature), n at least 2.
    """
    return unbiased_mmd(
        polynomial_kernel(rows, rows),
        polynomial_kernel(others, others),
        polynomial_kernel(rows, others),
    )
