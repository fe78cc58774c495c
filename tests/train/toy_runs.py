"""Runs of a few updates on a few ellipses, and what they left."""

import torch

from explorer import models
from explorer.settings import DataSettings, Experiment, ModelChoice, TrainSettings
from explorer.train import checkpoint

STEPS = 12


def experiment(model="glow", name="toy", seed=0, **changes):
    """An experiment of one of the tiny models; the changes are settings of the training."""
    config = models.get(model).tiny().model_dump(mode="json")
    plan = {
        "steps": STEPS,
        "batch_size": 5,
        "warmup_steps": 3,
        "log_every": 3,
        "preview_every": 6,
        "checkpoint_every": 4,
    }
    return Experiment(
        name=name,
        model=ModelChoice(name=model, config=config),
        data=DataSettings(name="ellipses", image_size=16, count=12, seed=seed),
        train=TrainSettings(**(plan | changes)),
    )


def ignore(progress):
    pass


def tensors_of(run):
    """All tensors of a run's newest unit, by file."""
    unit = checkpoint.newest_unit(run.path)
    names = ("model", "average", "optimiser")
    return {name: checkpoint.read_tensors(unit / f"{name}.safetensors") for name in names}


def assert_bit_equal(first, second):
    for part, values in first.items():
        assert values.keys() == second[part].keys()
        for name, value in values.items():
            assert torch.equal(value, second[part][name]), f"{part}: {name}"
