"""How commands answer: tables for people, JSON for programs, PNG files."""

__all__ = [
    "print_json",
    "print_log",
    "print_progress",
    "print_table",
    "print_written",
    "sheet_columns",
    "write_picture",
]

import json
import math
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import is_dataclass
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import UInt8

LONG_CELL = 60
"""Longer texts do not widen their column."""


def write_picture(target: Path, pixels: UInt8[np.ndarray, "height width channel"]) -> None:
    """Write a PNG file, making missing folders."""
    from explorer.data.images import to_png
    from explorer.files import write_bytes

    write_bytes(target, to_png(pixels))


def print_written(target: Path | None) -> None:
    """Say which file was written, if any."""
    if target is not None:
        print(f"Wrote '{target}'.")


def print_log(line: str, *, to_errors: bool = False) -> None:
    """Print a line of a training's log; where its disk is full, do without it.

    Args:
        line: What it says.
        to_errors: Print it to standard error instead of standard output.
    """
    with suppress(OSError):
        print(line, file=sys.stderr if to_errors else sys.stdout, flush=True)


def print_progress(share: float, doing: str) -> None:
    """Show how far long work is, on one line of a terminal; in a log file nothing.

    Args:
        share: Of the work that is done, 0 to 1.
        doing: What is being done.
    """
    if sys.stderr.isatty():
        end = "\n" if share >= 1 else ""
        print(f"\r{100 * share:3.0f} % {doing:<60}", end=end, file=sys.stderr, flush=True)


def sheet_columns(count: int) -> int:
    """Return the columns of a sheet about twice as wide as high, at most 16.

    Example:
        >>> sheet_columns(32)
        8
    """
    return min(16, count, math.ceil(math.sqrt(2 * count)))


def print_table(rows: Sequence[Sequence[str]]) -> None:
    """Print rows of texts in columns; a row may be shorter than others."""
    columns = max(len(row) for row in rows)
    padded = [[*row, *[""] * (columns - len(row))] for row in rows]
    widths = [
        max((len(row[k]) for row in padded if len(row[k]) <= LONG_CELL), default=0)
        for k in range(columns)
    ]
    for row in padded:
        cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        print("  ".join(cells).rstrip())


def print_json(value: Any) -> None:
    """Print records, arrays and mappings as JSON; numbers that are not finite as null."""
    print(json.dumps(_plain(value), indent=2, allow_nan=False))


def _plain(value: Any) -> Any:
    if is_dataclass(value) and not isinstance(value, type):
        return {name: _plain(getattr(value, name)) for name in value.__dataclass_fields__}
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if hasattr(value, "tolist"):
        return _plain(value.tolist())
    return None if isinstance(value, float) and not math.isfinite(value) else value
