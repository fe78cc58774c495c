"""Attribute vectors of another program become sliders of an imported model."""

__all__ = ["import_z_deltas"]

import math
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

import torch
from jaxtyping import Float32
from torch import Tensor

from explorer.errors import NotSupportedError
from explorer.interop.z_delta import CELEBA, read_z_deltas
from explorer.latent.direction_file import save_directions
from explorer.latent.directions import Directions
from explorer.models.glow import Glow
from explorer.service.own_attributes import new_name
from explorer.service.own_files import own_path
from explorer.service.workbench import Workbench


def import_z_deltas(
    workbench: Workbench, model: str, folder: Path, names: Sequence[str] = CELEBA
) -> tuple[str, ...]:
    """Give a Glow the attribute vectors of chaiyujin/glow-pytorch as sliders of its own.

    Strength 1 is the vector itself, on the top level alone. How many images stand behind it and
    where its middle lies is not in the files.

    Args:
        workbench: Where the model lies.
        model: Its name.
        folder: Holds `detla_z_0.npy`, `detla_z_1.npy` and so on.
        names: Of the attributes, in the order of the numbers.

    Returns:
        The names.

    Raises:
        NotSupportedError: The model is no Glow.
        CheckpointError: A file is missing or does not fit; see `read_z_deltas`.
        ConfigError: A name is not allowed, or the model has an attribute of this name.
    """
    opened = workbench.open(model)
    glow = opened.model
    if not isinstance(glow, Glow):
        raise NotSupportedError(
            f"'{model}' is no Glow, so that it has no top level to move. Choose an imported Glow."
        )
    called = tuple(new_name(opened, name) for name in names)
    deltas = read_z_deltas(folder, called, glow.level_shapes[-1])
    whitened = deltas * (-glow.top_log_sigma.detach().cpu()).exp()
    dim = glow.traits.latent_dim
    rows = torch.zeros(len(called), dim)
    rows[:, dim - whitened[0].numel() :] = whitened.flatten(1)
    with ExitStack() as undone:
        for name, row in zip(called, rows, strict=True):
            path = own_path(opened, name)
            undone.callback(path.unlink, missing_ok=True)
            save_directions(path, _directions(name, row, opened.version))
        undone.pop_all()
    return called


def _directions(name: str, row: Float32[Tensor, " dim"], version: str) -> Directions:
    """Return one vector as the pooled direction of one attribute, and no other kind."""
    dim, unknown = len(row), torch.full((1,), math.nan)
    return Directions(
        names=(name,),
        class_names=(),
        model=version,
        pooled=row[None],
        ridge=torch.zeros(1, dim),
        conditional=torch.zeros(1, 0, dim),
        within=torch.zeros(1, 0, dim),
        logistic=torch.zeros(0, dim),
        principal=torch.zeros(0, dim),
        offsets={"pooled": torch.zeros(1, dtype=torch.float64)},
        cosines={"pooled": unknown},
        errors={"pooled": unknown},
        positives=torch.zeros(1, dtype=torch.int64),
        negatives=torch.zeros(1, dtype=torch.int64),
        class_positives=torch.zeros(1, 0, dtype=torch.int64),
        class_negatives=torch.zeros(1, 0, dtype=torch.int64),
        refused={},
    )
