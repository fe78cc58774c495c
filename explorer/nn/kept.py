"""What is computed of a layer's parameters, kept as long as they stay the same."""

__all__ = ["Kept"]

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import torch
from torch import Tensor

Result = TypeVar("Result")


class Kept:
    """The result of one computation on parameters, for decoding and encoding without gradients.

    Parameters count as the same while they lie in the same memory and nothing was written there
    since; the kept reference stops that memory from being given to others. Only writing through
    `parameter.data` goes unseen, which nothing here does.
    """

    def __init__(self) -> None:
        self._seen: list[tuple[int, int, torch.dtype]] = []
        self._memory: list[Tensor] = []
        self._result: Any = None

    def of(self, parameters: Sequence[Tensor], compute: Callable[[], Result]) -> Result:
        """Return `compute()`; anew if a parameter changed or is to get a gradient."""
        if torch.is_grad_enabled() and any(one.requires_grad for one in parameters):
            return compute()
        now = [(one.data_ptr(), one._version, one.dtype) for one in parameters]
        if now != self._seen:
            self._result = compute()
            self._memory = [one.detach() for one in parameters]
            self._seen = now
        found: Result = self._result
        return found
