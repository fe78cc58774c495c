"""The memory that passes compute in, lent to one pass at a time and kept for the next.

Making it anew costs more than decoding one image through it.
"""

__all__ = ["Rooms"]

import threading

import torch

from explorer.nn.column_net import NetRoom, NetWeights
from explorer.nn.columns import Grid

SIZES = 2
"""Grids and dtypes whose rooms are kept; the one that was returned longest ago goes first."""

OF_A_SIZE = 2
"""Rooms of one size that are kept, for as many threads."""

_Size = tuple[Grid, torch.dtype, torch.dtype]


class Rooms:
    """The rooms of networks of one shape; several threads may borrow at once.

    On a CPU alone: what a CUDA graph was recorded in must not be lent to others.
    """

    def __init__(self) -> None:
        self._free: dict[_Size, list[NetRoom]] = {}
        self._lock = threading.Lock()

    def borrow(self, weights: NetWeights, grid: Grid, dtype: torch.dtype) -> NetRoom:
        """Return a room that nobody else has until it is given back; its contents are anything.

        Args:
            weights: Of a network.
            grid: What the columns are.
            dtype: What the products are computed in.
        """
        with self._lock:
            free = self._free.get((grid, dtype, weights.bias3.dtype))
            if free:
                return free.pop()
        return NetRoom(weights, grid, dtype)

    def give_back(self, room: NetRoom) -> None:
        """Take a room back; its user must not touch it any more."""
        if room.maps[0].device.type != "cpu":
            return
        with self._lock:
            size = room.grid, room.dtype, room.maps[0].dtype
            free = self._free.pop(size, [])
            self._free[size] = [*free, room][:OF_A_SIZE]
            while len(self._free) > SIZES:
                del self._free[next(iter(self._free))]

    def __reduce__(self) -> tuple[type["Rooms"], tuple[()]]:
        return Rooms, ()  # a copy of a model starts with none
