"""What supports a change of one image by the attribute sliders: its own class, others, or nothing.

Everything is on the slider's own scale. With `s` the image's position along the direction in use,
strength `t` moves it to `s + t`, so evidence that ends at position `e` ends at strength `e - s`.
A second slider drifts the first: moving `b` by `t` moves the position along `a` by
`t <d_b, d_a> / |d_a|^2`. The limits of a slider are therefore those that hold while the others
stand where they stand.
"""

__all__ = ["PictureEvidence", "SliderEvidence", "edit_supports", "slider_evidence"]

import hashlib
import math
import threading
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
import torch
from jaxtyping import Float64
from torch import Tensor

from explorer.errors import ConfigError, near_match
from explorer.latent.evidence import Evidence, Span, Support, evidence_of
from explorer.service.axes import SliderAxes, slider_axes
from explorer.service.codes import gallery_codes
from explorer.service.progress import Report, unreported
from explorer.service.shelf import OpenModel
from explorer.service.workbench import Workbench

_SUPPORTS: tuple[Support, ...] = ("own", "borrowed", "none")
"""From the best to the worst."""

_NOTHING: Mapping[str, float] = MappingProxyType({})
_AS_IN_USE: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class SliderEvidence:
    """One slider of one image.

    Attributes:
        attribute: Its name.
        start: Position of the image as it is: where the slider is at 0.
        place: Position after the edit.
        own: Strengths between which the class's own images support the change; None where the
            class has fewer than 5 images.
        own_count: Images of the class.
        borrowed: Strengths between which its own images or, shifted, those of other classes
            support it; contains `own`. None where there is neither.
        borrowed_count: Images of the other classes.
        verdict: What supports `place`.
    """

    attribute: str
    start: float
    place: float
    own: tuple[float, float] | None
    own_count: int
    borrowed: tuple[float, float] | None
    borrowed_count: int
    verdict: Support


@dataclass(frozen=True, slots=True)
class PictureEvidence:
    """All sliders of one image.

    Attributes:
        model: Name of the model.
        position: Gallery position, or that of a guest.
        class_name: The class whose images are its own evidence.
        sliders: One an attribute, in the order of the sliders.
        overall: The worst verdict among the sliders that are moved; "own" if none is.
    """

    model: str
    position: int
    class_name: str
    sliders: tuple[SliderEvidence, ...]
    overall: Support


def slider_evidence(
    workbench: Workbench,
    name: str,
    position: int,
    strengths: Mapping[str, float] = _NOTHING,
    kinds: Mapping[str, str] = _AS_IN_USE,
    report: Report = unreported,
) -> PictureEvidence:
    """Return how far each slider of an image is supported, and by what.

    Evidence comes from the training images of the gallery. For a model whose latents are unit
    rows, positions are those before an edited latent is brought back to length 1.

    Args:
        workbench: Opens the model.
        name: The model.
        position: Gallery position, or that of a guest.
        strengths: Strength by attribute, finite; 0 for the others.
        kinds: Kind of direction by attribute, where it is not the one in use.
        report: Told while the gallery is encoded, which happens once on a machine.

    Raises:
        ConfigError: An attribute or kind is unknown, a strength is not finite, or there is no
            image at the position.
        NotSupportedError: The model has no sliders.
        Cancelled: The person has cancelled.
    """
    opened = workbench.open(name)
    latent = workbench.latents(name, [position])[0].to(torch.float64).numpy()
    label = opened.label(position)
    sliders = slider_axes(opened, label, kinds)
    moved = _moves(sliders.names, strengths)
    known = _reference(opened, label, sliders, report)
    starts = known.scaled @ latent - known.offsets
    drift = known.crossings.T @ moved
    rows = tuple(
        _slider(attribute, starts[row], drift[row], moved[row], known.evidence[row])
        for row, attribute in enumerate(sliders.names)
    )
    verdicts = [row.verdict for row in rows if strengths.get(row.attribute)]
    return PictureEvidence(
        model=name,
        position=position,
        class_name=opened.data.class_names[label],
        sliders=rows,
        overall=max(verdicts, key=_SUPPORTS.index, default="own"),
    )


