"""Which model, pair, tab and view the page shows: at first, by its address, after a deletion.

| end of the address | shows |
|---|---|
| none | the first model that opens |
| `#view=...` | a view that was shared; see `explorer.ui.share` |
| `#model=NAME&a=12&b=900&tab=map` | where a person was; `assets/place.js` keeps it up to date |
"""

__all__ = [
    "NO_MODEL",
    "Opened",
    "open_address",
    "open_chosen",
    "open_first",
    "opened_after_deletion",
]

from dataclasses import dataclass, replace
from urllib.parse import parse_qsl

from explorer.errors import ExplorerError
from explorer.service.points import find_point
from explorer.service.view import View
from explorer.service.workbench import Workbench
from explorer.ui.share import LINK_START, restored, view_of_link
from explorer.ui.shared import Picked

PLACE_START = "#model="
NO_MODEL = (
    "There is no model to explore yet. Train one on the tab Train, or: "
    "python -m explorer train --config FILE, then reload this page."
)


@dataclass(frozen=True, slots=True)
class Opened:
    """What came of opening a model.

    Attributes:
        picked: The pair to show; None where no model is open.
        problem: Why the page does not show what was wanted; empty if it does.
        tab: Id of the tab to show, where there is one of that id.
        view: The view that a link asked for; None where there was none.
    """

    picked: Picked | None
    problem: str = ""
    tab: str = ""
    view: View | None = None


def open_first(workbench: Workbench) -> Opened:
    """Open the first model that opens, and explain those before it that do not."""
    problems: list[str] = []
    for card in workbench.models():
        opened = open_chosen(workbench, card.name, None)
        if opened.picked:
            return Opened(opened.picked, " ".join(problems))
        problems.append(opened.problem)
    return Opened(None, " ".join(problems) or NO_MODEL)


def open_chosen(workbench: Workbench, name: str, picked: Picked | None) -> Opened:
    """Open a model; one that does not open is explained, and the pair so far stays."""
    try:
        problem = workbench.card(name).problem
        if not problem:
            return Opened(Picked(name, *workbench.first_pair(name)), "")
    except ExplorerError as error:
        problem = str(error)
    return Opened(picked, f"'{name}' cannot be opened: {problem.removesuffix('.')}.")


def opened_after_deletion(workbench: Workbench, picked: Picked | None) -> Opened | None:
    """Open the first model where the open one is gone; None where it is still there."""
    names = [card.name for card in workbench.models()]
    return None if picked is not None and picked.model in names else open_first(workbench)


def open_address(workbench: Workbench, end: str) -> Opened:
    """Open what the end of an address names, from "#" on; without one the first model.

    Args:
        workbench: The models.
        end: Of a link to a view, or a place; anything can be sent.
    """
    if end.startswith(LINK_START):
        return _open_link(workbench, end)
    return _open_place(workbench, end) if end.startswith(PLACE_START) else open_first(workbench)


def _open_link(workbench: Workbench, link: str) -> Opened:
    try:
        found = restored(workbench, view_of_link(link))
    except ExplorerError as error:
        return _first_instead(workbench, f"This link cannot be opened: {error}")
    return Opened(found.picked, tab=found.tab, view=found.view)


def _open_place(workbench: Workbench, place: str) -> Opened:
    wanted = dict(parse_qsl(place[1:20_000], keep_blank_values=True))
    tab = wanted.get("tab", "")
    opened = open_chosen(workbench, wanted["model"], None)
    if opened.picked is None:
        return replace(_first_instead(workbench, opened.problem), tab=tab)
    try:
        a, b = (find_point(workbench, wanted["model"], wanted.get(end, "")) for end in "ab")
    except ExplorerError as error:
        return replace(opened, problem=f"Other images than before: {error}", tab=tab)
    return Opened(Picked(wanted["model"], a, b), tab=tab)


def _first_instead(workbench: Workbench, why: str) -> Opened:
    opened = open_first(workbench)
    return replace(opened, problem=f"{why} {opened.problem}".strip())
