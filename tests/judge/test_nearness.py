import math

import numpy as np
import torch

from explorer.judge.nearness import (
    nearest_earlier,
    nearest_of,
    nearest_other,
    within_class_distance,
)

ROWS = torch.tensor([[0.0, 0.0], [3.0, 4.0], [0.0, 1.0], [0.0, 0.0]])


def test_nearest_of_other_images():
    found = nearest_of(ROWS, torch.tensor([[0.0, 2.0], [3.0, 4.0]]))
    assert found.indices.tolist() == [0, 1, 0, 0]
    np.testing.assert_allclose(found.distances, [2, 0, 1, 2])


def test_an_image_is_not_its_own_nearest():
    found = nearest_other(ROWS)
    assert found.indices.tolist() == [3, 2, 0, 0]
    np.testing.assert_allclose(found.distances, [0, math.sqrt(18), 1, 0])


def test_of_twins_the_first_has_no_earlier_one():
    found = nearest_earlier(ROWS)
    assert found.indices.tolist() == [-1, 0, 0, 0]
    np.testing.assert_allclose(found.distances, [math.inf, 5, 1, 0])


def test_a_single_image_has_no_other():
    one = nearest_other(ROWS[:1])
    assert (one.indices.tolist(), one.distances.tolist()) == ([-1], [math.inf])
    assert len(nearest_earlier(ROWS[:0]).indices) == 0


def test_equal_rows_have_distance_zero_at_any_length():
    rows = 1e4 * torch.randn(1, 1280).repeat(3, 1)
    assert nearest_other(rows).distances.tolist() == [0, 0, 0]


def test_the_distance_within_classes_is_a_mean_over_pairs_and_classes():
    labels = torch.tensor([0, 0, 1, 1])
    assert within_class_distance(ROWS, labels) == (5 + 1) / 2
    assert math.isnan(within_class_distance(ROWS, torch.arange(4)))
