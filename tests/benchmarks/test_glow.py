"""The benchmark of Glows: its measures against what is known, and the peers as they are built."""

import json
import math
import sys

import pytest
import torch
from PIL import Image
from torch import nn

from explorer.benchmarks.glow.ablations import CHANGES, ablate
from explorer.benchmarks.glow.arithmetic import step_flops
from explorer.benchmarks.glow.candidate import Candidate, GlowShape, dequantised
from explorer.benchmarks.glow.candidates import build_candidates
from explorer.benchmarks.glow.density import Budget, compare_densities, measure_inversion
from explorer.benchmarks.glow.memory import sample_mib
from explorer.benchmarks.glow.parts import fastest
from explorer.benchmarks.glow.rotation import WARM_UPS, Times, ratio, rotate
from explorer.cli import main
from explorer.models.glow import GlowSettings
from explorer.settings import DataSettings, TrainSettings

TINY = GlowShape(side=8, steps=1, levels=2, hidden=4)


def some_images(count=16, side=8):
    generator = torch.Generator().manual_seed(0)
    return torch.randint(0, 256, (count, 3, side, side), generator=generator).float() / 255


def test_every_piece_has_its_turn_in_every_round_and_not_always_first():
    done = []
    work = {name: (lambda name=name: done.append(name)) for name in "abc"}
    times = rotate(work, 3)
    assert all(len(one.cpu_ms) == len(one.wall_ms) == 3 for one in times.values())
    turns = [done[3 * k : 3 * k + 3] for k in range(3 + WARM_UPS)]
    assert all(sorted(turn) == ["a", "b", "c"] for turn in turns)
    assert {turn[0] for turn in turns} == {"a", "b", "c"}


def test_a_ratio_is_taken_within_rounds():
    """A round in which the whole machine was ten times slower changes nothing."""
    ours, other = Times((1.0, 10.0, 1.0), (1.0,) * 3), Times((2.0, 20.0, 2.0), (1.0,) * 3)
    assert ratio(other, ours) == 2.0


def test_decoding_is_compared_at_each_candidates_best_thread_count():
    def row(name, threads, wall):
        return {"candidate": name, "images": 1, "threads": threads, "wall_ms": wall}

    rows = [row("ours", 1, 2.0), row("ours", 2, 3.0), row("FrEIA", 1, 5.0), row("FrEIA", 2, 4.0)]
    assert [(one["candidate"], one["threads"]) for one in fastest(rows)] == [
        ("ours", 1),
        ("FrEIA", 2),
    ]


class Holding(Candidate):
    """Holds `copies` maps of the images' size for its backward pass."""

    name = "holding"

    def __init__(self, copies):
        super().__init__(nn.Linear(1, 1, bias=False), TINY)
        self.copies = copies

    def log_density(self, x):
        x = x * self.model.weight
        for _ in range(self.copies):
            x = x.sin()  # each keeps its input
        return x.sum((1, 2, 3))

    def draw(self, count):
        raise NotImplementedError

    def there_and_back(self, x):
        raise NotImplementedError


def test_memory_counts_what_a_further_sample_keeps():
    images = some_images(side=32)
    more = sample_mib(Holding(9), images) - sample_mib(Holding(5), images)
    assert more == pytest.approx(4 * images[0].numel() * 4 / 2**20)


def test_operations_of_a_step_are_those_of_the_formula():
    """A product and two more for its gradients; the first layer's input needs none."""

    class Product(Holding):
        def log_density(self, x):
            return (x.flatten(1) @ self.model.weight.T).sum(1)

    one = Product(0)
    one.model = nn.Linear(192, 5, bias=False)
    assert step_flops(one, some_images()) == 2 * (2 * 16 * 192 * 5)


def test_a_product_that_is_added_in_place_is_counted():
    class Added(Holding):
        def log_density(self, x):
            total = torch.zeros(16, 5)
            with torch.no_grad():
                total.addmm_(x.flatten(1), self.model.weight.T)
            return total.sum(1) + self.model.weight.sum()

    one = Added(0)
    one.model = nn.Linear(192, 5, bias=False)
    assert step_flops(one, some_images()) == 2 * 16 * 192 * 5


def test_uniform_noise_costs_what_a_normal_of_its_variance_does():
    """Before training, with every channel whitened and each coupling the identity."""
    one = build_candidates(TINY, ["ours"])["ours"]
    images = some_images(256)
    one.prepare(images)
    expected = 8 + 0.5 * math.log2(2 * math.pi * math.e / 12)
    assert float(one.bits(images, torch.Generator().manual_seed(1)).detach()) == pytest.approx(
        expected, abs=0.05
    )


def test_ours_gives_the_loss_it_is_trained_with():
    one, images = build_candidates(TINY, ["ours"])["ours"], some_images()
    one.prepare(images)
    x = dequantised(images, torch.Generator().manual_seed(1))
    bits = 8 - one.log_density(x).mean() / (math.log(2) * TINY.dimensions)
    loss = one.bits(images, torch.Generator().manual_seed(1))
    assert bits.item() == pytest.approx(loss.item(), abs=1e-5)


