"""The registry of models."""

import pytest

from explorer import models
from explorer.errors import UnknownModelError


def test_both_models_are_there_in_alphabetical_order():
    names = list(models.available())
    assert names == sorted(names)
    assert {"glico", "glow"} <= set(names)


def test_an_unknown_model_lists_the_known_ones_and_the_nearest():
    with pytest.raises(UnknownModelError, match=r"No model 'glwo'\. Did you mean 'glow'\? Known"):
        models.get("glwo")
