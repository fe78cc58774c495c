"""What a training does after its last step."""

import shutil

import pytest
from tiny_models import GLICO

from explorer.errors import ConfigError
from explorer.latent.layout_settings import UmapSettings
from explorer.service import run_ready
from explorer.service.runs import run_view
from explorer.train.run import RunFolder


@pytest.fixture
def root(tiny_root, tmp_path, monkeypatch):
    monkeypatch.setattr(run_ready, "prepare", lambda folder: None)
    return shutil.copytree(tiny_root, tmp_path / "checkpoints")


def test_a_second_map_is_laid_out_while_the_model_can_be_explored(root, monkeypatch):
    seen = []

    def compute(workbench, model, settings, report):
        seen.append((model, settings, RunFolder(root / GLICO).status().message))

    monkeypatch.setattr(run_ready, "compute_layout", compute)
    monkeypatch.setattr(run_ready, "SECOND_MAP_FROM", 10)
    before = RunFolder(root / GLICO).status()
    run_ready.make_run_ready(root / GLICO)
    assert seen == [(GLICO, UmapSettings(), run_ready.MAPPING)]
    assert RunFolder(root / GLICO).status() == before


def test_a_second_map_that_cannot_be_had_harms_nothing(root, monkeypatch, caplog):
    def compute(*arguments):
        raise ConfigError("Too few images.")

    monkeypatch.setattr(run_ready, "compute_layout", compute)
    monkeypatch.setattr(run_ready, "SECOND_MAP_FROM", 10)
    run_ready.make_run_ready(root / GLICO)
    assert run_view(root, GLICO).state == "done" and "Too few images" in caplog.text


def test_few_images_have_one_map(root, monkeypatch):
    monkeypatch.setattr(run_ready, "compute_layout", None)
    run_ready.make_run_ready(root / GLICO)
    assert run_view(root, GLICO).state == "done"
