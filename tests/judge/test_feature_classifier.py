import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from explorer.judge.feature_classifier import (
    STRENGTH,
    cross_validated,
    fit_feature_classifier,
    label_agreement,
)


def planted(num_classes=3, each=12, dim=5):
    chance = np.random.default_rng(0)
    labels = np.repeat(np.arange(num_classes), each).astype(np.int64)
    centres = 3 * chance.standard_normal((num_classes, dim))
    return centres[labels] + chance.standard_normal((len(labels), dim)), labels


def test_it_is_sklearns_regression_on_standardised_features():
    for num_classes in (2, 3):
        features, labels = planted(num_classes)
        expected = make_pipeline(StandardScaler(), LogisticRegression(C=STRENGTH)).fit(
            features, labels
        )
        found = fit_feature_classifier(features, labels, num_classes).predict(features)
        np.testing.assert_allclose(found, expected.predict_proba(features), atol=1e-4)


def test_a_class_without_images_gets_no_probability():
    features, labels = planted(2)
    found = fit_feature_classifier(features, 2 * labels, 3).predict(features)
    assert (found[:, 1] == 0).all()
    np.testing.assert_allclose(found.sum(1), 1)


def test_one_class_alone_is_certain():
    features, labels = planted(1)
    assert (fit_feature_classifier(features, labels, 1).predict(features) == 1).all()


def test_no_image_is_judged_by_a_classifier_that_learned_from_it():
    """Labels drawn at random cannot be guessed, however many features there are."""
    chance = np.random.default_rng(1)
    features, labels = chance.standard_normal((80, 300)), chance.integers(0, 2, 80)
    own = fit_feature_classifier(features, labels, 2).predict(features)
    fair = cross_validated(features, labels, 2)
    assert (own.argmax(1) == labels).mean() == 1
    assert 0.3 < (fair.argmax(1) == labels).mean() < 0.7


def test_the_only_image_of_a_class_is_not_known_to_its_judge():
    features, labels = planted(3, each=1)
    assert (cross_validated(features, labels, 3)[np.arange(3), labels] == 0).all()


def test_agreement_is_the_probability_of_the_label_or_the_overlap_with_a_mixed_one():
    chances = np.array([[0.7, 0.2, 0.1], [0.7, 0.3, 0.0], [1.0, 0.0, 0.0]])
    labels = np.array([[0.0, 1.0, 0.0], [0.7, 0.3, 0.0], [0.7, 0.3, 0.0]])
    np.testing.assert_allclose(label_agreement(chances, labels), [0.2, 1.0, 0.7])
