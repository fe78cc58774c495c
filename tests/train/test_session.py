"""A sitting of training: what it leaves, how it stops, and that going on changes nothing."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from PIL import Image
from toy_images import ellipse_source
from toy_runs import STEPS, assert_bit_equal, experiment, ignore, tensors_of

from explorer import models
from explorer.errors import CheckpointError, ConfigError, TrainingError, UnknownModelError
from explorer.settings import DataSettings, ModelChoice
from explorer.train import checkpoint, session
from explorer.train.session import build_model, load_model, pick_device, train

STOP = 7


@pytest.fixture(autouse=True)
def opened(monkeypatch):
    """The ellipses as the only data set; the splits that were asked for."""
    splits: list[str] = []
    monkeypatch.setattr("explorer.data.load.get", lambda name: ellipse_source(splits))
    return splits


@pytest.fixture(params=models.available())
def model_name(request):
    return request.param


def stop_at(step):
    """Return a report that asks the process to end after this update, as a shell would."""

    def report(progress):
        if progress.step == step:
            os.kill(os.getpid(), signal.SIGTERM)

    return report


def test_a_run_that_was_stopped_and_went_on_is_the_run_that_never_stopped(model_name, tmp_path):
    plan = experiment(model_name)
    straight = train(plan, tmp_path / "a", resume=False, report=ignore)
    stopped = train(plan, tmp_path / "b", resume=False, report=stop_at(STOP))
    assert (stopped.status().state, stopped.status().step) == ("stopped", STOP)
    torch.manual_seed(12345)  # nothing may hang on the global random state
    steps = []
    went_on = train(
        plan, tmp_path / "b", resume=True, report=lambda progress: steps.append(progress.step)
    )
    assert steps == list(range(STOP + 1, STEPS + 1))
    assert_bit_equal(tensors_of(straight), tensors_of(went_on))
    weights = [
        checkpoint.read_tensors(run.path / "weights.safetensors") for run in (straight, went_on)
    ]
    assert_bit_equal({"": weights[0]}, {"": weights[1]})
    pictures = [
        (run.path / "previews" / f"step-{STEPS:08d}.png").read_bytes()
        for run in (straight, went_on)
    ]
    assert pictures[0] == pictures[1]


def test_a_run_goes_on_from_the_last_unit_and_not_from_zero(tmp_path):
    """What was done after the last save is done again, and each line of metrics is there once."""

    class Killed(BaseException):
        pass

    def kill(progress):
        if progress.step == 6:
            raise Killed

    plan = experiment()
    with pytest.raises(Killed):
        train(plan, tmp_path / "b", resume=False, report=kill)
    steps = []
    run = train(plan, tmp_path / "b", resume=True, report=lambda p: steps.append(p.step))
    assert steps[0] == 5  # saved every 4 updates
    assert [row["step"] for row in run.metrics()] == [3, 6, 9, 12]
    straight = train(plan, tmp_path / "a", resume=False, report=ignore)
    assert_bit_equal(tensors_of(straight), tensors_of(run))


def test_a_damaged_newest_unit_costs_one_interval_and_not_the_run(tmp_path):
    plan = experiment()
    run = train(plan, tmp_path, resume=False, report=stop_at(STOP))
    broken = checkpoint.newest_unit(run.path) / "model.safetensors"
    broken.write_bytes(broken.read_bytes()[:-1])
    steps = []
    train(plan, tmp_path, resume=True, report=lambda progress: steps.append(progress.step))
    assert steps == list(range(5, STEPS + 1))
    straight = train(plan, tmp_path / "a", resume=False, report=ignore)
    assert_bit_equal(tensors_of(straight), tensors_of(run))


def test_a_finished_run_leaves_everything_a_person_needs(model_name, tmp_path):
    plan = experiment(model_name)
    run = train(plan, tmp_path, resume=False, report=ignore)
    assert run.path == tmp_path / "toy"
    assert run.status().state == "done"
    assert run.experiment() == plan
    previews = {path.name for path in (run.path / "previews").iterdir()}
    assert previews == {"axes.npz"} | {
        f"{kind}-{step:08d}.{suffix}"
        for kind, suffix in (("step", "png"), ("restored", "png"), ("latents", "npz"))
        for step in (0, 6, 12)
    }
    Image.open(run.path / "previews" / "step-00000012.png").verify()
    rows = run.metrics()
    assert [row["step"] for row in rows] == [3, 6, 9, 12]
    assert {"total", "seconds", "learning_rate", "gradient_norm", "skipped"} <= rows[0].keys()
    loaded = load_model(run.path)
    assert not loaded.training
    assert not any(parameter.requires_grad for parameter in loaded.parameters())
    assert_bit_equal({"": dict(loaded.state_dict())}, {"": tensors_of(run)["average"]})


def test_training_asks_for_the_training_split_and_for_no_other(model_name, tmp_path, opened):
    train(experiment(model_name, steps=2), tmp_path, resume=False, report=ignore)
    train(experiment(model_name, steps=3), tmp_path, resume=True, report=ignore)
    assert opened == ["train", "train"]


def test_a_run_is_never_overwritten(tmp_path):
    plan = experiment(steps=2)
    run = train(plan, tmp_path, resume=False, report=ignore)
    before = tensors_of(run)
    with pytest.raises(ConfigError, match=r"toy' holds a run already\. Add --resume"):
        train(plan, tmp_path, resume=False, report=ignore)
    for path in sorted((run.path / "units").rglob("*"), reverse=True):
        path.unlink() if path.is_file() else path.rmdir()
    with pytest.raises(ConfigError, match="holds a run already"):  # as a bundled checkpoint does
        train(plan, tmp_path, resume=False, report=ignore)
    assert before


def test_a_run_that_died_before_its_first_unit_can_be_started_again(tmp_path):
    (tmp_path / "toy" / "units").mkdir(parents=True)
    (tmp_path / "toy" / "experiment.json").write_text("{")
    run = train(experiment(steps=2), tmp_path, resume=False, report=ignore)
    assert run.status().state == "done"


def test_there_must_be_something_to_go_on_from(tmp_path):
    with pytest.raises(CheckpointError, match="no saved unit"):
        train(experiment(), tmp_path, resume=True, report=ignore)


def test_changed_data_are_refused(tmp_path):
    train(experiment(), tmp_path, resume=False, report=stop_at(STOP))
    with pytest.raises(CheckpointError, match="data differ"):
        train(experiment(seed=1), tmp_path, resume=True, report=ignore)


def test_other_model_settings_are_refused(tmp_path):
    plan = experiment()
    train(plan, tmp_path, resume=False, report=stop_at(STOP))
    other = plan.model.model_copy(
        update={"config": plan.model.config | {"hidden_channels": [4, 4]}}
    )
    with pytest.raises(CheckpointError, match="shape"):
        train(plan.model_copy(update={"model": other}), tmp_path, resume=True, report=ignore)


def test_a_run_that_fails_says_so_in_its_folder(tmp_path, monkeypatch):
    def fail(*args):
        raise TrainingError("Not finite at step 1.")
        yield

    monkeypatch.setattr(session.loop, "fit", fail)
    with pytest.raises(TrainingError):
        train(experiment(), tmp_path, resume=False, report=ignore)
    status = session.RunFolder(tmp_path / "toy").status()
    assert (status.state, status.message) == ("failed", "Not finite at step 1.")


def test_handlers_of_signals_are_given_back(tmp_path):
    before = signal.getsignal(signal.SIGTERM)
    train(experiment(steps=1), tmp_path, resume=False, report=ignore)
    assert signal.getsignal(signal.SIGTERM) is before


PROGRAM = """
import sys
from pathlib import Path
sys.path[:0] = {paths!r}
import toy_images, toy_runs
import explorer.data.load
from explorer.train.session import train
explorer.data.load.get = lambda name: toy_images.ellipse_source([])
plan = toy_runs.experiment(steps=100_000, checkpoint_every=100_000, preview_every=100_000)
train(plan, Path(sys.argv[1]), resume=False, report=lambda p: print(p.step, flush=True))
"""


def test_sigterm_ends_a_process_at_a_step_and_saves(tmp_path):
    here = Path(__file__).parent
    program = PROGRAM.format(paths=[str(here), str(here.parent)])
    with subprocess.Popen(
        [sys.executable, "-c", program, str(tmp_path)], stdout=subprocess.PIPE, text=True
    ) as trainer:
        for line in trainer.stdout:
            if int(line) == 3:
                trainer.terminate()
                break
        steps = [int(line) for line in trainer.stdout] or [3]
    assert trainer.returncode == 0
    run = session.RunFolder(tmp_path / "toy")
    assert run.status().state == "stopped"
    assert run.status().step == steps[-1] == int(checkpoint.newest_unit(run.path).name[5:])


# building and loading


def test_an_unknown_model_is_named():
    with pytest.raises(UnknownModelError, match="glow"):
        build_model(
            ModelChoice(name="glwo"), ellipse_source([]).load(DataSettings(count=3), "train").info
        )


def test_a_wrong_model_setting_is_named_with_the_nearest():
    info = ellipse_source([]).load(DataSettings(count=3), "train").info
    with pytest.raises(ConfigError, match=r"'num_step'.*num_steps"):
        build_model(ModelChoice(name="glow", config={"num_step": 3}), info)


def test_a_run_that_is_going_on_is_read_from_its_newest_unit(tmp_path):
    run = train(experiment(), tmp_path, resume=False, report=stop_at(STOP))
    weights = checkpoint.read_tensors(run.path / "weights.safetensors")
    for name in ("weights.safetensors", "manifest.json"):
        (run.path / name).unlink()
    assert_bit_equal({"": dict(load_model(run.path).state_dict())}, {"": weights})


def test_a_folder_that_is_not_there_is_named(tmp_path):
    with pytest.raises(CheckpointError, match=r"No checkpoint folder at .*none"):
        load_model(tmp_path / "none")


def test_altered_weights_are_refused(tmp_path):
    run = train(experiment(steps=2), tmp_path, resume=False, report=ignore)
    path = run.path / "weights.safetensors"
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    with pytest.raises(CheckpointError, match="SHA-256"):
        load_model(run.path)


def test_a_processor_that_is_not_there_is_named():
    if torch.cuda.is_available():
        assert pick_device("cuda").type == "cuda"
        return
    with pytest.raises(ConfigError, match=r"train\.device is 'cuda'.*'cpu'"):
        pick_device("cuda")
    assert pick_device("cpu").type == "cpu"
