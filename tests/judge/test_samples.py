import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from planted import ATTRIBUTES, NoisyPixelModel, PixelModel, squares

from explorer.judge.samples import attribute_shares, measure_samples, wilson_interval


@given(st.integers(1, 2000), st.floats(0, 1))
def test_the_interval_holds_the_share_and_solves_wilsons_equation(count, part):
    positives = round(part * count)
    share = positives / count
    low, high = wilson_interval(positives, count)
    assert 0 <= low <= share + 1e-12 and share - 1e-12 <= high <= 1
    for end in (low, high):
        distance = abs(share - end)
        assert distance == pytest.approx(
            1.96 * math.sqrt(end * (1 - end) / count), rel=1e-3, abs=1e-9
        )


def test_shares_stand_beside_those_of_real_images():
    marks = torch.tensor([[True, False], [True, False], [False, False], [False, True]])
    real = torch.tensor([[True, True], [False, True]])
    first, second = attribute_shares(("a", "b"), marks, real, temperature=0.7)
    assert (first.attribute, first.share, first.real_share) == ("a", 0.5, 0.5)
    assert (second.attribute, second.share, second.real_share) == ("b", 0.25, 1.0)
    assert (second.low, second.high) == wilson_interval(1, 4)
    assert (first.count, first.temperature) == (4, 0.7)


def test_samples_are_judged_as_they_are_shown(classifier):
    """The denoising of this model turns every sample black, as a lid is."""
    real = squares(100)
    shown = measure_samples(NoisyPixelModel(), classifier, real, temperature=1.0, count=100)
    plain = measure_samples(PixelModel(), classifier, real, temperature=1.0, count=100)
    assert [row.attribute for row in shown] == list(ATTRIBUTES)
    assert {row.share for row in shown} <= {0.0, 1.0}, "all samples are the same picture"
    assert any(0 < row.share < 1 for row in plain)
    lid = shown[ATTRIBUTES.index("lid")]
    assert lid.real_share == pytest.approx(real.attributes[:, 2].mean(), abs=0.03)


def test_the_same_seed_draws_the_same_samples(classifier):
    first, same, other = (
        measure_samples(
            PixelModel(), classifier, squares(20), temperature=1.0, count=200, seed=seed
        )
        for seed in (1, 1, 2)
    )
    assert first == same != other
