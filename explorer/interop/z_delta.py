"""Attribute vectors of chaiyujin/glow-pytorch: `detla_z_0.npy`, `detla_z_1.npy`, ... in a folder.

Each is the mean of the top level's latent with an attribute minus the mean without it, as that
latent leaves the flow, before it is whitened by the top prior; the levels below have no part in
it. Attributes are numbered in the order of CelebA's own list.
"""

__all__ = ["CELEBA", "find_z_deltas", "read_z_deltas"]

import io
import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Float32
from torch import Tensor

from explorer.errors import CheckpointError
from explorer.interop.conversion import table

_NAMES = (
    "5_o_Clock_Shadow Arched_Eyebrows Attractive Bags_Under_Eyes Bald Bangs Big_Lips Big_Nose "
    "Black_Hair Blond_Hair Blurry Brown_Hair Bushy_Eyebrows Chubby Double_Chin Eyeglasses "
    "Goatee Gray_Hair Heavy_Makeup High_Cheekbones Male Mouth_Slightly_Open Mustache "
    "Narrow_Eyes No_Beard Oval_Face Pale_Skin Pointy_Nose Receding_Hairline Rosy_Cheeks "
    "Sideburns Smiling Straight_Hair Wavy_Hair Wearing_Earrings Wearing_Hat Wearing_Lipstick "
    "Wearing_Necklace Wearing_Necktie Young"
)
CELEBA = tuple(_NAMES.split())
"""The attributes of CelebA in the order of its list."""

_FILE = re.compile(r"(?:detla|delta)_z_(\d{1,6})\.npy")
MOST_BYTES = 64 * 2**20


def find_z_deltas(folder: Path) -> dict[int, Path]:
    """Return the attribute vectors in a folder by number; empty where there are none."""
    if not folder.is_dir():
        return {}
    found = ((_FILE.fullmatch(path.name), path) for path in folder.iterdir())
    return {int(match[1]): path for match, path in found if match}


def read_z_deltas(
    folder: Path, names: Sequence[str], shape: tuple[int, int, int]
) -> Float32[Tensor, "attribute channel height width"]:
    """Return the vectors of all attributes, each checked before any is used.

    Args:
        folder: Where they lie.
        names: Of the attributes; file number k is the k-th.
        shape: Of the model's top level.

    Raises:
        CheckpointError: One is missing, too many, of another shape, not of real numbers or not
            finite; with a table of what was expected and found.
    """
    files = find_z_deltas(folder)
    rows, arrays = [], []
    for number, name in enumerate(names):
        wanted = f"detla_z_{number}.npy ({name})"
        if number not in files:
            rows.append((wanted, str(shape), "missing"))
            continue
        array = _read(files[number])
        if isinstance(array, str):
            rows.append((wanted, str(shape), array))
        elif array.shape != shape:
            rows.append((wanted, str(shape), str(array.shape)))
        elif array.dtype.kind != "f":
            rows.append((wanted, "float32", str(array.dtype)))
        elif not np.isfinite(array).all():
            bad = int((~np.isfinite(array)).sum())
            rows.append((wanted, "finite values", f"{bad} of {array.size} not finite"))
        else:
            arrays.append(torch.from_numpy(array.astype(np.float32)))
    extra = sorted(number for number in files if number >= len(names))
    rows += [(files[number].name, "nothing", "a file") for number in extra]
    if rows:
        raise CheckpointError(
            f"'{folder}' does not hold the {len(names)} attribute vectors of this model: "
            f"{len(rows)} do not fit. Nothing was imported.\n"
            + table(("file", "expected", "found"), rows)
            + "\nGive the folder of vectors of this very model, and --names if they are not "
            "CelebA's 40."
        )
    return torch.stack(arrays)


def _read(path: Path) -> np.ndarray | str:
    """Return the array of a file, or what is wrong with it; nothing is unpickled."""
    if path.stat().st_size > MOST_BYTES:
        return f"{path.stat().st_size / 2**20:.0f} MiB"
    try:
        found = np.load(io.BytesIO(path.read_bytes()), allow_pickle=False)
    except (ValueError, EOFError, OSError, MemoryError, SyntaxError):
        return "no readable array"
    return found if isinstance(found, np.ndarray) else "an archive"
