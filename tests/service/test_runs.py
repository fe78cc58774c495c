"""Runs in the background: what their folders say, and what may be done with them."""

import errno
import os
import shutil
import time
from dataclasses import replace

import pytest
from tiny_models import GLICO, GLOW, write_experiment

from explorer.errors import ConfigError, DataError, TrainingError, UnknownModelError
from explorer.service import runs
from explorer.service.run_control import (
    delete_run,
    duplicate_run,
    pause_run,
    resume_run,
    start_run,
    stop_run,
)
from explorer.service.run_records import latent_snapshot, log_tail, metrics, metrics_csv, previews
from explorer.service.runs import list_runs, run_view
from explorer.settings import load_experiment, with_changes
from explorer.train import control, process
from explorer.train.lock import hold, holder
from explorer.train.process import LOCK
from explorer.train.process_group import members
from explorer.train.run import RunFolder, RunStatus

PATIENCE_S = 300


@pytest.fixture
def run(tmp_path):
    """The folder of a run that says it is at step 2 of 3."""
    folder = RunFolder(tmp_path / GLOW)
    folder.path.mkdir()
    folder.record(load_experiment(write_experiment(tmp_path, GLOW)))
    folder.write_status(RunStatus("running", 2, 4.0, "Training.", "cpu", 16.0, 300.0))
    (folder.path / LOCK).touch()
    return folder


def view_of(run):
    return run_view(run.path.parent, run.path.name)


def wait_until(root, name, *states):
    until = time.monotonic() + PATIENCE_S
    while (view := run_view(root, name)).state not in states or (view.step == 0 and view.is_alive):
        assert time.monotonic() < until, view
        assert view.is_alive or view.state in states, (view, log_tail(root, name))
        time.sleep(0.1)
    return view


def test_a_run_without_a_process_is_lost_and_can_go_on(run):
    view = view_of(run)
    assert (view.state, view.is_alive, view.can_resume) == ("lost", False, True)
    assert "step 2" in view.message and "Resume" in view.message


def test_a_living_run_says_how_long_it_will_take(run):
    with hold(run.path / LOCK):
        view = view_of(run)
        assert (view.state, view.step, view.steps, view.device) == ("running", 2, 3, "cpu")
        assert view.eta_seconds == pytest.approx(8 / 16.0)  # one batch of 8 at 16 images a second
        assert not view.can_resume
        control.ask(run.path, "stop")
        assert view_of(run).state == "stopping"
        control.ask(run.path, "pause")
        assert view_of(run).state == "running"  # until it says otherwise
        run.write_status(replace(run.status(), state="paused"))
        assert view_of(run).state == "paused"
        run.write_status(replace(run.status(), state="stopped"))
        assert view_of(run).state == "queued"  # a process that has not said anything yet


def test_a_silent_run_has_stalled(run):
    with hold(run.path / LOCK):
        for images_per_second, minutes, state in [
            (16.0, 0.5, "running"),
            (16.0, 10, "stalled"),
            (0.0, 10, "stalled"),  # not one update yet
            (0.1, 10, "running"),  # 80 s an update
            (0.1, 60, "stalled"),
        ]:
            run.write_status(replace(run.status(), images_per_second=images_per_second))
            old = time.time() - 60 * minutes
            os.utime(run.path / "status.json", (old, old))
            view = view_of(run)
            assert view.state == state and not view.can_resume
        assert "No sign of life for 60 min" in view.message and "stop it" in view.message


def test_on_a_full_disk_the_reader_says_so_since_the_run_cannot(run, monkeypatch):
    usage = shutil.disk_usage
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage(path)._replace(free=4096))
    with hold(run.path / LOCK):
        assert view_of(run).state == "running"
        old = time.time() - 10
        os.utime(run.path / "status.json", (old, old))
        view = view_of(run)
        assert view.state == "paused" and "disk is full" in view.message
    view = view_of(run)
    assert view.state == "lost" and "disk is full" in view.message and view.can_resume


def test_a_stop_on_a_full_disk_tells_how_it_is(run, monkeypatch):
    def full(folder, status):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(RunFolder, "write_status", full)
    assert stop_run(run.path.parent, run.path.name).state == "lost"


def test_a_lost_run_that_used_much_memory_is_told_so(run):
    run.write_status(replace(run.status(), memory_mb=1e9))
    assert "memory is the likely reason" in view_of(run).message
    assert "train.batch_size (now 8)" in view_of(run).message
    run.write_status(replace(run.status(), device="cuda:0"))
    assert "likely" not in view_of(run).message


@pytest.mark.parametrize(("limit", "is_likely"), [("500000000\n", True), ("max\n", False)])
def test_the_memory_of_a_container_counts(run, limit, is_likely, tmp_path, monkeypatch):
    (tmp_path / "memory.max").write_text(limit)
    monkeypatch.setattr(runs, "LIMITS", (tmp_path / "none", tmp_path / "memory.max"))
    message = view_of(run).message  # it used 300 MB
    assert ("It used 300 of the machine's 500 MB" in message) == is_likely


