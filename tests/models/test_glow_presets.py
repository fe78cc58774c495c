"""The published configurations: as many parameters as the original codes' layers have."""

import json
from pathlib import Path

import dialects
import pytest

from explorer.models.glow import Glow, GlowSettings
from explorer.protocol import DataInfo
from explorer.settings import load_experiment

PRESETS = Path(__file__).resolve().parents[2] / "assets" / "presets"


def original(steps, levels, hidden, channels=3, *, additive=False):
    """The trained numbers of chaiyujin/glow-pytorch and y0ast/Glow-PyTorch, without a top prior.

    A step has an ActNorm (bias, logs), a 1x1 matrix, and a network: a 3x3 convolution without a
    bias, an ActNorm, a 1x1 one without a bias, an ActNorm, and a zero convolution with a bias and
    logs. A split has a zero convolution.
    """
    total = 0
    for level in range(levels):
        channels *= 4
        half, outputs = channels // 2, channels // 2 if additive else channels
        net = 9 * half * hidden + 2 * hidden + hidden**2 + 2 * hidden + 9 * hidden * outputs
        total += steps * (2 * channels + channels**2 + net + 2 * outputs)
        if level < levels - 1:
            total += 9 * half * channels + 2 * channels
            channels = half
    return total


def ours(settings, side, channels=3):
    """Our trained numbers, without the top prior."""
    glow = Glow(settings, DataInfo((channels, side, side), (1,)))
    return sum(
        parameter.numel()
        for name, parameter in glow.named_parameters()
        if not name.startswith(("top_", "class_"))
    )


@pytest.mark.parametrize("additive", [False, True])
def test_the_formula_counts_what_their_checkpoints_hold(additive):
    """The fixtures' names and shapes are those that the original codes loaded strictly."""
    state = dialects.sequential("y0ast", additive=additive)
    count = sum(value.numel() for name, value in state.items() if name != "prior_h")
    assert count == original(dialects.STEPS, 2, dialects.HIDDEN, additive=additive)


@pytest.mark.parametrize(
    ("name", "count"),
    [
        ("reference-glow-celeba-64", 44_052_720),
        ("reference-glow-cifar-10", 44_052_720),
        ("reference-glow-imagenet-32", 66_077_424),
        ("reference-glow-imagenet-64", 111_080_400),
        ("reference-glow-lsun-64", 66_077_424),
        ("reference-glow-celeba-hq-256", 168_785_808),
    ],
)
def test_a_published_configuration_has_the_published_codes_parameters(name, count):
    experiment = load_experiment(PRESETS / f"{name}.json")
    settings = GlowSettings.model_validate(experiment.model.config)
    (steps,), (hidden,) = set(settings.num_steps), set(settings.hidden_channels)
    expected = original(
        steps, len(settings.num_steps), hidden, additive=settings.coupling == "additive"
    )
    assert ours(settings, experiment.data.image_size) == expected == count


def test_the_source_is_trained_as_its_file_of_settings_says():
    train = load_experiment(PRESETS / "reference-glow-celeba-64.json").train
    assert (train.batch_size, train.beta1, train.beta2) == (4 * 12, 0.9, 0.9999)
    assert (train.schedule, train.warmup_steps, train.learning_rate) == (
        "inverse_sqrt",
        4000,
        1e-3,
    )
    assert (train.value_clip, train.gradient_clip) == (5, 100)
    assert train.final_rate * train.learning_rate == pytest.approx(1e-4)


@pytest.mark.parametrize("path", sorted(PRESETS.glob("*glow*.json")), ids=lambda path: path.stem)
def test_every_preset_has_settings_that_glow_takes(path):
    config = json.loads(path.read_text(encoding="utf-8"))["model"]["config"]
    GlowSettings.model_validate(config)
