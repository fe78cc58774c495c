"""The command that tests whether made images help: what it says is what the command takes."""

import shlex

from typer.testing import CliRunner

from explorer.cli import app
from explorer.service import fewshot
from explorer.service.fewshot_command import fewshot_command
from explorer.settings import DataSettings


def test_the_command_is_taken_with_the_data_of_the_model(tmp_path, monkeypatch):
    root = str(tmp_path / "my 'best' pictures")
    data = DataSettings(name="folder", root=root, image_size=48, count=70, shots=9)
    words = shlex.split(fewshot_command("mine", data, (30, 9)))
    assert words[:3] == ["python", "-m", "explorer"]
    plans = []

    def stop(plan, folder, report):
        plans.append((plan, folder))
        raise KeyboardInterrupt

    monkeypatch.setattr(fewshot, "run_fewshot", stop)
    CliRunner().invoke(app, words[3:])
    [(plan, folder)] = plans
    assert (plan.data.name, plan.data.root, plan.data.image_size) == ("folder", root, 48)
    assert (plan.data.count, plan.shots, plan.score) == (70, (4,), "rest")
    assert plan.arms[0] == "standard" and len(plan.arms) == 3
    assert str(folder) == "runs/does-it-help/mine"


def test_data_without_a_folder_and_with_many_images():
    command = fewshot_command("mine", DataSettings(name="cifar-10"), (5000,) * 10)
    assert "data.root" not in command and "--shots 10 " in command
