"""Several processes that fit one model together: what each does, and how they agree.

`torchrun` starts them, one a GPU, on one machine or several. Each update's batch is cut into equal
parts; a process computes the gradient of its parts, and the mean over all is the same everywhere.
Only rank 0 writes.
"""

__all__ = ["ALONE", "Group", "joined"]

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from torch import Tensor, distributed, nn

from explorer.errors import ConfigError
from explorer.settings import TrainSettings


@dataclass(frozen=True, slots=True)
class Group:
    """One process's place among those that fit a model together.

    Attributes:
        rank: Its number.
        size: How many there are.
        local_rank: Its number on its own machine.
    """

    rank: int = 0
    size: int = 1
    local_rank: int = 0

    @property
    def is_first(self) -> bool:
        """Whether this process writes the run's files."""
        return self.rank == 0

    def device(self, device: torch.device) -> torch.device:
        """Return the device of this process: a GPU of its own where there are several."""
        if device.type == "cuda" and self.size > 1:
            return torch.device("cuda", self.local_rank)
        return device

    def mean(self, values: Tensor) -> Tensor:
        """Return the mean over all processes, the same everywhere."""
        if self.size > 1:
            distributed.all_reduce(values)
            values = values / self.size
        return values

    def first_says(self, text: str) -> str:
        """Return what rank 0 says, everywhere."""
        if self.size == 1:
            return text
        said = [text]
        distributed.broadcast_object_list(said, src=0)
        return said[0]

    def wait(self) -> None:
        """Wait until all processes are here."""
        if self.size > 1:
            distributed.barrier()

    def wrap(self, module: nn.Module) -> nn.Module:
        """Return the module with gradients that are the mean over all processes."""
        if self.size == 1:
            return module
        # Initial values are equal already, and buffers follow from the data alone.
        return nn.parallel.DistributedDataParallel(
            module, broadcast_buffers=False, init_sync=False
        )

    def share(self, module: nn.Module) -> None:
        """Give every process rank 0's parameters and buffers."""
        if self.size > 1:
            for value in module.state_dict().values():
                raw = value.contiguous().flatten().view(torch.uint8)  # gloo sends no booleans
                distributed.broadcast(raw, src=0)
                value.copy_(raw.view(value.dtype).view(value.shape))

    def parts(self, settings: TrainSettings) -> int:
        """Return into how many parts each batch is cut.

        Raises:
            ConfigError: It cannot be cut into equal ones.
        """
        parts = settings.accumulate * self.size
        if settings.batch_size % parts:
            raise ConfigError(
                f"train.batch_size is {settings.batch_size}; {self.size} processes that each add "
                f"up {settings.accumulate} parts need a multiple of {parts}."
            )
        return parts


ALONE = Group()


@contextmanager
def joined(device: torch.device) -> Iterator[Group]:
    """Join the processes that `torchrun` has started; be alone where it has not.

    Args:
        device: What the settings ask for; GPUs talk by NCCL, processors by gloo.
    """
    size = int(os.environ.get("WORLD_SIZE", "1"))
    if size == 1:
        yield ALONE
        return
    group = Group(int(os.environ["RANK"]), size, int(os.environ["LOCAL_RANK"]))
    own = group.device(device)
    if own.type == "cuda":
        torch.cuda.set_device(own)
    distributed.init_process_group("nccl" if own.type == "cuda" else "gloo")
    try:
        yield group
    finally:
        distributed.destroy_process_group()
