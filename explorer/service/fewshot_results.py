"""Results of a few-shot comparison on disk, and what the bundled ones say of a data set."""

__all__ = ["bundled_verdicts", "read_summary", "write_summary"]

import json
from dataclasses import asdict
from pathlib import Path

from explorer.errors import DataError
from explorer.files import write_json
from explorer.judge.fewshot.records import load_records
from explorer.judge.fewshot.statistics import Difference
from explorer.judge.fewshot.summary import ArmResult, Verdict, summarise, verdicts

SCHEMA = 1
SUMMARY = "summary.json"
BUNDLED = Path(__file__).resolve().parents[2] / "assets" / "results"


def write_summary(folder: Path) -> tuple[list[ArmResult], list[Verdict]]:
    """Write `summary.json` from all finished runs of a folder, and return its rows and verdicts.

    Raises:
        DataError: There is no finished run, or a record is damaged.
    """
    rows = summarise(load_records(folder))
    if not rows:
        raise DataError(f"'{folder}' holds no finished run. Run the comparison first.")
    found = verdicts(rows)
    content = {
        "schema": SCHEMA,
        "rows": [asdict(row) for row in rows],
        "verdicts": [asdict(one) for one in found],
    }
    write_json(folder / SUMMARY, content)
    return rows, found


def read_summary(path: Path) -> tuple[list[ArmResult], list[Verdict]]:
    """Read what `write_summary` wrote.

    Raises:
        DataError: The file is missing or is no summary.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        rows = [
            ArmResult(
                **{
                    **row,
                    "over_standard": _difference(row["over_standard"]),
                    "over_control": _difference(row["over_control"]),
                }
            )
            for row in content["rows"]
        ]
        return rows, [Verdict(**one) for one in content["verdicts"]]
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise DataError(f"'{path}' is no summary of few-shot runs ({error}).") from None


def bundled_verdicts(data: str, folder: Path = BUNDLED) -> list[Verdict]:
    """Return what the results that come along say of a data set, by shots; empty if nothing.

    Of several on the same shots it is the one with most seeds, and of these the last file's.
    """
    found: dict[int, Verdict] = {}
    for path in sorted(folder.glob("fewshot-*.json")):
        for one in read_summary(path)[1]:
            if one.data == data and one.seeds >= getattr(found.get(one.shots), "seeds", 0):
                found[one.shots] = one
    return [found[shots] for shots in sorted(found)]


def _difference(content: dict[str, float] | None) -> Difference | None:
    return None if content is None else Difference(**content)  # type: ignore[arg-type]
