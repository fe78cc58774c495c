import json
import signal
from contextlib import suppress

import pytest
from tiny_models import GLICO, GLOW, IMAGES, write_experiment

from explorer.cli.bar import TrainBar
from explorer.service.workbench import Workbench
from explorer.settings import TrainSettings
from explorer.train.loop import Progress


def test_a_trained_model_is_at_once_ready_to_explore(tiny_root):
    cards = {card.name: card for card in Workbench(tiny_root).models()}
    assert set(cards) == {GLOW, GLICO}
    assert not any(card.problem for card in cards.values())
    assert len(Workbench(tiny_root).open(GLOW).gallery) == IMAGES


def test_training_tells_what_it_wrote_and_what_to_type_next(typed, tmp_path):
    config = write_experiment(tmp_path, GLOW)
    result = typed("train", "--config", config, "--root", tmp_path, "--set", "train.steps=2")
    assert result.code == 0, result.err
    assert str(tmp_path / GLOW) in result.out
    assert f"python -m explorer sample --model {GLOW} --root {tmp_path}" in result.out
    assert "step 2/2" in result.err and "total" in result.err and "min left" in result.err
    again = typed("sample", "--model", GLOW, "--root", tmp_path, "--out", tmp_path / "a.png")
    assert again.code == 0


def test_ctrl_c_saves_and_resume_goes_on(typed, tmp_path, monkeypatch):
    words = ("train", "--config", write_experiment(tmp_path, GLOW), "--root", tmp_path)
    with monkeypatch.context() as patch:
        patch.setattr(TrainBar, "show", lambda bar, progress: signal.raise_signal(signal.SIGINT))
        stopped = typed(*words)
    assert stopped.code == 130
    assert "Stopped before step 3" in stopped.out and "--resume" in stopped.out
    assert not (tmp_path / GLOW / "gallery.npz").exists()
    status = json.loads((tmp_path / GLOW / "status.json").read_text())
    assert (status["state"], status["step"]) == ("stopped", 1)
    resumed = typed(*words, "--resume")
    assert resumed.code == 0, resumed.err
    assert "step 2/3" in resumed.err and "step 1/3" not in resumed.err
    assert Workbench(tmp_path).card(GLOW).facts["steps"] == 3


def test_a_stopped_run_that_was_ready_before_must_be_made_ready_anew(typed, own_root, monkeypatch):
    drawn = own_root.parent
    words = ("train", "--config", write_experiment(drawn, GLICO), "--root", own_root)
    with monkeypatch.context() as patch:
        patch.setattr(TrainBar, "show", lambda bar, progress: signal.raise_signal(signal.SIGINT))
        stopped = typed(*words, "--resume", "--set", "train.steps=9")
    assert stopped.code == 130
    assert (
        "not yet prepared" in Workbench(own_root).card(GLICO).problem
    )  # the map is of old weights
    assert typed("prepare", "--model", GLICO, "--root", own_root).code == 0
    assert Workbench(own_root).card(GLICO).facts["steps"] == 4


def test_a_run_is_not_overwritten(typed, own_root):
    before = (own_root / GLOW / "weights.safetensors").read_bytes()
    config = write_experiment(own_root.parent, GLOW)
    result = typed("train", "--config", config, "--root", own_root)
    assert result.code == 2
    assert "--resume" in result.err
    assert (own_root / GLOW / "weights.safetensors").read_bytes() == before


def test_prepare_chooses_how_much_is_shown(typed, own_root):
    result = typed("prepare", "--root", own_root, "--model", GLOW, "--count", 20, "--held-out", 5)
    assert result.code == 0, result.err
    gallery = Workbench(own_root).open(GLOW).gallery
    assert len(gallery) == 25
    assert gallery.held_out.sum() == 5
    assert "25 images" in result.out


def test_a_model_without_an_encoder_shows_no_held_out_images(typed, own_root):
    before = (own_root / GLICO / "gallery.npz").read_bytes()
    result = typed("prepare", "--root", own_root, "--model", GLICO, "--held-out", 5)
    assert result.code == 2
    assert GLICO in result.err and "held" in result.err
    assert (own_root / GLICO / "gallery.npz").read_bytes() == before


@pytest.mark.parametrize(("step", "lines"), [(1, 0), (4, 1), (9, 1)])
def test_a_log_file_gets_a_line_now_and_then(capsys, step, lines):
    with TrainBar("run", TrainSettings(steps=9, log_every=4)) as bar:
        bar.show(Progress(step, 6.0 * step, 1e-3, 1.0, False, {"total": 1.25}))
    shown = capsys.readouterr().err.splitlines()
    assert len(shown) == lines
    assert all(f"step {step}/9 total 1.25 ({(9 - step) / 10:.1f} min left)" == x for x in shown)


def test_a_log_on_a_full_disk_costs_its_lines_and_not_the_run(typed, tmp_path, monkeypatch):
    words = ("train", "--config", write_experiment(tmp_path, GLOW), "--root", tmp_path)
    full = open("/dev/full", "w", buffering=1)  # noqa: SIM115  # its closing fails too
    with monkeypatch.context() as patch:
        patch.setattr("sys.stderr", full)
        patch.setattr("sys.stdout", full)
        result = typed(*words, "--set", "train.steps=2")
    with suppress(OSError):
        full.close()
    assert result.code == 0
    status = json.loads((tmp_path / GLOW / "status.json").read_text())
    assert (status["state"], status["step"]) == ("done", 2)
    assert not Workbench(tmp_path).card(GLOW).problem


def test_a_skipped_step_is_named(capsys):
    with TrainBar("run", TrainSettings(steps=1)) as bar:
        bar.show(Progress(1, 1.0, 1e-3, float("nan"), True, {"total": float("nan")}))
    assert "skipped" in capsys.readouterr().err


def test_an_exported_model_is_taken_in_by_import(typed, tiny_root, tmp_path):
    file, root = tmp_path / "model.zip", tmp_path / "root"
    assert typed("export", "--model", GLICO, "--root", tiny_root, "--out", file).code == 0
    refused = typed("import", file, "--root", root, "--bits", "5")
    assert refused.code == 2 and "only --name" in refused.err
    assert "'mine' is there" in typed("import", file, "--root", root, "--name", "mine").out
    assert (root / "mine" / "weights.safetensors").exists()
