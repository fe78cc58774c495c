"""The parts of the training tab, without a browser."""

import errno

import gradio as gr
import pytest
from tiny_models import GLICO
from tiny_sets import folder, save

from explorer import models
from explorer.errors import ConfigError
from explorer.service.data_check import check_data
from explorer.service.experiment_form import form_fields, form_values, presets
from explorer.service.run_estimate import Estimate
from explorer.service.runs import experiment_of
from explorer.settings import DataSettings
from explorer.ui.training import runs_panel, settings_panel
from explorer.ui.training.data_messages import check_html
from explorer.ui.training.estimate_messages import estimate_html
from explorer.ui.training.form import Form, element_id
from explorer.ui.training.runs_panel import ACTIONS, acted, run_named


@pytest.fixture(scope="module")
def form():
    form = Form()
    with gr.Blocks():
        form.place_all("data.")
        settings_panel.build(form)
    return form


def test_every_setting_of_every_model_has_its_control(form):
    wanted = {("", "model.name")}
    for model in models.available():
        for name, _ in form_fields(model):
            wanted.add((model if name.startswith("model.") else "", name))
    assert set(form.keys) == wanted and len(form.keys) == len(wanted)


def test_the_form_shows_a_preset_first(form):
    shown = dict(zip(form.keys, [control.value for control in form.controls], strict=True))
    expected = form_values(presets()[0].experiment)
    assert shown["", "train.steps"] == expected["train.steps"]
    assert shown["glico", "model.config.width"] == expected["model.config.width"]


def test_settings_of_other_models_are_left_out_and_stay(form):
    values = form.values([control.value for control in form.controls])
    assert values["model.name"] == "glico" and "model.config.num_steps" not in values
    updates = dict(zip(form.keys, form.shown(values), strict=True))
    assert updates["glico", "model.config.width"]["value"] == values["model.config.width"]
    assert "value" not in updates["glow", "model.config.num_steps"]


def test_a_sentence_finds_its_field(form):
    ids = {control.elem_id for control in form.controls}
    marks = form.marks({"train.steps": "a", "model.config.width": "b"}, "glico")
    assert set(marks) <= ids and marks[element_id("model.config.width", "glico")] == "b"


def test_what_was_found_is_shown_with_pictures_and_escaped(tmp_path):
    settings = folder(tmp_path)
    save(tmp_path / "roses" / "<b>.png", 0)
    shown = check_html(check_data(settings))
    assert "verdict good" in shown and shown.count("<img") == 3
    assert "<b>.png" not in shown and "&lt;b&gt;.png" in shown


def test_what_cannot_go_is_not_shown_as_good(tmp_path):
    shown = check_html(check_data(DataSettings(name="folder", root=str(tmp_path / "gone"))))
    assert "verdict warm" in shown and "Cannot go" in shown


def test_a_measurement_is_told_with_its_basis():
    shown = estimate_html(Estimate("cpu", 0.5, 32.0, 812.3, 5000.0, 5), 10_000)
    assert "10,000 steps take about 1 h 23 min on cpu, with 812 MB" in shown
    assert "5 real steps" in shown


@pytest.mark.parametrize("do", [None, 7, "", "rm", ["stop"], {"do": "stop"}])
def test_a_button_that_is_none_of_ours_is_refused(workbench, do):
    with pytest.raises(ConfigError, match="did not arrive"):
        acted(workbench, do, GLICO)


@pytest.mark.parametrize("run", [None, 7, "", [GLICO]])
def test_a_name_that_is_no_text_is_refused(run):
    with pytest.raises(ConfigError):
        run_named(run)


@pytest.mark.parametrize("do", ACTIONS)
def test_a_run_that_is_gone_is_told_in_words(workbench, do):
    told = acted(workbench, do, "no-such-run")
    assert told["tone"] == "warn" and "no-such-run" in told["text"]


def test_a_full_disk_is_told_in_words(workbench, monkeypatch):
    def full(root, name, changes=None):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(runs_panel, "resume_run", full)
    told = acted(workbench, "resume", GLICO)
    assert told["tone"] == "warn"
    assert told["text"] == f"The files of '{GLICO}' could not be changed: No space left on device."


def test_what_came_with_the_repository_is_never_deleted(workbench, page_root):
    lock = page_root / GLICO / "run.lock"
    kept = lock.read_bytes() if lock.exists() else None
    lock.unlink(missing_ok=True)
    told = acted(workbench, "delete", GLICO)
    if kept is not None:
        lock.write_bytes(kept)
    assert told["tone"] == "warn" and (page_root / GLICO / "experiment.json").exists()


def test_a_failed_run_goes_on_with_half_the_rate_and_a_done_one_twice_as_long(
    workbench, page_root, monkeypatch
):
    asked = []
    monkeypatch.setattr(
        runs_panel, "resume_run", lambda root, name, changes: asked.append(changes)
    )
    train = experiment_of(page_root, GLICO).train
    told = [acted(workbench, do, GLICO) for do in ("halve", "longer")]
    assert asked == [
        {"train.learning_rate": train.learning_rate / 2},
        {"train.steps": 2 * train.steps},
    ]
    assert f"{train.learning_rate / 2:g}" in told[0]["text"] and told[0]["tone"] == "good"
