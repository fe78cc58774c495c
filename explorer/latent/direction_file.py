"""Directions in one npz file: names, counts, rows, and the weights they belong to.

Rows are kept as whole numbers of 8 bits with a scale for every `BLOCK` of them, so that all kinds
of direction of a bundled model fit into a megabyte. What rounding costs is small beside the spread
over draws of the images: about 1 % of a direction's length, in no particular direction.
"""

__all__ = ["load_directions", "save_directions"]

from pathlib import Path

import numpy as np
import torch
from jaxtyping import Float16, Float32, Int8
from torch import Tensor

from explorer.errors import CheckpointError
from explorer.latent.arrayfile import load_arrays, save_arrays
from explorer.latent.directions import KINDS, PRINCIPAL, Directions

STEPS = 127
BLOCK = 32

_ROWS = {
    "pooled": "a",
    "ridge": "a",
    "conditional": "ac",
    "within": "ac",
    "logistic": "f",
    "principal": "v",
}
"""Axes of each array of rows before its last, dim: attribute, class, fitted, variation."""

_FIELD = {kind: "within" if kind == "class" else kind for kind in (*KINDS, PRINCIPAL)}

_COUNTS = {
    "positives": "a",
    "negatives": "a",
    "class_positives": "ac",
    "class_negatives": "ac",
}
_TEXTS = ("names", "class_names", "refused_names")
_NUMBERS = ("offset", "cosine", "error")


def save_directions(path: Path, directions: Directions) -> None:
    """Replace the npz file at `path` by these directions.

    Raises:
        OSError: The disk is full or the folder is not writable; the old file is untouched.
    """
    arrays = {
        "names": np.array(directions.names, dtype=np.str_),
        "class_names": np.array(directions.class_names, dtype=np.str_),
        "model": np.array(directions.model, dtype=np.str_),
        "found_on": np.array(directions.found_on, dtype=np.str_),
        "refused_names": np.array(list(directions.refused), dtype=np.str_),
        "refused_counts": np.array(list(directions.refused.values()), dtype=np.int64).reshape(
            -1, 2
        ),
    }
    for name in _ROWS:
        arrays[name], arrays[f"{name}_scale"] = _rounded(getattr(directions, name))
    for name in _COUNTS:
        arrays[name] = getattr(directions, name).numpy()
    for kind, field in _FIELD.items():
        shape = getattr(directions, field).shape[:-1]
        unknown = torch.full(shape, torch.nan)
        offsets = directions.offsets.get(kind, torch.zeros(shape))
        arrays[f"{field}_offset"] = offsets.double().numpy()
        arrays[f"{field}_cosine"] = directions.cosines.get(kind, unknown).float().numpy()
        arrays[f"{field}_error"] = directions.errors.get(kind, unknown).float().numpy()
    save_arrays(path, arrays)


def load_directions(path: Path, *, model: str | None = None) -> Directions:
    """Return the directions saved at `path`.

    Args:
        path: A file as `save_directions` writes it.
        model: SHA-256 of the weights they are wanted for; None takes those of any model.

    Raises:
        CheckpointError: The file is missing, damaged, of another layout, or its arrays do not
            fit together; or it belongs to other weights.
    """
    names = [*_TEXTS, "model", "found_on", "refused_counts", *_COUNTS]
    for name in _ROWS:
        names += [name, f"{name}_scale", *(f"{name}_{number}" for number in _NUMBERS)]
    arrays = load_arrays(path, names)
    _check_arrays(path, arrays)
    owner = str(arrays["model"])
    if model is not None and owner != model:
        raise CheckpointError(
            f"'{path}' holds directions of other weights ({owner[:12] or 'unknown'}) than this "
            f"model's ({model[:12]}), which they would move at random. Find them again with "
            "`python -m explorer attributes fit`, or learn the attribute anew."
        )
    rows = {name: _restored(arrays[name], arrays[f"{name}_scale"]) for name in _ROWS}
    numbers = {
        number: {
            kind: torch.from_numpy(arrays[f"{field}_{number}"]) for kind, field in _FIELD.items()
        }
        for number in _NUMBERS
    }
    counts = {name: torch.from_numpy(arrays[name]) for name in _COUNTS}
    refused = zip(arrays["refused_names"].tolist(), arrays["refused_counts"].tolist(), strict=True)
    return Directions(
        names=tuple(arrays["names"].tolist()),
        class_names=tuple(arrays["class_names"].tolist()),
        model=owner,
        found_on=str(arrays["found_on"]),
        offsets=numbers["offset"],
        cosines=numbers["cosine"],
        errors=numbers["error"],
        refused={name: (with_it, without_it) for name, (with_it, without_it) in refused},
        **rows,
        **counts,
    )


