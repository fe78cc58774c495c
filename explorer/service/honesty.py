"""How far the attribute sliders can be trusted: counts, spread, cosines, leakage, separation."""

__all__ = ["HONESTY", "Honesty", "honesty", "measure_honesty", "save_honesty"]

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, cast

import numpy as np
import torch
from jaxtyping import Bool, Float64, Int64
from torch import Tensor

from explorer.data.labelled import LabelledImages
from explorer.data.load import load_data
from explorer.data.source import get
from explorer.errors import CheckpointError, DataError, NotSupportedError
from explorer.judge.attribute_classifier import AttributeClassifier
from explorer.judge.edits import forced_labels, lacking
from explorer.judge.leakage import Leakage, measure_leakage, position_leakage
from explorer.judge.pictures import encoded
from explorer.latent.arrayfile import load_arrays, save_arrays
from explorer.latent.separation import cross_validated_auc, position_auc
from explorer.protocol import Latents
from explorer.service.attribute_judge import cached_attribute_classifier
from explorer.service.axes import slider_axes
from explorer.service.codes import gallery_codes
from explorer.service.kept import kept_folder
from explorer.service.progress import Report, part
from explorer.service.shelf import OpenModel
from explorer.service.workbench import Workbench
from explorer.train.run import RunFolder

HONESTY = "honesty.npz"
JUDGED = 500
"""Images of the test split to judge on, at most."""

MOVED = 60
"""Images moved along each attribute, at most."""

JudgedBy = Literal["classifier", "positions"]
PlacedOn = Literal["held-out", "cross-validated"]


@dataclass(frozen=True, slots=True, eq=False)
class Honesty:
    """What is known of a model's labelled attributes; rows and columns in the order of the names.

    In matrices the row is the attribute that is moved, the column the one that changes.

    Attributes:
        attributes: Their names.
        positives: Training images with the attribute.
        negatives: Training images without it.
        spread: Relative standard error of the direction over draws of the images, averaged over
            the classes; NaN where not known.
        cosines: Between the directions in use, averaged over the classes.
        changed: Share of images whose label changed after one step; on the diagonal, the share
            that got the attribute. NaN where not measured.
        drift: Mean signed change of the label after one step; of the position, in steps, where
            there is no classifier.
        forced: Whether one attribute leaves the other no choice, so that changing it is no
            leakage.
        entanglement: Correlation of the two labels in the data; NaN where one never varies.
        judged_by: "classifier": one that never saw the model looked at pictures; "positions":
            nobody looked, the numbers follow from the directions.
        judged_count: Images moved along each attribute; 0 for positions.
        auc: Area under the ROC curve of the position; 0.5 tells nothing, NaN is not known.
        auc_on: "held-out": images neither model nor direction has seen; "cross-validated":
            images the model was trained on, placed along the difference of means of others.
        auc_count: Images placed.
    """

    attributes: tuple[str, ...]
    positives: Int64[np.ndarray, " a"]
    negatives: Int64[np.ndarray, " a"]
    spread: Float64[np.ndarray, " a"]
    cosines: Float64[np.ndarray, "a a"]
    changed: Float64[np.ndarray, "a a"]
    drift: Float64[np.ndarray, "a a"]
    forced: Bool[np.ndarray, "a a"]
    entanglement: Float64[np.ndarray, "a a"]
    judged_by: JudgedBy
    judged_count: Int64[np.ndarray, " a"]
    auc: Float64[np.ndarray, " a"]
    auc_on: PlacedOn
    auc_count: int


def honesty(workbench: Workbench, name: str, report: Report) -> Honesty:
    """Return what is known of a model's attributes, from its folder or the cache if it is there.

    Otherwise it is measured now, with what this machine has: held-out images where the data are
    here and the model encodes them, the attribute classifier where it was trained before.

    Args:
        workbench: Opens the model.
        name: The model.
        report: Told how far it is.

    Raises:
        NotSupportedError: The model's data have no labelled attributes.
        Cancelled: The person has cancelled; nothing is kept.
    """
    opened = workbench.open(name)
    axes = _axes(opened)
    kept_here = kept_folder(opened) / f"honesty-{axes.digest}.npz"
    for path in (opened.folder / HONESTY, kept_here):
        known = _load(path, axes)
        if known is not None:
            return known
    found = measure_honesty(opened, _known_classifier(opened), report)
    save_honesty(kept_here, opened, found)
    return found


