"""One JSON file a run: what was done and what came out. A finished run is never repeated."""

__all__ = ["RunKey", "RunRecord", "load_records", "run_file", "settings_digest"]

import hashlib
import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from explorer.errors import DataError

SCHEMA = 1


@dataclass(frozen=True, slots=True)
class RunKey:
    """What makes a run the run it is.

    Attributes:
        data: Name of the data set.
        shots: Labelled images a class.
        steps: Updates of the classifier.
        seed: Of subset, weights and all draws.
        arm: Name of the arm.
        score: "test", "validation" or "rest": which images are counted.
        transductive: Whether the generator also saw the counted images, without labels.
        settings: Digest of all settings.
    """

    data: str
    shots: int
    steps: int
    seed: int
    arm: str
    score: str
    transductive: bool
    settings: str


@dataclass(frozen=True, slots=True)
class RunRecord:
    """A finished run.

    Attributes:
        key: Which run.
        accuracy: Share of right answers, [0, 1].
        scored: Number of images counted.
        seconds: CPU time of the classifier and its made images.
        generator_seconds: CPU time of the generator; 0 where the arm has none.
        generator_psnr: Of its reconstructions of the labelled images, dB; 0 where there is none.
        details: All settings as plain data.
    """

    key: RunKey
    accuracy: float
    scored: int
    seconds: float
    generator_seconds: float
    generator_psnr: float
    details: dict[str, Any]

    def to_json(self) -> dict[str, Any]:
        """Return plain data."""
        return {"schema": SCHEMA, **asdict(self)}


def settings_digest(details: dict[str, Any]) -> str:
    """Return ten hexadecimal digits that change with any setting."""
    text = json.dumps(details, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:10]


def run_file(folder: Path, key: RunKey) -> Path:
    """Return where a run's record lies."""
    mode = "transductive" if key.transductive else "strict"
    parts = (key.data, f"{key.shots}shots", f"{key.steps}steps", key.score, mode, key.settings)
    return folder / "runs" / f"{'-'.join(parts)}-seed{key.seed}-{key.arm}.json"


def load_records(folder: Path) -> list[RunRecord]:
    """Return all finished runs of a folder, by file name.

    Raises:
        DataError: A file is not a record.
    """
    return [_read(path) for path in sorted((folder / "runs").glob("*.json"))]


def _read(path: Path) -> RunRecord:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        if content.pop("schema") != SCHEMA:
            raise ValueError(f"its schema is not {SCHEMA}")
        return RunRecord(**{**content, "key": RunKey(**content["key"])})
    except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
        raise DataError(
            f"'{path}' is no record of a run ({error}). Remove it, and the run is done again."
        ) from None
