"""The run folder: what is written is what is read, and damage is named."""

import json
import subprocess
import sys

import pytest
import torch
from toy_images import ellipses

from explorer.errors import CheckpointError, ConfigError, TrainingError
from explorer.settings import DataSettings, Experiment, ModelChoice
from explorer.train import checkpoint
from explorer.train.run import DataCard, RunFolder, RunStatus

DATA = ellipses(9)


@pytest.fixture
def experiment():
    return Experiment(
        name="toy", model=ModelChoice(name="glow"), data=DataSettings(name="ellipses")
    )


@pytest.fixture
def run(tmp_path, experiment):
    folder = RunFolder(tmp_path / "toy")
    folder.begin(experiment, DATA)
    return folder


def test_what_is_known_before_the_first_step_comes_back(run, experiment):
    assert run.experiment() == experiment
    assert run.data_card() == DataCard.of(DATA)
    assert run.data_card().info == DATA.info
    assert run.metrics() == []


def test_the_status_comes_back(run):
    status = RunStatus("stopped", 7, 1.25, "Stopped.")
    run.write_status(status)
    assert run.status() == status


def test_metrics_come_back_in_order(run):
    rows = [{"step": step, "total": step / 3} for step in range(4)]
    for row in rows:
        run.add_metrics(row)
    assert run.metrics() == rows


def test_a_last_line_cut_off_anywhere_is_left_out(run):
    run.add_metrics({"step": 1, "total": 0.5})
    path = run.path / "metrics.jsonl"
    whole = path.read_text()
    line = json.dumps({"step": 2, "total": 0.25}) + "\n"
    for cut in range(len(line)):
        path.write_text(whole + line[:cut])
        assert [row["step"] for row in run.metrics()] == [1]
    path.write_text(whole + line)
    assert [row["step"] for row in run.metrics()] == [1, 2]


def test_lines_after_the_saved_step_are_forgotten(run):
    for step in range(1, 6):
        run.add_metrics({"step": step})
    run.drop_metrics_after(3)
    assert [row["step"] for row in run.metrics()] == [1, 2, 3]


def test_one_folder_is_trained_by_one_process(run):
    program = (
        "import sys, pathlib\n"
        "from explorer.train.run import RunFolder\n"
        "with RunFolder(pathlib.Path(sys.argv[1])).locked():\n"
        "    print('held', flush=True)\n"
        "    sys.stdin.read()\n"
    )
    command = [sys.executable, "-c", program, str(run.path)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as holder:
        assert holder.stdout.readline() == "held\n"
        with pytest.raises(TrainingError, match="Another process is training"), run.locked():
            pass
        holder.kill()  # the lock goes with the process, however it ends
    with run.locked():
        pass


def test_a_run_that_was_trained_holds_weights(run):
    assert not run.holds_weights
    run.finish({"a": torch.zeros(2)})
    assert run.holds_weights


def test_the_finished_files_are_under_a_manifest(run):
    run.finish({"a": torch.zeros(2)})
    checkpoint.verify(run.path)
    for name in ("experiment.json", "data.json", "weights.safetensors"):
        path = run.path / name
        content = path.read_bytes()
        path.write_bytes(content + b" ")
        with pytest.raises(CheckpointError, match=name):
            checkpoint.verify(run.path)
        path.write_bytes(content)


@pytest.mark.parametrize(
    ("content", "error"),
    [
        (b"", CheckpointError),
        (b"{", CheckpointError),
        (b"\xff\xfe\x00", CheckpointError),
        (b"[1]", CheckpointError),
        (b"{}", ConfigError),
    ],
)
def test_a_damaged_experiment_is_named(run, content, error):
    (run.path / "experiment.json").write_bytes(content)
    with pytest.raises(error, match=r"experiment\.json"):
        run.experiment()


@pytest.mark.parametrize(
    "content",
    [
        b"{",
        b"{}",
        b'{"name": 1, "image_shape": 3}',
        b'{"name": "a", "image_shape": ["x"], "class_names": [], "class_counts": [],'
        b' "attribute_names": [], "digest": ""}',
    ],
)
def test_a_damaged_data_card_is_named(run, content):
    (run.path / "data.json").write_bytes(content)
    with pytest.raises(CheckpointError, match=r"data\.json"):
        run.data_card()


@pytest.mark.parametrize("content", [b"{", b"[]", b"{}", b'{"state": "done"}'])
def test_a_damaged_status_is_named(run, content):
    (run.path / "status.json").write_bytes(content)
    with pytest.raises(CheckpointError, match=r"status\.json"):
        run.status()


def test_a_folder_that_is_no_run_is_named(tmp_path):
    with pytest.raises(CheckpointError, match=r"no experiment\.json: it is not a run"):
        RunFolder(tmp_path).experiment()


def test_a_class_without_an_image_cannot_be_described():
    lacking = DATA.subset(torch.tensor([0, 1, 3]).numpy())
    with pytest.raises(Exception, match="class 'tall' has no image"):
        DataCard.of(lacking)