@torch.no_grad()
def measure_honesty(
    opened: OpenModel, classifier: AttributeClassifier | None, report: Report
) -> Honesty:
    """Measure everything anew.

    Args:
        opened: A model with labelled attributes.
        classifier: Of its data's attributes; None to go by positions.
        report: Told how far it is.

    Raises:
        NotSupportedError: The model's data have no labelled attributes.
        Cancelled: The person has cancelled.
    """
    axes = _axes(opened)
    shares = np.bincount(opened.gallery.labels, minlength=len(axes.rows)) / len(opened.gallery)
    judged = _judged(opened, part(report, 0.0, 0.4))
    columns = [opened.data.attribute_names.index(name) for name in axes.names]
    marks = opened.gallery.attributes[~opened.gallery.held_out][:, columns]
    if classifier is None:
        leakage = position_leakage(axes.rows, shares)
    else:
        leakage = _leakage(opened, classifier, axes, judged, part(report, 0.4, 0.9))
    report(0.9, "Placing images along the directions")
    directions = opened.directions
    assert directions is not None  # _axes has refused
    return Honesty(
        attributes=axes.names,
        positives=directions.positives.numpy(),
        negatives=directions.negatives.numpy(),
        spread=shares @ axes.errors.numpy(),
        cosines=_cosines(axes.rows, shares),
        changed=leakage.changed,
        drift=leakage.drift,
        forced=forced_labels(torch.from_numpy(marks)).numpy(),
        entanglement=_phi(marks),
        judged_by="positions" if classifier is None else "classifier",
        judged_count=leakage.counts,
        auc=_separation(axes, judged),
        auc_on="held-out" if judged.is_held_out else "cross-validated",
        auc_count=len(judged.data),
    )


@dataclass(frozen=True, slots=True, eq=False)
class _Axes:
    """The labelled attributes' directions in use, class by class."""

    names: tuple[str, ...]
    rows: Tensor  # (class, attribute, dim)
    offsets: Tensor  # (class, attribute)
    errors: Tensor  # (class, attribute)

    @property
    def digest(self) -> str:
        """Which directions these are, 16 hexadecimal digits."""
        content = hashlib.sha256(" ".join(self.names).encode())
        content.update(self.rows.numpy().tobytes())
        return content.hexdigest()[:16]


def _axes(opened: OpenModel) -> _Axes:
    directions = opened.directions
    if directions is None or not directions.names:
        raise NotSupportedError(
            f"'{opened.name}' was trained on data without labelled attributes, so there is "
            "nothing to be honest about. Choose a model of labelled images."
        )
    found = [slider_axes(opened, label) for label in range(len(opened.data.class_names))]
    chosen = [found[0].names.index(name) for name in directions.names]
    return _Axes(
        directions.names,
        torch.stack([sliders.axes[chosen] for sliders in found]),
        torch.stack([sliders.offsets[chosen] for sliders in found]),
        torch.stack([sliders.errors[chosen] for sliders in found]),
    )


@dataclass(frozen=True, slots=True, eq=False)
class _Judged:
    """Labelled images to judge on, with their latents."""

    data: LabelledImages
    latents: Latents
    is_held_out: bool


def _judged(opened: OpenModel, report: Report) -> _Judged:
    """Return held-out images where they are to be had, else the gallery's."""
    settings = RunFolder(opened.folder).experiment().data
    if opened.generative.traits.encoder == "exact":
        report(0.0, "Looking for held-out images")
        try:
            unseen = load_data(settings.model_copy(update={"count": JUDGED}), "test")
        except DataError:
            unseen = None
        if unseen is not None:
            report(0.3, "Encoding held-out images")
            with opened.lock:
                return _Judged(unseen, encoded(opened.generative, unseen), is_held_out=True)
    gallery = opened.gallery
    data = LabelledImages(
        opened.data.name,
        gallery.pixels,
        gallery.labels,
        opened.data.class_names,
        np.arange(len(gallery), dtype=np.int64),
        opened.data.attribute_names,
        gallery.attributes,
    )
    return _Judged(data, gallery_codes(opened, report), is_held_out=False)


