"""The strip of neighbours: what it is told, and what it may ask for."""

import pytest
from tiny_models import GLICO

from explorer.errors import ConfigError
from explorer.service.neighbours import neighbours
from explorer.ui.neighbours import continued_from, neighbours_value
from explorer.ui.shared import Picked

PICKED = Picked(GLICO, 3, 8)


def test_the_strip_shows_the_neighbours_in_order(workbench):
    found = neighbours(workbench, GLICO, 3, 5)
    value = neighbours_value(workbench, PICKED, "a", found)
    assert (value["kind"], value["slot"], value["number"]) == ("shown", "a", 3)
    assert [one["number"] for one in value["near"]] == [one.position for one in found.records]
    assert all(one["uri"].startswith("data:image/png") for one in value["near"])
    distances = [one["distance"] for one in value["near"]]
    assert distances == sorted(distances)
    assert value["typical"]["distance"] == found.typical_distance


def test_a_neighbour_takes_the_place_of_one_end():
    assert continued_from(PICKED, "a", 5, 60) == Picked(GLICO, 5, 8)
    assert continued_from(PICKED, "b", 5.0, 60) == Picked(GLICO, 3, 5)


@pytest.mark.parametrize(
    ("slot", "position"),
    [("c", 5), (None, 5), ("a", 60), ("a", -1), ("a", "5"), ("a", None), ("a", float("nan"))],
)
def test_what_no_page_sends_is_refused(slot, position):
    with pytest.raises(ConfigError):
        continued_from(PICKED, slot, position, 60)
