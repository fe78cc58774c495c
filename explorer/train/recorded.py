"""The loss of a batch and its gradient as one CUDA graph, recorded once and replayed each step.

A flow's step is thousands of small kernels. On a GPU a small model waits for their calls, not for
arithmetic; a replayed graph has one call.
"""

__all__ = ["Recorded", "is_recordable", "record"]

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import fields
from typing import cast

import torch
from torch import Tensor, nn

from explorer.nn.level import FlowLevel
from explorer.nn.reversible import TOLERANCE
from explorer.protocol import Batch, GenerativeModel

MOST_INEXACT = 10
"""Steps in a row whose replay was of no use before nothing is replayed any more."""


def is_recordable(model: nn.Module) -> bool:
    """Return whether the model lies on a CUDA device and its loss can be replayed there."""
    is_there = next(model.parameters()).is_cuda
    return is_there and cast(GenerativeModel, model).traits.replayable


def record(model: nn.Module, batch: Batch) -> "Recorded | None":
    """Return the recorded loss; None, with a warning, where this GPU or driver cannot record it.

    Args:
        model: Recordable; see `Recorded`.
        batch: Likewise.
    """
    try:
        return Recorded(model, batch)
    except torch.OutOfMemoryError:
        raise
    except RuntimeError as error:
        warnings.warn(f"Steps are computed call by call, which is slower: {error}", stacklevel=2)
        model.zero_grad(set_to_none=True)
        return None


class Recorded:
    """Loss and gradient of one model for batches of one size.

    A replay cannot compute a backward pass again that was not exact enough (`reversible`). It
    tells its error, and such a step is computed call by call.

    Args:
        model: Recordable; its parameters must stay where they are. Gradients are left in them.
        batch: Of the size that comes; on the model's device.
    """

    def __init__(self, model: nn.Module, batch: Batch) -> None:
        self._model = model
        self._batch = Batch(*(getattr(batch, part.name).clone() for part in fields(batch)))
        self._generator = torch.Generator(batch.images.device)
        self._inexact = 0
        with _capturable_algebra():
            self._warm_up()
            self._graph = torch.cuda.CUDAGraph()
            self._graph.register_generator_state(self._generator)
            model.zero_grad(set_to_none=True)
            with torch.cuda.graph(self._graph, capture_error_mode="thread_local"):
                self._terms = self._loss(self._batch)
                levels = [module for module in model.modules() if isinstance(module, FlowLevel)]
                errors = [cast(Tensor, level.exactness.error) for level in levels]
                self._error = torch.stack([self._terms["total"].new_zeros(()), *errors]).amax()
        self._gradients = {one: one.grad for one in model.parameters() if one.grad is not None}

    def gradient(self, batch: Batch, seed: int) -> dict[str, Tensor]:
        """Leave the gradient of a batch in the parameters; return the terms of its loss.

        Args:
            batch: Of the recorded size.
            seed: Of the loss's noise.
        """
        self._generator.manual_seed(seed)
        if self._inexact > MOST_INEXACT:
            self._model.zero_grad(set_to_none=True)
            return self._loss(batch)
        for part in fields(batch):
            getattr(self._batch, part.name).copy_(getattr(batch, part.name))
        for parameter, gradient in self._gradients.items():
            parameter.grad = gradient
        self._graph.replay()
        if self._error <= TOLERANCE:
            self._inexact = 0
            return {name: value.clone() for name, value in self._terms.items()}
        self._inexact += 1
        self._generator.manual_seed(seed)
        self._model.zero_grad(set_to_none=True)
        return self._loss(batch)

    def _loss(self, batch: Batch) -> dict[str, Tensor]:
        terms = cast(GenerativeModel, self._model).loss(batch, generator=self._generator)
        terms["total"].backward()
        return {name: value.detach() for name, value in terms.items()}

    def _warm_up(self) -> None:
        """Compute once beside the graph, so that libraries have taken the memory they need."""
        stream = torch.cuda.Stream()
        stream.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(stream):
            for _ in range(2):
                self._model.zero_grad(set_to_none=True)
                self._loss(self._batch)
        torch.cuda.current_stream().wait_stream(stream)


@contextmanager
def _capturable_algebra() -> Iterator[None]:
    """Take determinants from cuSOLVER; MAGMA, which some sizes get, cannot be recorded."""
    before = torch.backends.cuda.preferred_linalg_library()
    torch.backends.cuda.preferred_linalg_library("cusolver")
    try:
        yield
    finally:
        torch.backends.cuda.preferred_linalg_library(before)
