"""The registry of data sets."""

import pytest

from explorer.data.load import load_data
from explorer.data.source import available, get
from explorer.errors import DataError
from explorer.settings import DataSettings


def test_every_source_stands_under_its_own_name_in_alphabetical_order():
    sources = available()
    assert list(sources) == sorted(sources)
    assert all(name == source.name for name, source in sources.items())
    assert {"cifar-10", "cifar-100"} <= set(sources)  # two from one module


def test_an_unknown_name_is_answered_with_the_nearest_and_all():
    with pytest.raises(DataError, match=r"'cifar10'.* Did you mean 'cifar-10'\? Known: "):
        get("cifar10")
    with pytest.raises(DataError, match="Known: avatars, celeba"):
        load_data(DataSettings(name="nothing-like-it"), "train")
