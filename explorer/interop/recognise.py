"""Which program wrote a checkpoint: told by the names of its tensors."""

__all__ = ["DIALECTS", "convert"]

from collections.abc import Sequence
from pathlib import Path

from explorer.errors import CheckpointError
from explorer.interop import chaiyujin, glico_pair, rosinality, y0ast
from explorer.interop.conversion import Conversion, Dialect, Hints, table
from explorer.interop.reading import ForeignFile, read_foreign

DIALECTS: tuple[Dialect, ...] = (
    chaiyujin.DIALECT,
    rosinality.DIALECT,
    y0ast.DIALECT,
    glico_pair.DIALECT,
)


def convert(paths: Sequence[Path], hints: Hints) -> Conversion:
    """Read the files of one model and return it in our terms.

    Args:
        paths: One file, or the pair of a GLICO in any order.
        hints: What the files do not tell.

    Raises:
        CheckpointError: A file cannot be read, is of no known dialect, or does not fit it.
        ConfigError: A hint does not fit.
    """
    files = [read_foreign(path) for path in paths]
    for dialect in DIALECTS:
        found = {mark: file for mark in dialect.marks for file in files if mark in file.tensors}
        if not found:
            continue
        if len(found) < len(dialect.marks) or len(files) != len(dialect.marks):
            raise _wrong_count(dialect, files, found)
        return dialect.convert([found[mark] for mark in dialect.marks], hints)
    names = list(files[0].tensors)
    raise CheckpointError(
        f"'{files[0].path}' is written in no dialect that is known. Its {len(names)} tensors: "
        f"{', '.join(names[:4])}{', ...' if len(names) > 4 else ''}\n"
        + table(
            ("dialect", "expected", "found"),
            [(dialect.name, mark, "missing") for dialect in DIALECTS for mark in dialect.marks],
        )
    )


def _wrong_count(
    dialect: Dialect, files: Sequence[ForeignFile], found: dict[str, ForeignFile]
) -> CheckpointError:
    missing = [mark for mark in dialect.marks if mark not in found]
    lacks = f"; none of them has '{missing[0]}'" if missing else ""
    return CheckpointError(
        f"A model of {dialect.name} is {len(dialect.marks)} file"
        f"{'s' if len(dialect.marks) > 1 else ''}; {len(files)} "
        f"{'were' if len(files) > 1 else 'was'} given{lacks}. Give each file of it once."
    )
