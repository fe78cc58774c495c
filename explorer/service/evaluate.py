"""Measure a prepared model on images it never saw, and keep the numbers beside its weights.

`facts.json` gets what people read and what the workbench needs (the best direction of each
attribute); `evaluation.json` gets everything that was measured.
"""

__all__ = ["PARTS", "evaluate"]

import datetime
import hashlib
import json
import os
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, cast

import numpy as np

from explorer.data.labelled import LabelledImages
from explorer.data.load import load_data
from explorer.errors import CheckpointError, ConfigError, NotSupportedError, near_match
from explorer.files import write_json
from explorer.judge.attribute_classifier import (
    STEPS,
    AttributeClassifier,
    accuracies,
    train_classifier,
)
from explorer.judge.density import measure_density
from explorer.judge.edits import EditJudge, choose_edits, compare_edits, confirm_edits
from explorer.judge.reconstruction import measure_reconstruction
from explorer.judge.samples import measure_samples
from explorer.latent.directions import load_directions
from explorer.protocol import Density, GenerativeModel
from explorer.service.prepare import seal, update_facts
from explorer.service.workbench import DEFAULT_TEMPERATURE
from explorer.settings import DataSettings
from explorer.train import checkpoint
from explorer.train.run import RunFolder
from explorer.train.session import load_model

Fact = float | int | str

HELD_OUT = 2000
"""Images of the test split to judge on; edits are chosen on the first half."""

DENSITY_COUNT = 500
EXACT_COUNT = 1000
SAMPLES = 1000
EDITED_TO_CHOOSE, EDITED = 50, 100
"""Images an edit, while choosing among kinds and strengths, and for the reported numbers."""

TEMPERATURES = (0.7, 0.85, 1.0)


@dataclass(frozen=True, slots=True, eq=False)
class _Subject:
    """A model and what it is judged with."""

    folder: Path
    model: GenerativeModel
    settings: DataSettings
    unseen: LabelledImages

    def classifier(self) -> AttributeClassifier:
        """Return the judge of attributes, trained now unless it was before."""
        digest = RunFolder(self.folder).data_card().digest
        return _classifier(self.settings, digest, channels=self.unseen.images.shape[3])


@dataclass(frozen=True, slots=True)
class _Findings:
    """Of one part: the facts for people, and the whole record."""

    facts: dict[str, Fact]
    record: Any


def evaluate(
    folder: Path,
    *,
    parts: Sequence[str] | None = None,
    report: Callable[[str], None] = lambda line: None,
) -> dict[str, Fact]:
    """Measure a model and write `facts.json`, `evaluation.json` and the manifest anew.

    Args:
        folder: A prepared model.
        parts: Some of `PARTS`; None for all that this model allows.
        report: Called with a line about each thing as it is found.

    Returns:
        The new facts: `bits_per_dim`, `bits_high`, `excess`,
        `exact_reconstructions` of `exact_of`,
        `sample_share.<attribute>` at `sample_temperature` beside `render_share.<attribute>`,
        `edit.<attribute>.kind`, `.strength`, `.flips` and `.leakage`, `classifier.<attribute>`,
        and `evaluated_on`.

    Raises:
        CheckpointError: The folder holds no finished model, or no directions for "edits".
        ConfigError: A part is unknown.
        DataError: The data's test split is not there.
        NotSupportedError: The model does not allow a part that was asked for.
    """
    for part in parts or ():
        if part not in PARTS:
            hint = near_match(part, PARTS)
            raise ConfigError(f"No part '{part}'.{hint} Choose among {', '.join(PARTS)}.")
    checkpoint.verify(folder)
    subject = _subject(folder)
    obstacles = {part: _obstacle(subject, part) for part in parts or PARTS}
    for part, obstacle in obstacles.items():
        if obstacle and parts:
            raise NotSupportedError(f"'{folder.name}' has no part '{part}': {obstacle}")
    facts: dict[str, Fact] = {}
    records: dict[str, Any] = {}
    for part, obstacle in obstacles.items():
        if not obstacle:
            findings = _MEASURES[part](subject, report)
            facts |= findings.facts
            records[part] = findings.record
    facts["evaluated_on"] = datetime.date.today().isoformat()
    path = folder / "evaluation.json"
    known = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    write_json(path, {**known, **records})
    update_facts(folder, facts)
    seal(folder)
    return facts


def _subject(folder: Path) -> _Subject:
    settings = RunFolder(folder).experiment().data
    model = cast(GenerativeModel, load_model(folder))
    unseen = load_data(settings.model_copy(update={"count": HELD_OUT}), "test")
    return _Subject(folder, model, settings, unseen)


def _obstacle(subject: _Subject, part: str) -> str:
    """Return why a part cannot be measured; empty if it can."""
    traits = subject.model.traits
    if part in ("samples", "edits") and not subject.unseen.attribute_names:
        return "its data has no attributes."
    if part in ("reconstruction", "edits") and traits.encoder != "exact":
        return "it does not encode unseen images exactly, as Glow does."
    if part == "density" and not traits.has_density:
        return "it has no likelihood, as Glow has."
    return ""