def test_what_crashed_at_once_is_not_started_again(run, monkeypatch):
    monkeypatch.setattr(process, "start", lambda *args, **options: pytest.fail("started"))
    for state in ("queued", "running", "failed"):
        run.write_status(RunStatus(state, 0, 0.0, "It crashed."))
        views = [list_runs(run.path.parent) for _ in range(3)]
        assert {view.is_alive for (view,) in views} == {False}
        assert {view.state for (view,) in views} == {"failed" if state == "failed" else "lost"}


def test_a_run_that_finds_no_room_for_its_first_files_leaves_its_name_free(tmp_path, monkeypatch):
    def full(run, status):
        raise OSError(errno.ENOSPC, "No space left on device")

    plan = load_experiment(write_experiment(tmp_path, GLOW))
    root = tmp_path / "runs"
    with monkeypatch.context() as patch:
        patch.setattr(RunFolder, "write_status", full)
        with pytest.raises(TrainingError, match=r"could not be started: No space .* Make room"):
            start_run(root, plan)
    assert list(root.iterdir()) == []


def test_a_model_that_was_being_made_ready_is_done(run):
    run.write_status(replace(run.status(), state="readying"))
    assert view_of(run).state == "done" and "Trained." in view_of(run).message
    with hold(run.path / LOCK):
        assert view_of(run).state == "readying"


def test_a_run_whose_files_cannot_be_read_is_listed(run):
    (run.path / "status.json").write_text("{")
    (view,) = list_runs(run.path.parent)
    assert view.state == "damaged" and "status.json" in view.message


def test_a_living_or_a_bundled_run_is_not_deleted(run):
    root, name = run.path.parent, run.path.name
    with hold(run.path / LOCK), pytest.raises(TrainingError, match="Stop it before"):
        delete_run(root, name)
    (run.path / LOCK).unlink()
    assert view_of(run).is_bundled
    with pytest.raises(TrainingError, match="not trained here"):
        delete_run(root, name)
    (run.path / LOCK).touch()
    delete_run(root, name)
    assert not run.path.exists()


def test_what_cannot_begin_is_refused_before_there_is_a_folder(tmp_path):
    plan = load_experiment(write_experiment(tmp_path, GLOW))
    root = tmp_path / "runs"
    refused = {
        "model.config.num_stepps": (1, ConfigError),
        "train.device": ("cuda:7", ConfigError),
        "data.name": ("nothing", DataError),
    }
    for name, (value, error) in refused.items():
        with pytest.raises(error):
            start_run(root, with_changes(plan, {name: value}))
    assert not root.exists() or not list(root.iterdir())


def test_an_unknown_run_is_named(tmp_path):
    with pytest.raises(UnknownModelError, match="No run 'x'"):
        run_view(tmp_path, "x")
    with pytest.raises(UnknownModelError):
        pause_run(tmp_path, "x")


def test_a_run_is_started_paused_stopped_and_gone_on_with(tmp_path):
    """One process after the other, as the page would; each costs seconds to start."""
    root = tmp_path / "runs"
    plan = load_experiment(write_experiment(tmp_path, GLICO))
    plan = with_changes(plan, {"train.steps": 100_000, "train.checkpoint_every": 50_000})
    name = start_run(root, plan)
    with pytest.raises(TrainingError, match="already"):
        start_run(root, plan)
    wait_until(root, name, "running")
    trainer = holder(root / name / LOCK)
    assert os.getpgid(trainer) == trainer != os.getpgid(0)
    pause_run(root, name)
    paused = wait_until(root, name, "paused")
    assert paused.is_alive and metrics(root, name)
    resume_run(root, name)
    wait_until(root, name, "running")
    view = stop_run(root, name)
    assert not members(trainer)
    assert (view.state, view.is_alive, view.can_resume) == ("stopped", False, True)
    assert view.step > paused.step
    assert (root / name / "units" / f"step-{view.step:08d}").is_dir()
    assert metrics_csv(root, name).startswith("step,seconds,")
    first = previews(root, name)[0]
    assert first.step == 0 and first.restored
    assert latent_snapshot(first.latents).coordinates.shape == (60, 2)
    resume_run(root, name, {"train.steps": view.step + 2})
    done = wait_until(root, name, "done", "failed")
    assert (done.state, done.step) == ("done", view.step + 2), done.message
    assert (root / name / "gallery.npz").exists()  # ready to explore before it says it is done
    steps = [row["step"] for row in metrics(root, name)]
    assert steps == sorted(set(steps))
    copy = duplicate_run(root, name, "again", {"train.steps": 5})
    assert stop_run(root, copy, save=False).state in ("stopped", "lost")
    assert [one.is_alive for one in list_runs(root)] == [False, False]
