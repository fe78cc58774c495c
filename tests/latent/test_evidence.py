import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from explorer.latent.evidence import MIN_OWN, Evidence, Span, completed, evidence_of


def planted(count=2001):
    """Class 0 spans [0, 1] around 0.5; class 1 spans [8, 12] around 10: it lends 2 either way."""
    positions = np.concatenate([np.linspace(0, 1, count), np.linspace(8, 12, count)])
    return positions, np.repeat([0, 1], count)


def test_the_own_range_is_that_of_the_classes_own_images():
    positions, labels = planted()
    found = evidence_of(positions, labels, 0)
    assert (found.own.low, found.own.high) == pytest.approx((0.025, 0.975))
    assert (found.own_count, found.borrowed_count) == (2001, 2001)


def test_what_another_class_lends_is_centred_on_the_classes_mean():
    found = evidence_of(*planted(), 0)
    assert (found.borrowed.low, found.borrowed.high) == pytest.approx((0.5 - 1.9, 0.5 + 1.9))


def test_a_wide_class_borrows_nothing_from_a_narrow_one():
    found = evidence_of(*planted(), 1)
    assert found.borrowed == found.own


def test_a_class_that_lies_elsewhere_lends_no_offset():
    positions, labels = planted()
    moved = positions + np.where(labels == 1, 1000.0, 0.0)
    near, far = evidence_of(positions, labels, 0), evidence_of(moved, labels, 0)
    assert (far.borrowed.low, far.borrowed.high) == pytest.approx(
        (near.borrowed.low, near.borrowed.high)
    )


@pytest.mark.parametrize("count", [1, MIN_OWN - 1])
def test_few_images_have_no_range_of_their_own_but_may_borrow(count):
    positions = np.concatenate([np.zeros(count), np.linspace(-1, 1, 101)])
    labels = np.repeat([0, 1], [count, 101])
    found = evidence_of(positions, labels, 0)
    assert found.own is None
    assert (found.own_count, found.borrowed_count) == (count, 101)
    assert (found.borrowed.low, found.borrowed.high) == pytest.approx((-0.95, 0.95))
    assert found.at(0.0) == "borrowed"


def test_an_only_class_with_few_images_has_no_evidence_at_all():
    found = evidence_of(np.array([0.0, 0.1]), np.array([0, 0]), 0)
    assert found == Evidence(None, 2, None, 0)
    assert found.at(0.0) == "none"


def test_a_class_without_images_borrows_nothing():
    positions, labels = planted()
    assert evidence_of(positions, labels, 7) == Evidence(None, 0, None, 0)
    assert not len(completed(positions, labels, 7))


def test_a_single_image_lends_no_variation():
    positions, labels = np.array([0.0, 0.1, 0.2, 0.3, 0.4, 9.0]), np.array([0] * 5 + [1])
    assert evidence_of(positions, labels, 0).borrowed_count == 0


def test_positions_are_supported_by_the_nearer_evidence_first():
    found = Evidence(Span(-1.0, 1.0), 9, Span(-2.0, 3.0), 9)
    supports = [found.at(s) for s in (-2.1, -2.0, -1.0, 0.0, 1.0, 1.5, 3.0, 3.1, math.nan)]
    assert supports == [
        "none", "borrowed", "own", "own", "own", "borrowed", "borrowed", "none", "none",
    ]  # fmt: skip


@given(st.integers(1, 60), st.integers(1, 4), st.integers(0, 2**31 - 1))
def test_the_borrowed_range_always_holds_the_own_one(count, classes, seed):
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, classes, count)
    positions = rng.normal(size=count) * (1 + labels)
    for label in range(classes):
        found = evidence_of(positions, labels, label)
        if found.own is not None:
            assert found.borrowed.low <= found.own.low <= found.own.high <= found.borrowed.high


def test_the_completed_distribution_lies_inside_the_evidence():
    positions, labels = planted()
    found, span = completed(positions, labels, 0), evidence_of(positions, labels, 0).borrowed
    assert found.min() in span and found.max() in span
    own = (found >= 0) & (found <= 1)
    assert own.sum() == pytest.approx(2001 + 2001 / 4, abs=2), "own images, a quarter of the lent"
    assert np.array_equal(found, np.sort(found))
