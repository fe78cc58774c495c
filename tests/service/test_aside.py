"""Work in a process of its own: what comes back, and that it ends when nobody waits."""

import os
import threading
from functools import partial

import aside_work
import pytest

from explorer.errors import ConfigError, ExplorerError
from explorer.service.aside import NICENESS, aside
from explorer.service.kept import kept
from explorer.service.progress import Cancelled, unreported


def is_alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    return True


def test_the_result_comes_from_another_process_of_low_priority():
    reports = []
    process, niceness = aside(aside_work.who, lambda *report: reports.append(report))
    assert process != os.getpid()
    assert niceness >= NICENESS
    assert (0.5, "Looking") in reports


def test_an_error_for_people_arrives_as_it_was():
    with pytest.raises(ConfigError, match="Seven is too many"):
        aside(aside_work.refuse, unreported)


def test_a_process_that_is_killed_is_told():
    with pytest.raises(ExplorerError, match="exit code 9"):
        aside(aside_work.vanish, unreported)


def test_cancelling_ends_the_process(tmp_path):
    started = tmp_path / "started"

    def report(share, doing):
        if started.exists():
            raise Cancelled("Cancelled.")

    with pytest.raises(Cancelled):
        aside(partial(aside_work.linger, started), report)
    assert not is_alive(int(started.read_text()))


def test_a_kept_file_is_made_once(tmp_path):
    path = tmp_path / "folder" / "file"
    kept(path, aside_work.write, unreported)
    first = path.read_text()
    assert kept(path, aside_work.write, unreported) == path
    assert path.read_text() == first
    assert [entry.name for entry in path.parent.iterdir()] == ["file"]


def test_two_who_want_the_same_file_wait_for_one_process(tmp_path):
    path, found = tmp_path / "file", []

    def want():
        kept(path, aside_work.write, unreported)
        found.append(path.read_text())

    threads = [threading.Thread(target=want) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found[0] == found[1]


def test_cancelled_work_leaves_no_file(tmp_path):
    def report(share, doing):
        if doing == "Writing":
            raise Cancelled("Cancelled.")

    with pytest.raises(Cancelled):
        kept(tmp_path / "file", aside_work.half_write, report)
    assert list(tmp_path.iterdir()) == []
