"""Which data sets can show the same subject with and without an attribute."""

__all__ = ["draw_pairs", "paired_attributes"]

from collections.abc import Callable

from explorer.data import avatar_pairs
from explorer.data.labelled import ImagePairs
from explorer.data.source import Split
from explorer.errors import NotSupportedError
from explorer.settings import DataSettings

_ATTRIBUTES = {"avatars": avatar_pairs.PAIRED}
_DRAW: dict[str, Callable[[DataSettings, Split, str, int], ImagePairs]] = {
    "avatars": avatar_pairs.draw_pairs
}


def paired_attributes(name: str) -> tuple[str, ...]:
    """Return the attributes of a data set by which each subject has one counterpart."""
    return _ATTRIBUTES.get(name, ())


def draw_pairs(settings: DataSettings, split: Split, attribute: str, count: int) -> ImagePairs:
    """Return the first subjects of a split, without an attribute and with it.

    Raises:
        NotSupportedError: The data show each subject once.
        DataError: The attribute has no counterpart.
    """
    if settings.name not in _DRAW:
        raise NotSupportedError(
            f"'{settings.name}' shows each subject once, so the right answer of an edit is not "
            f"known. It is for {', '.join(_DRAW)}."
        )
    return _DRAW[settings.name](settings, split, attribute, count)
