"""How long work tells how far it is, and learns that nobody waits for it any more."""

__all__ = ["Cancelled", "Report", "part", "unreported"]

from collections.abc import Callable

from explorer.errors import ExplorerError

Report = Callable[[float, str], None]
"""Takes the share that is done, 0 to 1, and what is being done, for people.

It raises `Cancelled` where the person has cancelled; long work calls it every second or so and
lets the exception pass.
"""


class Cancelled(ExplorerError):
    """The person has cancelled. Nothing was kept."""


def unreported(share: float, doing: str) -> None:
    """Take a report and do nothing with it."""


def part(report: Report, start: float, end: float) -> Report:
    """Return a report for a part of the work: its 0 is `start` of the whole, its 1 is `end`.

    >>> shares = []
    >>> half = part(lambda share, doing: shares.append(share), 0.5, 1.0)
    >>> half(0.5, "decoding")
    >>> shares
    [0.75]
    """

    def within(share: float, doing: str) -> None:
        report(start + (end - start) * share, doing)

    return within
