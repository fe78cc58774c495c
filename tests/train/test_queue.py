"""Locks and tickets: they go with their process, and the first ticket has the device."""

import subprocess
import sys
import threading

import pytest

from explorer.train import queue
from explorer.train.lock import hold, holder
from explorer.train.queue import turn

HOLD = (
    "import sys, pathlib\n"
    "from explorer.train.lock import hold\n"
    "with hold(pathlib.Path(sys.argv[1])) as is_mine:\n"
    "    print(is_mine, flush=True)\n"
    "    sys.stdin.read()\n"
)


@pytest.fixture
def other():
    """Start a process that holds a file; it is killed at the end."""
    started = []

    def start(path):
        process = subprocess.Popen(
            [sys.executable, "-c", HOLD, str(path)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        started.append(process)
        assert process.stdout.readline() == "True\n"
        return process

    yield start
    for process in started:
        process.kill()
        process.wait()
        process.stdin.close()
        process.stdout.close()


def test_the_holder_is_known_and_a_killed_one_holds_nothing(tmp_path, other):
    path = tmp_path / "a.lock"
    assert holder(path) is None
    process = other(path)
    assert holder(path) == process.pid
    with hold(path) as is_mine:
        assert not is_mine
    assert holder(path) == process.pid  # asking and trying take nothing away
    process.kill()
    process.wait()
    assert holder(path) is None


def test_a_process_may_hold_a_file_twice_and_asking_does_not_let_it_go(tmp_path, other):
    path = tmp_path / "a.lock"
    with hold(path) as outer:
        with hold(path) as inner:
            assert outer and inner
        assert holder(path) is not None
        asked = subprocess.run(
            [sys.executable, "-c", HOLD, str(path)], input="", capture_output=True, text=True
        )
        assert asked.stdout == "False\n"
    assert holder(path) is None


def test_a_free_device_is_had_at_once(tmp_path):
    with turn(tmp_path, "cuda:0", lambda ahead: pytest.fail("waited")) as is_mine:
        assert is_mine
    assert not list(tmp_path.rglob("*.ticket"))


def test_runs_have_a_device_one_after_the_other_in_order(tmp_path, monkeypatch):
    monkeypatch.setattr(queue, "LOOK_S", 0.001)
    order, ahead_of = [], {}
    drawn = [threading.Event() for _ in range(4)]

    def run(number):
        def waiting(ahead):
            ahead_of.setdefault(number, ahead)
            drawn[number].set()
            return True

        with turn(tmp_path, "cpu", waiting):
            order.append(number)
            drawn[number].set()
            if number == 0:
                drawn[3].wait()
            order.append(number)

    threads = [threading.Thread(target=run, args=(number,)) for number in range(4)]
    for number, thread in enumerate(threads):
        thread.start()
        drawn[number].wait()
    for thread in threads:
        thread.join()
    assert order == [0, 0, 1, 1, 2, 2, 3, 3]
    assert ahead_of == {1: 1, 2: 2, 3: 3}


def test_a_killed_run_leaves_its_place(tmp_path, other, monkeypatch):
    monkeypatch.setattr(queue, "LOOK_S", 0.001)
    process = other(tmp_path / ".devices" / "cpu" / "000000000001.ticket")
    looks = []

    def waiting(ahead):
        looks.append(ahead)
        if len(looks) == 3:
            process.kill()
            process.wait()
        return True

    with turn(tmp_path, "cpu", waiting) as is_mine:
        assert is_mine
    assert set(looks) == {1} and len(looks) >= 3


def test_who_gives_up_waiting_gets_nothing(tmp_path, other):
    other(tmp_path / ".devices" / "cpu" / "000000000001.ticket")
    with turn(tmp_path, "cpu", lambda ahead: False) as is_mine:
        assert not is_mine
