import numpy as np
import torch
from sklearn.linear_model import LogisticRegression

from explorer.latent.logistic import logistic_directions


def leaning(seed: int = 0, count: int = 4000):
    """Two groups that lie apart along the first axis, in a scatter that leans on it."""
    generator = np.random.default_rng(seed)
    marks = generator.random(count) < 0.4
    noise = generator.normal(size=(count, 6))
    noise[:, 0] += 2 * noise[:, 1]
    latents = noise + 2 * np.eye(6)[0] * marks[:, None]
    difference = latents[marks].mean(0) - latents[~marks].mean(0)
    return (
        torch.from_numpy(latents).float(),
        torch.from_numpy(marks[:, None]),
        torch.from_numpy(difference[None]).float(),
    )


def test_in_the_whole_space_it_is_the_normal_of_scikit_learn():
    latents, marks, pooled = leaning()
    found = logistic_directions(latents, marks, pooled, torch.eye(6))[0]
    reference = LogisticRegression(C=1e6, tol=1e-8).fit(latents.numpy(), marks[:, 0].numpy())
    normal = torch.from_numpy(reference.coef_[0]).float()
    assert torch.cosine_similarity(found, normal, dim=0) > 0.999
    # The scatter leans on the second axis, which the difference of means does not know.
    assert torch.cosine_similarity(found, pooled[0], dim=0) < 0.7


def test_it_is_as_long_as_the_means_lie_apart_along_it():
    latents, marks, pooled = leaning(1)
    found = logistic_directions(latents, marks, pooled, torch.eye(6))[0].double()
    has = marks[:, 0]
    along = latents.double() @ found / (found @ found)
    assert abs(float(along[has].mean() - along[~has].mean()) - 1) < 1e-3


def test_it_lies_in_the_span_it_is_given():
    latents, marks, pooled = leaning(2)
    span = torch.eye(6)[1:3]
    found = logistic_directions(latents, marks, pooled, span)[0]
    basis, _ = torch.linalg.qr(torch.cat([pooled, span]).T)
    torch.testing.assert_close(basis @ (basis.T @ found), found, rtol=0, atol=1e-5)


def test_groups_that_can_be_told_apart_without_error_have_a_finite_normal():
    marks = torch.arange(40)[:, None] < 20
    latents = torch.randn(40, 3, generator=torch.Generator().manual_seed(0)) + 100 * marks
    pooled = (latents[:20].mean(0) - latents[20:].mean(0))[None]
    found = logistic_directions(latents, marks, pooled, torch.eye(3))
    assert torch.isfinite(found).all() and found.norm() > 1