def test_normflows_density_is_that_of_whitened_noise():
    pytest.importorskip("normflows")
    one = build_candidates(TINY, ["normflows"])["normflows"]
    images = some_images(256)
    one.prepare(images)
    bits = one.bits(images, torch.Generator().manual_seed(1)).item()
    expected = 8 + 0.5 * math.log2(2 * math.pi * math.e / 12)
    assert bits == pytest.approx(expected, abs=0.05)
    assert_it_draws_and_inverts(one, images)


def test_freia_density_is_a_standard_normal_before_training():
    pytest.importorskip("FrEIA")
    one = build_candidates(TINY, ["FrEIA"])["FrEIA"]
    images = some_images()
    x = dequantised(images, torch.Generator().manual_seed(1))
    expected = torch.distributions.Normal(0, 1).log_prob(x).sum((1, 2, 3))
    torch.testing.assert_close(one.log_density(x).detach(), expected, rtol=1e-4, atol=1e-2)
    assert_it_draws_and_inverts(one, images)


def assert_it_draws_and_inverts(one, images):
    assert one.draw(2).shape == (2, 3, 8, 8)
    x = dequantised(images, torch.Generator().manual_seed(3))
    with torch.no_grad():
        torch.testing.assert_close(one.there_and_back(x), x, rtol=0, atol=1e-4)


def test_a_missing_peer_says_what_to_install(monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "normflows", None)
    monkeypatch.delitem(sys.modules, "explorer.benchmarks.glow.normflows_glow", raising=False)
    assert main(["benchmark", "glow", "--parts", "memory", "--steps", "1"]) == 2
    error = capsys.readouterr().err
    assert "'normflows'" in error
    assert "pip install -r requirements-benchmark.txt" in error


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--parts", "speed"], "--parts has 'speed'"),
        (["--parts", ","], "--parts is empty"),
        (["--against", "nflows"], "--against has 'nflows'"),
        (["--image-size", "20"], "multiple of 8"),
        (["--precision", "float16"], "--precision has 'float16'"),
    ],
)
def test_what_cannot_be_measured_is_refused(arguments, words, capsys):
    assert main(["benchmark", "glow", *arguments]) == 2
    assert words in capsys.readouterr().err


def test_the_command_measures_ours_alone_and_draws_it(tmp_path, capsys):
    picture = tmp_path / "glow.png"
    options = ["--against", "", "--steps", "1", "--hidden", "2", "--image-size", "8"]
    options += ["--rounds", "1", "--out", str(picture), "--json"]
    assert main(["benchmark", "glow", *options]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["train"][0]["to_ours"] == 1.0
    assert {row["steps"] for row in found["memory"]} == {8, 16, 32}
    assert {(row["images"], row["threads"]) for row in found["decode"]} == {
        (1, 1),
        (1, 2),
        (16, 1),
        (16, 2),
    }
    assert sum(row["share"] for row in found["profile"]) <= 1
    with Image.open(picture) as drawn:
        assert drawn.width > drawn.height


def test_densities_are_compared_after_tuning_the_rate():
    budget = Budget(steps=3, rates=(1e-4, 3e-3), seeds=2, held_out=16)
    sets = [DataSettings(name="avatars", image_size=16, count=60)]
    told = []
    (row,) = compare_densities(sets, ["ours"], budget, told.append)
    assert set(row.tuned) == {"0.0001", "0.003"}
    assert row.tuned[f"{row.rate:g}"] == min(row.tuned.values())
    assert len(row.bits) == 2 and all(4 < bits < 9 for bits in row.bits)
    assert row.inversion < 1e-4
    assert len(told) == 4


def test_inversion_is_measured_after_real_updates():
    sets = [DataSettings(name="avatars", image_size=16, count=60)]
    shape, told = GlowShape(side=16, steps=2, levels=2, hidden=8), []
    budget = Budget(steps=12, held_out=8)
    (row,) = measure_inversion(sets, ["ours"], shape, budget, told.append)
    assert (row.candidate, row.steps) == ("ours", 12)
    assert 4 < row.bits < 9 and 0 < row.inversion < 1e-4
    assert len(told) == 1


def test_an_ablation_is_trained_by_the_programs_own_loop():
    sets = DataSettings(name="avatars", image_size=16, count=40)
    rows = ablate(sets, ("as it is", "no warm-up", "sigmoid coupling"), 10, 1, lambda text: None)
    assert [row.change for row in rows] == ["as it is", "no warm-up", "sigmoid coupling"]
    assert len({row.bits for row in rows}) == 3, "each change changes something"
    assert all(3 < row.bound[0] <= row.bits[0] < 30 for row in rows)


def test_every_ablation_has_settings_that_exist():
    for changed, trained in CHANGES.values():
        GlowSettings.model_validate(changed)
        TrainSettings.model_validate(trained)