def _rounded(
    rows: Float32[Tensor, "*row dim"],
) -> tuple[Int8[np.ndarray, "*row dim"], Float16[np.ndarray, "*row block"]]:
    """Return whole numbers of at most `STEPS`, and what each block of them is multiplied with."""
    values = rows.numpy()
    count = -(-values.shape[-1] // BLOCK)
    padding = [(0, 0)] * (values.ndim - 1) + [(0, count * BLOCK - values.shape[-1])]
    blocks = np.pad(values, padding).reshape(*values.shape[:-1], count, BLOCK)
    scale = (np.abs(blocks).max(axis=-1) / STEPS).astype(np.float16)
    divisor = np.where(scale > 0, scale, 1).astype(np.float32)[..., None]
    whole = np.rint(blocks / divisor).clip(-STEPS, STEPS).astype(np.int8)
    return whole.reshape(*values.shape[:-1], count * BLOCK)[..., : values.shape[-1]], scale


def _restored(
    rows: Int8[np.ndarray, "*row dim"], scale: Float16[np.ndarray, "*row block"]
) -> Float32[Tensor, "*row dim"]:
    factors = np.repeat(scale.astype(np.float32), BLOCK, axis=-1)[..., : rows.shape[-1]]
    return torch.from_numpy(rows * factors)


def _check_arrays(path: Path, arrays: dict[str, np.ndarray]) -> None:
    """Refuse a file whose arrays do not fit together; a person may have put it there."""
    sizes = {
        "a": arrays["names"].size,
        "c": arrays["class_names"].size,
        "d": arrays["pooled"].shape[-1] if arrays["pooled"].ndim else 0,
        "f": arrays["logistic"].shape[0] if arrays["logistic"].ndim else 0,
        "v": arrays["principal"].shape[0] if arrays["principal"].ndim else 0,
        "b": -(-arrays["pooled"].shape[-1] // BLOCK) if arrays["pooled"].ndim else 0,
        "r": arrays["refused_names"].size,
        "2": 2,
    }
    if sizes["f"] not in (0, sizes["a"]):
        sizes["f"] = sizes["a"]
    expected = {"names": ("U", "a"), "class_names": ("U", "c"), "refused_names": ("U", "r")}
    expected |= {"model": ("U", ""), "found_on": ("U", ""), "refused_counts": ("i8", "r2")}
    expected |= {name: ("i8", axes) for name, axes in _COUNTS.items()}
    for name, axes in _ROWS.items():
        expected |= {name: ("i1", axes + "d"), f"{name}_scale": ("f2", axes + "b")}
        expected |= {f"{name}_offset": ("f8", axes)}
        expected |= {f"{name}_cosine": ("f4", axes), f"{name}_error": ("f4", axes)}
    for name, (kind, axes) in expected.items():
        array, shape = arrays[name], tuple(sizes[axis] for axis in axes)
        if array.shape != shape or not array.dtype.str[1:].startswith(kind):
            raise CheckpointError(
                f"'{path}': {name} is {array.dtype} of shape {array.shape}; expected "
                f"{np.dtype(kind)} of shape {shape}. Compute it again."
            )
        if name.endswith(("_scale", "_offset")) and not np.isfinite(array).all():
            raise CheckpointError(f"'{path}': {name} is not finite. Compute it again.")
