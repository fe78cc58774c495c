"""Kill a training at an event, go on with it, and compare with the one that was never killed.

Each training is a process of its own that counts what it does: before and after each batch,
update, file, rename, deletion and picture. At one of these events it ends itself by SIGKILL.
Nothing is synced to the disk, for a kill leaves the page cache as it is.
"""

__all__ = ["Reference", "Trial", "plan_of", "reference", "trial"]

import json
import math
import multiprocessing
import os
import shutil
import signal
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from pathlib import Path
from typing import Any

import explorer.data.avatars  # noqa: F401 (the process that others are forked from has it ready)
from explorer import models
from explorer.benchmarks.mutants import MUTANTS
from explorer.data.labelled import LabelledImages
from explorer.errors import CheckpointError
from explorer.files import sha256
from explorer.settings import DataSettings, Experiment, ModelChoice, TrainSettings
from explorer.train import checkpoint, loop, session, sitting
from explorer.train.run import RunFolder

STEPS, EVERY = 24, 5
PATIENCE_S = 600.0


@dataclass(frozen=True, slots=True)
class Reference:
    """The training that was never killed.

    Attributes:
        weights: SHA-256 of its final weights.
        rows: Steps of its metrics.
        events: All it did, in order, e.g. "save 5: os.replace after 2".
    """

    weights: str
    rows: tuple[int, ...]
    events: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Trial:
    """One training that was killed and went on.

    Attributes:
        event: Where it was killed.
        acknowledged: Last step whose saving had returned; 0 before the first.
        reached: Last step that was done.
        resumed_at: Step it went on from; None if it did not go on.
        unreadable: Saved units that could not be read after the kill.
        is_equal: Whether the final weights have the SHA-256 of the reference.
        is_once: Whether the metrics have the lines of the reference, each once.
    """

    event: str
    acknowledged: int
    reached: int
    resumed_at: int | None
    unreadable: int
    is_equal: bool
    is_once: bool

    @property
    def problems(self) -> tuple[str, ...]:
        """What is wrong; empty if nothing is."""
        if self.resumed_at is None:
            return ("did not go on",)
        found = {
            "other weights": not self.is_equal,
            "a saved step lost": self.resumed_at < self.acknowledged,
            "more than an interval lost": self.reached - self.resumed_at > EVERY,
            "an unreadable unit": self.unreadable > 0,
            "other metrics": not self.is_once,
        }
        return tuple(name for name, is_so in found.items() if is_so)


def plan_of(model: str, drawn: Path) -> Experiment:
    """Return a training of a few updates of a model's tiny size on a few drawn faces."""
    return Experiment(
        name=model,
        model=ModelChoice(name=model, config=models.get(model).tiny().model_dump(mode="json")),
        data=DataSettings(name="avatars", root=str(drawn), image_size=32, count=40),
        train=TrainSettings(
            steps=STEPS,
            batch_size=6,
            warmup_steps=3,
            log_every=2,
            preview_every=10,
            checkpoint_every=EVERY,
            learning_rate=0.005,
        ),
    )


def reference(plan: Experiment, root: Path) -> Reference:
    """Train without a kill."""
    code = _process(plan, root, "", "")
    if code:
        raise RuntimeError(f"The training that is compared with ended with exit code {code}.")
    run = RunFolder(root / plan.name)
    events = json.loads((root / "events.json").read_text(encoding="utf-8"))
    return Reference(sha256(run.path / "weights.safetensors"), _rows(run), tuple(events))


def trial(
    plan: Experiment, root: Path, event: str, reference: Reference, mutant: str = ""
) -> Trial:
    """Train, be killed at an event, go on.

    Args:
        plan: What to train.
        root: An empty folder; it is deleted.
        event: One of the reference's.
        reference: The training that was never killed.
        mutant: Name of the defect that is put in; "" for none.
    """
    code = _process(plan, root, event, mutant)
    if code != -signal.SIGKILL:
        raise RuntimeError(f"Not killed at '{event}': exit code {code}.")
    run, journal = RunFolder(root / plan.name), root / "journal"
    before = _journal(journal)
    unreadable = sum(not _is_readable(unit) for unit in (run.path / "units").glob("step-*"))
    code = _process(plan, root, "", mutant)
    after = _journal(journal)[len(before) :]
    went_on = [int(number) for kind, number in after if kind == "began"]
    weights = run.path / "weights.safetensors"
    found = Trial(
        event=event,
        acknowledged=max((int(n) for kind, n in before if kind == "saved"), default=0),
        reached=max((int(n) for kind, n in before if kind == "step"), default=0),
        resumed_at=went_on[0] if went_on and code == 0 else None,
        unreadable=unreadable,
        is_equal=code == 0 and sha256(weights) == reference.weights,
        is_once=code == 0 and _rows(run) == reference.rows,
    )
    shutil.rmtree(root)
    return found


