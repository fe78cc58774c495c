"""Analyses of a model: what varies, whose images, and what is refused."""

import numpy as np
import pytest
from planted_images import EACH, plant
from tiny_models import GLICO, GLOW

from explorer.errors import ConfigError, DataError, NotSupportedError
from explorer.service import distributions, encoded, survey
from explorer.service.distributions import axes, distribution, parts_of
from explorer.service.encoded import encoded_images
from explorer.service.progress import Cancelled, unreported
from explorer.service.workbench import Workbench


@pytest.fixture(scope="module")
def workbench(tiny_root):
    return Workbench(tiny_root)


@pytest.fixture(autouse=True)
def own_cache(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    encoded._latest.clear()


@pytest.fixture
def planted(workbench, monkeypatch):
    """A workbench whose GLICO has 300 images of 5 classes with a known attribute."""
    plant(monkeypatch, workbench, GLICO)
    return workbench


def test_attributes_come_first_then_what_needs_no_labels(workbench):
    found = axes(workbench, GLOW)
    assert [axis.kind for axis in found] == ["attribute"] * 20 + ["graded"] * 4 + ["principal"] * 4
    assert parts_of(found[0]) == ("without", "with", "all")
    assert parts_of(found[-1]) == ("all",)


def test_the_parts_of_an_attribute_are_its_images(planted):
    with_it = distribution(planted, GLICO, "glasses", "with")
    without = distribution(planted, GLICO, "glasses", "without")
    everyone = distribution(planted, GLICO, "glasses", "all")
    counts = [sum(one.count for one in found.classes) for found in (with_it, without, everyone)]
    assert counts[0] + counts[1] == counts[2] == 5 * EACH
    assert all(one.mean == pytest.approx(0.5, abs=0.15) for one in with_it.classes)
    assert all(one.mean == pytest.approx(-0.5, abs=0.15) for one in without.classes)
    assert "two modes" in everyone.note and not with_it.note
    # two modes are far from normal, each of them is not
    ends = [
        found.mixed.curves["anderson_darling"]["attribute"].mean[-1]
        for found in (with_it, without, everyone)
    ]
    assert ends[2] > 2 * max(ends[:2])


def test_a_class_is_described_by_its_own_images(planted):
    found = distribution(planted, GLICO, "glasses", "without")
    for one in found.classes:
        assert one.counts.sum() == one.count
        assert one.own[0] < one.mean < one.own[1]
        assert one.borrowed[0] <= one.own[0] and one.borrowed[1] >= one.own[1]
        assert np.trapezoid(one.density, found.grid) == pytest.approx(1, abs=0.05)
        assert abs(one.skewness) < 1.5


@pytest.mark.parametrize("axis", ["brightness", "variation 1"])
def test_what_needs_no_label_is_analysed_too(planted, axis):
    found = distribution(planted, GLICO, axis)
    assert found.part == "all" and len(found.classes) == 5
    assert ("shuffled" in found.mixed.curves["anderson_darling"]) == (axis == "brightness")


def test_the_same_request_is_answered_from_memory_and_another_seed_is_not(planted):
    one = distribution(planted, GLICO, "glasses")
    assert distribution(planted, GLICO, "glasses", "without") is one
    other = distribution(planted, GLICO, "glasses", seed=1)
    assert other is not one and other.mixed.change != one.mixed.change


def test_a_seed_repeats_every_number(planted):
    one = distribution(planted, GLICO, "tilt", seed=5)
    distributions._finished.clear()
    two = distribution(planted, GLICO, "tilt", seed=5)
    assert one.mixed.verdict == two.mixed.verdict
    assert one.complement.sizes == two.complement.sizes
    assert one.complement.correlation == two.complement.correlation


def test_an_attribute_of_one_class_has_no_other_to_borrow_from(planted):
    with pytest.raises(NotSupportedError, match=r"16 images a class .* with 'hat' have 60 and 0"):
        distribution(planted, GLICO, "hat", "with")


def test_an_attribute_that_nobody_has_is_refused_with_its_count(planted):
    with pytest.raises(DataError, match="0 of 300 planted images have it and 300 lack it"):
        distribution(planted, GLICO, "smile")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ({"axis": "glases"}, "Did you mean 'glasses'"),
        ({"axis": "brightness", "images": "with"}, "'with' of 'brightness'"),
        ({"axis": "glasses", "seed": -1}, "Seed -1"),
    ],
)
def test_a_wrong_request_is_named(workbench, words, said):
    with pytest.raises(ConfigError, match=said):
        distribution(workbench, GLICO, **words)


def test_a_wrong_count_is_named(workbench):
    with pytest.raises(ConfigError, match="-3 images"):
        encoded_images(workbench, GLICO, -3, unreported)


def test_cancelling_ends_the_work_and_keeps_nothing(planted):
    def cancel(share, doing):
        if share > 0.5:
            raise Cancelled("Cancelled.")

    with pytest.raises(Cancelled):
        distribution(planted, GLICO, "glasses", report=cancel)
    assert not distributions._finished


@pytest.mark.parametrize("count", [0, 20])
@pytest.mark.parametrize("name", [GLOW, GLICO])
def test_the_latents_are_those_of_the_images(workbench, name, count):
    found = encoded_images(workbench, name, count, unreported)
    assert len(found.latents) == (count or 60) == len(found.pixels) == len(found.attributes)
    np.testing.assert_allclose(found.latents[[3, 7]], workbench.latents(name, [3, 7]), atol=1e-4)


def test_images_are_encoded_once_on_a_machine(workbench, tmp_path):
    first = encoded_images(workbench, GLOW, 20, unreported)
    encoded._latest.clear()
    (file,) = tmp_path.glob("latent-explorer/models/*/training-*.npy")
    made = file.stat().st_mtime_ns
    again = encoded_images(workbench, GLOW, 20, unreported)
    np.testing.assert_array_equal(first.latents, again.latents)
    assert first.key == again.key and file.stat().st_mtime_ns == made


def test_a_survey_corrects_and_names_what_it_skips(planted):
    wanted = [("glasses", "with"), ("hat", "with"), ("size", None), ("smile", None)]
    found = survey.survey(planted, GLICO, wanted)
    assert [one.axis.name for one in found.found] == ["glasses", "size"]
    assert [one.axis.name for one in found.skipped] == ["hat", "smile"]
    raw = [one.mixed.p_value for one in found.found]
    assert all(c >= p for c, p in zip(found.corrected, raw, strict=True))
    assert max(found.corrected) == pytest.approx(max(raw))


def test_a_survey_of_one_refused_analysis_says_why(planted):
    with pytest.raises(NotSupportedError, match="16 images a class are needed"):
        survey.survey(planted, GLICO, [("hat", "with")])
