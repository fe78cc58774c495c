"""KID and precision, recall, density, coverage against references written loop by loop."""

import math

import numpy as np
import pytest
import torch
from sklearn.metrics.pairwise import polynomial_kernel as sklearn_kernel

from explorer.judge.kernel_distance import kernel_distance, polynomial_kernel, unbiased_mmd
from explorer.judge.manifold import Manifold, manifold_measures


def rows(count, seed, shift=0.0, dim=6):
    return torch.randn(count, dim, generator=torch.Generator().manual_seed(seed)) + shift


def looped_kid(x, y):
    """Binkowski et al., equation 4, one pair at a time."""

    def kernel(a, b):
        return (sum(float(p) * float(q) for p, q in zip(a, b, strict=True)) / len(a) + 1) ** 3

    def own(z):
        pairs = [(i, j) for i in range(len(z)) for j in range(len(z)) if i != j]
        return sum(kernel(z[i], z[j]) for i, j in pairs) / len(pairs)

    cross = sum(kernel(a, b) for a in x for b in y) / (len(x) * len(y))
    return own(x) + own(y) - 2 * cross


@pytest.mark.parametrize(("m", "n", "shift"), [(2, 3, 0.0), (7, 5, 1.0), (12, 12, -0.5)])
def test_kernel_distance_is_that_of_the_paper(m, n, shift):
    x, y = rows(m, 0), rows(n, 1, shift)
    assert kernel_distance(x, y) == pytest.approx(looped_kid(x, y), rel=1e-6, abs=1e-9)


def test_the_kernel_is_that_of_sklearn():
    x, y = rows(5, 0), rows(4, 1)
    expected = sklearn_kernel(x.double().numpy(), y.double().numpy(), degree=3)
    np.testing.assert_allclose(polynomial_kernel(x, y).numpy(), expected, rtol=1e-12)


def test_kernel_distance_has_no_bias():
    """The mean over many small draws of one distribution is 0; with the diagonal it is not."""
    found, biased = [], []
    for seed in range(400):
        x, y = rows(8, 2 * seed), rows(8, 2 * seed + 1)
        own, other, between = (polynomial_kernel(a, b) for a, b in ((x, x), (y, y), (x, y)))
        found.append(unbiased_mmd(own, other, between))
        biased.append(float(own.mean() + other.mean() - 2 * between.mean()))
    error = np.std(found) / math.sqrt(len(found))
    assert abs(np.mean(found)) < 3 * error
    assert np.mean(biased) > 10 * error


def looped_manifold(real, made, k):
    def distance(a, b):
        return math.sqrt(sum((float(p) - float(q)) ** 2 for p, q in zip(a, b, strict=True)))

    def radius(z, i, k):
        return sorted(distance(z[i], z[j]) for j in range(len(z)) if j != i)[k - 1]

    k_made = min(k, len(made) - 1)
    balls = [radius(real, i, k) for i in range(len(real))]
    made_balls = [radius(made, j, k_made) for j in range(len(made))]
    inside = [[distance(x, y) <= r for y in made] for x, r in zip(real, balls, strict=True)]
    return Manifold(
        precision=sum(any(row[j] for row in inside) for j in range(len(made))) / len(made),
        recall=sum(
            any(distance(x, y) <= r for y, r in zip(made, made_balls, strict=True)) for x in real
        )
        / len(real),
        density=sum(map(sum, inside)) / (k * len(made)),
        coverage=sum(any(row) for row in inside) / len(real),
    )


@pytest.mark.parametrize(
    ("count", "made", "shift", "k"), [(20, 15, 0.0, 5), (12, 30, 1.5, 5), (4, 3, 0.3, 3)]
)
def test_manifold_measures_are_those_of_the_papers(count, made, shift, k):
    real, other = rows(count, 3, dim=2), rows(made, 4, shift, dim=2)
    assert manifold_measures(real, other) == looped_manifold(real, other, k)


def test_copies_of_one_image_are_precise_and_cover_little():
    real = rows(40, 5)
    copies = manifold_measures(real, real[:1].repeat(40, 1))
    fresh = manifold_measures(real, rows(40, 6))
    assert copies.precision == 1
    assert copies.recall < 0.1
    assert copies.coverage < fresh.coverage


def test_images_far_away_are_neither_precise_nor_cover():
    far = manifold_measures(rows(20, 7), rows(20, 8, shift=50.0))
    assert far == Manifold(0.0, 0.0, 0.0, 0.0)
