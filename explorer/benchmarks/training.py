"""Whether training keeps its promises: kills, defects, a killed page, stops."""

__all__ = ["kill_table", "mutant_table", "running", "served", "server_kills", "stop_cycles"]

import random
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from itertools import pairwise
from pathlib import Path

from explorer import models
from explorer.benchmarks.kills import Trial, plan_of, reference, trial
from explorer.benchmarks.mutants import MUTANTS
from explorer.service.run_control import start_run, stop_run
from explorer.service.run_records import metrics
from explorer.service.runs import RunView, run_view
from explorer.settings import Experiment, with_changes
from explorer.train.lock import holder
from explorer.train.process import HERE, LOCK, stop
from explorer.train.process_group import members

LOOK_S = 0.2
START_S = 300.0


def kill_table(kills: int, seed: int, report: Callable[[str], None]) -> dict[str, list[Trial]]:
    """Kill trainings of each model at random events, half of them while they save."""
    rng, found = random.Random(seed), dict[str, list[Trial]]()
    with tempfile.TemporaryDirectory() as folder:
        for model in models.available():
            plan = plan_of(model, Path(folder) / "drawn")
            straight = reference(plan, Path(folder) / model)
            saving = [event for event in straight.events if event.startswith("save")]
            events = rng.sample(straight.events, kills - kills // 2)
            events += rng.sample(saving, kills // 2)
            found[model] = []
            for event in events:
                report(f"{model}, killed at '{event}'")
                found[model].append(trial(plan, Path(folder) / "run", event, straight))
    return found


def mutant_table(report: Callable[[str], None]) -> dict[str, Trial]:
    """Put each defect in and kill once where it shows; return what came of it."""
    found = {}
    with tempfile.TemporaryDirectory() as folder:
        plans = {model: plan_of(model, Path(folder) / "drawn") for model in models.available()}
        straight = {model: reference(plan, Path(folder) / model) for model, plan in plans.items()}
        for name, mutant in MUTANTS.items():
            report(f"defect: {name}")
            expected = straight[mutant.model]
            event = next(e for e in reversed(expected.events) if e.startswith(mutant.where))
            root = Path(folder) / "run"
            found[name] = trial(plans[mutant.model], root, event, expected, name)
    return found


def server_kills(count: int, report: Callable[[str], None]) -> list[str]:
    """Start a run and end the page beside it by SIGKILL, many times; return what went wrong."""
    wrong: list[str] = []
    with running() as (root, view):
        trainer, before = holder(root / view.name / LOCK), view.step
        for number in range(count):
            report(f"page {number + 1} of {count}")
            with served(root) as (address, _):
                if not address:
                    wrong.append(f"page {number + 1} did not answer")
            time.sleep(2 * LOOK_S)
            now = run_view(root, view.name)
            if holder(root / view.name / LOCK) != trainer:
                wrong.append(f"another trainer after page {number + 1}")
            if now.state != "running" or now.step <= before:
                wrong.append(f"page {number + 1}: {now.state}, step {before} to {now.step}")
            before = now.step
        steps = [row["step"] for row in metrics(root, view.name)]
        if any(b - a != steps[1] - steps[0] for a, b in pairwise(steps)):
            wrong.append("the metrics have a gap")
    return wrong


def stop_cycles(count: int, report: Callable[[str], None]) -> tuple[list[float], list[str]]:
    """Start and stop runs; return the seconds each stop took and what went wrong."""
    seconds, wrong = [], []
    with tempfile.TemporaryDirectory() as folder:
        for number in range(count):
            report(f"stop {number + 1} of {count}")
            plan = _long(Path(folder) / "drawn", f"cycle-{number}")
            view = _started(Path(folder) / "runs", plan)
            trainer = holder(Path(folder) / "runs" / view.name / LOCK)
            began = time.monotonic()
            view = stop_run(Path(folder) / "runs", view.name)
            seconds.append(time.monotonic() - began)
            steps = sorted((Path(folder) / "runs" / view.name / "units").glob("step-*"))
            if view.state != "stopped" or int(steps[-1].name[5:]) != view.step:
                wrong.append(f"stop {number + 1}: {view.state}, saved {steps[-1].name}")
            if trainer is None or members(trainer):
                wrong.append(f"stop {number + 1} left processes")
    return seconds, wrong


def _long(drawn: Path, name: str) -> Experiment:
    """Return a training that does not end by itself."""
    changes = {
        "name": name,
        "train.steps": 1_000_000,
        "train.log_every": 10,
        "train.preview_every": 100_000,
        "train.checkpoint_every": 1000,
    }
    return with_changes(plan_of("glico", drawn), changes)


def _started(root: Path, plan: Experiment) -> RunView:
    """Start a run and return it once it has done a few updates."""
    name, until = start_run(root, plan), time.monotonic() + START_S
    while (view := run_view(root, name)).step < 1:
        if time.monotonic() > until or not view.is_alive:
            raise RuntimeError(f"The run did not begin: {view.state}. {view.message}")
        time.sleep(LOOK_S)
    return view


@contextmanager
def running() -> Iterator[tuple[Path, RunView]]:
    """A folder of runs with one that trains; it is ended at the end."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder) / "runs"
        view = _started(root, _long(Path(folder) / "drawn", "long"))
        try:
            yield root, view
        finally:
            stop(root / view.name, "discard", patience=10.0)


@contextmanager
def served(root: Path) -> Iterator[tuple[str, int]]:
    """The page over a folder of runs, ended by SIGKILL: its address, or "", and its process."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    words = [sys.executable, "-m", "explorer", "serve", "--root", str(root), "--port", str(port)]
    page = subprocess.Popen(words, cwd=HERE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        address = f"http://127.0.0.1:{port}/"
        yield (address if _answers(address, page) else ""), page.pid
    finally:
        page.send_signal(signal.SIGKILL)
        page.wait()


def _answers(address: str, page: "subprocess.Popen[bytes]") -> bool:
    until = time.monotonic() + START_S
    while time.monotonic() < until and page.poll() is None:
        with suppress(urllib.error.URLError, OSError), urllib.request.urlopen(address) as answer:
            return bool(answer.status == 200)
        time.sleep(LOOK_S)
    return False
