"""The classifier of a model's classes: trained as a model is prepared, kept beside its weights."""

__all__ = ["CLASS_JUDGE", "TESTED", "accuracy_sentence", "fit_class_judge", "open_class_judge"]

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from explorer.data.labelled import LabelledImages
from explorer.errors import CheckpointError
from explorer.judge.class_classifier import (
    ClassClassifier,
    accuracy,
    load_class_classifier,
    save_class_classifier,
    train_class_classifier,
)
from explorer.latent.walk_findings import percent

CLASS_JUDGE = "class_judge.npz"
MOST_IMAGES = 10_000
"""Training images it learns from, at most: the first ones."""

TESTED = 2000
"""Held-out images that say how good it is, at most."""


def fit_class_judge(
    folder: Path, train: LabelledImages, test: LabelledImages | None
) -> dict[str, float | int | str]:
    """Train the classifier of a model's classes, write it, and return how good it is.

    Args:
        folder: Where the file goes.
        train: What the model was trained on.
        test: Images that neither model nor classifier was trained on; None where there are none.

    Returns:
        Facts: "class_judge.images" it was trained on, and, where there are test images,
        "class_judge.accuracy" on "class_judge.tested" of them.
    """
    shown = train.subset(np.arange(min(MOST_IMAGES, len(train)), dtype=np.int64))
    save_class_classifier(folder / CLASS_JUDGE, train_class_classifier(shown))
    facts: dict[str, float | int | str] = {"class_judge.images": len(shown)}
    if test is not None:
        judged = test.subset(np.arange(min(TESTED, len(test)), dtype=np.int64))
        kept = load_class_classifier(folder / CLASS_JUDGE)  # as it is used: half precision
        facts["class_judge.accuracy"] = round(accuracy(kept, judged), 4)
        facts["class_judge.tested"] = len(judged)
    return facts


def open_class_judge(folder: Path, num_classes: int, channels: int) -> ClassClassifier | None:
    """Return the classifier beside a model's weights; None where there is none.

    Raises:
        CheckpointError: It is damaged or of other classes than the model.
    """
    path = folder / CLASS_JUDGE
    if not path.exists():
        return None
    judge = load_class_classifier(path)
    if (judge.num_classes, judge.channels) != (num_classes, channels):
        raise CheckpointError(
            f"'{path}' tells {judge.num_classes} classes of {judge.channels}-channel images "
            f"apart; the model has {num_classes} and {channels}. Prepare the model again."
        )
    return judge


def accuracy_sentence(facts: Mapping[str, float | int | str]) -> str:
    """Say how far a model's classifier can be trusted."""
    images, share = facts.get("class_judge.images"), facts.get("class_judge.accuracy")
    if not isinstance(share, float):
        return "How often the classifier is right was not measured: the data have no test images."
    tested = facts.get("class_judge.tested")
    return (
        f"The classifier learned from {images:,} training images and is right on {percent(share)} "
        f"of {tested:,} images it never saw."
    )
