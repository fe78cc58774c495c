"""A model written as another program writes its own, for that program to load."""

__all__ = ["DIALECTS", "export_dialect"]

import io
from pathlib import Path

import torch

from explorer.errors import NotSupportedError
from explorer.files import write_bytes
from explorer.interop.rosinality import NAME
from explorer.interop.rosinality_export import to_rosinality
from explorer.models.glow import Glow
from explorer.service.runs import folder_of
from explorer.train.session import load_model

DIALECTS = ("rosinality",)
"""What `--dialect` takes."""


def export_dialect(root: Path, name: str, path: Path) -> tuple[str, ...]:
    """Write a Glow as rosinality/glow-pytorch writes one: a state_dict in a file of `torch.save`.

    Args:
        root: Folder of all models.
        name: The model.
        path: The file to write; replaced if it is there.

    Returns:
        What that program must be told to load it, one sentence each.

    Raises:
        CheckpointError: The model is not there or was altered.
        NotSupportedError: It cannot be written exactly.
    """
    model = load_model(folder_of(root, name))
    if not isinstance(model, Glow):
        raise NotSupportedError(
            f"'{name}' is no Glow; {NAME} knows nothing else. Export it without --dialect."
        )
    exported = to_rosinality(model.settings, model.state_dict())
    content = io.BytesIO()
    torch.save(dict(exported.tensors), content)
    write_bytes(path, content.getvalue())
    return exported.notes
