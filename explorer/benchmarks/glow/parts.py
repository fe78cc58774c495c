"""The parts of the benchmark that measure time, memory and arithmetic, each by its own name."""

__all__ = ["PARTS", "Plan", "fastest", "measure_parts"]

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from typing import Any

import torch

from explorer.benchmarks.glow.arithmetic import multiply_rate, step_flops
from explorer.benchmarks.glow.candidate import Candidate, GlowShape
from explorer.benchmarks.glow.candidates import NAMES, build_candidates
from explorer.benchmarks.glow.hot_spots import hot_spots
from explorer.benchmarks.glow.memory import sample_mib
from explorer.benchmarks.glow.rotation import Times, ratio, rotate
from explorer.benchmarks.glow.train_step import stepper
from explorer.protocol import Images
from explorer.train.precision import Precision

DEPTHS = (8, 16, 32)
"""Steps of flow a level at which memory is measured."""

DECODED = (1, 16)
"""Images that are decoded at once."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What is measured, and how.

    Attributes:
        shape: Of the flow.
        batch: Images of a training step.
        names: Of the candidates; ours is the first.
        precisions: In which the training step is timed.
        rounds: Values of each time.
        device: "cpu" or "cuda".
    """

    shape: GlowShape
    batch: int = 16
    names: tuple[str, ...] = NAMES
    precisions: tuple[Precision, ...] = ("float32",)
    rounds: int = 5
    device: str = "cpu"

    def images(self, count: int) -> Images:
        """Return random 8-bit images."""
        size = (count, self.shape.channels, self.shape.side, self.shape.side)
        generator = torch.Generator().manual_seed(0)
        images = torch.randint(0, 256, size, generator=generator).float() / 255
        return images.to(self.device)

    def candidates(self, shape: GlowShape | None = None) -> dict[str, Candidate]:
        """Return the candidates, prepared."""
        found = build_candidates(shape or self.shape, self.names)
        for candidate in found.values():
            candidate.model.to(self.device)
            candidate.prepare(self.images(self.batch))
        return found


def measure_parts(
    plan: Plan, parts: tuple[str, ...], report: Callable[[str], None]
) -> dict[str, Any]:
    """Measure the parts in order and return plain records by part.

    Args:
        plan: What is measured.
        parts: Names out of `PARTS`.
        report: Told what is being done.
    """
    found: dict[str, Any] = {
        "shape": asdict(plan.shape),
        "batch": plan.batch,
        "torch": torch.__version__,
        "device": plan.device if plan.device == "cpu" else torch.cuda.get_device_name(),
        "cores": os.cpu_count(),
        "load_before": round(os.getloadavg()[0], 2),
    }
    for part in parts:
        report(f"measuring {part}")
        found[part] = PARTS[part](plan)
    return found | {"load_after": round(os.getloadavg()[0], 2)}


def fastest(rows: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Return each candidate's row of the part "decode" with the threads that suit it best."""
    best: dict[tuple[str, int], Mapping[str, Any]] = {}
    for row in rows:
        key = (row["candidate"], row["images"])
        if key not in best or row["wall_ms"] < best[key]["wall_ms"]:
            best[key] = row
    return list(best.values())


def _train(plan: Plan) -> list[dict[str, Any]]:
    """Time a step on one thread; count its operations beside a matrix product's rate."""
    found = []
    for precision in plan.precisions:
        dtype = torch.bfloat16 if precision == "bfloat16" else torch.float32
        candidates, images = plan.candidates(), plan.images(plan.batch)
        with _threads(1):
            steps = {name: stepper(one, images, precision) for name, one in candidates.items()}
            rate = multiply_rate(dtype, plan.device)
            times = rotate(steps, plan.rounds, plan.device)
            rate = max(rate, multiply_rate(dtype, plan.device))
        for name, one in candidates.items():
            flops = step_flops(one, images) / 1e9
            took = times[name].cpu if plan.device == "cpu" else times[name].wall
            reached = flops / (took / 1000)
            row = {"candidate": name, "precision": precision, **_timed(times, name, plan.device)}
            row |= {"gflop": round(flops, 2), "gflop_per_s": round(reached, 1)}
            found.append(row | {"peak_gflop_per_s": rate, "share": round(reached / rate, 3)})
    return found


def _memory(plan: Plan) -> list[dict[str, Any]]:
    """Measure what a further sample costs at several depths."""
    found = []
    for depth in DEPTHS:
        candidates = plan.candidates(replace(plan.shape, steps=depth))
        found += [
            {"candidate": name, "steps": depth, "mib": round(sample_mib(one, images), 2)}
            for images in [plan.images(plan.batch)]
            for name, one in candidates.items()
        ]
    return found


def _decode(plan: Plan) -> list[dict[str, Any]]:
    """Time decoding of new latents, with one thread and with two."""
    found, candidates = [], plan.candidates()
    for count in DECODED:
        for threads in (1, 2):
            with _threads(threads):
                work = {name: _drawing(one, count) for name, one in candidates.items()}
                times = rotate(work, 3 * plan.rounds if count == 1 else plan.rounds)
            found += [
                {"candidate": name, "images": count, "threads": threads, **_timed(times, name)}
                for name in times
            ]
    return found


def _profile(plan: Plan) -> list[dict[str, Any]]:
    """Profile the training step of ours."""
    ours = plan.candidates()["ours"]
    images = plan.images(plan.batch)
    with _threads(1):
        return [
            {"precision": precision, **asdict(spot)}
            for precision in plan.precisions
            for spot in hot_spots(stepper(ours, images, precision))
        ]


PARTS: Mapping[str, Callable[[Plan], list[dict[str, Any]]]] = {
    "train": _train,
    "memory": _memory,
    "decode": _decode,
    "profile": _profile,
}


def _drawing(candidate: Candidate, count: int) -> Callable[[], object]:
    return lambda: candidate.draw(count)


def _timed(times: dict[str, Times], name: str, device: str = "cpu") -> dict[str, Any]:
    """Return the median times of one candidate and how many times as long as ours they are."""
    row = {"cpu_ms": round(times[name].cpu, 1), "wall_ms": round(times[name].wall, 1)}
    if "ours" in times:
        row["to_ours"] = ratio(times[name], times["ours"], device)
    return row


@contextmanager
def _threads(count: int) -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(count)
    try:
        yield
    finally:
        torch.set_num_threads(before)
