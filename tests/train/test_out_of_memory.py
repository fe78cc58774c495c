"""Memory that runs out, of any kind, ends a run with advice; nothing tries again by itself."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from toy_images import ellipse_source
from toy_runs import assert_bit_equal, experiment, ignore, tensors_of

from explorer.errors import TrainingError
from explorer.train import checkpoint
from explorer.train.run import RunFolder
from explorer.train.session import train


def of_a_graphics_processor():
    raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB.")


def of_torch():
    torch.empty(2**50, dtype=torch.uint8)


def of_numpy():
    np.empty(2**60, dtype=np.uint8)


@pytest.fixture(autouse=True)
def ellipses(monkeypatch):
    monkeypatch.setattr("explorer.data.load.get", lambda name: ellipse_source([]))


@pytest.mark.parametrize("run_out", [of_a_graphics_processor, of_torch, of_numpy])
def test_it_is_told_with_advice_and_what_was_saved_is_whole(run_out, tmp_path):
    steps = []

    def report(progress):
        steps.append(progress.step)
        if progress.step == 6:
            run_out()

    advice = r"Memory ran out after step 6\. Lower train\.batch_size \(now 5\)"
    with pytest.raises(TrainingError, match=advice):
        train(experiment(), tmp_path / "a", resume=False, report=report)
    assert steps == [1, 2, 3, 4, 5, 6]  # no second try with other numbers
    run = RunFolder(tmp_path / "a" / "toy")
    assert (run.status().state, run.status().step) == ("failed", 6)
    assert checkpoint.newest_unit(run.path).name == "step-00000004"
    again = train(experiment(), tmp_path / "a", resume=True, report=ignore)
    straight = train(experiment(), tmp_path / "b", resume=False, report=ignore)
    assert_bit_equal(tensors_of(straight), tensors_of(again))


LIMITED = """
import resource, sys
from pathlib import Path
sys.path[:0] = {paths!r}
import toy_images, toy_runs, torch
import explorer.data.load
from explorer.errors import TrainingError
from explorer.train.session import train
explorer.data.load.get = lambda name: toy_images.ellipse_source([])
kept = []
def report(progress):
    if progress.step == 3:
        used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
        resource.setrlimit(resource.RLIMIT_AS, (used + 2**26, used + 2**26))
    kept.append(torch.zeros(2**22))  # 16 MB an update that nothing frees
try:
    train(toy_runs.experiment(steps=100), Path(sys.argv[1]), resume=False, report=report)
except TrainingError as error:
    print(error)
"""


def test_a_limit_of_the_process_is_met_in_words(tmp_path):
    here = Path(__file__).parent
    program = LIMITED.format(paths=[str(here), str(here.parent)])
    ended = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path)], capture_output=True, text=True
    )
    assert "Memory ran out after step" in ended.stdout, ended.stderr
    assert RunFolder(tmp_path / "toy").status().state == "failed"
    checkpoint.verify(checkpoint.newest_unit(tmp_path / "toy"))
