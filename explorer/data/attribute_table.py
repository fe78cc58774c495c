"""A person's table of binary attributes: one row a picture, one column an attribute."""

__all__ = ["FILE_NAME", "check_rows", "read_attributes", "read_table"]

import csv
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from jaxtyping import Bool

from explorer.data.listing import inside
from explorer.errors import DataError

FILE_NAME = "attributes.csv"
VALUES = {"1": True, "+1": True, "0": False, "-1": False}
MAX_BYTES = 256 * 2**20


def read_attributes(
    path: Path, files: list[str]
) -> tuple[tuple[str, ...], Bool[np.ndarray, "n attribute"]]:
    """Return the attributes of these files, in this order.

    The first row names the columns. The first column is the picture's path relative to the folder
    of the table, the others are 1 or +1 for yes and 0 or -1 for no. Rows of other
    pictures, such as those of another split, are passed over.

    Args:
        path: The CSV file, UTF-8, separated by commas.
        files: Relative paths with `/`.

    Returns:
        Names of the attributes, and bool, shape (n, attribute).

    Raises:
        DataError: The table lacks one of the files, has a row for a picture that is not there, or
            is wrong as in `read_table`.
    """
    names, known, values = read_table(path)
    place = {file: row for row, file in enumerate(known)}
    missing = [file for file in files if file not in place]
    if missing:
        raise DataError(
            f"'{path}' has no row for '{missing[0]}' ({len(missing)} of {len(files)} pictures "
            "have none). Add the rows, or remove the table to go without attributes."
        )
    check_rows(path, known)
    return names, values[[place[file] for file in files]]


def check_rows(path: Path, files: Sequence[str]) -> None:
    """Check that each row of a table has its picture.

    Args:
        path: The CSV file.
        files: What its rows name.

    Raises:
        DataError: One is not there.
    """
    missing = [file for file in files if not (path.parent / file).is_file()]
    if missing:
        raise DataError(
            f"'{path}' has a row for '{missing[0]}', which is not there ({len(missing)} of "
            f"{len(files)} rows have no picture). Add the picture or remove the row."
        )


def read_table(
    path: Path,
) -> tuple[tuple[str, ...], tuple[str, ...], Bool[np.ndarray, "n attribute"]]:
    """Return the whole table: names of the attributes, files in its order, and values.

    Args:
        path: The CSV file, as in `read_attributes`.

    Raises:
        DataError: The table cannot be read, names a column or a file twice, names a file outside
            its folder, or has another value.
    """
    header, *rows = _rows(path)
    names = tuple(name.strip() for name in header[1:])
    if not names or not all(names):
        raise _wrong(path, 1, "the columns after the first need names")
    for name, count in Counter(name.lower() for name in names).items():
        if count > 1:
            raise _wrong(path, 1, f"{count} columns are called '{name}', capital letters aside")
    table: dict[str, list[bool]] = {}
    for number, row in enumerate(rows, start=2):
        if not any(cell.strip() for cell in row):
            continue
        file = row[0].strip().replace("\\", "/").removeprefix("./")
        if file in table:
            raise _wrong(path, number, f"'{file}' is there twice")
        inside(path.parent, file, name=path.name)
        table[file] = _values(path, number, names, row[1:])
    values = np.array(list(table.values()), dtype=bool).reshape(len(table), len(names))
    return names, tuple(table), values


def _rows(path: Path) -> list[list[str]]:
    try:
        if path.stat().st_size > MAX_BYTES:
            raise DataError(f"'{path}' is larger than {MAX_BYTES // 2**20} MB. Split the folder.")
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = list(csv.reader(file, strict=True))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise DataError(
            f"'{path}' is not a readable CSV file in UTF-8 ({error}). Save it anew as CSV."
        ) from None
    if not rows:
        raise DataError(f"'{path}' is empty. Its first row is: file, then attribute names.")
    return rows


def _values(path: Path, number: int, names: tuple[str, ...], cells: list[str]) -> list[bool]:
    if len(cells) != len(names):
        raise _wrong(path, number, f"it has {len(cells)} values for {len(names)} attributes")
    values = []
    for name, cell in zip(names, cells, strict=True):
        value = VALUES.get(cell.strip())
        if value is None:
            raise _wrong(path, number, f"'{name}' is '{cell[:40]}'; allowed are 0, 1, -1 and +1")
        values.append(value)
    return values


def _wrong(path: Path, number: int, problem: str) -> DataError:
    return DataError(f"'{path}', row {number}: {problem}. Correct the row and try again.")
