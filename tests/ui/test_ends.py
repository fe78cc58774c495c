"""What the page is told of A and B."""

import base64
import io

import numpy as np
from PIL import Image
from tiny_models import GLOW

from explorer.service.points import find_point
from explorer.ui.ends import ends_value
from explorer.ui.shared import Picked, Selection

PICKED = Picked(GLOW, 3, 8)


def test_the_ends_are_shown_as_their_very_pixels_with_words(workbench):
    value = ends_value(workbench, PICKED, None)
    for slot, index in (("a", 3), ("b", 8)):
        picture = workbench.picture(GLOW, index)
        shown = Image.open(io.BytesIO(base64.b64decode(value[slot]["uri"].split(",")[1])))
        np.testing.assert_array_equal(np.asarray(shown), picture.pixels)
        assert value[slot]["number"] == index
        assert value[slot]["class_name"] == picture.class_name
        assert len(value[slot]["attributes"]) == len(picture.attributes)
        assert not any("_" in name for name in value[slot]["attributes"])
    assert ends_value(workbench, None, None) is None


def test_a_guest_is_shown_with_its_origin_and_source(workbench):
    position = find_point(workbench, GLOW, "sample:3")
    value = ends_value(workbench, Picked(GLOW, position, 8), None)
    assert (value["a"]["origin"], value["a"]["name"]) == ("generated", "sample:3")
    assert value["b"]["origin"] == "train"


def test_only_a_selection_of_this_model_counts(workbench):
    assert ends_value(workbench, PICKED, Selection(GLOW, (1, 4)))["selected"] == 2
    assert ends_value(workbench, PICKED, Selection("other", (1, 4)))["selected"] == 0
    assert ends_value(workbench, PICKED, None)["selected"] == 0
