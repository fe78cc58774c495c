"""Measure a prepared model on images it never saw, and keep the numbers beside its weights.

`facts.json` gets what people read and what the workbench needs (the best direction of each
attribute); `evaluation.json` gets everything that was measured.
"""

__all__ = ["PARTS", "evaluate"]

import datetime
import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, cast

import numpy as np
import torch
from torch import nn

from explorer.data.labelled import LabelledImages
from explorer.data.load import load_data
from explorer.data.source import get
from explorer.errors import CheckpointError, ConfigError, NotSupportedError, near_match
from explorer.files import write_json
from explorer.judge.attribute_classifier import AttributeClassifier, accuracies
from explorer.judge.density import measure_density
from explorer.judge.edits import EditJudge, choose_edits, compare_edits, confirm_edits
from explorer.judge.reconstruction import measure_reconstruction
from explorer.judge.samples import measure_samples
from explorer.judge.supported_edits import Reference, SupportedEdit, measure_supported
from explorer.latent.direction_file import load_directions
from explorer.protocol import Density, GenerativeModel
from explorer.service.attribute_judge import attribute_classifier
from explorer.service.gallery import gallery_latents, load_gallery
from explorer.service.honesty import HONESTY, measure_honesty, save_honesty
from explorer.service.prepare import seal, update_facts
from explorer.service.progress import unreported
from explorer.service.workbench import DEFAULT_TEMPERATURE, Workbench
from explorer.settings import DataSettings
from explorer.train import checkpoint
from explorer.train.run import RunFolder
from explorer.train.session import load_model

Fact = float | int | str

HELD_OUT = 2000
"""Images of the test split to judge on; edits are chosen on the first half."""

DENSITY_COUNT = 500
DRAWS = 2
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
    draws: int

    def classifier(self) -> AttributeClassifier:
        """Return the judge of attributes, trained now unless it was before."""
        digest = RunFolder(self.folder).data_card().digest
        return attribute_classifier(self.settings, digest, channels=self.unseen.images.shape[3])

    def evidence(self) -> Reference:
        """Return the training images of the gallery: what edits can rest on."""
        gallery = load_gallery(self.folder, self.model.traits.image_shape)
        seen = np.flatnonzero(~gallery.held_out).astype(np.int64)
        with torch.no_grad():
            latents = gallery_latents(cast(nn.Module, self.model), gallery, seen)
        return Reference(latents, gallery.labels[seen])


@dataclass(frozen=True, slots=True)
class _Findings:
    """Of one part: the facts for people, and the whole record."""

    facts: dict[str, Fact]
    record: Any


