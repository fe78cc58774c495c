"""The same image in another model."""

import numpy as np
import pytest
from tiny_models import GLICO, GLOW

from explorer.errors import ConfigError
from explorer.service.counterpart import counterpart, second_models
from explorer.service.points import add_image
from explorer.service.progress import Cancelled
from explorer.service.workbench import Workbench


@pytest.fixture(scope="module")
def bench(tiny_root):
    return Workbench(tiny_root)


def test_models_of_the_same_data_are_offered(bench):
    assert [card.name for card in second_models(bench, GLOW)] == [GLICO]


def test_an_image_that_both_know_is_found(bench):
    found = counterpart(bench, GLOW, 7, GLICO)
    assert (found.how, found.position, found.difference) == ("same", 7, 0)


def plain(red):
    return np.full((32, 32, 3), (red, 20, 90), dtype=np.uint8)


def test_another_image_is_encoded_exactly_by_a_model_that_can(bench):
    position = add_image(bench, GLICO, plain(200))
    found = counterpart(bench, GLICO, position, GLOW)
    assert (found.how, found.difference) == ("encoded", 0)
    assert np.array_equal(bench.picture(GLOW, found.position).pixels, plain(200))


def test_another_image_is_searched_by_a_model_that_must(bench):
    position = add_image(bench, GLOW, plain(10))
    shares = []
    found = counterpart(bench, GLOW, position, GLICO, lambda share, doing: shares.append(share))
    assert found.how == "searched" and found.difference > 0
    assert shares == sorted(shares) and shares


def test_a_search_can_be_cancelled(bench):
    def stop(share, doing):
        raise Cancelled("Cancelled.")

    position = add_image(bench, GLOW, plain(90))
    before = bench.open(GLICO).guests.positions()
    with pytest.raises(Cancelled):
        counterpart(bench, GLOW, position, GLICO, stop)
    assert bench.open(GLICO).guests.positions() == before


def test_an_image_that_is_not_there_is_refused(bench):
    with pytest.raises(ConfigError, match="10000"):
        counterpart(bench, GLOW, 10_000, GLICO)
