"""Which model, pair, tab and view the page opens."""

import shutil
from urllib.parse import urlencode

import pytest
from tiny_models import BROKEN, GLICO, GLOW, UNPREPARED

from explorer.service.points import find_point
from explorer.service.view import WalkView
from explorer.service.workbench import Workbench
from explorer.ui import opening
from explorer.ui.opening import Opened
from explorer.ui.share import link_text
from explorer.ui.shared import Picked


def test_the_first_model_that_opens_is_shown_and_those_before_it_are_explained(workbench):
    opened = opening.open_first(workbench)
    assert opened.picked == Picked(GLICO, *workbench.first_pair(GLICO))
    assert f"'{BROKEN}' cannot be opened" in opened.problem


@pytest.mark.parametrize("name", [BROKEN, UNPREPARED, "no-such-model"])
def test_a_model_that_does_not_open_is_explained_and_the_pair_stays(workbench, name):
    before = Picked(GLOW, 3, 4)
    opened = opening.open_chosen(workbench, name, before)
    assert opened.picked == before
    assert opened.problem.startswith(f"'{name}' cannot be opened: ")


def test_where_the_open_model_was_deleted_the_first_one_opens(workbench):
    gone = Picked("gone", 0, 1)
    assert opening.opened_after_deletion(workbench, gone) == opening.open_first(workbench)
    assert opening.opened_after_deletion(workbench, None) == opening.open_first(workbench)
    assert opening.opened_after_deletion(workbench, Picked(GLOW, 0, 1)) is None


def test_without_any_model_the_page_says_what_to_do(tmp_path):
    assert opening.open_first(Workbench(tmp_path)) == Opened(None, opening.NO_MODEL)


def test_where_no_model_opens_each_is_explained(tmp_path, page_root):
    for name in (BROKEN, UNPREPARED):
        shutil.copytree(page_root / name, tmp_path / name)
    opened = opening.open_first(Workbench(tmp_path))
    assert opened.picked is None
    assert BROKEN in opened.problem and UNPREPARED in opened.problem


def place(**parts):
    return "#" + urlencode(parts)


def test_an_address_leads_back_to_where_a_person_was(workbench):
    sample = find_point(workbench, GLOW, "sample:3")
    found = opening.open_address(workbench, place(model=GLOW, a=7, b=sample, tab="augment"))
    assert found == Opened(Picked(GLOW, 7, sample), tab="augment")
    assert opening.open_address(workbench, "") == opening.open_first(workbench)
    assert opening.open_address(workbench, "#top") == opening.open_first(workbench)


def test_a_link_leads_to_its_view(workbench):
    view = WalkView(model=GLOW, a="2", b="5", steps=5, methods=("slerp",))
    found = opening.open_address(workbench, link_text(view))
    assert found == Opened(Picked(GLOW, 2, 5), tab="interpolate", view=view)


@pytest.mark.parametrize(
    ("end", "said"),
    [
        (place(model="gone", a=1, b=2), "'gone' cannot be opened"),
        (place(model=BROKEN, a=1, b=2), f"'{BROKEN}' cannot be opened"),
        ("#model=", "cannot be opened"),
        ("#view=x", "This link cannot be opened"),
    ],
)
def test_where_it_leads_nowhere_the_first_model_opens_and_says_so(workbench, end, said):
    found = opening.open_address(workbench, end)
    assert found.picked == opening.open_first(workbench).picked and said in found.problem


@pytest.mark.parametrize("ends", [{"a": 1, "b": 10**6}, {"a": "x", "b": 2}, {"a": 1}, {}])
def test_images_that_are_gone_are_said_and_others_shown(workbench, ends):
    found = opening.open_address(workbench, place(model=GLOW, **ends))
    assert found.picked == Picked(GLOW, *workbench.first_pair(GLOW))
    assert found.problem.startswith("Other images than before: ")