def evaluate(
    folder: Path,
    *,
    parts: Sequence[str] | None = None,
    draws: int = DRAWS,
    report: Callable[[str], None] = lambda line: None,
) -> dict[str, Fact]:
    """Measure a model and write `facts.json`, `evaluation.json` and the manifest anew.

    Args:
        folder: A prepared model.
        parts: Some of `PARTS`; None for all that this model allows.
        draws: Of the training noise an image, for the density.
        report: Called with a line about each thing as it is found.

    Returns:
        The new facts: `bits_per_dim`, `bits_high`, `excess`; for uniform noise `bits_bound`, the
        tighter bound by `bits_bound_draws` draws together;
        `exact_reconstructions` of `exact_of`,
        `sample_share.<attribute>` at `sample_temperature` beside `render_share.<attribute>`,
        `edit.<attribute>.kind`, `.strength`, `.flips`, `.leakage` and `.supported_flips` (where no
        edit goes farther than the evidence), `classifier.<attribute>`,
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
    subject = _subject(folder, draws)
    obstacles = {part: _obstacle(subject, part) for part in parts or PARTS}
    for part, obstacle in obstacles.items():
        if obstacle and parts:
            raise NotSupportedError(f"'{folder.name}' has no part '{part}': {obstacle}")
    facts: dict[str, Fact] = {"evaluated_on": datetime.date.today().isoformat()}
    for part, obstacle in obstacles.items():
        if not obstacle:
            findings = _MEASURES[part](subject, report)
            facts |= findings.facts
            _keep(folder, part, findings.record, facts)
    return facts


def _keep(folder: Path, part: str, record: Any, facts: dict[str, Fact]) -> None:
    """Write what is known so far: later parts look at models as the facts say they are used."""
    path = folder / "evaluation.json"
    known = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    write_json(path, {**known, part: record})
    update_facts(folder, facts)
    seal(folder)


def _subject(folder: Path, draws: int) -> _Subject:
    settings = RunFolder(folder).experiment().data
    model = cast(GenerativeModel, load_model(folder))
    unseen = load_data(settings.model_copy(update={"count": HELD_OUT}), "test")
    return _Subject(folder, model, settings, unseen, draws)


def _obstacle(subject: _Subject, part: str) -> str:
    """Return why a part cannot be measured; empty if it can."""
    traits = subject.model.traits
    if part in ("samples", "edits", "honesty") and not subject.unseen.attribute_names:
        return "its data has no attributes."
    if part in ("reconstruction", "edits") and traits.encoder != "exact":
        return "it does not encode unseen images exactly, as Glow does."
    if part == "density" and not traits.has_density:
        return "it has no likelihood, as Glow has."
    return ""


def _density(subject: _Subject, report: Callable[[str], None]) -> _Findings:
    images = _first(subject.unseen, DENSITY_COUNT)
    result = measure_density(cast(Density, subject.model), images, draws=subject.draws)
    report(
        f"{result.bits_per_dim:.4f} bits/dim (standard error {result.standard_error:.4f}), "
        f"{result.excess:.4f} above the noise floor, on {result.count} held-out images"
    )
    facts: dict[str, Fact] = {
        "bits_per_dim": round(result.bits_per_dim, 4),
        "bits_high": round(result.high, 4),
        "excess": round(result.excess, 4),
    }
    if result.bound is not None:
        report(f"{result.bound:.4f} bits/dim bound the 8-bit images, by {result.draws} draws")
        facts |= {"bits_bound": round(result.bound, 4), "bits_bound_draws": result.draws}
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
    hidden_by = get(subject.settings.name).hidden_by
    judge = EditJudge.of(
        subject.model, subject.classifier(), load_directions(path), subject.unseen, hidden_by
    )
    half = len(subject.unseen) // 2
    tried = []
    for result in compare_edits(judge.part(slice(0, half)), count=EDITED_TO_CHOOSE):
        tried.append(result)
        report(f"{result.attribute}: {result.kind} x {result.strength:g}: {result.flips:.0%}")
    facts: dict[str, Fact] = {}
    evidence, further = subject.evidence(), judge.part(slice(half, None))
    confirmed, supported = [], list[SupportedEdit]()
    for result in confirm_edits(further, choose_edits(tried), count=EDITED):
        confirmed.append(result)
        supported.append(measure_supported(further, evidence, result, count=EDITED))
        report(
            f"{result.attribute}: {result.kind} x {result.strength:g} flips {result.flips:.0%} of "
            f"{result.count} further held-out images, {result.leakage:.1%} of other labels "
            f"change; within the evidence, which holds {supported[-1].borrowed:.0%} of them, "
            f"{supported[-1].flips:.0%}, at its end {supported[-1].flips_at_end:.0%}"
        )
        facts |= {
            f"edit.{result.attribute}.kind": result.kind,
            f"edit.{result.attribute}.strength": result.strength,
            f"edit.{result.attribute}.flips": round(result.flips, 4),
            f"edit.{result.attribute}.leakage": round(result.leakage, 4),
            f"edit.{result.attribute}.supported_flips": round(supported[-1].flips, 4),
        }
    record = {
        "tried": [asdict(result) for result in tried],
        "confirmed": [asdict(result) for result in confirmed],
        "supported": [asdict(result) for result in supported],
    }
    return _Findings(facts, record)


def _honesty(subject: _Subject, report: Callable[[str], None]) -> _Findings:
    opened = Workbench(subject.folder.parent).open(subject.folder.name)
    found = measure_honesty(opened, subject.classifier(), unreported)
    save_honesty(subject.folder / HONESTY, opened, found)
    free = ~found.forced
    for row, name in enumerate(found.attributes):
        worst = int(np.argmax(np.where(free[row], found.changed[row], -1.0)))
        report(
            f"{name}: position tells it apart with area {found.auc[row]:.3f}; one step gives it "
            f"to {found.changed[row, row]:.0%} and changes {found.attributes[worst]} most, on "
            f"{found.changed[row, worst]:.1%}"
        )
    return _Findings({}, {"measured_on": found.auc_on, "images": found.auc_count})


_MEASURES: dict[str, Callable[[_Subject, Callable[[str], None]], _Findings]] = {
    "density": _density,
    "reconstruction": _reconstruction,
    "samples": _samples,
    "edits": _edits,
    "honesty": _honesty,
}

PARTS = tuple(_MEASURES)
"""What can be measured, quickest first."""


def _first(data: LabelledImages, count: int) -> LabelledImages:
    return data.subset(np.arange(min(count, len(data)), dtype=np.int64))
