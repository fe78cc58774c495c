import math
from dataclasses import replace

import numpy as np
import pytest
from tiny_models import GLICO, GLOW

from explorer.errors import ConfigError
from explorer.latent.evidence import evidence_of
from explorer.service.axes import slider_axes
from explorer.service.evidence import slider_evidence
from explorer.service.workbench import Workbench


@pytest.fixture(scope="module")
def workbench(tiny_root):
    return Workbench(tiny_root)


@pytest.mark.parametrize("model", [GLOW, GLICO])
def test_the_present_position_is_the_sliders_zero(workbench, model):
    found = slider_evidence(workbench, model, 3)
    opened = workbench.open(model)
    sliders = slider_axes(opened, opened.label(3))
    expected = sliders.positions(workbench.latents(model, [3])[0])
    assert [row.attribute for row in found.sliders] == list(sliders.names)
    for row, start in zip(found.sliders, expected.tolist(), strict=True):
        assert row.start == pytest.approx(start, abs=1e-6)
        assert row.place == row.start
    assert found.overall == "own"
    assert found.class_name == opened.data.class_names[opened.label(3)]


def test_strengths_at_the_ends_of_the_evidence_are_where_the_verdict_turns(workbench):
    name = slider_evidence(workbench, GLOW, 3).sliders[0].attribute
    free = slider_evidence(workbench, GLOW, 3).sliders[0]
    assert free.own is not None and free.borrowed is not None
    cases = [
        (free.own[1] - 1e-6, "own"),
        (free.own[0] + 1e-6, "own"),
        (free.borrowed[1] + 1e-6, "none"),
        (free.borrowed[0] - 1e-6, "none"),
    ]
    if free.borrowed[1] - free.own[1] > 1e-3:
        cases.append((free.own[1] + 1e-6, "borrowed"))
    for strength, verdict in cases:
        found = slider_evidence(workbench, GLOW, 3, {name: strength})
        assert found.sliders[0].verdict == found.overall == verdict
        assert found.sliders[0].place == pytest.approx(free.start + strength)
        assert found.sliders[0].own == pytest.approx(free.own)


def test_places_are_those_of_the_edited_latent_whatever_is_moved(workbench):
    opened = workbench.open(GLOW)
    sliders = slider_axes(opened, opened.label(5))
    strengths = {sliders.names[0]: 0.7, sliders.names[3]: -0.4}
    moved = workbench.edited_latents(GLOW, [5], strengths)[0]
    found = slider_evidence(workbench, GLOW, 5, strengths)
    expected = sliders.positions(moved).tolist()
    assert [row.place for row in found.sliders] == pytest.approx(expected, abs=1e-4)


def test_limits_account_for_what_the_other_sliders_do(workbench):
    free = slider_evidence(workbench, GLOW, 5)
    first, second = free.sliders[0], free.sliders[1]
    pushed = slider_evidence(workbench, GLOW, 5, {second.attribute: 2.0}).sliders[0]
    drift = pushed.place - first.start
    assert drift != 0
    assert pushed.own[1] == pytest.approx(first.own[1] - drift)
    at_end = {second.attribute: 2.0, first.attribute: pushed.own[1] - 1e-6}
    assert slider_evidence(workbench, GLOW, 5, at_end).sliders[0].verdict == "own"


def test_counts_are_those_of_the_training_images(workbench):
    opened = workbench.open(GLOW)
    labels = opened.gallery.labels[~opened.gallery.held_out]
    found = slider_evidence(workbench, GLOW, 3)
    label = opened.label(3)
    assert {row.own_count for row in found.sliders} == {int((labels == label).sum())}
    others = [count for other, count in enumerate(np.bincount(labels)) if other != label]
    lent = sum(int(count) for count in others if count >= 2)
    assert {row.borrowed_count for row in found.sliders} == {lent}


def test_a_class_with_few_images_has_no_range_of_its_own(workbench, monkeypatch):
    opened = workbench.open(GLOW)
    label = opened.label(3)
    own = np.flatnonzero(opened.gallery.labels == label)
    labels = opened.gallery.labels.copy()
    labels[own[own != 3][3:]] = (label + 1) % len(opened.data.class_names)
    few = replace(opened, gallery=replace(opened.gallery, labels=labels), token="few")
    monkeypatch.setattr(workbench, "open", lambda name: few)
    found = slider_evidence(workbench, GLOW, 3)
    assert {row.own for row in found.sliders} == {None}
    assert {row.own_count for row in found.sliders} == {4}
    assert all(row.borrowed is not None for row in found.sliders)
    assert "own" not in {row.verdict for row in found.sliders}


def test_another_kind_of_direction_has_its_own_scale(workbench):
    name = slider_evidence(workbench, GLOW, 3).sliders[0].attribute
    pooled, ridge = (
        slider_evidence(workbench, GLOW, 3, {}, {name: kind}).sliders[0]
        for kind in ("pooled", "ridge")
    )
    assert pooled.start != ridge.start


def test_the_evidence_is_that_of_the_gallerys_positions(workbench):
    opened = workbench.open(GLOW)
    label = opened.label(3)
    sliders = slider_axes(opened, label)
    seen = np.flatnonzero(~opened.gallery.held_out)
    codes = workbench.latents(GLOW, seen.tolist())
    places = np.stack([sliders.positions(code).numpy() for code in codes])
    for row, column in zip(slider_evidence(workbench, GLOW, 3).sliders, places.T, strict=True):
        expected = evidence_of(column, opened.gallery.labels[seen], label)
        for span, limits in ((expected.own, row.own), (expected.borrowed, row.borrowed)):
            assert (span.low - row.start, span.high - row.start) == pytest.approx(limits, abs=1e-4)


@pytest.mark.parametrize("strength", [math.nan, math.inf])
def test_a_strength_that_is_not_finite_is_refused(workbench, strength):
    name = slider_evidence(workbench, GLOW, 3).sliders[0].attribute
    with pytest.raises(ConfigError, match="not finite"):
        slider_evidence(workbench, GLOW, 3, {name: strength})


def test_unknown_sliders_and_images_are_refused(workbench):
    with pytest.raises(ConfigError, match="No attribute 'nonsense'"):
        slider_evidence(workbench, GLOW, 3, {"nonsense": 1.0})
    with pytest.raises(ConfigError):
        slider_evidence(workbench, GLOW, 10**6)
