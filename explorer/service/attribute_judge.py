"""The classifier of a data set's attributes: trained once on a machine, kept in the cache."""

__all__ = ["attribute_classifier", "cached_attribute_classifier"]

import hashlib
from pathlib import Path

from explorer.data.download import cache_folder
from explorer.data.load import load_data
from explorer.errors import CheckpointError
from explorer.judge.attribute_classifier import STEPS, AttributeClassifier, train_classifier
from explorer.settings import DataSettings
from explorer.train import checkpoint


def attribute_classifier(
    settings: DataSettings, digest: str, *, channels: int
) -> AttributeClassifier:
    """Return the classifier of a data set's attributes from the cache, or train and cache it.

    It learns from the whole training split, also where a model had few shots of it.

    Args:
        settings: Which data.
        digest: Of the training images; another digest, another classifier.
        channels: Of the images, 1 or 3.

    Raises:
        DataError: The data are not there.
    """
    known = cached_attribute_classifier(settings, digest, channels=channels)
    if known is not None:
        return known
    classifier = train_classifier(load_data(_whole(settings), "train"), steps=STEPS)
    checkpoint.write_tensors(_path(settings, digest), classifier.state_dict())
    return classifier.requires_grad_(False).eval()


def cached_attribute_classifier(
    settings: DataSettings, digest: str, *, channels: int
) -> AttributeClassifier | None:
    """Return the classifier if it was trained before; None where it was not, or is damaged.

    Raises:
        DataError: The data, which know the attributes' names, are not there.
    """
    path = _path(settings, digest)
    if not path.exists():
        return None
    one = _whole(settings).model_copy(update={"count": 1})
    classifier = AttributeClassifier(load_data(one, "test").attribute_names, channels)
    try:
        checkpoint.fill(classifier, path)
    except CheckpointError:
        return None
    return classifier.requires_grad_(False).eval()


def _whole(settings: DataSettings) -> DataSettings:
    return settings.model_copy(update={"shots": None})


def _path(settings: DataSettings, digest: str) -> Path:
    content = f"{_whole(settings).model_dump_json()} {digest} {STEPS}"
    key = hashlib.sha256(content.encode()).hexdigest()
    return cache_folder(f"classifier-{key[:16]}.safetensors")
