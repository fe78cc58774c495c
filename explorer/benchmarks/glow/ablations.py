"""What each choice of our Glow is worth: one thing changed at a time, equal steps, same images.

All are trained by the program's own loop from the same seed, with the same order of images and the
same uniform noise (but for "variational dequantisation"), and measured on held-out images by their
averaged weights.
"""

__all__ = ["CHANGES", "Ablation", "ablate"]

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
import torch

from explorer.benchmarks.glow.candidates import SCALE_BOUND, SIGMA_BOUND
from explorer.benchmarks.glow.density import HIDDEN, STEPS
from explorer.data.load import load_data
from explorer.judge.density import measure_density
from explorer.models.glow import Glow, GlowSettings
from explorer.protocol import Density
from explorer.settings import DataSettings, TrainSettings
from explorer.train.loop import fit, start

LEVELS = 3
RATE = 4e-3
DRAWS = 8
HELD_OUT = 256

CHANGES: Mapping[str, tuple[Mapping[str, Any], Mapping[str, Any]]] = {
    "as it is": ({}, {}),
    "log-scales up to 1": ({"log_scale_bound": 1.0}, {}),
    "log-deviations up to 3": ({"log_sigma_bound": 3.0}, {}),
    "sigmoid coupling": ({"coupling": "sigmoid"}, {}),
    "additive coupling": ({"coupling": "additive"}, {}),
    "no learned top prior": ({"learn_top": False}, {}),
    "fixed shuffle": ({"permutation": "shuffle"}, {}),
    "LU of the 1x1 convolutions": ({"permutation": "conv1x1_lu"}, {}),
    "no averaged weights": ({}, {"ema_decay": 0.0}),
    "no warm-up": ({}, {"warmup_steps": 0}),
    "bfloat16 networks": ({}, {"precision": "bfloat16"}),
    "variational dequantisation": ({"dequantisation": "variational"}, {}),
}
"""Settings of the model and of the training that differ, by what people call it."""


@dataclass(frozen=True, slots=True)
class Ablation:
    """How well a Glow fits with one thing changed.

    Attributes:
        change: What is different.
        data: Name of the set.
        bits: Bits per dimension on held-out images, a value a seed.
        bound: The tighter bound by `DRAWS` draws together, likewise.
        cpu_s: CPU time of the first training, seconds.
    """

    change: str
    data: str
    bits: tuple[float, ...]
    bound: tuple[float, ...]
    cpu_s: float


def ablate(
    data: DataSettings,
    names: Sequence[str],
    updates: int,
    seeds: int,
    report: Callable[[str], None],
) -> list[Ablation]:
    """Train once a change and seed.

    Args:
        data: The set.
        names: Out of `CHANGES`.
        updates: Of each training.
        seeds: Number of them, 0, 1, ...
        report: Told what was found.
    """
    train, test = load_data(data, "train"), load_data(data, "test")
    held_out = test.subset(np.arange(min(HELD_OUT, len(test)), dtype=np.int64))
    found = []
    for name in names:
        changed, trained = CHANGES[name]
        bits, bounds, seconds = [], [], []
        for seed in range(seeds):
            began = time.process_time()
            settings = TrainSettings.model_validate(
                {"steps": updates, "batch_size": 16, "learning_rate": RATE, "seed": seed}
                | {"warmup_steps": updates // 10, **trained}
            )
            shape = GlowSettings.model_validate(
                {"num_steps": (STEPS,) * LEVELS, "hidden_channels": (HIDDEN,) * LEVELS}
                | {"log_scale_bound": SCALE_BOUND, "log_sigma_bound": SIGMA_BOUND, **changed}
            )
            torch.manual_seed(seed)
            state = start(Glow(shape, train.info), train, settings)
            for _ in fit(state, train, settings):
                pass
            seconds.append(time.process_time() - began)
            result = measure_density(cast(Density, state.average), held_out, draws=DRAWS)
            bits.append(round(result.bits_per_dim, 4))
            bounds.append(round(cast(float, result.bound), 4))
            report(f"{train.name}, {name}: seed {seed} gives {bits[-1]:.3f} bits/dim")
        found.append(Ablation(name, train.name, tuple(bits), tuple(bounds), round(seconds[0], 1)))
    return found
