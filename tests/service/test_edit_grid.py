"""Grids of edits: strength 0 is the image, nothing is drawn twice, labels fit the pictures."""

import numpy as np
import pytest
from tiny_models import GLICO, GLOW

from explorer.errors import ConfigError
from explorer.service.edit_grid import (
    EditedPictures,
    attribute_grid,
    class_positions,
    strength_grid,
)
from explorer.service.evidence import slider_evidence
from explorer.service.result import of_grid
from explorer.service.workbench import Workbench


@pytest.fixture(scope="module")
def workbench(tiny_root):
    return Workbench(tiny_root)


@pytest.fixture
def decoded(workbench, monkeypatch):
    """How many latents were decoded."""
    counts, decode = [], workbench.decode

    def counting(name, latents, *, as_sample):
        counts.append(len(latents))
        return decode(name, latents, as_sample=as_sample)

    monkeypatch.setattr(workbench, "decode", counting)
    return counts


def names_of(workbench, model=GLOW):
    return [card.name for card in workbench.attributes(model)]


def test_each_cell_is_the_edit_of_its_row_and_column(workbench):
    attribute = names_of(workbench)[0]
    grid = strength_grid(workbench, GLOW, 3, attribute, (-1.0, 0.0, 1.5))
    positions = class_positions(workbench.open(GLOW), 3)
    assert grid.pixels.shape[:2] == (3, 5) and grid.rows == ("-1", "0", "+1.5")
    assert 3 in positions and len(grid.columns) == 5
    labels = [workbench.open(GLOW).label(position) for position in positions]
    assert labels == [0, 1, 2, 3, 4]
    for column, position in enumerate(positions):
        np.testing.assert_array_equal(
            grid.pixels[1, column], workbench.picture(GLOW, position).pixels
        )
        edited = workbench.edit(GLOW, position, {attribute: 1.5}, with_density=False).pixels
        apart = np.abs(grid.pixels[2, column].astype(int) - edited.astype(int))
        assert apart.max() <= 1  # batches round differently


def test_strength_0_is_the_image_as_a_searching_model_draws_it(workbench):
    grid = strength_grid(workbench, GLICO, 0, names_of(workbench, GLICO)[0], (0.0,))
    drawn = workbench.drawn(GLICO, class_positions(workbench.open(GLICO), 0))
    np.testing.assert_array_equal(grid.pixels[0], drawn)


def test_a_second_grid_draws_only_what_is_new(workbench, decoded):
    attribute, kept = names_of(workbench)[0], EditedPictures()
    first = strength_grid(workbench, GLOW, 3, attribute, (-1.0, 0.0, 1.0), pictures=kept)
    assert sum(decoded) == 10
    decoded.clear()
    again = strength_grid(workbench, GLOW, 3, attribute, (-1.0, 0.0, 1.0, 2.0), pictures=kept)
    assert sum(decoded) == 5
    np.testing.assert_array_equal(again.pixels[:3], first.pixels)


def test_another_kind_of_direction_is_drawn_anew(workbench, decoded):
    attribute, kept = names_of(workbench)[0], EditedPictures()
    kinds = ({attribute: "pooled"}, {attribute: "ridge"})
    grids = [
        strength_grid(workbench, GLOW, 3, attribute, (1.0,), kinds=one, pictures=kept)
        for one in kinds
    ]
    assert sum(decoded) == 10
    assert not np.array_equal(grids[0].pixels, grids[1].pixels)


def test_pictures_that_were_used_longest_ago_make_room(workbench, decoded):
    attribute, kept = names_of(workbench)[0], EditedPictures(kept=2)
    for strength in (0.5, 1.0, 1.5, 0.5):
        kept.of(workbench, GLOW, [(0, {attribute: strength})])
    assert sum(decoded) == 4
    kept.of(workbench, GLOW, [(0, {attribute: 1.5})])
    assert sum(decoded) == 4


def test_attributes_by_strengths_move_one_image(workbench):
    names = names_of(workbench)[:3]
    grid = attribute_grid(workbench, GLOW, 7, names, (-0.5, 0.0))
    assert grid.pixels.shape[:2] == (3, 2) and grid.columns == ("-0.5", "0")
    still = workbench.picture(GLOW, 7).pixels
    for row in range(3):
        np.testing.assert_array_equal(grid.pixels[row, 1], still)


def test_each_cell_says_what_supports_it_in_its_own_class(workbench):
    attribute, strengths = names_of(workbench)[0], (-3.0, 0.0, 1.0, 3.0)
    grid = strength_grid(workbench, GLOW, 3, attribute, strengths)
    positions = class_positions(workbench.open(GLOW), 3)
    assert grid.supports[1] == ("own",) * 5
    for row, strength in enumerate(strengths):
        for column, position in enumerate(positions):
            found = slider_evidence(workbench, GLOW, position, {attribute: strength})
            assert grid.supports[row][column] == found.overall
            assert ((row, column) in grid.unsupported) == (found.overall == "none")
    assert grid.unsupported and not any(row == 1 for row, _ in grid.unsupported)


def test_the_picture_has_room_for_title_and_labels(workbench):
    grid = strength_grid(workbench, GLOW, 3, names_of(workbench)[0], (0.0, 1.0))
    picture = of_grid(grid).sheet()
    assert picture.shape[0] > 2 * 96 and picture.shape[1] > 5 * 96
    assert (picture[:30] < 128).any()  # the title is written there


@pytest.mark.parametrize(
    ("attribute", "strengths", "said"),
    [("nose", (1.0,), "nose"), (None, (9.0,), "9"), (None, (), "0 pictures")],
)
def test_a_wrong_wish_is_answered_in_words(workbench, attribute, strengths, said):
    with pytest.raises(ConfigError, match=said):
        strength_grid(workbench, GLOW, 0, attribute or names_of(workbench)[0], strengths)


def test_too_large_a_grid_is_refused_before_anything_is_drawn(workbench, decoded):
    with pytest.raises(ConfigError, match="400"):
        strength_grid(workbench, GLOW, 0, names_of(workbench)[0], tuple(np.linspace(-1, 1, 99)))
    assert decoded == []


def test_the_same_strengths_in_any_order_give_the_same_pixels(workbench):
    names = names_of(workbench)[:4]
    strengths = dict(zip(names, (0.35, -1.1, 0.7, 2.05), strict=True))
    backwards = dict(reversed(strengths.items()))
    for model in (GLOW, GLICO):
        one, other = (
            workbench.edit(model, 2, order, with_density=False).pixels
            for order in (strengths, backwards)
        )
        np.testing.assert_array_equal(one, other)
        latents = [workbench.edited_latents(model, [2], order) for order in (strengths, backwards)]
        assert latents[0].equal(latents[1])
