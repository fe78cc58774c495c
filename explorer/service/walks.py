"""Walks between two images: the same two joined by several paths, each measured frame by frame."""

__all__ = ["FRAMES", "Walk", "WalkRow", "class_probabilities", "reference_bits", "walk"]

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Bool, Float32, UInt8

from explorer.data.images import to_images
from explorer.errors import ConfigError
from explorer.latent.interpolate import METHODS, angles, check_method, norms, path
from explorer.latent.walk_findings import (
    Finding,
    bits_finding,
    change_finding,
    class_finding,
    inside_shell,
    norm_finding,
)
from explorer.protocol import Latents
from explorer.service.class_judge import accuracy_sentence
from explorer.service.shelf import OpenModel
from explorer.service.workbench import Workbench

FRAMES = (2, 33)
"""Fewest and most frames a row."""


@dataclass(frozen=True, slots=True, eq=False)
class WalkRow:
    """One kind of path between two images.

    Attributes:
        method: One of `explorer.latent.interpolate.METHODS`.
        latents: Points on the path, float32, shape (points, dim).
        frames: uint8, shape (points, height, width, channel); the ends are as the model has them.
        norms: Length of each latent, float32, shape (points,).
        typical: Whether each norm lies in the range of 95 % of the training latents.
        changes: Root of the mean squared difference between each frame and the next, levels of
            255, float32, shape (points - 1,).
        bits: Bits per dimension of each frame as an 8-bit picture, one draw of the training
            noise, float32, shape (points,); NaN where the model has no likelihood.
        classes: Probability of each class by the judge's classifier, float32, shape
            (points, class); 0 columns where the model has none.
    """

    method: str
    latents: Latents
    frames: UInt8[np.ndarray, "points height width channel"]
    norms: Float32[np.ndarray, " points"]
    typical: Bool[np.ndarray, " points"]
    changes: Float32[np.ndarray, " steps"]
    bits: Float32[np.ndarray, " points"]
    classes: Float32[np.ndarray, "points class_"]


@dataclass(frozen=True, slots=True, eq=False)
class Walk:
    """The same two images joined in several ways, frame by frame.

    Attributes:
        model: The model.
        start: Position of A.
        end: Position of B.
        rows: One a method.
        typical: 2.5 %, 50 % and 97.5 % quantiles of the training latents' norms.
        angle: Between the two latents, radians.
        distance: Between the two latents, Euclidean.
        labels: Class numbers of A and B.
        findings: What the numbers say: norm, change, bits, class, in this order.
    """

    model: str
    start: int
    end: int
    rows: tuple[WalkRow, ...]
    typical: tuple[float, float, float]
    angle: float
    distance: float
    labels: tuple[int, int]
    findings: tuple[Finding, ...]


