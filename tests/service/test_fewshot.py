import json
from pathlib import Path

import numpy as np
import pytest
import tiny_sets
from PIL import Image
from toy_images import ellipse_source

from explorer.data import source
from explorer.errors import ConfigError, DataError
from explorer.files import write_json
from explorer.judge.fewshot.arms import BEST
from explorer.service.fewshot import FewshotPlan, run_fewshot
from explorer.service.fewshot_experiment import (
    FewshotExperiment,
    load_fewshot,
    with_fewshot_settings,
)
from explorer.service.fewshot_results import bundled_verdicts, read_summary, write_summary
from explorer.settings import DataSettings

FAST = {
    "data": {"name": "ellipses", "image_size": 16, "count": 30},
    "shots": [2],
    "seeds": 2,
    "steps": [3],
    "arms": ["standard", BEST, f"pixel-{BEST}"],
    "classifier": {"batch_size": 4},
    "generator": {
        "config": {"latent_dim": 8, "hidden": 16, "width": 4, "classifier_width": 4},
        "steps": 2,
        "per_anchor": 2,
    },
}
PRESETS = sorted((Path(__file__).resolve().parents[2] / "assets" / "fewshot").glob("*.json"))


@pytest.fixture
def opened(monkeypatch):
    splits = []
    monkeypatch.setattr(
        source, "available", lambda: {"ellipses": ellipse_source(splits)}, raising=True
    )
    return splits


def plan_of(**changes):
    (plan,) = FewshotExperiment.model_validate({**FAST, **changes}).plans()
    return plan


def test_runs_of_two_folders_are_told_apart_and_those_of_a_known_set_go_with_it():
    def digest(name, root):
        plan = FewshotPlan(DataSettings(name=name, root=root), (5,), (0,), ("standard",))
        return plan.key(5, 0, "standard").settings

    assert digest("folder", "/a") != digest("folder", "/b")
    assert digest("fashion-mnist", "/a") == digest("fashion-mnist", None)


def test_a_finished_run_is_never_repeated(opened, tmp_path):
    assert run_fewshot(plan_of(), tmp_path) == 6
    before = {path: path.read_bytes() for path in (tmp_path / "runs").iterdir()}
    assert run_fewshot(plan_of(), tmp_path) == 0
    next(iter(before)).unlink()
    assert run_fewshot(plan_of(), tmp_path) == 1
    for path, content in before.items():
        old, new = json.loads(content), json.loads(path.read_text())
        assert (old["key"], old["accuracy"]) == (new["key"], new["accuracy"])
    rows, verdicts = write_summary(tmp_path)
    assert read_summary(tmp_path / "summary.json") == (rows, verdicts)
    assert len(rows) == 3
    assert not verdicts[0].recommended


def test_an_arms_result_does_not_depend_on_the_other_arms(opened, tmp_path):
    run_fewshot(plan_of(), tmp_path / "all")
    run_fewshot(plan_of(arms=[BEST]), tmp_path / "one")
    for path in (tmp_path / "one" / "runs").iterdir():
        twin = tmp_path / "all" / "runs" / path.name
        assert json.loads(path.read_text())["accuracy"] == json.loads(twin.read_text())["accuracy"]


def test_strict_fits_the_generator_before_the_test_split_is_opened(opened, tmp_path, monkeypatch):
    from explorer.service import fewshot

    seen = []
    fit = fewshot.fit_generator

    def watched(labelled, *args, **kwargs):
        seen.append((list(opened), len(labelled), kwargs["unlabelled"]))
        return fit(labelled, *args, **kwargs)

    monkeypatch.setattr(fewshot, "fit_generator", watched)
    run_fewshot(plan_of(seeds=1), tmp_path)
    assert seen == [(["train"], 6, None)]
    run_fewshot(plan_of(seeds=1, transductive=True), tmp_path)
    assert seen[1][0].count("test") > 0
    assert seen[1][2] is not None


def test_validation_never_opens_the_test_split(opened, tmp_path):
    run_fewshot(plan_of(score="validation"), tmp_path)
    assert set(opened) == {"train"}


