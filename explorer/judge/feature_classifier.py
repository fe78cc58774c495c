"""A classifier on pretrained features: a second opinion on the class of a generated picture.

It learned from the same labelled images as everything else, but its features know ImageNet.
"""

__all__ = ["FeatureClassifier", "cross_validated", "fit_feature_classifier", "label_agreement"]

import warnings
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Float64, Int64
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression

FOLDS = 5
STRENGTH = 0.01
"""Inverse of the penalty: there are more features than images."""

MOST_ROUNDS = 200


@dataclass(frozen=True, slots=True, eq=False)
class FeatureClassifier:
    """Multinomial logistic regression on standardised features.

    Attributes:
        weights: float64, shape (classes, feature).
        offsets: float64, shape (classes,).
        centre: Of the features, shape (feature,).
        scale: Their deviation, shape (feature,).
    """

    weights: Float64[np.ndarray, "class_ feature"]
    offsets: Float64[np.ndarray, " class_"]
    centre: Float64[np.ndarray, " feature"]
    scale: Float64[np.ndarray, " feature"]

    def predict(self, features: Float[np.ndarray, "n feature"]) -> Float64[np.ndarray, "n class_"]:
        """Return the probability of every class; rows sum to 1."""
        odds = (features - self.centre) / self.scale @ self.weights.T + self.offsets
        odds = np.exp(odds - odds.max(axis=1, keepdims=True))
        shares: Float64[np.ndarray, "n class_"] = odds / odds.sum(axis=1, keepdims=True)
        return shares


def fit_feature_classifier(
    features: Float[np.ndarray, "n feature"], labels: Int64[np.ndarray, " n"], num_classes: int
) -> FeatureClassifier:
    """Fit the classifier.

    Args:
        features: Of training images, shape (n, feature).
        labels: Their classes; classes without an image get no probability.
        num_classes: Columns of the answer.
    """
    values = features.astype(np.float64)
    centre, scale = values.mean(axis=0), np.maximum(values.std(axis=0), 1e-6)
    weights = np.zeros((num_classes, values.shape[1]))
    offsets = np.full(num_classes, -1e9)
    known = np.unique(labels)
    offsets[known] = 0.0
    if len(known) > 1:
        model = LogisticRegression(C=STRENGTH, max_iter=MOST_ROUNDS)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)  # sure enough where it stops
            fitted = model.fit((values - centre) / scale, labels)
        if len(known) == 2:  # one row of weights, for the second class
            weights[known[1]], offsets[known[1]] = fitted.coef_[0], fitted.intercept_[0]
        else:
            weights[known], offsets[known] = fitted.coef_, fitted.intercept_
    return FeatureClassifier(weights, offsets, centre, scale)


def cross_validated(
    features: Float[np.ndarray, "n feature"],
    labels: Int64[np.ndarray, " n"],
    num_classes: int,
    *,
    seed: int = 0,
) -> Float64[np.ndarray, "n class_"]:
    """Return for each image what a classifier says that did not learn from it.

    Args:
        features: Of training images, shape (n, feature).
        labels: Their classes.
        num_classes: Columns of the answer.
        seed: Of the split into folds, class by class.

    Returns:
        Probabilities, shape (n, class). An image that is the only one of its class gets none
        for it, as its class was not known to its judge.
    """
    chance, fold = np.random.default_rng(seed), np.zeros(len(labels), dtype=np.int64)
    for label in np.unique(labels):
        members = chance.permutation(np.flatnonzero(labels == label))
        fold[members] = (np.arange(len(members)) + chance.integers(FOLDS)) % FOLDS
    found = np.zeros((len(labels), num_classes))
    for one in np.unique(fold):
        held, seen = fold == one, fold != one
        if seen.any():
            judge = fit_feature_classifier(features[seen], labels[seen], num_classes)
            found[held] = judge.predict(features[held])
    return found


def label_agreement(
    chances: Float[np.ndarray, "n class_"], labels: Float[np.ndarray, "n class_"]
) -> Float64[np.ndarray, " n"]:
    """Return how much of a label a classifier sees: the overlap of both, 0 to 1.

    For a label of one class this is its probability; for a mixed label it is 1 where the
    classifier sees the same mixture.
    """
    return np.asarray(np.minimum(chances, labels).sum(axis=1), dtype=np.float64)
