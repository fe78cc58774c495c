"""One classifier of the planted attributes, trained once."""

import pytest
from planted import squares

from explorer.judge.attribute_classifier import AttributeClassifier, train_classifier


@pytest.fixture(scope="session")
def classifier() -> AttributeClassifier:
    """Trained on other images than any test judges."""
    return train_classifier(squares(400, seed=99), steps=80)
