"""`kill -9` at any event costs at most one interval and no bit; and defects would be noticed."""

import random

import pytest

from explorer import models
from explorer.benchmarks.kills import plan_of, reference, trial
from explorer.benchmarks.mutants import MUTANTS

KILLS = 4


@pytest.fixture(scope="module")
def drawn(tmp_path_factory):
    return tmp_path_factory.mktemp("drawn")


@pytest.fixture(scope="module")
def straight(drawn, tmp_path_factory):
    """Each model's training that was never killed."""
    return {
        name: reference(plan_of(name, drawn), tmp_path_factory.mktemp(name))
        for name in models.available()
    }


@pytest.mark.parametrize("name", models.available())
def test_a_killed_run_goes_on_to_the_same_weights(name, drawn, straight, tmp_path):
    events = straight[name].events
    saving = [event for event in events if event.startswith("save")]
    rng = random.Random(0)
    for event in [*rng.sample(events, KILLS // 2), *rng.sample(saving, KILLS // 2)]:
        found = trial(plan_of(name, drawn), tmp_path / "run", event, straight[name])
        assert found.problems == (), found


@pytest.mark.parametrize("name", MUTANTS)
def test_a_defect_is_noticed(name, drawn, straight, tmp_path):
    mutant = MUTANTS[name]
    expected = straight[mutant.model]
    event = next(e for e in reversed(expected.events) if e.startswith(mutant.where))
    found = trial(plan_of(mutant.model, drawn), tmp_path / "run", event, expected, name)
    assert found.problems, found
