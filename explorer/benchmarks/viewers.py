"""How a training and the people who look at it bear each other, on a machine with little else.

A page of its own serves a run. Viewers ask it for what the tab Train asks for, every two seconds
each. Before and after, the run is timed alone, so that a machine that slows down is not taken for
a slow page.
"""

__all__ = ["ViewerTimes", "watch"]

import json
import os
import threading
import time
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from explorer.benchmarks.training import running, served
from explorer.service.runs import run_view

ASK_S = 2.0
"""Seconds between two questions of one viewer."""

QUIET_S = 5.0
"""Seconds over which it is measured what else the machine does."""

SPARE = 0.15
"""Share of the machine's time that other work may take, and by which the speed alone may vary."""


@dataclass(frozen=True, slots=True)
class ViewerTimes:
    """What was measured.

    Attributes:
        median_ms: Half of the answers took at most this long.
        p95_ms: 95 % of them did.
        answers: How many there were.
        errors: Questions without an answer.
        share: Speed of the training beside the viewers, as a share of its speed alone.
        spread: How far its speeds alone, before and after, lie apart, as a share of their mean.
        server_ms: Processor time of the page for an answer.
        foreign: Share of the machine's processor time that other work took before.
        load: Load average of the minute before.
    """

    median_ms: float
    p95_ms: float
    answers: int
    errors: int
    share: float
    spread: float
    server_ms: float
    foreign: float
    load: float

    @property
    def is_valid(self) -> bool:
        """Whether the machine had little else to do; else no figure of it means anything."""
        return self.foreign <= SPARE and self.spread <= SPARE


def watch(count: int, seconds: float, report: Callable[[str], None]) -> ViewerTimes:
    """Let viewers look at a training.

    Args:
        count: How many.
        seconds: How long; the run is timed alone for as long, half before and half after.
        report: Told what is done now.
    """
    report("what else the machine does")
    load, foreign = os.getloadavg()[0], _foreign(QUIET_S)
    report("starting a run and a page")
    with running() as (root, view), served(root) as (address, page):
        question = f"{address}training/state.json?open={view.name}&rows={view.name}:"
        with urllib.request.urlopen(question + "-1") as answer:  # the first one reads everything
            answer.read()
        report("the run alone")
        before = _speed(root, view.name, seconds / 2)
        report(f"the run with {count} viewers")
        spent = _processor_s(page)
        with _Viewers(question, count) as viewers:
            beside = _speed(root, view.name, seconds)
        spent = _processor_s(page) - spent
        report("the run alone again")
        after = _speed(root, view.name, seconds / 2)
    ordered, alone = sorted(viewers.times) or [float("nan")], (before + after) / 2
    return ViewerTimes(
        median_ms=1000 * ordered[len(ordered) // 2],
        p95_ms=1000 * ordered[int(0.95 * (len(ordered) - 1))],
        answers=len(viewers.times),
        errors=viewers.errors,
        share=beside / alone,
        spread=abs(before - after) / alone,
        server_ms=1000 * spent / max(1, len(viewers.times)),
        foreign=foreign,
        load=load,
    )


class _Viewers:
    """Ask again and again, as open tabs do: after the first answer only for what is new.

    Attributes:
        times: Seconds of each answer.
        errors: Questions without one.
    """

    def __init__(self, question: str, count: int) -> None:
        self.times, self.errors = list[float](), 0
        self._question, self._over = question, threading.Event()
        shares = [number / count for number in range(count)]  # of a round, so that they spread
        self._threads = [threading.Thread(target=self._look, args=(share,)) for share in shares]

    def __enter__(self) -> "_Viewers":
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._over.set()
        for thread in self._threads:
            thread.join()

    def _look(self, share: float) -> None:
        self._over.wait(share * ASK_S)
        last = -1
        while not self._over.is_set():
            began = time.perf_counter()
            try:
                with urllib.request.urlopen(f"{self._question}{last}", timeout=30) as answer:
                    told = json.load(answer)
            except (OSError, ValueError):
                self.errors += 1
            else:
                self.times.append(time.perf_counter() - began)
                rows = next(iter(told["rows"].values()))
                last = rows[-1]["step"] if rows else last
            self._over.wait(ASK_S)


def _speed(root: Path, name: str, seconds: float) -> float:
    """Return updates a second."""
    first, began = run_view(root, name).step, time.monotonic()
    time.sleep(seconds)
    return (run_view(root, name).step - first) / (time.monotonic() - began)


def _foreign(seconds: float) -> float:
    """Return the share of the machine's processor time that others take while this one waits."""
    before = _machine()
    time.sleep(seconds)
    busy, every = (now - then for now, then in zip(_machine(), before, strict=True))
    return busy / every


def _machine() -> tuple[float, float]:
    """Return the machine's busy and whole processor time so far, in ticks."""
    with open("/proc/stat") as file:
        times = [float(word) for word in file.readline().split()[1:9]]
    idle = times[3] + times[4]
    return sum(times) - idle, sum(times)


def _processor_s(process: int) -> float:
    """Return the processor time that a process has taken, in seconds."""
    told = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(told[11]) + int(told[12])) / os.sysconf("SC_CLK_TCK")
