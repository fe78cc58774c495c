"""What the page asks for about runs, by URL: read from their folders each time.

| under `training/` | what |
|---|---|
| `state.json?open=NAME&rows=NAME:STEP,...` | all runs, metrics after a step, the open one's log |
| `NAME/samples-STEP.png`, `NAME/restored-STEP.png` | pictures of a step |
| `NAME/latents.json` | where latents lay at every step that was kept |
| `NAME/metrics.csv`, `NAME/log.txt` | to take along |
| `NAME/model.zip` | the model as one file |
| `plotly.js` | the library of charts, as it is installed |

The page asks again and again, past the queue of events: a tab that is reloaded, or a second one,
shows the same. Answers are small; the list of runs is read at most twice a second for all pages.
"""

__all__ = ["add_run_routes"]

import json
import math
import shutil
import tempfile
import threading
import time
from collections.abc import Callable
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import plotly
from fastapi import FastAPI, HTTPException
from starlette.background import BackgroundTask
from starlette.responses import FileResponse, Response

from explorer.errors import ExplorerError
from explorer.service.model_file import export_model
from explorer.service.run_quality import sheet_psnr
from explorer.service.run_records import (
    RunPreview,
    latent_snapshot,
    log_tail,
    metrics,
    metrics_csv,
    previews,
)
from explorer.service.runs import RunView, experiment_of, folder_of, list_runs
from explorer.service.workbench import Workbench
from explorer.train.run import RunFolder

MOST_ROWS = 2000
"""Lines of metrics of one run in one answer; the page asks again for the rest."""

MOST_PLACES = 200
KEPT_S = 0.5

_NONE = {"cache-control": "no-store"}
_YEAR = {"cache-control": "private, max-age=31536000, immutable"}
_GONE = HTTPException(404, "There is no such run or file any more.")
_PLOTLY = Path(plotly.__file__).parent / "package_data" / "plotly.min.js"

Result = TypeVar("Result")


def add_run_routes(app: FastAPI, workbench: Workbench) -> None:
    """Answer the addresses above; what is not there is a 404, whatever the reason."""
    root, runs = workbench.root, _Runs(workbench)

    @app.get("/training/plotly.js")
    def library() -> Response:
        return FileResponse(_PLOTLY, media_type="text/javascript", headers=_YEAR)

    @app.get("/training/state.json")
    def state(open: str = "", rows: str = "") -> Response:
        told: dict[str, Any] = {"runs": runs.now(), "rows": {}, "open": None}
        for name, after in _asked(rows[:2000]).items():
            told["rows"][name] = _or_none(partial(_rows_after, root, name, after)) or []
        if open:
            told["open"] = _or_none(lambda: _opened(root, open))
        return _json(told)

    @app.get("/training/{name}/{kind}-{step}.png")
    def picture(name: str, kind: str, step: str) -> Response:
        return FileResponse(_picture(root, name, kind, step), headers=_YEAR)

    @app.get("/training/{name}/latents.json")
    def latents(name: str) -> Response:
        return _json(_found(lambda: _places(root, name)))

    @app.get("/training/{name}/metrics.csv")
    def table(name: str) -> Response:
        text = _found(lambda: metrics_csv(root, name))
        return _file(text, "text/csv", f"{name}-metrics.csv")

    @app.get("/training/{name}/log.txt")
    def log(name: str) -> Response:
        text = _found(lambda: log_tail(root, name, 5000))
        return _file(text, "text/plain; charset=utf-8", f"{name}-log.txt")

    @app.get("/training/{name}/model.zip")
    def model(name: str) -> Response:
        folder = tempfile.mkdtemp(prefix="latent-explorer-")
        path = Path(folder) / "model.zip"
        thrown_away = BackgroundTask(shutil.rmtree, folder, ignore_errors=True)
        try:
            export_model(root, name, path)
        except (ExplorerError, OSError) as error:
            shutil.rmtree(folder, ignore_errors=True)
            raise HTTPException(404, str(error)) from None
        return FileResponse(path, filename=f"{name}.zip", headers=_NONE, background=thrown_away)


