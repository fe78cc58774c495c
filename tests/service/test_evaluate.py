"""Evaluating the tiny models: what is written, and what is refused."""

import functools
import json
import math
import shutil
from pathlib import Path

import pytest

from explorer.data.avatars import ATTRIBUTES
from explorer.errors import CheckpointError, ConfigError, NotSupportedError
from explorer.service import attribute_judge, honesty
from explorer.service import evaluate as module
from explorer.service.evaluate import PARTS, evaluate
from explorer.service.progress import unreported
from explorer.service.workbench import Workbench
from explorer.train import checkpoint

KINDS = {"ridge", "conditional"}


@pytest.fixture(autouse=True)
def _quick(monkeypatch, tmp_path):
    """Few images, few steps of training the classifier, and a cache of the test's own."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    for name, value in {
        "HELD_OUT": 24,
        "DENSITY_COUNT": 8,
        "EXACT_COUNT": 20,
        "SAMPLES": 8,
        "EDITED_TO_CHOOSE": 2,
        "EDITED": 2,
        "TEMPERATURES": (0.7, 0.85),
    }.items():
        monkeypatch.setattr(module, name, value)
    monkeypatch.setattr(attribute_judge, "STEPS", 2)
    monkeypatch.setattr(honesty, "JUDGED", 24)
    few = functools.partial(module.compare_edits, kinds=("ridge", "conditional"), strengths=(1.0,))
    monkeypatch.setattr(module, "compare_edits", few)


@pytest.fixture
def glow(tiny_root, tmp_path) -> Path:
    return Path(shutil.copytree(tiny_root / "tiny-glow", tmp_path / "models" / "tiny-glow"))


@pytest.fixture
def glico(tiny_root, tmp_path) -> Path:
    return Path(shutil.copytree(tiny_root / "tiny-glico", tmp_path / "models" / "tiny-glico"))


def test_everything_is_measured_and_the_workbench_reads_it(glow):
    lines = []
    facts = evaluate(glow, report=lines.append)
    stored = json.loads((glow / "facts.json").read_text())
    assert {name: stored[name] for name in facts} == facts
    assert "parameters" in stored, "facts of the training stay"
    assert (facts["exact_reconstructions"], facts["exact_of"]) == (20, 20)
    assert math.isfinite(facts["bits_per_dim"])
    assert facts["sample_temperature"] == 0.85
    for name in ATTRIBUTES:
        for kind in ("sample_share", "render_share", "classifier"):
            assert 0 <= facts[f"{kind}.{name}"] <= 1
    cards = Workbench(glow.parent).attributes("tiny-glow")
    measured = [card for card in cards if card.kind != "principal"]
    for card in measured:
        assert card.kind == facts[f"edit.{card.name}.kind"]
        assert card.kind in KINDS
        assert card.flips == facts[f"edit.{card.name}.flips"]
        assert card.strength == facts[f"edit.{card.name}.strength"]
    assert measured and len(lines) > len(measured)
    record = json.loads((glow / "evaluation.json").read_text())
    assert set(record) == set(PARTS)
    assert len(record["edits"]["confirmed"]) == len(record["edits"]["supported"]) == len(measured)
    for row in record["edits"]["supported"]:
        assert facts[f"edit.{row['attribute']}.supported_flips"] == pytest.approx(
            row["flips"], abs=1e-4
        )
    checkpoint.verify(glow)


def test_the_page_shows_what_was_measured_of_the_edits_it_makes(glow, monkeypatch):
    evaluate(glow, parts=["edits", "honesty"])
    monkeypatch.setattr(honesty, "measure_honesty", None)
    workbench = Workbench(glow.parent)
    found = honesty.honesty(workbench, "tiny-glow", unreported)
    assert found.attributes == workbench.open("tiny-glow").directions.names
    assert found.judged_by == "classifier"


def test_one_part_leaves_the_records_of_the_others(glow):
    evaluate(glow, parts=["reconstruction"])
    facts = evaluate(glow, parts=["density"])
    density = {"bits_per_dim", "bits_high", "excess", "bits_bound", "bits_bound_draws"}
    assert set(facts) == density | {"evaluated_on"}
    assert set(json.loads((glow / "evaluation.json").read_text())) == {"reconstruction", "density"}
    assert json.loads((glow / "facts.json").read_text())["exact_of"] == 20


def test_the_classifier_is_trained_once_and_again_where_its_file_is_damaged(
    glow, tmp_path, monkeypatch
):
    trained = []
    original = attribute_judge.train_classifier
    monkeypatch.setattr(
        attribute_judge,
        "train_classifier",
        lambda data, **rest: trained.append(len(data)) or original(data, **rest),
    )
    first = evaluate(glow, parts=["samples"])
    again = evaluate(glow, parts=["samples"])
    assert len(trained) == 1
    (path,) = (tmp_path / "cache" / "latent-explorer").glob("classifier-*.safetensors")
    path.write_bytes(path.read_bytes()[:100])
    after = evaluate(glow, parts=["samples"])
    assert len(trained) == 2
    assert first == again == after


def test_a_model_without_exact_codes_is_measured_in_what_it_can(glico):
    facts = evaluate(glico)
    assert "exact_of" not in facts
    assert "bits_per_dim" not in facts
    assert f"sample_share.{ATTRIBUTES[0]}" in facts


@pytest.mark.parametrize("part", ["density", "reconstruction", "edits"])
def test_asking_for_what_a_model_cannot_do_names_model_and_part(glico, part):
    before = sorted(path.name for path in glico.iterdir())
    with pytest.raises(NotSupportedError, match=f"'tiny-glico' has no part '{part}'"):
        evaluate(glico, parts=[part])
    assert sorted(path.name for path in glico.iterdir()) == before


def test_an_unknown_part_is_refused_with_the_nearest_name(glow):
    with pytest.raises(ConfigError, match=r"No part 'edit'. Did you mean 'edits'\?"):
        evaluate(glow, parts=["edit"])


def test_a_folder_that_is_no_checkpoint_is_refused(tmp_path):
    with pytest.raises(CheckpointError):
        evaluate(tmp_path / "none")
