"""An experiment as a form: named values to fill in, checked all at once, and as a command.

A value's name is its dotted name in the experiment's file: "train.steps", "model.config.width".
"""

__all__ = [
    "Checked",
    "Preset",
    "checked_data",
    "checked_form",
    "command_of",
    "form_fields",
    "form_values",
    "named_values",
    "presets",
    "suggested_name",
]

import json
import re
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError

from explorer import models
from explorer.errors import UnknownModelError
from explorer.service.form_fields import Field, fields_of, plain_value, sentence_of, shown_value
from explorer.settings import (
    DataSettings,
    Experiment,
    TrainSettings,
    load_experiment,
)

_REPOSITORY = Path(__file__).resolve().parents[2]
_FOLDERS = ("assets/presets", "assets/experiments")
_NO_FOLDER = "Type the path of a folder on this machine, or bring a ZIP archive."
_NAME = "Letters, digits, dots, dashes and underscores; at most 64, a letter or digit first."


@dataclass(frozen=True, slots=True)
class Preset:
    """Settings to start from.

    Attributes:
        path: Of the file, relative to the repository, as in a command line.
        title: What people read.
        experiment: Its content.
    """

    path: str
    title: str
    experiment: Experiment


@dataclass(frozen=True, slots=True)
class Checked:
    """What became of a filled-in form.

    Attributes:
        experiment: What it says; None where something is wrong.
        problems: One sentence for each value that is wrong, by its name.
    """

    experiment: Experiment | None
    problems: Mapping[str, str]


@cache
def presets() -> tuple[Preset, ...]:
    """Return what comes along to start from: first tries, then what the bundled models used."""
    found = []
    for folder in _FOLDERS:
        for path in sorted((_REPOSITORY / folder).glob("*.json")):
            experiment = load_experiment(path)
            size = f"{experiment.data.image_size} px"
            title = re.sub(r" · .*", "", experiment.title or experiment.name)
            shown = f"{title} ({size}, {experiment.train.steps:,} steps)"
            found.append(Preset(f"{folder}/{path.name}", shown, experiment))
    return tuple(found)


def form_fields(model: str) -> Iterator[tuple[str, Field]]:
    """Yield the dotted name and the field of each setting of an experiment with this model.

    Raises:
        UnknownModelError: There is no such model.
    """
    groups = (("data", DataSettings), ("train", TrainSettings))
    for group, settings in (*groups, ("model.config", models.get(model).settings)):
        for field in fields_of(settings):
            yield f"{group}.{field.name}", field


def form_values(experiment: Experiment) -> dict[str, Any]:
    """Return what a form shows for an experiment; settings it leaves out have their defaults.

    Raises:
        UnknownModelError: There is no such model.
    """
    model = experiment.model
    settings = models.get(model.name).settings
    config = {name: info.default for name, info in settings.model_fields.items()} | dict(
        model.config
    )
    groups = {
        "data": experiment.data.model_dump(),
        "train": experiment.train.model_dump(),
        "model.config": config,
    }
    values = {"name": experiment.name, "title": experiment.title, "model.name": model.name}
    for name, field in form_fields(model.name):
        group, _, last = name.rpartition(".")
        values[name] = shown_value(field, groups[group][last])
    return values


def checked_form(values: Mapping[str, Any], root: Path | None = None) -> Checked:
    """Return the experiment that a form says, or everything that is wrong with it.

    Args:
        values: By dotted name; names of other models' settings are passed over.
        root: Folder of the runs; the name must be free there. None to take any name.
    """
    try:
        fields = dict(form_fields(str(values.get("model.name"))))
    except UnknownModelError as error:
        return Checked(None, {"model.name": str(error)})
    raw: dict[str, Any] = {"data": {}, "train": {}, "model": {"config": {}}}
    raw["name"], raw["title"] = str(values.get("name") or ""), str(values.get("title") or "")
    raw["model"]["name"] = values["model.name"]
    for name, field in fields.items():
        group, _, last = name.rpartition(".")
        target = raw["model"]["config"] if group == "model.config" else raw[group]
        target[last] = plain_value(field, values.get(name, shown_value(field, field.default)))
    problems = _problems(raw) | _no_folder(raw["data"])
    if root is not None and "name" not in problems and (root / raw["name"]).exists():
        problems["name"] = f"There is a run '{raw['name']}' already. Choose another name."
    if problems:
        return Checked(None, problems)
    return Checked(Experiment.model_validate(raw), {})