class _Runs:
    """The list of runs, read again when it is older than half a second."""

    def __init__(self, workbench: Workbench) -> None:
        self._workbench = workbench
        self._lock = threading.Lock()
        self._read, self._known = -math.inf, list[dict[str, Any]]()

    def now(self) -> list[dict[str, Any]]:
        with self._lock:
            if time.monotonic() - self._read > KEPT_S:
                self._known = [self._row(view) for view in list_runs(self._workbench.root)]
                self._read = time.monotonic()
            return self._known

    def _row(self, view: RunView) -> dict[str, Any]:
        """Return a run, and whether it can be explored."""
        card = _or_none(lambda: self._workbench.card(view.name))
        return {**asdict(view), "ready": card is not None and not card.problem}


def _rows_after(root: Path, name: str, after: int) -> list[dict[str, float | int]]:
    return [row for row in metrics(root, name) if row["step"] > after][:MOST_ROWS]


def _opened(root: Path, name: str) -> dict[str, Any]:
    """Return what only the run that is looked at shows."""
    size = experiment_of(root, name).data.image_size
    return {
        "name": name,
        "pictures": [_preview(one, size) for one in previews(root, name)],
        "log": log_tail(root, name, 60),
        "experiment": experiment_of(root, name).model_dump(mode="json", by_alias=True),
    }


def _preview(one: RunPreview, size: int) -> dict[str, Any]:
    told: dict[str, Any] = {"step": one.step, "stamp": one.samples.stat().st_mtime_ns // 1000}
    if one.restored is not None:
        stamp = one.restored.stat().st_mtime_ns
        told |= {"restored": True, "psnr": _quality(one.restored, stamp, size)}
    return told


def _quality(path: Path, stamp: int, size: int) -> float | None:
    try:
        value = sheet_psnr(path, stamp, size)
    except (OSError, ValueError):  # a sheet that is being replaced, or one of another version
        return None
    return round(value, 3) if math.isfinite(value) else None


def _places(root: Path, name: str) -> dict[str, Any]:
    card = RunFolder(folder_of(root, name)).data_card()
    kept = [one for one in previews(root, name) if one.latents is not None]
    stride = -(-len(kept) // MOST_PLACES) or 1
    shots = [(one.step, latent_snapshot(one.latents)) for one in kept[::stride] if one.latents]
    return {
        "classes": list(card.class_names),
        "labels": shots[0][1].labels.tolist() if shots else [],
        "steps": [
            {
                "step": step,
                "places": [[round(float(v), 4) for v in row] for row in shot.coordinates],
            }
            for step, shot in shots
        ],
    }


def _picture(root: Path, name: str, kind: str, step: str) -> Path:
    known = {"samples", "restored"}
    if kind not in known or not (step.isascii() and step.isdigit() and len(step) < 12):
        raise _GONE
    folder = _found(lambda: folder_of(root, name)) / "previews"
    path = folder / f"{'step' if kind == 'samples' else kind}-{int(step):08d}.png"
    if not path.is_file():
        raise _GONE
    return path


def _asked(text: str) -> dict[str, int]:
    """Return the step after which each run's metrics are wanted; anything can be asked."""
    asked: dict[str, int] = {}
    for part in text.split(",")[:12]:
        name, _, step = part.partition(":")
        if name and step.lstrip("-").isdigit() and len(step) < 12:
            asked[name] = int(step)
    return asked


def _found(read: Callable[[], Result]) -> Result:
    try:
        return read()
    except (ExplorerError, OSError):
        raise _GONE from None


def _or_none(read: Callable[[], Result]) -> Result | None:
    """Return what is read, or None while it is not there: a folder may change at any time."""
    try:
        return read()
    except (ExplorerError, OSError, ValueError):
        return None


def _json(content: Any) -> Response:
    return Response(json.dumps(_finite(content)), media_type="application/json", headers=_NONE)


def _finite(content: Any) -> Any:
    """Return plain data where numbers that JSON does not know are null."""
    if isinstance(content, dict):
        return {key: _finite(value) for key, value in content.items()}
    if isinstance(content, list | tuple):
        return [_finite(value) for value in content]
    return None if isinstance(content, float) and not math.isfinite(content) else content


def _file(text: str, kind: str, name: str) -> Response:
    disposition = f'attachment; filename="{name}"'
    return Response(text, media_type=kind, headers={**_NONE, "content-disposition": disposition})
