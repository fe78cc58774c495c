"""Where the time of a training step goes, operation by operation."""

__all__ = ["HotSpot", "hot_spots"]

from collections.abc import Callable
from dataclasses import dataclass

from torch.profiler import ProfilerActivity, profile

SHOWN = 10
STEPS = 2


@dataclass(frozen=True, slots=True)
class HotSpot:
    """One operation.

    Attributes:
        operation: As torch calls it.
        share: Of the CPU time of a step, 0 to 1, without what it calls.
        calls: In one step.
    """

    operation: str
    share: float
    calls: int


def hot_spots(step: Callable[[], None]) -> list[HotSpot]:
    """Return the operations that take most of a step, the longest first."""
    step()
    with profile(activities=[ProfilerActivity.CPU]) as recorded:
        for _ in range(STEPS):
            step()
    rows = recorded.key_averages()
    total = sum(row.self_cpu_time_total for row in rows)
    longest = sorted(rows, key=lambda row: -row.self_cpu_time_total)[:SHOWN]
    return [
        HotSpot(row.key, round(row.self_cpu_time_total / total, 4), row.count // STEPS)
        for row in longest
    ]
