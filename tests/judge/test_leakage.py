import numpy as np
import pytest
import torch
from planted import ATTRIBUTES, SIZE, PixelModel, squares

from explorer.data.images import to_images
from explorer.judge.leakage import measure_leakage, position_leakage

TOP, BOTTOM = (torch.zeros(3, SIZE, SIZE), torch.zeros(3, SIZE, SIZE))
TOP[:, : SIZE // 2] = 60 / 255
BOTTOM[:, SIZE // 2 :] = 60 / 255
AXES = torch.stack([TOP.flatten(), BOTTOM.flatten()])
NAMES = ATTRIBUTES[:2]


def measured(classifier, axes):
    data = squares(160, seed=21)
    bare = ~data.attributes[:, 2:]
    return measure_leakage(
        PixelModel(),
        classifier,
        NAMES,
        PixelModel().encode(to_images(data.images)),
        axes.expand(len(data), -1, -1),
        ~data.attributes[:, :2] & bare,
    )


def test_orthogonal_planted_attributes_do_not_leak(classifier):
    found = measured(classifier, AXES)
    assert np.diag(found.changed).min() > 0.95
    assert np.diag(found.drift).min() > 0.95
    assert found.changed[0, 1] < 0.05 and found.changed[1, 0] < 0.05
    assert found.counts.min() > 40


def test_a_direction_that_brings_another_along_is_all_leakage(classifier):
    found = measured(classifier, torch.stack([TOP.flatten() + BOTTOM.flatten(), AXES[1]]))
    lacked = 1 - found.drift[0, 1]
    assert found.drift[0, 1] > 0.3, "about half of the images lacked the bottom"
    assert found.changed[0, 1] == pytest.approx(1 - lacked)
    assert found.drift[1, 0] == pytest.approx(0, abs=0.05)


def test_taking_away_drifts_downwards(classifier):
    found = measured(classifier, torch.stack([AXES[0], -AXES[0]]))
    assert found.drift[1, 0] < -0.3
    assert found.changed[1, 0] > 0.3


def test_an_attribute_that_no_image_can_be_moved_along_is_unknown(classifier):
    data = squares(20, seed=3)
    movable = np.zeros((20, 2), dtype=bool)
    movable[:3, 1] = True
    found = measure_leakage(
        PixelModel(),
        classifier,
        NAMES,
        PixelModel().encode(to_images(data.images)),
        AXES.expand(20, -1, -1),
        movable,
    )
    assert np.isnan(found.changed[0]).all() and np.isnan(found.drift[0]).all()
    assert found.counts.tolist() == [0, 3]
    assert not np.isnan(found.changed[1]).any()


def test_positions_of_orthogonal_directions_do_not_drift():
    axes = torch.eye(4)[None, :3] * torch.tensor([1.0, 2.0, 5.0])[:, None]
    found = position_leakage(axes, np.ones(1))
    np.testing.assert_allclose(found.drift, np.eye(3))
    assert np.isnan(found.changed).all()


def test_position_drift_is_the_step_over_the_other_directions_length():
    axes = torch.tensor([[[1.0, 0.0], [2.0, 2.0]], [[1.0, 0.0], [0.0, 1.0]]])
    found = position_leakage(axes, np.array([0.25, 0.75]))
    np.testing.assert_allclose(found.drift, [[1, 0.25 * 2 / 8], [0.25 * 2, 1]])
