"""What a training step holds for its backward pass, a sample.

The profiler reports every block that torch takes and gives back, so the largest sum while a step
runs is exact and the same on a busy machine; on a graphics processor torch keeps that sum itself.
Of two batch sizes the difference is what a further sample costs; weights, gradients and what is
computed of weights alone cancel.
"""

__all__ = ["peak_bytes", "sample_mib"]

import torch
from torch.profiler import ProfilerActivity, profile

from explorer.benchmarks.glow.candidate import Candidate
from explorer.protocol import Images

BATCHES = (4, 12)


def sample_mib(candidate: Candidate, images: Images) -> float:
    """Return the memory of a further sample in a training step, MiB.

    Args:
        candidate: Prepared.
        images: At least 12.
    """
    few, many = (peak_bytes(candidate, images[:batch]) for batch in BATCHES)
    return (many - few) / (BATCHES[1] - BATCHES[0]) / 2**20


def peak_bytes(candidate: Candidate, images: Images) -> int:
    """Return the most bytes that one loss and its backward pass hold beyond what was there."""
    candidate.model.zero_grad(set_to_none=True)
    if images.device.type == "cuda":
        return _peak_bytes_cuda(candidate, images)
    with profile(activities=[ProfilerActivity.CPU], profile_memory=True) as recorded:
        candidate.bits(images, torch.Generator().manual_seed(0)).backward()
    candidate.model.zero_grad(set_to_none=True)
    kineto = recorded.profiler.kineto_results
    blocks = [event for event in kineto.events() if event.name() == "[memory]"]
    held = peak = 0
    for block in sorted(blocks, key=lambda event: event.start_ns()):
        held += block.nbytes()
        peak = max(peak, held)
    return peak


def _peak_bytes_cuda(candidate: Candidate, images: Images) -> int:
    torch.cuda.reset_peak_memory_stats()
    before = torch.cuda.memory_allocated()
    candidate.bits(images, torch.Generator(images.device).manual_seed(0)).backward()
    candidate.model.zero_grad(set_to_none=True)
    return torch.cuda.max_memory_allocated() - before