def edit_supports(
    workbench: Workbench,
    name: str,
    edits: Sequence[tuple[int, Mapping[str, float]]],
    kinds: Mapping[str, str] = _AS_IN_USE,
    report: Report = unreported,
) -> tuple[Support, ...]:
    """Return what supports each of several edits: the worst verdict among its moved sliders.

    Args:
        workbench: Opens the model.
        name: The model.
        edits: Position of the image, and strength by attribute.
        kinds: Kind of direction by attribute, where it is not the one in use.
        report: As for `slider_evidence`, whose errors it has too.
    """
    return tuple(
        slider_evidence(workbench, name, position, strengths, kinds, report).overall
        for position, strengths in edits
    )


def _moves(names: tuple[str, ...], strengths: Mapping[str, float]) -> Float64[np.ndarray, " a"]:
    for attribute, strength in strengths.items():
        if attribute not in names:
            hint = near_match(attribute, names)
            raise ConfigError(f"No attribute '{attribute}'.{hint} Known: {', '.join(names)}.")
        if not math.isfinite(strength):
            raise ConfigError(
                f"Strength {strength} of '{attribute}' is not finite; choose a number, such as 1."
            )
    return np.array([float(strengths.get(name, 0.0)) for name in names])


def _slider(
    attribute: str, start: float, drift: float, strength: float, known: Evidence
) -> SliderEvidence:
    """Return one slider; `drift` is how far all sliders together move its position."""
    place = start + drift
    zero = place - strength  # where this slider alone at 0 would leave the image
    return SliderEvidence(
        attribute=attribute,
        start=float(start),
        place=float(place),
        own=_strengths(known.own, zero),
        own_count=known.own_count,
        borrowed=_strengths(known.borrowed, zero),
        borrowed_count=known.borrowed_count,
        verdict=known.at(float(place)),
    )


def _strengths(span: Span | None, zero: float) -> tuple[float, float] | None:
    return None if span is None else (float(span.low - zero), float(span.high - zero))


@dataclass(frozen=True, slots=True, eq=False)
class _Reference:
    """What the gallery says of the sliders of one class.

    `scaled` are the directions over their squared length, shape (a, dim); `crossings[b, a]` is
    how far a step along `b` moves the position along `a`.
    """

    scaled: Float64[np.ndarray, "a dim"]
    offsets: Float64[np.ndarray, " a"]
    crossings: Float64[np.ndarray, "a a"]
    evidence: tuple[Evidence, ...]


_KEPT = 32
_references: OrderedDict[str, _Reference] = OrderedDict()
_lock = threading.Lock()


def _reference(opened: OpenModel, label: int, sliders: SliderAxes, report: Report) -> _Reference:
    """Return what is known of a class's sliders, from memory if it was asked for lately."""
    axes = sliders.axes.to(torch.float64).numpy()
    key = hashlib.sha256(f"{opened.token} {label} {sliders.names}".encode())
    key.update(axes.tobytes())
    digest = key.hexdigest()
    with _lock:
        if digest in _references:
            _references.move_to_end(digest)
            return _references[digest]
    scaled = axes / np.square(axes).sum(1, keepdims=True)
    offsets = sliders.offsets.to(torch.float64).numpy()
    positions = _gallery_positions(gallery_codes(opened, report), scaled) - offsets
    seen = ~opened.gallery.held_out
    labels = opened.gallery.labels[seen]
    found = _Reference(
        scaled,
        offsets,
        axes @ scaled.T,
        tuple(evidence_of(column, labels, label) for column in positions[seen].T),
    )
    with _lock:
        _references[digest] = found
        while len(_references) > _KEPT:
            _references.popitem(last=False)
    return found


def _gallery_positions(
    codes: Tensor, scaled: Float64[np.ndarray, "a dim"]
) -> Float64[np.ndarray, "n a"]:
    """Return `<z, d> / |d|^2` of every gallery image; blocks keep a mapped file out of memory."""
    blocks = [
        codes[first : first + 1024].to(torch.float64).numpy() @ scaled.T
        for first in range(0, len(codes), 1024)
    ]
    return np.concatenate(blocks)
