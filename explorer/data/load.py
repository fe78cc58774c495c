"""The one way in for everyone who needs images: settings -> labelled images."""

__all__ = ["check_data", "load_data"]

from explorer.data.fewshot import draw_count, draw_shots
from explorer.data.labelled import LabelledImages
from explorer.data.source import Split, get
from explorer.errors import DataError
from explorer.settings import DataSettings


def load_data(settings: DataSettings, split: Split) -> LabelledImages:
    """Return one split of a data set as the settings ask for it.

    Args:
        settings: Which set, size, count, shots and seed. `count` limits either split; `shots` is
            drawn from "train" only, so that one test set serves every draw.
        split: "train" never opens a file of the test split.

    Raises:
        DataError: The set is unknown, missing, damaged, or has too few images of a class.
    """
    data = get(settings.name).load(settings, split)
    if not len(data):
        raise DataError(f"{settings.name}: the {split} split has no image. Add images.")
    if 0 < settings.count < len(data):
        data = draw_count(data, settings.count, settings.seed)
    if split == "train" and settings.shots is not None:
        data = draw_shots(data, settings.shots, settings.seed)
    return data


def check_data(settings: DataSettings) -> None:
    """Check that a data set's files are there; opens no image.

    Raises:
        DataError: The set is unknown or its files are missing.
    """
    get(settings.name).check(settings)
