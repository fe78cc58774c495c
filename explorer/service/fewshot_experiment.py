"""A whole few-shot comparison as one declaration: a JSON file, or options of the command line."""

__all__ = ["FewshotExperiment", "load_fewshot", "with_fewshot_settings"]

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, Field, ValidationError

from explorer.errors import ConfigError
from explorer.judge.fewshot.arms import BEST
from explorer.judge.fewshot.settings import (
    AugmentationSettings,
    ClassifierSettings,
    FewshotSettings,
    GeneratorSettings,
)
from explorer.service.fewshot import FewshotPlan
from explorer.settings import DataSettings, config_error, setting_names


class FewshotExperiment(BaseModel, frozen=True, extra="forbid"):
    """Enough to repeat a comparison."""

    data: DataSettings = DataSettings(name="avatars", count=2000)
    shots: tuple[int, ...] = Field((10,), min_length=1, description="labelled images a class")
    seeds: int = Field(16, ge=1, le=10_000, description="number of subsets")
    first_seed: int = Field(0, ge=0, description="the smallest seed")
    steps: tuple[int, ...] = Field((800,), min_length=1, description="classifier updates")
    arms: tuple[str, ...] = ("standard", BEST, f"pixel-{BEST}")
    score: Literal["test", "validation", "rest"] = Field(
        "test", description="which images are counted"
    )
    scored: int = Field(2000, ge=1, description="most images counted")
    transductive: bool = Field(
        False, description="whether the generator also reconstructs the counted images"
    )
    device: str = Field("cpu", description="processor, e.g. cuda")
    augmentation: AugmentationSettings = AugmentationSettings()
    classifier: ClassifierSettings = ClassifierSettings()
    generator: GeneratorSettings = GeneratorSettings()

    def plans(self) -> list[FewshotPlan]:
        """Return one plan for each classifier budget."""
        return [self._plan(steps) for steps in self.steps]

    def _plan(self, steps: int) -> FewshotPlan:
        classifier = self.classifier.model_copy(update={"steps": steps})
        return FewshotPlan(
            data=self.data,
            shots=self.shots,
            seeds=tuple(range(self.first_seed, self.first_seed + self.seeds)),
            arms=self.arms,
            settings=FewshotSettings(
                augmentation=self.augmentation, classifier=classifier, generator=self.generator
            ),
            scored=self.scored,
            score=self.score,
            transductive=self.transductive,
            device=self.device,
        )


def load_fewshot(path: Path) -> FewshotExperiment:
    """Read a comparison from a JSON file.

    Raises:
        ConfigError: The file is missing, is not JSON, or a setting in it is wrong.
    """
    try:
        raw = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, json.JSONDecodeError) as error:
        raise ConfigError(
            f"'{path}' is not a readable JSON file: {error}. Give one of assets/fewshot."
        ) from None
    return _parsed(raw, where=str(path))


def with_fewshot_settings(
    experiment: FewshotExperiment, changes: Mapping[str, Any], overrides: Sequence[str] = ()
) -> FewshotExperiment:
    """Return the comparison with settings replaced by dotted name.

    Args:
        experiment: The base.
        changes: Values by dotted name.
        overrides: Texts like `augmentation.shift=1`; the value is read as JSON where it is.

    Raises:
        ConfigError: A text has no `=`, a name is unknown, or a value is not allowed.
    """
    raw = experiment.model_dump(mode="json")
    wanted = dict(changes)
    for text in overrides:
        name, equals, value = text.partition("=")
        if not equals:
            raise ConfigError(f"--set '{text}' has no '='. Write it as name=value.")
        try:
            wanted[name] = json.loads(value)
        except json.JSONDecodeError:
            wanted[name] = value
    for name, value in wanted.items():
        *path, last = name.split(".")
        target: Any = raw
        for part in path:
            target = target.get(part)
            if not isinstance(target, dict):
                known = ", ".join(setting_names(FewshotExperiment))
                raise ConfigError(f"--set: unknown setting '{name}'. Known settings: {known}.")
        target[last] = value
    return _parsed(raw, where="--set")


def _parsed(raw: object, *, where: str) -> FewshotExperiment:
    try:
        return FewshotExperiment.model_validate(raw)
    except ValidationError as error:
        raise config_error(error, where=where, known=setting_names(FewshotExperiment)) from None