def checked_data(values: Mapping[str, Any]) -> tuple[DataSettings | None, dict[str, str]]:
    """Return the data that a form says, whatever else is wrong with it, or what is wrong there."""
    raw = {
        field.name: plain_value(field, values.get(f"data.{field.name}"))
        for field in fields_of(DataSettings)
    }
    problems = _no_folder(raw)
    try:
        settings = DataSettings.model_validate(raw)
    except ValidationError as error:
        found = {f"data.{one['loc'][0]}": sentence_of(one) for one in error.errors()}
        return None, found | problems
    return (None if problems else settings), problems


def command_of(experiment: Experiment, base: Preset, root: str = "") -> str:
    """Return the command line that trains this experiment.

    Args:
        experiment: What to train.
        base: A preset of the same model; the command says what differs from it.
        root: Folder of the runs, if it is not the usual one.
    """
    ours, theirs = _flat(experiment), _flat(base.experiment)
    parts = ["python -m explorer train --config", shlex.quote(base.path)]
    for name, value in ours.items():
        if name not in theirs or theirs[name] != value:
            parts.append(f"--set {shlex.quote(f'{name}={_written(value)}')}")
    if root:
        parts.append(f"--root {shlex.quote(root)}")
    return " ".join(parts)


def suggested_name(wanted: str, root: Path) -> str:
    """Return a name for a run that is free: the wanted one, or with the next number.

    Example:
        >>> suggested_name("Rose & tulip!", Path("/nowhere"))
        'rose-tulip'
    """
    base = re.sub(r"[^A-Za-z0-9._]+", "-", wanted).strip("-._").lower()[:50] or "run"
    name, number = base, 2
    while (root / name).exists():
        name, number = f"{base}-{number}", number + 1
    return name


def named_values(values: Mapping[str, Any], root: Path) -> dict[str, Any]:
    """Return the values of a form; a run without a name is called after images and model.

    Args:
        values: By dotted name.
        root: Folder of the runs; the name is free there.
    """
    if str(values.get("name") or "").strip():
        return dict(values)
    folder = Path(str(values.get("data.root") or "")).name
    images = folder if values["data.name"] == "folder" and folder else str(values["data.name"])
    images = re.sub(r"-[0-9a-f]{10}$", "", images)  # what an archive's folder ends with
    return {**values, "name": suggested_name(f"{images}-{values['model.name']}", root)}


def _no_folder(data: Mapping[str, Any]) -> dict[str, str]:
    return {"data.root": _NO_FOLDER} if data["name"] == "folder" and not data["root"] else {}


def _problems(raw: dict[str, Any]) -> dict[str, str]:
    problems: dict[str, str] = {}
    try:
        Experiment.model_validate(raw)
    except ValidationError as error:
        for one in error.errors():
            name = ".".join(str(part) for part in one["loc"])
            if one["loc"] == ("train",):
                name = f"train.{_first_named(TrainSettings, one['msg'])}"
            problems.setdefault(name, _NAME if name == "name" else sentence_of(one))
    settings = models.get(raw["model"]["name"]).settings
    try:
        settings.model_validate(raw["model"]["config"])
    except ValidationError as error:
        for one in error.errors():
            setting = one["loc"][0] if one["loc"] else _first_named(settings, one["msg"])
            problems.setdefault(f"model.config.{setting}", sentence_of(one))
    return problems


def _first_named(settings: type[BaseModel], message: str) -> str:
    """Return the setting that a complaint about several of them names first."""
    named = [word for word in re.findall(r"\w+", message) if word in settings.model_fields]
    first: str = [*named, *settings.model_fields][0]
    return first


def _flat(experiment: Experiment) -> dict[str, Any]:
    raw = experiment.model_dump(mode="json", by_alias=True)
    flat = {"name": raw["name"], "title": raw["title"]}
    for group in ("data", "train"):
        flat |= {f"{group}.{name}": value for name, value in raw[group].items()}
    settings = models.get(raw["model"]["name"]).settings
    written = settings.model_validate(raw["model"]["config"]).model_dump(mode="json")
    return flat | {f"model.config.{name}": value for name, value in written.items()}


def _written(value: Any) -> str:
    """Return a value as `--set` reads it: JSON, or text that JSON does not understand."""
    if isinstance(value, str):
        try:
            json.loads(value)
        except json.JSONDecodeError:
            return value
    return json.dumps(value, ensure_ascii=False)
