"""A disk that is full, wherever it is met: the run waits, loses nothing, and goes on."""

import errno
import os
import shutil
import signal

import pytest
from toy_images import ellipse_source
from toy_runs import assert_bit_equal, experiment, ignore, tensors_of

from explorer.errors import TrainingError
from explorer.train import checkpoint, session, sitting
from explorer.train.run import RunFolder
from explorer.train.session import train

FULL = OSError(errno.ENOSPC, "No space left on device")


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    monkeypatch.setattr("explorer.data.load.get", lambda name: ellipse_source([]))
    monkeypatch.setattr(sitting, "LOOK_S", 0)


@pytest.fixture
def straight(tmp_path):
    return train(experiment(), tmp_path / "b", resume=False, report=ignore)


WHERE = {
    "checkpoint": (checkpoint, "save_unit", lambda folder, state: state.step == 4),
    "metrics": (RunFolder, "add_metrics", lambda run, row: row["step"] == 6),
    "preview": (sitting, "write_previews", lambda *args, step, seed: step == 6),
    "status": (RunFolder, "write_status", lambda run, status: status.step == 4),
}


@pytest.mark.parametrize("place", WHERE)
def test_it_is_waited_for_and_changes_nothing(place, straight, tmp_path, monkeypatch):
    owner, name, is_here = WHERE[place]
    write, seen, plan = getattr(owner, name), [], experiment()
    monkeypatch.setattr(sitting, "STATUS_S", 0)  # a sign of life after every update
    tries = 3

    def write_late(*args, **options):
        if is_here(*args, **options) and len(seen) < tries:
            run = RunFolder(tmp_path / "a" / "toy")
            checkpoint.verify(checkpoint.newest_unit(run.path))  # what was saved can be loaded
            seen.append(run.status())
            raise FULL
        return write(*args, **options)

    monkeypatch.setattr(owner, name, write_late)
    run = train(plan, tmp_path / "a", resume=False, report=ignore)
    assert len(seen) == tries
    if place != "status":
        assert seen[-1].state == "paused"
        assert "No space left" in seen[-1].message and "by itself" in seen[-1].message
    assert run.status().state == "done"
    assert_bit_equal(tensors_of(straight), tensors_of(run))
    assert [row["step"] for row in run.metrics()] == [3, 6, 9, 12]
    assert {path.name for path in (run.path / "previews").iterdir()} == {
        path.name for path in (straight.path / "previews").iterdir()
    }


@pytest.mark.parametrize("taken", [0, 1, 17])
def test_a_line_of_metrics_is_written_whole_or_not_at_all(taken, tmp_path):
    """A real file that may not grow: part of the line fits, the rest does not."""
    resource = pytest.importorskip("resource")
    run = RunFolder(tmp_path)
    run.add_metrics({"step": 1, "total": 0.5})
    before = (tmp_path / "metrics.jsonl").read_bytes()
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (len(before) + taken, limits[1]))
    try:
        with pytest.raises(OSError):
            run.add_metrics({"step": 2, "total": 0.25})
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        signal.signal(signal.SIGXFSZ, handler)
    assert (tmp_path / "metrics.jsonl").read_bytes() == before
    run.add_metrics({"step": 2, "total": 0.25})
    assert [row["step"] for row in run.metrics()] == [1, 2]


def test_no_save_takes_the_last_room(straight, tmp_path, monkeypatch):
    free, usage = [10_000, 10_000, 10**9], shutil.disk_usage

    def nearly_full(path):
        return usage(path)._replace(free=free.pop(0) if len(free) > 1 else free[0])

    monkeypatch.setattr(shutil, "disk_usage", nearly_full)
    seen, show = [], sitting.Sitting.show
    monkeypatch.setattr(
        sitting.Sitting, "show", lambda self, *said: (seen.append(said), show(self, *said))
    )
    run = train(experiment(), tmp_path / "a", resume=False, report=ignore)
    assert [state for state, _ in seen[:2]] == ["paused", "paused"]  # before the first update
    assert run.status().state == "done"
    assert_bit_equal(tensors_of(straight), tensors_of(run))


def test_it_does_not_keep_a_run_from_ending(tmp_path, monkeypatch):
    save = checkpoint.save_unit

    def save_first(folder, state):
        if state.step:
            os.kill(os.getpid(), signal.SIGTERM)
            raise FULL
        return save(folder, state)

    monkeypatch.setattr(checkpoint, "save_unit", save_first)
    with pytest.raises(TrainingError, match=r"step 4: No space left.*last saved step is kept"):
        train(experiment(), tmp_path, resume=False, report=ignore)
    run = session.RunFolder(tmp_path / "toy")
    assert run.status().state == "failed"
    assert checkpoint.newest_unit(run.path).name == "step-00000000"