def _density(subject: _Subject, report: Callable[[str], None]) -> _Findings:
    result = measure_density(cast(Density, subject.model), _first(subject.unseen, DENSITY_COUNT))
    report(
        f"{result.bits_per_dim:.4f} bits/dim (standard error {result.standard_error:.4f}), "
        f"{result.excess:.4f} above the noise floor, on {result.count} held-out images"
    )
    facts: dict[str, Fact] = {
        "bits_per_dim": round(result.bits_per_dim, 4),
        "bits_high": round(result.high, 4),
        "excess": round(result.excess, 4),
    }
    return _Findings(facts, {**asdict(result), "excess": result.excess})


def _reconstruction(subject: _Subject, report: Callable[[str], None]) -> _Findings:
    result = measure_reconstruction(subject.model, _first(subject.unseen, EXACT_COUNT))
    report(f"{result.exact} of {result.count} held-out images come back exactly, in 8 bits")
    facts: dict[str, Fact] = {
        "exact_reconstructions": result.exact,
        "exact_of": result.count,
    }
    return _Findings(facts, asdict(result))


def _samples(subject: _Subject, report: Callable[[str], None]) -> _Findings:
    classifier = subject.classifier()
    facts: dict[str, Fact] = {"sample_temperature": DEFAULT_TEMPERATURE}
    for name, share in accuracies(classifier, subject.unseen).items():
        facts[f"classifier.{name}"] = round(share, 4)
    records = []
    for temperature in TEMPERATURES:
        shares = measure_samples(
            subject.model, classifier, subject.unseen, temperature=temperature, count=SAMPLES
        )
        for row in shares:
            records.append(asdict(row))
            report(
                f"temperature {temperature:g}: {row.attribute} on {row.share:.1%} of samples "
                f"({row.low:.1%} to {row.high:.1%}), {row.real_share:.1%} of real images"
            )
            if temperature == DEFAULT_TEMPERATURE:
                facts[f"sample_share.{row.attribute}"] = round(row.share, 4)
                facts[f"render_share.{row.attribute}"] = round(row.real_share, 4)
    return _Findings(facts, records)


def _edits(subject: _Subject, report: Callable[[str], None]) -> _Findings:
    path = subject.folder / "directions.npz"
    if not path.exists():
        raise CheckpointError(
            f"'{subject.folder}' has no attribute directions. "
            f"Run `python -m explorer project --model {subject.folder.name}`."
        )
    judge = EditJudge.of(
        subject.model, subject.classifier(), load_directions(path), subject.unseen
    )
    half = len(subject.unseen) // 2
    tried = []
    for result in compare_edits(judge.part(slice(0, half)), count=EDITED_TO_CHOOSE):
        tried.append(result)
        report(f"{result.attribute}: {result.kind} x {result.strength:g}: {result.flips:.0%}")
    facts: dict[str, Fact] = {}
    confirmed = []
    for result in confirm_edits(judge.part(slice(half, None)), choose_edits(tried), count=EDITED):
        confirmed.append(result)
        report(
            f"{result.attribute}: {result.kind} x {result.strength:g} flips {result.flips:.0%} of "
            f"{result.count} further held-out images, {result.leakage:.1%} of other labels change"
        )
        facts |= {
            f"edit.{result.attribute}.kind": result.kind,
            f"edit.{result.attribute}.strength": result.strength,
            f"edit.{result.attribute}.flips": round(result.flips, 4),
            f"edit.{result.attribute}.leakage": round(result.leakage, 4),
        }
    record = {
        "tried": [asdict(result) for result in tried],
        "confirmed": [asdict(result) for result in confirmed],
    }
    return _Findings(facts, record)


_MEASURES: dict[str, Callable[[_Subject, Callable[[str], None]], _Findings]] = {
    "density": _density,
    "reconstruction": _reconstruction,
    "samples": _samples,
    "edits": _edits,
}

PARTS = tuple(_MEASURES)
"""What can be measured, quickest first."""


def _first(data: LabelledImages, count: int) -> LabelledImages:
    return data.subset(np.arange(min(count, len(data)), dtype=np.int64))


def _classifier(settings: DataSettings, digest: str, *, channels: int) -> AttributeClassifier:
    """Return the classifier of a data set's attributes from the cache, or train and cache it.

    It learns from the whole training split, also where the model had few shots of it.
    """
    whole = settings.model_copy(update={"shots": None})
    key = hashlib.sha256(f"{whole.model_dump_json()} {digest} {STEPS}".encode()).hexdigest()
    root = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "latent-explorer"
    path = root / f"classifier-{key[:16]}.safetensors"
    names = load_data(whole.model_copy(update={"count": 1}), "test").attribute_names
    classifier = AttributeClassifier(names, channels)
    try:
        checkpoint.fill(classifier, path)
    except CheckpointError:  # not there or damaged: train it anew
        classifier = train_classifier(load_data(whole, "train"), steps=STEPS)
        checkpoint.write_tensors(path, classifier.state_dict())
    return classifier.requires_grad_(False).eval()