def _process(plan: Experiment, root: Path, event: str, mutant: str) -> int:
    """Train in a process of its own, which has torch from the start; return its exit code."""
    root.mkdir(parents=True, exist_ok=True)
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["explorer.benchmarks.kills"])
    process = context.Process(target=_train, args=(plan, root, event, mutant))
    process.start()
    process.join(PATIENCE_S)
    if process.exitcode is None:
        process.kill()
        process.join()
    return process.exitcode or 0


def _train(plan: Experiment, root: Path, event: str, mutant: str) -> None:
    """What the process does."""
    with (root / "journal").open("ab", buffering=0) as journal, open(os.devnull, "w") as nowhere:
        os.dup2(nowhere.fileno(), 2)

        def note(kind: str, number: int) -> None:
            journal.write(f"{kind} {number}\n".encode())

        if mutant:
            MUTANTS[mutant].put_in()
        events = _Events(event, note)
        events.watch()
        has_unit = any((root / plan.name / "units").glob("step-*"))
        session.train(
            plan, root, resume=has_unit, report=lambda progress: note("step", progress.step)
        )
    (root / "events.json").write_text(json.dumps(events.seen), encoding="utf-8")


class _Events:
    """Counts what a training does, and ends it at one event.

    Attributes:
        seen: The events so far.
    """

    def __init__(self, last: str, note: Callable[[str, int], None]) -> None:
        self.last, self.note = last, note
        self.seen: list[str] = []
        self._where = "start"
        self._counts: Counter[str] = Counter()

    def watch(self) -> None:
        """Put counters around everything that matters."""
        sitting.STATUS_S = math.inf  # signs of life come by the clock
        fit, save, gradient = loop.fit, checkpoint.save_unit, loop._gradient

        @wraps(fit)
        def noted_fit(state: Any, *args: Any, **kwargs: Any) -> Any:
            self.note("began", state.step)
            return fit(state, *args, **kwargs)

        @wraps(save)
        def noted_save(folder: Path, state: Any) -> Path:
            before, self._where = self._where, f"save {state.step}"
            unit = save(folder, state)
            self._where = before
            self.note("saved", state.step)
            return unit

        @wraps(gradient)
        def noted_gradient(*args: Any) -> Any:
            self._where = f"step {args[3]}"
            return gradient(*args)

        changed: tuple[tuple[Any, str, Any], ...] = (
            (loop, "fit", noted_fit),
            (loop, "_gradient", noted_gradient),
            (checkpoint, "save_unit", noted_save),
            (os, "fsync", lambda descriptor: None),
        )
        for owner, name, value in changed:
            setattr(owner, name, value)
        watched: tuple[tuple[Any, str], ...] = (
            (os, "fsync"),
            (os, "replace"),
            (os, "rename"),
            (shutil, "rmtree"),
            (checkpoint, "verify"),
            (LabelledImages, "batch"),
            (loop, "_update"),
            (RunFolder, "add_metrics"),
            (sitting, "write_previews"),
        )
        for owner, name in watched:
            setattr(owner, name, self._counted(getattr(owner, name), name))

    def _counted(self, function: Callable[..., Any], name: str) -> Callable[..., Any]:
        @wraps(function)
        def counted(*args: Any, **kwargs: Any) -> Any:
            self._happens(f"{name} before")
            result = function(*args, **kwargs)
            self._happens(f"{name} after")
            return result

        return counted

    def _happens(self, what: str) -> None:
        event = f"{self._where}: {what}"
        self._counts[event] += 1
        event += f" {self._counts[event]}"
        self.seen.append(event)
        if event == self.last:
            os.kill(os.getpid(), signal.SIGKILL)


def _journal(path: Path) -> list[tuple[str, str]]:
    lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    return [(line.split()[0], line.split()[1]) for line in lines]


def _rows(run: RunFolder) -> tuple[int, ...]:
    return tuple(int(row["step"]) for row in run.metrics())


def _is_readable(unit: Path) -> bool:
    try:
        checkpoint.verify(unit)
    except CheckpointError:
        return False
    return True
