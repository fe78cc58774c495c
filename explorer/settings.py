"""How a model is fitted and on what: the one declaration read by command line, form and checks."""

__all__ = [
    "DataSettings",
    "Experiment",
    "ModelChoice",
    "TrainSettings",
    "changes_of",
    "config_error",
    "load_experiment",
    "parse_experiment",
    "setting_names",
    "with_changes",
    "with_overrides",
    "words_of_pattern",
]

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, Field, ValidationError, field_validator, model_validator

from explorer.errors import ConfigError, near_match

SCHEMA = 1
MAX_SEED = 2**32 - 1
"""What every generator of random numbers takes, and a browser can show."""

_LONGEST_NAME, _LONGEST_PATH = 255, 4095  # bytes, on every file system in use


class DataSettings(BaseModel, frozen=True, extra="forbid"):
    """Which images a model learns from."""

    name: str = Field("folder", description="data set, one of `python -m explorer data`")
    root: str | None = Field(None, description="folder that holds the data set's own files")
    image_size: int = Field(32, ge=8, le=256, description="height and width, pixels")
    count: int = Field(
        0, ge=0, le=1_000_000, description="images to render, or to take; 0: the set's default"
    )
    shots: int | None = Field(None, ge=1, description="images a class; empty: all")
    seed: int = Field(0, ge=0, le=MAX_SEED, description="seed of rendering and of the N-shot draw")

    @field_validator("root")
    @classmethod
    def _is_no_longer_than_a_path(cls, root: str | None) -> str | None:
        names = (root or "").encode(errors="replace")
        if len(names) > _LONGEST_PATH or any(len(n) > _LONGEST_NAME for n in names.split(b"/")):
            raise ValueError("it is longer than the path of a folder can be")
        return root


class TrainSettings(BaseModel, frozen=True, extra="forbid"):
    """How a model is fitted."""

    steps: int = Field(2000, ge=1, le=99_999_999, description="optimiser updates")
    batch_size: int = Field(32, ge=1, le=4096, description="images an update")
    accumulate: int = Field(
        1, ge=1, le=4096, description="equal parts of a batch computed one after the other"
    )
    precision: Literal["float32", "tf32", "bfloat16"] = Field(
        "float32", description="bits inside the networks; what must be exact stays float32"
    )
    learning_rate: float = Field(
        1e-3, gt=0, le=1, allow_inf_nan=False, description="Adam step size after warm-up"
    )
    final_rate: float = Field(
        0.02, ge=0, le=1, allow_inf_nan=False, description="smallest share of the rate, at the end"
    )
    schedule: Literal["cosine", "inverse_sqrt", "constant"] = Field(
        "cosine",
        description="fall after warm-up: half a cosine, as 1 / sqrt(step) like Noam's, or none",
    )
    warmup_steps: int = Field(
        100, ge=0, le=99_999_999, description="updates over which the rate rises from 0"
    )
    beta1: float = Field(0.9, ge=0, lt=1, description="Adam's decay of the mean gradient")
    beta2: float = Field(0.999, ge=0, lt=1, description="Adam's decay of the squared gradient")
    gradient_clip: float = Field(
        50.0, gt=0, allow_inf_nan=False, description="largest norm of the gradient"
    )
    value_clip: float | None = Field(
        None,
        gt=0,
        allow_inf_nan=False,
        description="largest value in the gradient, cut before its norm",
    )
    ema_decay: float = Field(
        0.998, ge=0, lt=1, description="decay of the averaged weights that are shown and kept"
    )
    max_skipped: int = Field(
        0, ge=0, description="non-finite updates in a row that are left out before the run stops"
    )
    init_images: int = Field(
        192, ge=1, description="images a batch when the model sets initial values from data"
    )
    log_every: int = Field(50, ge=1, description="updates between two lines of metrics")
    preview_every: int = Field(500, ge=1, description="updates between two preview pictures")
    checkpoint_every: int = Field(500, ge=1, description="updates between two saved units")
    seed: int = Field(0, ge=0, le=MAX_SEED, description="seed of weights, batches and noise")
    device: str = Field("auto", pattern=r"^(auto|cpu|cuda(:\d+)?|mps)$", description="processor")
    threads: int = Field(1, ge=1, le=256, description="CPU threads of the process")

    @model_validator(mode="after")
    def _parts_are_equal(self) -> "TrainSettings":
        if self.batch_size % self.accumulate:
            raise ValueError(
                f"batch_size {self.batch_size} cannot be cut into {self.accumulate} equal parts; "
                "make it a multiple of accumulate"
            )
        return self


class ModelChoice(BaseModel, frozen=True, extra="forbid"):
    """Which model, with its own settings by name."""

    name: str = Field(description="model, one of `python -m explorer models`")
    config: dict[str, Any] = Field(default_factory=dict, description="the model's own settings")


class Experiment(BaseModel, frozen=True, extra="forbid"):
    """Enough to repeat a run."""

    schema_version: int = Field(SCHEMA, alias="schema", description="format of this file")
    name: str = Field(
        pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$", description="folder of the run"
    )
    title: str = Field("", max_length=80, description="what people read in the picker")
    model: ModelChoice
    data: DataSettings
    train: TrainSettings = TrainSettings()

    def to_json(self) -> str:
        """Return the experiment as indented JSON text."""
        return json.dumps(self.model_dump(mode="json", by_alias=True), indent=2) + "\n"


