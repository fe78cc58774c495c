"""Timing several pieces of work against each other in one process, in turns.

A machine that others use as well slows down and speeds up by the minute. In every round each
piece has its turn, in another order, and ratios are taken within a round. CPU time counts all
threads; threads that wait are asleep and cost none. On a graphics processor only the clock counts.
"""

__all__ = ["Times", "ratio", "rotate"]

import statistics
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import torch

WARM_UPS = 2


@dataclass(frozen=True, slots=True)
class Times:
    """What one piece of work took, milliseconds, a value a round.

    Attributes:
        cpu_ms: Of all threads together.
        wall_ms: By the clock.
    """

    cpu_ms: tuple[float, ...]
    wall_ms: tuple[float, ...]

    @property
    def cpu(self) -> float:
        """Median CPU time, milliseconds."""
        return statistics.median(self.cpu_ms)

    @property
    def wall(self) -> float:
        """Median time by the clock, milliseconds."""
        return statistics.median(self.wall_ms)


def rotate(
    work: Mapping[str, Callable[[], object]], rounds: int, device: str = "cpu"
) -> dict[str, Times]:
    """Do every piece of work `rounds` times in turns, after two that are not counted.

    Args:
        work: By name.
        rounds: At least 1.
        device: Where it is done; a graphics processor is waited for.
    """
    names = list(work)
    taken: dict[str, list[tuple[float, float]]] = {name: [] for name in names}
    for turn in range(-WARM_UPS, rounds):
        for k in range(len(names)):
            name = names[(turn + k) % len(names)]
            cpu, wall = time.process_time(), time.perf_counter()
            work[name]()
            if device != "cpu":
                torch.cuda.synchronize()
            took = (time.process_time() - cpu, time.perf_counter() - wall)
            if turn >= 0:
                taken[name].append(took)
    return {
        name: Times(
            tuple(round(1000 * cpu, 3) for cpu, _ in values),
            tuple(round(1000 * wall, 3) for _, wall in values),
        )
        for name, values in taken.items()
    }


def ratio(other: Times, ours: Times, device: str = "cpu") -> float:
    """Return how many times as long the other took, the median over rounds.

    By CPU time; by the clock on a graphics processor.
    """
    by_cpu = device == "cpu"
    theirs, our = (one.cpu_ms if by_cpu else one.wall_ms for one in (other, ours))
    pairs = zip(theirs, our, strict=True)
    return round(statistics.median(long / short for long, short in pairs), 3)
