"""What is not finite, wherever it comes from, stops a run within one update and spoils nothing."""

import math

import pytest
import torch
from toy_images import ellipse_source
from toy_runs import assert_bit_equal, experiment, ignore, tensors_of

from explorer.data.labelled import LabelledImages
from explorer.errors import TrainingError
from explorer.train import checkpoint, loop, session
from explorer.train.run import RunFolder
from explorer.train.session import train

NAMED = {
    "loss": "The loss 'total' is not finite",
    "gradient": "The gradient is not finite",
    "weights": "The weights '.*' are no longer finite",
    "data": r"Images \[\d+\] of the data are not finite",
}


@pytest.fixture(autouse=True)
def ellipses(monkeypatch):
    monkeypatch.setattr("explorer.data.load.get", lambda name: ellipse_source([]))


@pytest.fixture(scope="module")
def straight(tmp_path_factory):
    """The run in which nothing went wrong."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("explorer.data.load.get", lambda name: ellipse_source([]))
        return train(experiment(), tmp_path_factory.mktemp("a"), resume=False, report=ignore)


def inject(place, step, patch):
    """Put a NaN into the update after this step; return the report that may do so."""
    now, built = [0], []
    build, positions, batch = session.build_model, loop.batch_positions, LabelledImages.batch

    def noted_positions(count, at, settings):
        now[0] = at
        return positions(count, at, settings)

    def build_noted(*args):
        model = build(*args)
        built.append(model)
        if place == "loss":
            loss = model.loss
            model.loss = lambda *a, **k: {
                name: value * (math.nan if now[0] == step else 1.0)
                for name, value in loss(*a, **k).items()
            }
        if place == "gradient":
            first = next(model.parameters())
            first.register_hook(lambda g: g * math.nan if now[0] == step else g)
        return model

    def batch_spoilt(data, where):
        found = batch(data, where)
        if place == "data" and now[0] == step:
            found.images[1] = math.nan
        return found

    def report(progress):
        if place == "weights" and progress.step == step:
            with torch.no_grad():
                next(built[0].parameters()).view(-1)[0] = math.nan

    patch.setattr(loop, "batch_positions", noted_positions)
    patch.setattr(session, "build_model", build_noted)
    patch.setattr(LabelledImages, "batch", batch_spoilt)
    return report


@pytest.mark.parametrize("step", [1, 6, 11])
@pytest.mark.parametrize("place", NAMED)
def test_it_stops_the_run_within_one_update(place, step, straight, tmp_path, monkeypatch):
    done = []
    with monkeypatch.context() as patch:
        spoil = inject(place, step, patch)

        def report(progress):
            done.append(progress.step)
            spoil(progress)

        with pytest.raises(TrainingError, match=f"{NAMED[place]} at step {step + 1}"):
            train(experiment(), tmp_path, resume=False, report=report)
    run = RunFolder(tmp_path / "toy")
    assert done == list(range(1, step + 1))  # the spoilt update is not among them
    status = run.status()
    assert (status.state, status.step) == ("failed", step)
    assert "learning_rate" in status.message and "go on" in status.message
    unit = checkpoint.newest_unit(run.path)
    assert int(unit.name[5:]) == step - step % 4  # the last that was to be saved
    for tensors in tensors_of(run).values():
        assert all(value.isfinite().all() for value in tensors.values())
    again = train(experiment(), tmp_path, resume=True, report=ignore)
    assert_bit_equal(tensors_of(straight), tensors_of(again))
    assert again.status().state == "done"


def zero_a_convolution(model):
    weight = next(w for name, w in model.named_parameters() if name.endswith("permutation.weight"))
    weight.zero_()


def blow_up_the_codes(model):
    model.codes.mul_(1e30)


@pytest.mark.parametrize(
    ("name", "spoil", "said"),
    [
        ("glow", zero_a_convolution, "A matrix of the model is singular"),
        ("glico", blow_up_the_codes, "The gradient is not finite"),
    ],
)
def test_what_a_model_can_do_to_itself_stops_the_run(name, spoil, said, tmp_path, monkeypatch):
    built, build = [], session.build_model
    monkeypatch.setattr(session, "build_model", lambda *a: built.append(build(*a)) or built[-1])

    def report(progress):
        if progress.step == 6:
            with torch.no_grad():
                spoil(built[0])

    with pytest.raises(TrainingError, match=rf"^{said} at step 7 .*images \[.*Lower train"):
        train(experiment(name), tmp_path, resume=False, report=report)
    run = RunFolder(tmp_path / "toy")
    assert (run.status().state, run.status().step) == ("failed", 6)
    assert checkpoint.newest_unit(run.path).name == "step-00000004"
    assert train(experiment(name), tmp_path, resume=True, report=ignore).status().state == "done"
