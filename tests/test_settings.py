"""Settings: one declaration, checked with the name, the value and what is allowed."""

import json

import pytest
from hypothesis import given, strategies
from pydantic import ValidationError

from explorer import models
from explorer.errors import ConfigError
from explorer.settings import (
    DataSettings,
    Experiment,
    ModelChoice,
    TrainSettings,
    load_experiment,
    parse_experiment,
    setting_names,
    with_overrides,
)

BASE = Experiment(
    name="toy", model=ModelChoice(name="glow"), data=DataSettings(name="avatars", count=4)
)


def raw(**changes):
    return json.loads(BASE.to_json()) | changes


def test_an_experiment_comes_back_from_its_file(tmp_path):
    path = tmp_path / "toy.json"
    path.write_text(BASE.to_json())
    assert load_experiment(path) == BASE
    assert json.loads(path.read_text())["schema"] == 1


@pytest.mark.parametrize("settings", [TrainSettings, DataSettings])
def test_every_setting_says_what_it_is(settings):
    for name, field in settings.model_fields.items():
        assert field.description, name


@pytest.mark.parametrize(
    "settings", [TrainSettings, DataSettings, *[s.settings for s in models.available().values()]]
)
def test_no_number_may_be_infinite_or_no_number(settings):
    for name, field in settings.model_fields.items():
        if field.annotation is not float:
            continue
        for value in (float("nan"), float("inf"), float("-inf")):
            with pytest.raises(ValidationError):
                settings.model_validate({name: value})


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("steps", 0),
        ("steps", 1.5),
        ("batch_size", 0),
        ("batch_size", 5000),
        ("learning_rate", 0),
        ("learning_rate", 2),
        ("final_rate", -0.1),
        ("warmup_steps", -1),
        ("beta1", 1),
        ("beta2", 1),
        ("gradient_clip", 0),
        ("ema_decay", 1),
        ("max_skipped", -1),
        ("init_images", 0),
        ("log_every", 0),
        ("preview_every", 0),
        ("checkpoint_every", 0),
        ("seed", -1),
        ("seed", 2**32),
        ("warmup_steps", 10**9),
        ("device", "gpu"),
        ("threads", 0),
        ("threads", 1000),
    ],
)
def test_a_value_out_of_range_is_named_with_its_setting(setting, value):
    with pytest.raises(ConfigError) as caught:
        parse_experiment(raw(train={setting: value}), where="toy.json")
    text = str(caught.value)
    assert text.startswith(f"toy.json: setting 'train.{setting}' is {value!r}; ")
    assert text.endswith(".")


@pytest.mark.parametrize("name", ["", "../up", "a/b", ".hidden", "-x", "x" * 65, "a\nb", "ä"])
def test_a_name_that_is_no_plain_folder_name_is_refused(name):
    with pytest.raises(ConfigError, match="'name'"):
        parse_experiment(raw(name=name), where="toy.json")


def test_an_unknown_setting_names_the_nearest():
    with pytest.raises(ConfigError, match=r"'train\.step'\. Did you mean 'train\.steps'\?"):
        parse_experiment(raw(train={"step": 3}), where="toy.json")


def test_a_missing_setting_is_named():
    content = raw()
    del content["model"]
    with pytest.raises(ConfigError, match="'model' is missing"):
        parse_experiment(content, where="toy.json")


@pytest.mark.parametrize("schema", [0, 2, "1", None])
def test_another_schema_is_refused(schema):
    with pytest.raises(ConfigError, match="reads schema 1"):
        parse_experiment(raw(schema=schema), where="toy.json")


@pytest.mark.parametrize("content", [None, 3, [], "x"])
def test_what_is_no_object_is_refused(content):
    with pytest.raises(ConfigError, match="an experiment is a JSON object"):
        parse_experiment(content, where="toy.json")


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"\xff\xfe", b"{'a': 1}", b'{"a": ' + b"9" * 5000 + b"}", b"[" * 200_000],
    ids=["empty", "cut", "bytes", "python", "digits", "deep"],
)
def test_a_file_that_is_no_json_is_named(tmp_path, content):
    path = tmp_path / "toy.json"
    path.write_bytes(content)
    with pytest.raises(ConfigError, match=r"toy\.json' is not a readable JSON file"):
        load_experiment(path)


def test_a_missing_file_and_a_folder_are_named(tmp_path):
    with pytest.raises(ConfigError, match=r"No experiment file at .*none\.json"):
        load_experiment(tmp_path / "none.json")
    with pytest.raises(ConfigError, match="not a readable JSON file"):
        load_experiment(tmp_path)


# --set


def test_overrides_are_read_as_json_or_as_text():
    changed = with_overrides(
        BASE,
        [
            "train.steps=7",
            "train.learning_rate=0.5",
            "data.root=/some/where",
            "data.shots=null",
            "model.config.num_steps=[1, 2]",
            'title="1"',
            "name=other",
        ],
    )
    assert (changed.train.steps, changed.train.learning_rate) == (7, 0.5)
    assert (changed.data.root, changed.data.shots) == ("/some/where", None)
    assert changed.model.config == {"num_steps": [1, 2]}
    assert (changed.title, changed.name) == ("1", "other")
    assert BASE.train.steps == 2000


def test_no_override_changes_nothing():
    assert with_overrides(BASE, []) == BASE


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("train.steps", "has no '='"),
        ("train.step=3", r"unknown setting 'train\.step'\. Did you mean 'train\.steps'"),
        ("zzz=3", "unknown setting 'zzz'. Known settings: .*train.seed"),
        ("train=3", "unknown setting 'train'"),
        ("train.steps=many", "'train.steps' is 'many'; .*integer"),
        ("train.steps=NaN", "'train.steps'"),
        ("train.learning_rate=Infinity", "'train.learning_rate'"),
        ("=3", "unknown setting ''"),
        ("train.seed=" + "9" * 5000, "'train.seed'"),
        ("title=" + "[" * 200_000, "'title'"),
        ("data.root=/" + "x" * 256, "longer than the path"),
        ("data.root=" + "/x" * 2048, "longer than the path"),
    ],
    ids=lambda value: value[:30],
)
def test_a_wrong_override_is_named(text, words):
    with pytest.raises(ConfigError, match=words):
        with_overrides(BASE, [text])


@given(strategies.text(max_size=30))
def test_any_text_after_the_sign_is_taken_or_refused_in_words(value):
    for name in ("title", "train.steps", "model.config.x", "data.root"):
        try:
            with_overrides(BASE, [f"{name}={value}"])
        except ConfigError as error:
            assert name in str(error)


def test_names_of_all_groups_are_listed():
    names = setting_names(Experiment)
    assert {"schema", "name", "title", "train.steps", "data.shots", "model.name"} <= set(names)
    assert len(names) == len(set(names))