def load_experiment(path: Path) -> Experiment:
    """Read an experiment from a JSON file.

    Args:
        path: The file.

    Raises:
        ConfigError: The file is missing, is not JSON, or a setting in it is wrong.
    """
    try:
        raw = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ConfigError(
            f"No experiment file at '{path}'. Give the path of a JSON file."
        ) from None
    except (ValueError, RecursionError, OSError) as error:  # also a number of 5,000 digits
        raise ConfigError(f"'{path}' is not a readable JSON file: {error}.") from None
    return parse_experiment(raw, where=str(path))


def parse_experiment(raw: object, *, where: str) -> Experiment:
    """Check plain JSON data and return the experiment in it.

    Args:
        raw: What was read.
        where: Name of the source for the error text.

    Raises:
        ConfigError: A setting is unknown, missing or out of its range.
    """
    if not isinstance(raw, dict):
        raise ConfigError(f"{where} holds {type(raw).__name__}; an experiment is a JSON object.")
    version = raw.get("schema", SCHEMA)
    if version != SCHEMA:
        raise ConfigError(
            f"{where} has schema {version!r}; this version reads schema {SCHEMA}. "
            "Update Latent Explorer or write the file anew."
        )
    try:
        return Experiment.model_validate(raw)
    except ValidationError as error:
        raise config_error(error, where=where, known=setting_names(Experiment)) from None


def config_error(error: ValidationError, *, where: str, known: list[str]) -> ConfigError:
    """Turn pydantic's first complaint into one sentence with name, value and allowed values."""
    first = error.errors()[0]
    name = ".".join(str(part) for part in first["loc"])
    if first["type"] == "extra_forbidden":
        hint = near_match(name, known) or f" Known settings: {', '.join(known)}."
        return ConfigError(f"{where}: unknown setting '{name}'.{hint}")
    if first["type"] == "missing":
        return ConfigError(f"{where}: setting '{name}' is missing. Add it and start again.")
    message = first["msg"].removeprefix("Value error, ")
    if isinstance(first["input"], dict):  # about several settings, which the message names
        return ConfigError(f"{where}: {message}.")
    if first["type"] == "string_pattern_mismatch":
        message = f"allowed is {words_of_pattern(first['ctx']['pattern'])}"
    message = message[:1].lower() + message[1:]
    return ConfigError(f"{where}: setting '{name}' is {first['input']!r}; {message}.")


def words_of_pattern(pattern: str) -> str:
    r"""Return the words that a pattern of alternatives allows; another pattern as it is.

    Example:
        >>> words_of_pattern(r"^(auto|cpu|cuda(:\d+)?|mps)$")
        'auto, cpu, cuda, mps'
        >>> words_of_pattern("^[a-z]+$")
        '^[a-z]+$'
    """
    alternatives = pattern.replace(r"(:\d+)?", "").removeprefix("^(").removesuffix(")$").split("|")
    return ", ".join(alternatives) if all(map(str.isalnum, alternatives)) else pattern


def setting_names(settings: type[BaseModel], prefix: str = "") -> list[str]:
    """Return the dotted names of all settings, nested ones included.

    Example:
        >>> setting_names(DataSettings)[:2]
        ['name', 'root']
    """
    names: list[str] = []
    for name, field in settings.model_fields.items():
        inner = field.annotation
        if isinstance(inner, type) and issubclass(inner, BaseModel):
            names += setting_names(inner, f"{prefix}{name}.")
        else:
            names.append(prefix + (field.alias or name))
    return names


def with_overrides(experiment: Experiment, overrides: list[str]) -> Experiment:
    """Return the experiment with `a.b=value` settings replaced.

    Args:
        experiment: The base.
        overrides: Texts like `train.steps=500`; the value is read as JSON where it is JSON,
            else as text. Settings of the model stand under `model.config`.

    Raises:
        ConfigError: A text has no `=`, the name is unknown, or the value is not allowed.
    """
    return with_changes(experiment, changes_of(overrides), where="--set")


def changes_of(overrides: list[str]) -> dict[str, Any]:
    """Return values by dotted name from texts like `train.steps=500`.

    Raises:
        ConfigError: A text has no `=`.
    """
    changes = {}
    for text in overrides:
        name, equals, value = text.partition("=")
        if not equals:
            raise ConfigError(f"--set '{text}' has no '='. Write it as name=value.")
        changes[name] = _value(value)
    return changes


def with_changes(
    experiment: Experiment, changes: Mapping[str, Any], *, where: str = "changes"
) -> Experiment:
    """Return the experiment with settings replaced by dotted name.

    Args:
        experiment: The base.
        changes: Values by name, e.g. {"train.steps": 500}; those of the model stand under
            `model.config`.
        where: Name of the source for the error text.

    Raises:
        ConfigError: A name is unknown, or a value is not allowed.
    """
    raw = experiment.model_dump(mode="json", by_alias=True)
    known = setting_names(Experiment)
    for name, value in changes.items():
        if name not in known and not name.startswith("model.config."):
            hint = near_match(name, known) or f" Known settings: {', '.join(known)}."
            raise ConfigError(f"{where}: unknown setting '{name}'.{hint}")
        *path, last = name.split(".")
        target = raw
        for part in path:
            target = target[part]
        target[last] = value
    return parse_experiment(raw, where=where)


def _value(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text
