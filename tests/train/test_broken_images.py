"""Pictures that cannot be read: one in a hundred costs itself, more cost the run its start."""

import logging

import pytest
from tiny_sets import save
from toy_runs import experiment, ignore

from explorer.data.folders import listing_of
from explorer.errors import DataError
from explorer.settings import DataSettings
from explorer.train.run import RunFolder
from explorer.train.session import train

COUNT = 70
"""Pictures a class, of which 7 are held out."""


@pytest.fixture
def plan(tmp_path):
    for number in range(COUNT):
        for kind in ("a", "b"):
            save(tmp_path / "set" / kind / f"{number}.png", number, 4, 4)
    data = DataSettings(name="folder", root=str(tmp_path / "set"), image_size=16)
    return experiment(steps=2, warmup_steps=1).model_copy(update={"data": data})


def spoil(folder, count):
    """Cut pictures off that a training reads: those of the class that are not held out."""
    settings = DataSettings(name="folder", root=str(folder))
    for path in listing_of(settings, "train").paths[:count]:
        path.write_bytes(path.read_bytes()[:40])


def test_one_in_a_hundred_is_left_out_and_named(plan, tmp_path, caplog):
    spoil(tmp_path / "set", 1)
    with caplog.at_level(logging.WARNING):
        run = train(plan, tmp_path, resume=False, report=ignore)
    assert run.status().state == "done"
    assert sum(run.data_card().class_counts) == 2 * COUNT - 14 - 1
    (left_out,) = [record.getMessage() for record in caplog.records]
    assert "left out: '" in left_out and "/set/a/" in left_out


def test_more_end_the_run_before_its_first_update(plan, tmp_path):
    spoil(tmp_path / "set", 2)
    steps = []
    with pytest.raises(DataError, match=r"unreadable image \(2 of 126 so far\): '.*a/.*png'"):
        train(plan, tmp_path, resume=False, report=lambda progress: steps.append(progress.step))
    status = RunFolder(tmp_path / "toy").status()
    assert (status.state, status.step, steps) == ("failed", 0, [])
    assert not (tmp_path / "toy" / "units").exists()
