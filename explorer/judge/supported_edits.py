"""What edits do that stay where the data support them: where the evidence ends, so does the edit.

Evidence is that of `explorer.latent.evidence`, from training images and on the scale of the
direction that is judged: an image at position `s` may be moved by the end of its class's evidence
less `s`.
"""

__all__ = ["Reference", "SupportedEdit", "measure_supported"]

from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch
from jaxtyping import Float64, Int64
from torch import Tensor

from explorer.judge.edits import EditJudge, EditResult
from explorer.latent.evidence import evidence_of
from explorer.protocol import Latents

FARTHEST = 3.0
"""Where the slider ends, however far the evidence goes."""


@dataclass(frozen=True, slots=True, eq=False)
class Reference:
    """Training images that are the evidence.

    Attributes:
        latents: Float, shape (n, dim).
        labels: Class numbers, int64, shape (n,).
    """

    latents: Latents
    labels: Int64[np.ndarray, " n"]


@dataclass(frozen=True, slots=True)
class SupportedEdit:
    """One edit on images without the attribute, held to the evidence.

    Attributes:
        attribute: Its name.
        kind: Which direction.
        strength: How far the edit goes where nothing holds it.
        count: Images edited.
        own: Share of the images that the whole edit leaves within their class's own range.
        borrowed: Share that it leaves within the borrowed range, the own one included.
        flips: Share judged to have the attribute after the edit, cut off where the borrowed
            range ends.
        leakage: Share of the other labels that changed in that edit.
        flips_at_own_end: Share judged to have it at the end of their own range, but no farther
            than `FARTHEST`.
        flips_at_end: The same at the end of the borrowed range.
    """

    attribute: str
    kind: str
    strength: float
    count: int
    own: float
    borrowed: float
    flips: float
    leakage: float
    flips_at_own_end: float
    flips_at_end: float


def measure_supported(
    judge: EditJudge, reference: Reference, edit: EditResult, *, count: int
) -> SupportedEdit:
    """Repeat an edit within the evidence.

    Args:
        judge: Of the images to edit.
        reference: Where evidence comes from; none of the judge's images is among them.
        edit: Attribute, kind and strength.
        count: Images to edit at most: the first ones that lack the attribute.
    """
    attribute, kind = edit.attribute, edit.kind
    own, borrowed = (_ends(judge, reference, edit, count, which) for which in ("own", "borrowed"))
    cut = judge.measure(attribute, kind, edit.strength, count=count, limits=borrowed)
    return SupportedEdit(
        attribute=attribute,
        kind=kind,
        strength=edit.strength,
        count=cut.count,
        own=float((own >= edit.strength).mean()),
        borrowed=float((borrowed >= edit.strength).mean()),
        flips=cut.flips,
        leakage=cut.leakage,
        flips_at_own_end=judge.measure(attribute, kind, FARTHEST, count=count, limits=own).flips,
        flips_at_end=judge.measure(attribute, kind, FARTHEST, count=count, limits=borrowed).flips,
    )


def _ends(
    judge: EditJudge,
    reference: Reference,
    edit: EditResult,
    count: int,
    which: Literal["own", "borrowed"],
) -> Float64[np.ndarray, " k"]:
    """Return the strength at which each image reaches the upper end of its evidence, at least 0.

    0 where its class has no such evidence.
    """
    chosen = judge.without(edit.attribute, count)
    ends = np.zeros(len(chosen))
    for label in np.unique(judge.data.labels[chosen]):
        rows = np.flatnonzero(judge.data.labels[chosen] == label)
        axis = judge.axis(edit.attribute, edit.kind, int(chosen[rows[0]]))
        known = evidence_of(_projections(reference.latents, axis), reference.labels, int(label))
        span = known.own if which == "own" else known.borrowed
        if span is not None:
            starts = _projections(judge.latents[torch.from_numpy(chosen[rows])], axis)
            ends[rows] = np.maximum(0.0, span.high - starts)
    return ends


def _projections(latents: Latents, axis: Tensor) -> Float64[np.ndarray, " n"]:
    """Return `<z, d> / |d|^2`: positions up to an offset, which differences do not need."""
    d = axis.to(torch.float64)
    return np.asarray((latents.to(torch.float64) @ d / (d @ d)).numpy())
