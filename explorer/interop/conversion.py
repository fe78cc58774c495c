"""What a dialect turns a foreign checkpoint into, and how it refuses one that does not fit."""

__all__ = ["NO_HINTS", "Conversion", "Dialect", "Hints", "Shapes", "check_tensors", "table"]

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from torch import Tensor

from explorer.errors import CheckpointError
from explorer.interop.reading import ForeignFile

Shapes = Mapping[str, tuple[int, ...]]
ROWS_SHOWN = 12


@dataclass(frozen=True, slots=True)
class Hints:
    """What a person says of a checkpoint because the file does not.

    Attributes:
        image_size: Height and width, pixels; None takes the dialect's own default.
        n_bits: Bits a value it was trained with; None takes the dialect's own default.
    """

    image_size: int | None = None
    n_bits: int | None = None


NO_HINTS = Hints()


@dataclass(frozen=True, slots=True, eq=False)
class Conversion:
    """A foreign checkpoint in our terms.

    Attributes:
        dialect: Name of the dialect.
        model: Name of the model in the registry.
        config: Its settings.
        image_shape: (channel, height, width).
        class_names: One for each class the model tells apart.
        class_counts: Images a class as far as the file tells, else 1 each.
        tensors: The model's state_dict.
        steps: Updates that the file says it was trained for; 0 if it does not say.
        notes: What was assumed or left out, one sentence each.
    """

    dialect: str
    model: str
    config: Mapping[str, Any]
    image_shape: tuple[int, int, int]
    class_names: tuple[str, ...]
    class_counts: tuple[int, ...]
    tensors: Mapping[str, Tensor]
    steps: int
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Dialect:
    """One program's way of writing a model down.

    Attributes:
        name: "owner/repository".
        files: How many files make a model.
        marks: A tensor each file holds and no other dialect's does, in the order that `convert`
            takes the files.
        convert: (files, hints) -> our terms.
    """

    name: str
    marks: tuple[str, ...]
    convert: Callable[[Sequence[ForeignFile], Hints], Conversion]


def check_tensors(file: ForeignFile, dialect: str, expected: Shapes) -> None:
    """Refuse a file whose tensors are not exactly the expected ones, or not finite.

    Raises:
        CheckpointError: With a table of what was expected and what was found.
    """
    rows = []
    for name, shape in expected.items():
        found = file.tensors.get(name)
        if found is None:
            rows.append((name, _text(shape), "missing"))
        elif tuple(found.shape) != shape:
            rows.append((name, _text(shape), _text(tuple(found.shape))))
        elif found.is_complex() or found.is_quantized or found.is_sparse:
            rows.append((name, "real, dense numbers", str(found.dtype)))
        elif not bool(found.isfinite().all()):
            bad = int((~found.isfinite()).sum())
            rows.append((name, "finite values", f"{bad} of {found.numel()} not finite"))
    extra = [name for name in file.tensors if name not in expected]
    rows += [(name, "nothing", _text(tuple(file.tensors[name].shape))) for name in extra]
    if rows:
        fit = f"{len(rows)} of its tensors do" if len(rows) > 1 else "1 of its tensors does"
        raise CheckpointError(
            f"'{file.path}' is written as {dialect} writes a model, but {fit} not fit the rest. "
            "Nothing was imported.\n"
            + table(("tensor", "expected", "found"), rows)
            + "\nCopy the file again; if the program that wrote it was changed, import a file of "
            "the unchanged one."
        )


def table(head: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    """Return rows of texts as lines in columns, the first `ROWS_SHOWN` of them."""
    shown = [head, *rows[:ROWS_SHOWN]]
    widths = [max(len(row[k]) for row in shown) for k in range(len(head))]
    lines = [
        "  "
        + "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in shown
    ]
    if len(rows) > ROWS_SHOWN:
        lines.append(f"  ... and {len(rows) - ROWS_SHOWN} more")
    return "\n".join(lines)


def _text(shape: tuple[int, ...]) -> str:
    return f"({', '.join(map(str, shape))})" if shape else "one number"
