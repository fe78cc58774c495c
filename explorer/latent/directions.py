"""The directions of attributes as one record: saved, loaded, moved along, measured along."""

__all__ = ["Directions", "edit", "load_directions", "position", "save_directions"]

import math
from collections.abc import Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np
import torch
from jaxtyping import Float, Float32, Int64
from torch import Tensor

from explorer.errors import CheckpointError, ConfigError, DataError
from explorer.latent.arrayfile import load_arrays, save_arrays
from explorer.protocol import Latents, PerSample


@dataclass(frozen=True, slots=True, eq=False)
class Directions:
    """The directions of one model on one data set.

    Attributes:
        names: Attributes, in the order of the rows.
        class_names: Classes, or whatever finer groups the labels stood for.
        pooled: Difference of means, float32, shape (attribute, dim).
        ridge: Ridge directions, float32, shape (attribute, dim).
        conditional: From each class, float32, shape (attribute, cls, dim).
        midpoints: Half way between the pooled means, float32, shape (attribute, dim).
        positives: Images with the attribute, int64, shape (attribute,).
        negatives: Images without it, int64, shape (attribute,).
        class_positives: Images of the class with it, int64, shape (attribute, cls).
        class_negatives: Images of the class without it, int64, shape (attribute, cls).
    """

    names: tuple[str, ...]
    class_names: tuple[str, ...]
    pooled: Float32[Tensor, "attribute dim"]
    ridge: Float32[Tensor, "attribute dim"]
    conditional: Float32[Tensor, "attribute cls dim"]
    midpoints: Float32[Tensor, "attribute dim"]
    positives: Int64[Tensor, " attribute"]
    negatives: Int64[Tensor, " attribute"]
    class_positives: Int64[Tensor, "attribute cls"]
    class_negatives: Int64[Tensor, "attribute cls"]


def edit(
    latents: Latents, directions: Float[Tensor, "edit dim"], strengths: Sequence[float]
) -> Latents:
    """Return latents moved by `sum(strength * direction)`.

    Args:
        latents: Float, shape (batch, dim).
        directions: One row an edit, shape (edit, dim).
        strengths: One number a row; 1 goes from the mean negative to the mean positive.

    Returns:
        Moved latents, same shape and dtype; the input bit by bit where all strengths are 0. The
        order of the edits makes no difference, not even in the last bit.

    Raises:
        ConfigError: The number of strengths is not that of the rows, or one is not finite.
    """
    if len(strengths) != len(directions):
        raise ConfigError(
            f"{len(strengths)} strengths for {len(directions)} directions; give one each."
        )
    for strength in strengths:
        if not math.isfinite(strength):
            raise ConfigError(f"Strength {strength} is not finite; choose a number, such as 1.")
    factors = torch.tensor(list(strengths), dtype=torch.float64)
    moved = factors != 0
    if not moved.any():
        return latents.clone()
    rows = directions.detach().to(device="cpu", dtype=torch.float64)[moved]
    # Sorting makes the sum, and so its rounding, independent of the order of the edits.
    shift = (factors[moved, None] * rows).sort(dim=0).values.sum(0)
    return (latents.to(device="cpu", dtype=torch.float64) + shift).to(latents)


def position(
    latents: Latents, direction: Float[Tensor, " dim"], midpoint: Float[Tensor, " dim"]
) -> PerSample:
    """Return where latents lie along a direction: `<z - midpoint, d> / |d|^2`.

    Args:
        latents: Float, shape (batch, dim).
        direction: `d`, shape (dim,).
        midpoint: Where the position is 0, shape (dim,).

    Returns:
        Dimensionless, float64 on the CPU, shape (batch,). With the pooled direction +1/2 is the
        mean positive, -1/2 the mean negative; an edit of strength `t` moves it by `t`.

    Raises:
        DataError: The direction is zero.
    """
    z, d, middle = (
        values.detach().to(device="cpu", dtype=torch.float64)
        for values in (latents, direction, midpoint)
    )
    length = d @ d
    if length == 0:
        raise DataError(
            "A direction of length 0 has no positions: the images with and without the attribute "
            "have equal means. Choose another attribute."
        )
    return (z - middle) @ d / length


def save_directions(path: Path, directions: Directions) -> None:
    """Replace the npz file at `path` by these directions.

    The file keeps half precision, 11 significant bits: the spread over draws of the images is
    far larger.

    Raises:
        OSError: The disk is full or the folder is not writable; the old file is untouched.
    """
    values = {field.name: getattr(directions, field.name) for field in fields(directions)}
    save_arrays(path, {name: _stored(value) for name, value in values.items()})


def _stored(value: Tensor | tuple[str, ...]) -> np.ndarray:
    if isinstance(value, tuple):
        return np.array(value, dtype=np.str_)
    return (value.half() if value.is_floating_point() else value).numpy()


def load_directions(path: Path) -> Directions:
    """Return the directions saved at `path`.

    Raises:
        CheckpointError: The file is missing, damaged, or its arrays do not fit together.
    """
    arrays = load_arrays(path, [field.name for field in fields(Directions)])
    _check_arrays(path, arrays)
    values: dict[str, Any] = {
        name: tuple(array.tolist()) if array.dtype.kind == "U" else torch.from_numpy(array)
        for name, array in arrays.items()
    }
    for name, (kind, _) in _LAYOUTS.items():
        if kind == "f2":
            values[name] = values[name].float()
    return Directions(**values)


_LAYOUTS = {
    "names": ("U", "a"),
    "class_names": ("U", "c"),
    "pooled": ("f2", "ad"),
    "ridge": ("f2", "ad"),
    "conditional": ("f2", "acd"),
    "midpoints": ("f2", "ad"),
    "positives": ("i8", "a"),
    "negatives": ("i8", "a"),
    "class_positives": ("i8", "ac"),
    "class_negatives": ("i8", "ac"),
}
"""Type and axes of each array in the file: attribute, class, dim."""


def _check_arrays(path: Path, arrays: dict[str, np.ndarray]) -> None:
    """Refuse a file whose arrays do not fit together; a person may have put it there."""
    sizes = {
        "a": arrays["names"].size,
        "c": arrays["class_names"].size,
        "d": arrays["pooled"].shape[-1] if arrays["pooled"].ndim else 0,
    }
    for name, (kind, axes) in _LAYOUTS.items():
        array, shape = arrays[name], tuple(sizes[axis] for axis in axes)
        if array.shape != shape or not array.dtype.str[1:].startswith(kind):
            raise CheckpointError(
                f"'{path}': {name} is {array.dtype} of shape {array.shape}; expected "
                f"{np.dtype(kind)} of shape {shape}. Compute it again."
            )
        if kind == "f2" and not np.isfinite(array).all():
            raise CheckpointError(f"'{path}': {name} is not finite. Compute it again.")
