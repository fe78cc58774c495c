"""Rows of a batch computed in parts, side by side on the cores that are free.

A model runs on as many CPU threads as torch is given, one by default; a second core is free for
the second half of a batch. Small parts cost more than they save, so there are as many parts as
workers.
"""

__all__ = ["in_parts"]

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import torch
from torch import Tensor

LEAST = 8
"""Rows that are worth a worker."""

MOST_WORKERS = 4


def in_parts(work: Callable[[Tensor], Tensor], rows: Tensor) -> Tensor:
    """Return `work(rows)`, computed without gradients, in parts where there are many rows.

    Args:
        work: Maps rows to as many rows, each on its own; safe to run in several threads at once.
        rows: The batch.

    Raises:
        Exception: Whatever the work raises.
    """
    cores = (os.cpu_count() or 1) // torch.get_num_threads()
    workers = min(cores, MOST_WORKERS, len(rows) // LEAST)

    def without_gradients(part: Tensor) -> Tensor:
        with torch.no_grad():  # the mode is each thread's own
            return work(part)

    if workers < 2:
        return without_gradients(rows)
    with ThreadPoolExecutor(workers) as pool:
        return torch.cat(list(pool.map(without_gradients, rows.tensor_split(workers))))