@torch.no_grad()
def walk(
    workbench: Workbench,
    model: str,
    start: int,
    end: int,
    *,
    num_points: int,
    methods: Sequence[str] = tuple(METHODS),
) -> Walk:
    """Join two images in several ways and measure every frame.

    Args:
        workbench: Where the model lies.
        model: The model.
        start: Position of A.
        end: Position of B.
        num_points: Frames of each row, 2 to 33, both ends included.
        methods: Kinds of path, at least one, each once.

    Raises:
        ConfigError: A position, a method or the number of frames is not allowed, or a path does
            not exist between these two.
    """
    low, high = FRAMES
    if not low <= num_points <= high:
        raise ConfigError(f"A walk of {num_points} frames; {low} to {high} are shown.")
    if not methods or len(set(methods)) < len(methods):
        raise ConfigError(f"Paths {list(methods)}; give at least one, and each once.")
    for method in methods:
        check_method(method)
    opened = workbench.open(model)
    latents = workbench.latents(model, [start, end])
    paths = [path(latents[0], latents[1], num_points, method) for method in methods]
    inner = np.split(_between(workbench, opened, paths), len(paths))
    ends = workbench.drawn(model, [start, end])
    # A and B are measured once: they are the same in every row.
    pictures = np.concatenate([ends, *inner])
    measured = np.array(workbench.bits_per_dim(model, pictures), dtype=np.float32)
    bits = _shared(measured, len(paths))
    classes = _shared(class_probabilities(opened, pictures), len(paths))
    reference = opened.gallery.norms
    rows = []
    for k, (method, points) in enumerate(zip(methods, paths, strict=True)):
        frames = np.concatenate([ends[:1], inner[k], ends[1:]])
        lengths = norms(points).numpy()
        rows.append(
            WalkRow(
                method=method,
                latents=points,
                frames=frames,
                norms=lengths,
                typical=inside_shell(lengths, reference),
                changes=_changes(frames),
                bits=bits[k],
                classes=classes[k],
            )
        )
    labels = (opened.label(start), opened.label(end))
    quantiles = np.quantile(reference, [0.025, 0.5, 0.975]).tolist()
    return Walk(
        model=model,
        start=start,
        end=end,
        rows=tuple(rows),
        typical=(quantiles[0], quantiles[1], quantiles[2]),
        angle=float(angles(latents[:1], latents[1:])[0]),
        distance=float(norms(latents[1:] - latents[:1])[0]),
        labels=labels,
        findings=_findings(opened, rows, labels),
    )


def class_probabilities(
    opened: OpenModel, pixels: UInt8[np.ndarray, "batch height width channel"]
) -> Float32[np.ndarray, "batch class_"]:
    """Return what the model's classifier sees; 0 columns where it has none."""
    if opened.class_judge is None:
        return np.zeros((len(pixels), 0), dtype=np.float32)
    found: Float32[np.ndarray, "batch class_"] = opened.class_judge.predict(
        to_images(pixels)
    ).numpy()
    return found


def _between(
    workbench: Workbench, opened: OpenModel, paths: Sequence[Latents]
) -> UInt8[np.ndarray, "frames height width channel"]:
    """Return the pictures of all paths without their ends, path after path."""
    middles = torch.cat([points[1:-1] for points in paths])
    if not len(middles):
        channels, height, width = opened.data.image_shape
        return np.zeros((0, height, width, channels), dtype=np.uint8)
    return workbench.decode(opened.name, middles, as_sample=True)


def _shared(values: Float32[np.ndarray, "..."], rows: int) -> list[Float32[np.ndarray, "..."]]:
    """Split values of A, B and the rows' inner frames into rows with both ends."""
    first, last, rest = values[:1], values[1:2], values[2:]
    return [np.concatenate([first, part, last]) for part in np.split(rest, rows)]


def _changes(
    frames: UInt8[np.ndarray, "points height width channel"],
) -> Float32[np.ndarray, " steps"]:
    steps = np.diff(frames.astype(np.float32), axis=0)
    sizes: Float32[np.ndarray, " steps"] = np.sqrt(np.square(steps).mean(axis=(1, 2, 3)))
    return sizes


def _findings(
    opened: OpenModel, rows: Sequence[WalkRow], labels: tuple[int, int]
) -> tuple[Finding, ...]:
    return (
        norm_finding({row.method: row.norms for row in rows}, opened.gallery.norms),
        change_finding({row.method: row.changes for row in rows}),
        bits_finding({row.method: row.bits for row in rows}, reference_bits(opened)),
        class_finding(
            {row.method: row.classes for row in rows},
            opened.data.class_names,
            labels,
            accuracy_sentence(opened.facts),
        ),
    )


def reference_bits(opened: OpenModel) -> Float32[np.ndarray, " n"]:
    """Return bits per dimension of the gallery's training images; none where not measured."""
    if opened.measures is None or not opened.measures.has_density:
        return np.zeros(0, dtype=np.float32)
    shown = ~opened.gallery.held_out
    bits: Float32[np.ndarray, " n"] = opened.measures.bits_per_dim[shown].astype(np.float32)
    return bits
