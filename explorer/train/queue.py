"""One run at a time on a device: numbered tickets, each held by the process that waits or trains.

The first ticket whose process lives has the device. A killed process frees its ticket at once, and
nobody needs to be awake to serve the queue.
"""

__all__ = ["turn"]

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from explorer.train.lock import hold, holder

FOLDER = ".devices"
LOOK_S = 0.5


@contextmanager
def turn(root: Path, device: str, waiting: Callable[[int], bool]) -> Iterator[bool]:
    """Wait for a device and have it while the block runs; tell whether it was got.

    Args:
        root: Folder of all runs; runs of other roots are not seen.
        device: E.g. "cpu" or "cuda:0".
        waiting: Called with the number of runs that come first, before each look; False gives up.
    """
    tickets = root / FOLDER / device.replace(":", "-")
    tickets.mkdir(parents=True, exist_ok=True)
    with ExitStack() as ticket:
        mine = _draw(tickets, ticket)
        while (ahead := _ahead(tickets, mine)) and waiting(ahead):
            time.sleep(LOOK_S)
        yield not ahead


def _draw(tickets: Path, ticket: ExitStack) -> Path:
    """Take the next number; it is held before anybody can take the one after it."""
    while True:
        with hold(tickets / "draw.lock") as is_drawing:
            if is_drawing:
                last = max((int(path.stem) for path in tickets.glob("*.ticket")), default=0)
                mine = tickets / f"{last + 1:012d}.ticket"
                ticket.enter_context(hold(mine))
                ticket.callback(mine.unlink, missing_ok=True)
                return mine
        time.sleep(0.01)


def _ahead(tickets: Path, mine: Path) -> int:
    """Return how many earlier tickets are held; those of dead processes are thrown away."""
    ahead = 0
    for path in tickets.glob("*.ticket"):
        if path.name < mine.name:
            if holder(path) is None:
                path.unlink(missing_ok=True)
            else:
                ahead += 1
    return ahead
