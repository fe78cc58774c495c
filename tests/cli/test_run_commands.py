"""`runs` and `export` as a person types them: what is told, what is refused, what stays."""

import json
from dataclasses import replace

import pytest
from tiny_models import GLOW, write_experiment

from explorer.settings import load_experiment
from explorer.train.lock import hold
from explorer.train.process import LOCK, LOG
from explorer.train.run import RunFolder, RunStatus


@pytest.fixture
def run(tmp_path):
    """A run that was stopped at step 2 of 3, without weights."""
    folder = RunFolder(tmp_path / "runs" / GLOW)
    folder.path.mkdir(parents=True)
    folder.record(load_experiment(write_experiment(tmp_path, GLOW)))
    folder.write_status(RunStatus("stopped", 2, 4.0, "Stopped and saved.", "cpu", 16.0, 300.0))
    folder.add_metrics({"step": 1, "seconds": 2.0, "total": 0.5})
    folder.add_metrics({"step": 2, "seconds": 4.0, "total": 0.25, "extra": 1})
    (folder.path / LOCK).touch()
    (folder.path / LOG).write_text("one\ntwo\nthree\n")
    return folder


@pytest.fixture
def runs(typed, run):
    """Type a command of `runs` about its folder."""
    return lambda *words: typed("runs", *words, "--root", run.path.parent)


def test_the_list_tells_where_each_run_stands(runs):
    (told,) = runs("list", "--json").json
    assert (told["name"], told["state"], told["step"], told["steps"]) == (GLOW, "stopped", 2, 3)
    shown = runs("list").out
    assert GLOW in shown and "2/3" in shown and "Stopped and saved." in shown


def test_metrics_and_log_are_printed(runs):
    assert runs("metrics", GLOW).out.splitlines() == [
        "step,seconds,total,extra",
        "1,2.0,0.5,",
        "2,4.0,0.25,1",
    ]
    assert runs("log", GLOW, "--lines", 2).out == "two\nthree\n"


def test_what_a_run_cannot_do_is_refused_with_the_next_step(runs, run):
    refused = {
        ("pause", GLOW): "not running",
        ("pause", "nobody"): f"Known: {GLOW}",
        ("duplicate", GLOW, GLOW): "Choose another name",
        ("duplicate", GLOW, "../out"): "name",
        ("resume", GLOW, "--set", "train.stepps=9"): "Did you mean 'train.steps'?",
    }
    for words, reason in refused.items():
        result = runs(*words)
        assert result.code == 2 and reason in result.err, (words, result.err)
        assert "Traceback" not in result.err
    assert run.status().step == 2 and [path.name for path in run.path.parent.iterdir()] == [GLOW]


def test_a_stop_without_a_process_tells_how_it_is(runs):
    assert "is stopped at step 2" in runs("stop", GLOW).out


def test_only_a_run_that_is_not_alive_is_deleted(runs, run):
    with hold(run.path / LOCK):
        assert "Stop it before" in runs("delete", GLOW).err
    assert runs("delete", GLOW).code == 0
    assert not run.path.exists()


@pytest.mark.parametrize("state", ["running", "done"])
def test_what_is_not_a_whole_model_is_not_exported(state, typed, run, tmp_path):
    run.write_status(replace(run.status(), state=state))
    out = tmp_path / "model.zip"
    words = ("export", "--model", GLOW, "--root", run.path.parent, "--out")
    with hold(run.path / LOCK):
        assert "is being trained" in typed(*words, out).err
    assert "manifest.json" in typed(*words, out).err
    assert ".zip" in typed(*words, tmp_path / "model.tar").err
    assert not list(tmp_path.glob("*model*"))


def test_an_export_replaces_an_older_one_as_a_whole(typed, tiny_root, tmp_path):
    out = tmp_path / "model.zip"
    out.write_text("older")
    told = typed("export", "--model", GLOW, "--root", tiny_root, "--out", out)
    assert told.code == 0 and "files" in told.out
    assert out.read_bytes()[:2] == b"PK"
    assert json.loads((tiny_root / GLOW / "status.json").read_text())["state"] == "done"
