"""How much there is to compute, and how fast this machine multiplies matrices."""

__all__ = ["multiply_rate", "step_flops"]

import time
from collections.abc import Sequence
from typing import Any

import torch
from torch.utils.flop_counter import FlopCounterMode

from explorer.benchmarks.glow.candidate import Candidate
from explorer.protocol import Images

Shape = Sequence[int]
SIDES = {"cpu": 1024, "cuda": 8192}
"""Of the matrices that are multiplied."""

ROUNDS = 7


def step_flops(candidate: Candidate, images: Images) -> int:
    """Return the floating-point operations of products and convolutions in one training step."""
    counter = FlopCounterMode(display=False, custom_mapping={torch.ops.aten.addmm_: _added})
    with counter:
        candidate.bits(images, torch.Generator(images.device).manual_seed(0)).backward()
    candidate.model.zero_grad(set_to_none=True)
    return int(counter.get_total_flops())


def _added(total: Shape, left: Shape, right: Shape, *_: Any, **__: Any) -> int:
    """Return the operations of a product that is added in place, which torch does not count."""
    return 2 * left[0] * left[1] * right[1]


def multiply_rate(dtype: torch.dtype = torch.float32, device: str = "cpu") -> float:
    """Return what a large matrix product reaches, GFLOP a second.

    A second of the CPU, on one thread; of the clock on a graphics processor.

    The best of several, since other work on the machine only ever makes it less.
    """
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        side = SIDES[device]
        first, second = (torch.rand(side, side, device=device).to(dtype) for _ in range(2))
        out = torch.empty(side, side, dtype=dtype, device=device)
        taken = []
        for _ in range(ROUNDS):
            start = _now(device)
            for _ in range(4):
                torch.mm(first, second, out=out)
            taken.append((_now(device) - start) / 4)
    finally:
        torch.set_num_threads(threads)
    return round(2 * side**3 / min(taken) / 1e9, 1)


def _now(device: str) -> float:
    if device == "cpu":
        return time.process_time()
    torch.cuda.synchronize()
    return time.perf_counter()