def folder_of(root, counts):
    """A folder with as many pictures of each class as said."""
    chance = np.random.default_rng(0)
    for name, count in counts.items():
        (root / name).mkdir(parents=True)
        for number in range(count):
            pixels = chance.integers(0, 255, (18, 18, 3), dtype=np.uint8)
            Image.fromarray(pixels).save(root / name / f"{number}.png")
    return {"name": "folder", "root": str(root), "image_size": 16}


def test_one_image_a_class_leaves_none_to_count_and_says_so(tmp_path):
    data = folder_of(tmp_path / "photos", {"a": 1, "b": 1})
    with pytest.raises(DataError, match="no image to count beside the labelled ones"):
        run_fewshot(plan_of(data=data, shots=[1], seeds=1), tmp_path / "out")
    assert not (tmp_path / "out" / "runs").exists()


def test_two_hundred_classes_with_odd_names_and_one_shot_can_be_compared(tmp_path):
    names = [f'Ünï "{number}" & <b>' for number in range(200)]
    data = folder_of(tmp_path / "photos", dict.fromkeys(names, 2))
    assert run_fewshot(plan_of(data=data, shots=[1], seeds=1), tmp_path / "out") == 3


def test_a_damaged_record_is_named(opened, tmp_path):
    run_fewshot(plan_of(seeds=1), tmp_path)
    path = next((tmp_path / "runs").iterdir())
    path.write_text("{}")
    with pytest.raises(DataError, match="is no record"):
        write_summary(tmp_path)
    with pytest.raises(DataError, match="no finished run"):
        write_summary(tmp_path / "empty")


def test_settings_are_replaced_by_name_and_wrong_ones_refused():
    base = FewshotExperiment()
    found = with_fewshot_settings(
        base, {"shots": [5, 10]}, ["augmentation.shift=3", "data.root=x"]
    )
    assert (found.shots, found.augmentation.shift, found.data.root) == ((5, 10), 3, "x")
    for text in ("augmentation.shft=3", "no.such=3", "shift", "seeds=0"):
        with pytest.raises(ConfigError, match="--set"):
            with_fewshot_settings(base, {}, [text])


TINY_FILES = {
    "cifar-10": tiny_sets.cifar10,
    "cifar-100": tiny_sets.cifar100,
    "cub-200-2011": tiny_sets.cub,
}


@pytest.mark.parametrize("name", TINY_FILES)
def test_the_papers_presets_run_on_files_of_the_same_format(name, tmp_path):
    """The networks and the generator are made narrow; all else is the preset."""
    preset = next(path for path in PRESETS if path.stem == name)
    root = TINY_FILES[name](tmp_path / "data").root
    small = {
        "data.root": root,
        "data.image_size": 32,
        "shots": [1],
        "seeds": 1,
        "steps": [1],
        "arms": ["standard", "slerp", "pixel-slerp"],
        "scored": 4,
        "device": "cpu",
        "classifier.network": "compact",
        "classifier.pretrained": False,
        "classifier.batch_size": 2,
        "generator.steps": 1,
        "generator.batch_size": 2,
        "generator.per_anchor": 1,
        "generator.config.width": 2,
        "generator.config.perceptual": "laplacian",
    }
    experiment = with_fewshot_settings(load_fewshot(preset), small)
    assert run_fewshot(experiment.plans()[0], tmp_path / "out") == 3


@pytest.mark.parametrize("path", PRESETS, ids=lambda path: path.stem)
def test_every_preset_can_be_read(path):
    assert load_fewshot(path).data.name == path.stem


def test_verdicts_of_data_without_results_are_none():
    assert bundled_verdicts("no-such-set") == []


def test_of_several_verdicts_the_one_with_most_seeds_is_told(tmp_path):
    verdict = {"data": "x", "steps": 8, "arm": "slerp", "recommended": False}
    for name, shots, seeds in (("a", 5, 16), ("b", 5, 48), ("c", 5, 2), ("d", 2, 1), ("e", 2, 1)):
        told = [{**verdict, "shots": shots, "seeds": seeds, "text": name}]
        write_json(tmp_path / f"fewshot-{name}.json", {"rows": [], "verdicts": told})
    assert [one.text for one in bundled_verdicts("x", tmp_path)] == ["e", "b"]