def _known_classifier(opened: OpenModel) -> AttributeClassifier | None:
    settings, card = RunFolder(opened.folder).experiment().data, opened.data
    try:
        return cached_attribute_classifier(settings, card.digest, channels=card.image_shape[0])
    except DataError:
        return None


def _leakage(
    opened: OpenModel,
    classifier: AttributeClassifier,
    axes: _Axes,
    judged: _Judged,
    report: Report,
) -> Leakage:
    hidden_by = get(opened.data.name).hidden_by
    movable = np.stack([lacking(judged.data, name, hidden_by) for name in axes.names], axis=1)
    movable &= np.cumsum(movable, axis=0) <= MOVED
    with opened.lock:
        return measure_leakage(
            opened.generative,
            classifier,
            axes.names,
            judged.latents,
            axes.rows[torch.from_numpy(judged.data.labels)],
            movable,
            progress=lambda share: report(share, "Moving images along each attribute"),
        )


def _separation(axes: _Axes, judged: _Judged) -> Float64[np.ndarray, " a"]:
    names, labels = judged.data.attribute_names, torch.from_numpy(judged.data.labels)
    found = []
    for row, name in enumerate(axes.names):
        marks = judged.data.attributes[:, names.index(name)]
        if judged.is_held_out:
            d = axes.rows[labels, row].to(torch.float64)
            along = (judged.latents.to(torch.float64) * d).sum(1) / d.square().sum(1)
            found.append(position_auc((along - axes.offsets[labels, row]).numpy(), marks))
        else:
            found.append(cross_validated_auc(judged.latents.to(torch.float64).numpy(), marks))
    return np.array(found)


def _cosines(rows: Tensor, shares: Float64[np.ndarray, " cls"]) -> Float64[np.ndarray, "a a"]:
    units = torch.nn.functional.normalize(rows.to(torch.float64), dim=2)
    weighted = torch.from_numpy(shares)[:, None, None] * (units @ units.mT)
    return np.asarray(weighted.sum(0).numpy())


def _phi(marks: Bool[np.ndarray, "n a"]) -> Float64[np.ndarray, "a a"]:
    """Return the correlation of every two labels; NaN where one never varies."""
    centred = marks - marks.mean(0)
    lengths = np.sqrt(np.square(centred).sum(0))
    with np.errstate(invalid="ignore", divide="ignore"):
        return cast(np.ndarray, centred.T @ centred / np.outer(lengths, lengths))


# files

_MATRICES = ("cosines", "changed", "drift", "entanglement")
_COLUMNS = ("positives", "negatives", "spread", "judged_count", "auc")
_TEXTS = ("judged_by", "auc_on")


def save_honesty(path: Path, opened: OpenModel, found: Honesty) -> None:
    """Write what was measured, with a digest of the directions it belongs to.

    Matrices are kept in half precision: three digits of numbers that are known to two.

    Raises:
        OSError: The disk is full or the folder is not writable; the old file is untouched.
    """
    arrays = {name: getattr(found, name).astype(np.float16) for name in _MATRICES}
    arrays |= {name: getattr(found, name) for name in _COLUMNS}
    texts = {name: np.array(getattr(found, name), dtype=np.str_) for name in _TEXTS}
    arrays |= {"auc_count": np.array(found.auc_count), "forced": found.forced, **texts}
    save_arrays(path, {**arrays, "digest": np.array(_axes(opened).digest, dtype=np.str_)})


def _load(path: Path, axes: _Axes) -> Honesty | None:
    """Return what a file says of these directions; None if it is of others, or unreadable."""
    if not path.exists():
        return None
    names = (*_MATRICES, *_COLUMNS, *_TEXTS, "auc_count", "forced", "digest")
    try:
        arrays = load_arrays(path, names)
    except CheckpointError:
        return None  # measured anew
    if str(arrays["digest"]) != axes.digest:
        return None
    counts = {name: arrays[name].astype(np.int64) for name in ("positives", "negatives")}
    return Honesty(
        attributes=axes.names,
        **counts,
        **{name: arrays[name].astype(np.float64) for name in (*_MATRICES, "spread", "auc")},
        forced=arrays["forced"],
        judged_by=cast(JudgedBy, str(arrays["judged_by"])),
        judged_count=arrays["judged_count"].astype(np.int64),
        auc_on=cast(PlacedOn, str(arrays["auc_on"])),
        auc_count=int(arrays["auc_count"]),
    )
