r"""The normal of a logistic regression as a direction, for comparison with differences of means.

Shen, Gu, Tang and Zhou (*Interpreting the Latent Space of GANs for Semantic Face Editing*, CVPR
2020) move a latent along the normal of the boundary between images with and without an attribute.
With `n` that normal, of length 1, the step of strength 1 is made as long as the means lie apart
along it, so that strengths of all kinds of direction can be compared:

.. math:: d = n \, \langle n, \bar z_{a=1} - \bar z_{a=0} \rangle
"""

__all__ = ["logistic_directions"]

import warnings

import numpy as np
import torch
from jaxtyping import Bool, Float, Float32
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from torch import Tensor

from explorer.protocol import Latents

_ITERATIONS = 100
_TOLERANCE = 1e-3


def logistic_directions(
    latents: Latents,
    attributes: Bool[Tensor, "n attribute"],
    pooled: Float[Tensor, "attribute dim"],
    span: Float[Tensor, "axis dim"],
) -> Float32[Tensor, "attribute dim"]:
    """Return the scaled logistic normal of each attribute.

    The regression sees the latents in the span of a few rows only. In all of, say, 12,288
    dimensions fewer images than that can always be told apart, by accidents, and the normal would
    be made of them; in the span of mean differences and main directions of scatter it is not, and
    a fit takes milliseconds.

    Args:
        latents: Float, shape (n, dim).
        attributes: Each with at least one image with it and one without.
        pooled: Differences of means of the same attributes: they set the lengths.
        span: Rows whose span, together with `pooled`, holds the normals.

    Returns:
        Float32, shape (attribute, dim). The penalty is scikit-learn's (C = 1) on features scaled
        to a standard deviation of 1 overall; 100 iterations at most, as the normal of images that
        can be told apart without error keeps turning ever more slowly.
    """
    rows = torch.cat([pooled, span.to(pooled)]).to(device="cpu", dtype=torch.float32)
    basis, _ = torch.linalg.qr(rows.T)
    features = (latents.detach().to(device="cpu", dtype=torch.float32) @ basis).numpy()
    features = features - features.mean(axis=0)
    features /= max(float(features.std()), 1e-12)
    found = torch.empty(len(pooled), basis.shape[0])
    for number, difference in enumerate(pooled.float()):
        normal = basis @ torch.from_numpy(_normal(features, attributes[:, number].numpy()))
        found[number] = normal * (normal @ difference)
    return found


def _normal(
    features: Float32[np.ndarray, "n axis"], marks: Bool[np.ndarray, " n"]
) -> Float32[np.ndarray, " axis"]:
    """Return the normal of length 1 of the boundary between images with and without a mark."""
    regression = LogisticRegression(C=1.0, tol=_TOLERANCE, max_iter=_ITERATIONS)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        weights = regression.fit(features, marks).coef_[0]
    length = max(float(np.linalg.norm(weights)), 1e-30)
    normal: Float32[np.ndarray, " axis"] = (weights / length).astype(np.float32)
    return normal
