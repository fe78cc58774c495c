"""An experiment as a form, and back."""

import json
import math
import re
import shlex
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from explorer import models
from explorer.service.experiment_form import (
    checked_data,
    checked_form,
    command_of,
    form_fields,
    form_values,
    named_values,
    presets,
    suggested_name,
)
from explorer.service.form_fields import fields_of, plain_value, shown_value
from explorer.settings import load_experiment, parse_experiment, with_overrides

REPOSITORY = Path(__file__).resolve().parents[2]
PRESETS = presets()


def filled(preset, **changes):
    values = form_values(preset.experiment) | {"name": "mine", "data.root": "/some where/else"}
    return values | {name.replace("__", "."): value for name, value in changes.items()}


def by_command(line):
    words = shlex.split(line)
    changes = [words[k + 1] for k, word in enumerate(words) if word == "--set"]
    return with_overrides(load_experiment(REPOSITORY / words[5]), changes)


@pytest.mark.parametrize("preset", PRESETS, ids=lambda preset: preset.path)
def test_a_form_gives_its_experiment_back(preset):
    checked = checked_form(filled(preset))
    assert checked.problems == {} and checked.experiment is not None
    assert form_values(checked.experiment) == filled(preset)


@pytest.mark.parametrize("preset", PRESETS, ids=lambda preset: preset.path)
def test_the_command_trains_what_the_form_says(preset):
    values = filled(preset, train__steps=7, data__shots="5", title='Say "a; b" & $c', name="123")
    experiment = checked_form(values).experiment
    assert form_values(by_command(command_of(experiment, preset))) == form_values(experiment)


def test_the_command_names_only_what_differs():
    preset = PRESETS[0]
    line = command_of(checked_form(filled(preset)).experiment, preset, "/a b")
    assert line == (
        f"python -m explorer train --config {preset.path} --set name=mine "
        "--set 'data.root=/some where/else' --root '/a b'"
    )


def test_the_file_is_that_of_the_command_line(tmp_path):
    experiment = checked_form(filled(PRESETS[0])).experiment
    (tmp_path / "e.json").write_text(experiment.to_json())
    assert load_experiment(tmp_path / "e.json") == experiment
    assert parse_experiment(json.loads(experiment.to_json()), where="x") == experiment


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("train.steps", 0, "at least 1"),
        ("train.steps", 2.5, "whole number"),
        ("train.steps", None, "Fill this in"),
        ("train.learning_rate", math.nan, "finite"),
        ("train.learning_rate", 2, "at most 1"),
        ("train.batch_size", "many", "whole number"),
        ("train.device", "gpu; rm -rf /", "auto, cpu"),
        ("data.image_size", 7, "at least 8"),
        ("data.shots", "-1", "at least 1"),
        ("data.root", " ", "ZIP archive"),
        ("data.root", "/" + "x" * 256, "longer than the path"),
        ("train.seed", 10**30, "at most 4294967295"),
        ("name", "../up", "Letters"),
        ("name", "", "Letters"),
        ("title", "x" * 81, "at most 80"),
        ("model.config.latent_dim", 1, "at least 2"),
        ("model.config.code_rate", math.inf, "finite"),
        ("model.config.perceptual", "eyes", "'laplacian'"),
    ],
)
def test_what_is_wrong_is_said_at_its_field(name, value, said):
    preset = next(one for one in PRESETS if one.experiment.model.name == "glico")
    checked = checked_form(filled(preset) | {name: value})
    assert checked.experiment is None and list(checked.problems) == [name]
    assert said in checked.problems[name] and "\n" not in checked.problems[name]


NUMBERS = st.floats() | st.integers()
HOSTILE = st.text(alphabet="ab1 ./-~$`;|&<>(){}[]'\"\\\n\0\ud800*?!#", max_size=40)


@pytest.mark.parametrize("model", models.available())
@given(data=st.data())
def test_whatever_stands_in_the_form_is_taken_as_it_is_or_named(model, data):
    """No number that is not finite, no word for a shell, comes through to a run."""
    preset = next(one for one in PRESETS if one.experiment.model.name == model)
    values = filled(preset)
    for name in data.draw(st.lists(st.sampled_from(sorted(values)), max_size=4)):
        anything = NUMBERS | HOSTILE | st.none() | st.booleans() | st.lists(NUMBERS, max_size=3)
        values[name] = data.draw(anything, label=name)
    checked = checked_form(values)
    if checked.experiment is None:
        assert checked.problems and all(checked.problems.values())
        return
    text = checked.experiment.to_json()
    assert not set(re.findall(r"\b(NaN|Infinity)\b", re.sub(r'"(\\.|[^"])*"', "", text)))
    assert parse_experiment(json.loads(text), where="x") == checked.experiment
    if "\0" not in text:  # which no command line can hold
        typed = by_command(command_of(checked.experiment, preset))
        assert form_values(typed) == form_values(checked.experiment)


def test_everything_that_is_wrong_is_said_at_once():
    wrong = filled(PRESETS[0]) | {"train.steps": 0, "data.seed": -1, "model.config.width": 0}
    assert set(checked_form(wrong).problems) == {"train.steps", "data.seed", "model.config.width"}


def test_settings_that_do_not_fit_each_other_are_said_at_the_first_one_named():
    preset = next(one for one in PRESETS if one.experiment.model.name == "glow")
    for changes, name, said in [
        ({"model.config.num_steps": "4, 4"}, "model.config.hidden_channels", "one width a level"),
        ({"model.config.n_bits": 5, "model.config.dequantisation": "gaussian"},
         "model.config.n_bits", "keeps all 8"),
        ({"train.batch_size": 31, "train.accumulate": 2}, "train.batch_size", "equal parts"),
    ]:  # fmt: skip
        checked = checked_form(filled(preset) | changes)
        assert checked.experiment is None and list(checked.problems) == [name]
        assert said in checked.problems[name] and checked.problems[name].startswith(
            name.rpartition(".")[2]
        )
    wrong = checked_form(filled(preset) | {"model.config.num_steps": "4, x, 4"})
    assert "'x'" in wrong.problems["model.config.num_steps"]


def test_an_unknown_model_is_said():
    assert "model.name" in checked_form(filled(PRESETS[0]) | {"model.name": "vae"}).problems


def test_a_taken_name_is_refused_and_a_free_one_suggested(tmp_path):
    (tmp_path / "mine").mkdir()
    assert "already" in checked_form(filled(PRESETS[0]), tmp_path).problems["name"]
    assert suggested_name("mine", tmp_path) == "mine-2"
    assert suggested_name("../..", tmp_path) == "run"
    named = named_values(filled(PRESETS[0]) | {"name": " ", "data.root": "/a/My Roses"}, tmp_path)
    assert named["name"] == "my-roses-glico"


def test_data_are_checked_by_themselves():
    values = filled(PRESETS[0]) | {"train.steps": 0, "name": ""}
    settings, problems = checked_data(values)
    assert settings.root == "/some where/else" and problems == {}
    settings, problems = checked_data(values | {"data.image_size": 1, "data.root": ""})
    assert settings is None and set(problems) == {"data.image_size", "data.root"}


@pytest.mark.parametrize("name", models.available())
def test_every_setting_of_every_model_has_a_field_that_gives_its_default_back(name):
    for field in fields_of(models.get(name).settings):
        assert field.help and field.label
        back = plain_value(field, shown_value(field, field.default))
        assert back == field.default or tuple(back) == field.default
    assert any(preset.experiment.model.name == name for preset in PRESETS)
    assert len({field for field, _ in form_fields(name)}) == len(list(form_fields(name)))
