"""Where fewer bits are enough: inside the networks, never in what must be exact.

Only the networks that predict something are computed with fewer bits: GLICO's generator and
classifier, and the networks inside Glow's couplings. Every output is float32 again before it is
used, so invertible layers, log-determinants, losses and the optimiser stay in float32.
"""

__all__ = ["check_precision", "reduced"]

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any, Literal

import torch
from torch import Tensor, nn

from explorer.errors import ConfigError
from explorer.nn.convnet import ImageClassifier, ImageGenerator
from explorer.nn.level import FlowLevel

Precision = Literal["float32", "tf32", "bfloat16"]
NETWORKS = (ImageGenerator, ImageClassifier)
AMPERE = (8, 0)
"""First NVIDIA processors that have TF32 and bfloat16."""


def check_precision(precision: Precision, device: torch.device) -> None:
    """Check that the device can compute so.

    Raises:
        ConfigError: It cannot.
    """
    is_old = device.type == "cuda" and torch.cuda.get_device_capability(device) < AMPERE
    if (precision == "tf32" and device.type != "cuda") or (precision != "float32" and is_old):
        raise ConfigError(
            f"train.precision is '{precision}', which this processor ({device}) does not have. "
            "Set it to 'float32'."
        )


@contextmanager
def reduced(model: nn.Module, precision: Precision) -> Iterator[None]:
    """Compute the model's networks with fewer bits while the block runs; its weights stay float32.

    Args:
        model: Changed in place, and back.
        precision: "tf32" rounds the factors of products on NVIDIA GPUs in forward passes, but
            not those of Glow, whose backward computes them again;
            "bfloat16" computes all of a network in 16 bits, forward and backward.
    """
    torch.backends.cudnn.allow_tf32 = False  # torch's default would round Glow's 1x1 convolutions
    if precision == "float32":
        yield
        return
    ways: dict[str, Callable[..., Tensor]] = {"tf32": _in_tf32, "bfloat16": _in_bfloat16}
    networks: list[Any] = [m for m in model.modules() if isinstance(m, NETWORKS)]
    levels = [m for m in model.modules() if isinstance(m, FlowLevel)]
    for level in levels:
        level.products = torch.bfloat16 if precision == "bfloat16" else None
    for network in networks:
        network.forward = partial(ways[precision], network)
    try:
        yield
    finally:
        for network in networks:
            network.__dict__.pop("forward", None)
        for level in levels:
            level.products = None


def _in_tf32(network: Any, x: Tensor) -> Tensor:
    backends: tuple[Any, ...] = torch.backends.cuda.matmul, torch.backends.cudnn
    for backend in backends:
        backend.allow_tf32 = True
    try:
        out: Tensor = type(network).forward(network, x)
    finally:
        for backend in backends:
            backend.allow_tf32 = False
    return out


def _in_bfloat16(network: Any, x: Tensor) -> Tensor:
    values = {
        name: value.bfloat16() if value.is_floating_point() else value
        for name, value in [*network.named_parameters(), *network.named_buffers()]
    }
    low = network.__dict__.pop("forward")  # `functional_call` is to find the class's own
    try:
        out: Tensor = torch.func.functional_call(network, values, x.bfloat16())
    finally:
        network.forward = low
    return out.float()
