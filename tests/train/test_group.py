"""Parts of a batch and several processes: the same update as one process with the whole batch."""

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from toy_images import ellipse_source, ellipses
from toy_runs import experiment, ignore, tensors_of

from explorer import models
from explorer.errors import ConfigError
from explorer.settings import TrainSettings
from explorer.train.group import Group
from explorer.train.loop import fit, start
from explorer.train.session import train
from explorer.train.sitting import Sitting

DATA = ellipses(24)
TOLERANCE = {"rtol": 1e-4, "atol": 1e-5}
"""Sums of the same numbers in another order, over a few updates in float32."""


def weights_after(name, config, **plan):
    spec = models.get(name)
    torch.manual_seed(0)
    settings = spec.settings.model_validate(spec.tiny().model_dump() | config)
    plan = TrainSettings(**({"steps": 6, "batch_size": 12, "warmup_steps": 2} | plan))
    state = start(spec.build(settings, DATA.info), DATA, plan)
    totals = [progress.terms["total"] for progress in fit(state, DATA, plan)]
    return totals, dict(state.model.state_dict())


def test_a_batch_in_parts_makes_the_update_of_the_whole_batch():
    """GLICO without interpolated codes draws nothing, so that the parts are the batch."""
    whole, in_parts = (
        weights_after("glico", {"mixed_share": 0.0}, accumulate=parts) for parts in (1, 4)
    )
    torch.testing.assert_close(in_parts, whole, **TOLERANCE)


def test_a_batch_that_has_no_equal_parts_is_refused():
    with pytest.raises(ValueError, match="equal parts"):
        TrainSettings(batch_size=10, accumulate=4)
    with pytest.raises(ConfigError, match=r"batch_size is 10; 4 processes.*multiple of 4"):
        Group(size=4).parts(TrainSettings(batch_size=10))


PROGRAM = """
import os, sys
from pathlib import Path
sys.path[:0] = {paths!r}
import toy_images, toy_runs
import explorer.data.load
from explorer.train.session import train
explorer.data.load.get = lambda name: toy_images.ellipse_source([])
for model, port in zip(("glico", "glow"), sys.argv[2:]):
    os.environ["MASTER_PORT"] = port
    plan = toy_runs.experiment(model, name=model, batch_size=6)
    train(plan, Path(sys.argv[1]), resume=False, report=toy_runs.ignore)
"""


def free_ports(count):
    sockets = [socket.socket() for _ in range(count)]
    for one in sockets:
        one.bind(("127.0.0.1", 0))
    ports = [str(one.getsockname()[1]) for one in sockets]
    for one in sockets:
        one.close()
    return ports


def test_two_processes_agree_with_one(tmp_path, monkeypatch):
    """What `torchrun` sets in the environment of its processes is all they need."""
    here = Path(__file__).parent
    program = PROGRAM.format(paths=[str(here), str(here.parent)])
    words = [sys.executable, "-c", program, str(tmp_path / "two"), *free_ports(2)]
    common = {"WORLD_SIZE": "2", "MASTER_ADDR": "127.0.0.1", "OMP_NUM_THREADS": "1"}
    ranks = [
        subprocess.Popen(
            words,
            env=os.environ | common | {"RANK": rank, "LOCAL_RANK": rank},
            stderr=subprocess.PIPE,
            text=True,
        )
        for rank in ("0", "1")
    ]
    try:
        said = [rank.communicate(timeout=300)[1] for rank in ranks]
    finally:
        for rank in ranks:
            rank.kill()
            rank.wait()
    assert [rank.returncode for rank in ranks] == [0, 0], said
    monkeypatch.setattr("explorer.data.load.get", lambda name: ellipse_source([]))
    for model in ("glico", "glow"):
        plan = experiment(model, name=model, batch_size=6, accumulate=2)
        alone = train(plan, tmp_path / "one", resume=False, report=ignore)
        both = type(alone)(tmp_path / "two" / model)
        assert both.status().state == "done"
        torch.testing.assert_close(tensors_of(both), tensors_of(alone), **TOLERANCE)
        assert [row["step"] for row in both.metrics()] == [3, 6, 9, 12]  # written by one of them

    # One process goes on with what two began, in as many parts: equal but for rounding.
    said, show = [], Sitting.show
    monkeypatch.setattr(Sitting, "show", lambda *args: (said.append(args[2]), show(*args)))
    longer = experiment("glow", name="glow", batch_size=6, accumulate=2, steps=15)
    alone, both = (
        train(longer, tmp_path / began, resume=True, report=ignore) for began in ("one", "two")
    )
    assert alone.status().step == both.status().step == 15
    torch.testing.assert_close(tensors_of(both), tensors_of(alone), **TOLERANCE)
    noted = [words for words in said if "Goes on with processes 1 instead of 2" in words]
    assert noted and len(noted) < len(said)  # the one that began alone has nothing to tell
