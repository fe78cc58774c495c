"""What a unit was computed with: a run that goes on with something else says so.

Going on is exact to the bit on the same build, device and number of processes. With others the
loss goes on too, but sums are rounded in another order, and parts of a batch draw other noise.
"""

__all__ = ["origin_of", "what_changed"]

import platform
from collections.abc import Mapping

import torch

from explorer import __version__
from explorer.train.state import TrainState


def origin_of(state: TrainState) -> dict[str, str | int]:
    """Return what a state is computed with: versions, device, number of processes."""
    return {
        "explorer": __version__,
        "python": platform.python_version(),
        "torch": torch.__version__,
        "device": _title(next(state.model.parameters()).device),
        "processes": state.processes,
    }


def what_changed(before: Mapping[str, str | int], now: Mapping[str, str | int]) -> str:
    """Return one sentence on what differs from a unit's origin; empty if nothing does.

    Example:
        >>> what_changed({"torch": "2.10.0", "processes": 2}, {"torch": "2.10.0", "processes": 1})
        'Goes on with processes 1 instead of 2: equal but for rounding and noise, not to the bit.'
    """
    changed = [
        f"{name} {now[name]} instead of {value}"
        for name, value in before.items()
        if name in now and now[name] != value
    ]
    if not changed:
        return ""
    words = ", ".join(changed)
    return f"Goes on with {words}: equal but for rounding and noise, not to the bit."


def _title(device: torch.device) -> str:
    if device.type == "cuda":
        return f"cuda, {torch.cuda.get_device_name(device)}"
    return (
        f"cpu, {torch.backends.cpu.get_cpu_capability()}" if device.type == "cpu" else device.type
    )
