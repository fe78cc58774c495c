"""A run's process ends with all of its group, by itself or by force."""

import errno
import subprocess
import sys
import threading

import pytest

from explorer.errors import TrainingError
from explorer.train import process
from explorer.train.control import asked
from explorer.train.process_group import is_leader, lives, members

TRAINER = """
import pathlib, signal, subprocess, sys, threading, time
from explorer.train.lock import hold
from explorer.train.process import tell_stacks
tell_stacks()
obeys, leaves_a_child = (word == "yes" for word in sys.argv[2:])
told = threading.Event()
signal.signal(signal.SIGTERM, lambda *args: told.set())
if leaves_a_child:
    subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
with hold(pathlib.Path(sys.argv[1], "run.lock")):
    print("here", flush=True)
    while not (obeys and told.is_set()):
        time.sleep(0.01)
time.sleep(0.5)  # as a process does that has much to tidy up after its lock is free
"""


@pytest.fixture
def trainer(tmp_path):
    """Start a process that leads a group of its own and holds the folder's run."""
    started = []

    def start(*, obeys=True, leaves_a_child=False):
        words = ["yes" if one else "no" for one in (obeys, leaves_a_child)]
        with (tmp_path / "log.txt").open("wb") as log:
            one = subprocess.Popen(
                [sys.executable, "-c", TRAINER, str(tmp_path), *words],
                stdout=subprocess.PIPE,
                stderr=log,
                start_new_session=True,
            )
        assert one.stdout.readline() == b"here\n"
        one.stdout.close()
        reaper = threading.Thread(target=one.wait)
        reaper.start()
        started.append((one, reaper))
        return one.pid

    yield start
    for one, reaper in started:
        one.kill()
        reaper.join()


def test_it_is_gone_when_the_stop_returns_and_not_only_its_lock(trainer, tmp_path):
    leader = trainer()
    assert is_leader(leader) and members(leader) == [leader]
    assert process.stop(tmp_path, "stop", patience=60.0)
    assert members(leader) == [] and not lives(leader)
    assert asked(tmp_path) == "stop"
    assert process.stop(tmp_path, "stop", patience=60.0)  # a second time there is nothing to end


def test_a_full_disk_keeps_nobody_from_stopping_it(trainer, tmp_path, monkeypatch):
    def full(folder, what):
        raise OSError(errno.ENOSPC, "No space left on device")

    leader = trainer()
    monkeypatch.setattr(process, "ask", full)
    assert process.stop(tmp_path, "stop", patience=60.0)
    assert members(leader) == []


def test_one_that_hangs_says_where_and_is_killed(trainer, tmp_path):
    leader = trainer(obeys=False)
    assert not process.stop(tmp_path, "stop", patience=0.2)
    assert members(leader) == []
    assert 'File "<string>", line' in (tmp_path / "log.txt").read_text()


def test_what_it_left_behind_goes_with_it(trainer, tmp_path):
    leader = trainer(leaves_a_child=True)
    assert len(members(leader)) == 2
    assert not process.stop(tmp_path, "discard", patience=2.0)
    assert members(leader) == []


def test_what_cannot_be_killed_is_told(trainer, tmp_path, monkeypatch):
    trainer(obeys=False)
    monkeypatch.setattr(process, "members", lambda leader: [leader])
    monkeypatch.setattr(process, "KILL_S", 0.1)
    with pytest.raises(TrainingError, match="does not end, not even when it is killed"):
        process.stop(tmp_path, "stop", patience=0.1)


def test_a_number_without_a_process_is_nobody():
    with subprocess.Popen([sys.executable, "-c", ""]) as gone:
        gone.wait()
    assert not lives(gone.pid) and not is_leader(gone.pid) and members(gone.pid) == []
