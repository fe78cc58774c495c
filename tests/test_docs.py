"""The README tells of everything there is."""

import os
import re
from pathlib import Path

import pytest
import typer

from explorer import models
from explorer.cli import app
from explorer.data.source import available
from explorer.settings import Experiment, setting_names

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
COMMANDS = sorted(typer.main.get_command(app).commands)
TABS = [
    re.search(r'^TITLE = "(.+)"$', path.read_text(encoding="utf-8"), re.MULTILINE).group(1)
    for path in sorted((ROOT / "explorer/ui/tabs").glob("[!_]*.py"))
]
GROUPS = sorted({name.split(".")[0] for name in setting_names(Experiment)} - {"schema"})


def first_cells(heading):
    """The first column of the table below a heading."""
    section = README.split(f"\n## {heading}\n")[1].split("\n## ")[0]
    rows = re.findall(r"^\| (.+?) \|", section, re.MULTILINE)
    return " ".join(rows[1:])


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_its_row(command):
    assert f"`{command}`" in first_cells("The command line")


def test_no_row_tells_of_a_command_that_is_gone():
    assert set(re.findall(r"`([a-z-]+)`", first_cells("The command line"))) == set(COMMANDS)


@pytest.mark.parametrize("command", re.findall(r"python -m explorer ([a-z]+)", README))
def test_every_command_line_names_a_command(command):
    assert command in COMMANDS


@pytest.mark.parametrize("name", available())
def test_every_data_set_has_its_row(name):
    assert f"`{name}`" in first_cells("Data")


@pytest.mark.parametrize("name", models.available())
def test_every_model_has_its_row(name):
    assert f"`{name}`" in first_cells("Models")


@pytest.mark.parametrize("title", TABS)
def test_every_tab_has_its_row(title):
    assert f"**{title}**" in first_cells("The page")


@pytest.mark.parametrize("group", GROUPS)
def test_every_group_of_settings_has_its_row(group):
    assert re.search(rf"`{group}(\.[a-z_*]+)?`", first_cells("Train your own"))


def test_every_setting_that_is_named_exists():
    known = setting_names(Experiment)
    for name in re.findall(r"`((?:data|train)\.[a-z_]+)`", README):
        assert name in known, name


def test_every_file_that_is_named_is_there():
    for name in re.findall(r"`((?:explorer|assets|checkpoints|tests)/[\w./-]*)`", README):
        assert (ROOT / name).exists() or name == "explorer/models/vae.py", name


def test_every_picture_is_there():
    for name in re.findall(r"!\[[^]]*\]\(([^)]+)\)", README):
        assert (ROOT / name).is_file(), name


def test_the_layers_are_those_that_are_checked():
    contract = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    checked = re.search(r"\nlayers = \[(.+?)\]", contract, re.DOTALL).group(1)
    layers = [layer for layer in re.findall(r'"(.+?)"', checked) if layer != "__main__"]
    assert ", ".join(f"`{layer}`" for layer in layers) in README.replace(",\n", ", ")


def test_the_one_check_is_the_one_that_people_are_told_of():
    script = ROOT / ".ci/run"
    assert os.access(script, os.X_OK)
    assert "\n.ci/run\n" in README
    for command in ("ruff format --check", "ruff check", "lint-imports", "mypy"):
        assert f"\n{command}\n" in script.read_text()
    assert script.read_text().rstrip().endswith("\npython -m pytest")


def test_every_requirement_is_bounded_and_says_what_it_is_for():
    for name in ("requirements.txt", "requirements-dev.txt"):
        for line in (ROOT / name).read_text().splitlines():
            if line and not line.startswith(("#", "-r")):
                assert re.fullmatch(r"[\w-]+>=[\d.]+,<[\d.]+ +# .+", line), line
