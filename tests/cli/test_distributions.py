"""The command gives the numbers of the service."""

import pytest
from planted_images import plant
from tiny_models import GLICO

from explorer.service import distributions
from explorer.service.distributions import distribution
from explorer.service.workbench import Workbench


@pytest.fixture
def planted(monkeypatch, tiny_root):
    """A workbench like the command's; both find planted images."""
    workbench = Workbench(tiny_root)
    plant(monkeypatch, workbench, GLICO)
    return workbench


def test_json_has_exactly_the_numbers_of_the_service(typed, tiny_root, planted):
    words = ("distributions", "--model", GLICO, "--root", tiny_root, "--attribute", "brightness")
    (one,) = typed(*words, "--seed", 3, "--json").json["found"]
    distributions._finished.clear()
    found = distribution(planted, GLICO, "brightness", seed=3)
    assert one["mixed"]["verdict"] == found.mixed.verdict
    assert one["mixed"]["change"] == found.mixed.change
    assert one["mixed"]["curves"]["shapiro_wilk"]["random"]["mean"] == pytest.approx(
        found.mixed.curves["shapiro_wilk"]["random"].mean.tolist(), rel=1e-12
    )
    assert one["complement"]["sizes"][0]["gain"] == found.complement.sizes[0].gain
    assert [own["name"] for own in one["classes"]] == [own.name for own in found.classes]


def test_one_analysis_is_told_in_words(typed, tiny_root, planted):
    words = ("distributions", "--model", GLICO, "--root", tiny_root, "--attribute", "size")
    told = typed(*words)
    assert told.code == 0 and "Anderson-Darling" in told.out and "by construction" in told.out


@pytest.mark.parametrize(
    ("words", "hints"),
    [
        (("--attribute", "brightnes"), ("'brightnes'", "'brightness'")),
        (("--attribute", "smile", "--part", "half"), ("'half'", "without")),
        (("--part", "with"), ("--attribute",)),
        (("--attribute", "size", "--seed", "-1"), ("Seed -1",)),
        (("--attribute", "hat", "--part", "with"), ("16 images a class", "have 60 and 0")),
    ],
)
def test_what_cannot_be_is_refused_in_one_sentence(typed, tiny_root, planted, words, hints):
    result = typed("distributions", "--model", GLICO, "--root", tiny_root, *words)
    assert result.code == 2 and result.err.startswith("Error: ")
    assert result.err.count("\n") == 1
    for hint in hints:
        assert hint in result.err


def test_a_wrong_count_is_refused(typed, tiny_root):
    result = typed("distributions", "--model", GLICO, "--root", tiny_root, "--count", "-1")
    assert result.code == 2 and "-1 images" in result.err
