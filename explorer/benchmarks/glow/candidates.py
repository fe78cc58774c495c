"""The flows that are compared: ours and its peers, of one shape, behind one small interface.

All are given the same pictures, uniform noise of one 8-bit step in the range [-0.5, 0.5], and the
same optimiser. What differs is what each library offers:

| candidate | couplings a level | 1x1 convolution | ActNorm in the networks | prior of a split |
|---|---|---|---|---|
| ours | K, scale `exp(tanh)` | learned | yes | given the kept half |
| normflows | K, scale `sigmoid` | learned, LU | no | a learned normal |
| FrEIA | K, scale `exp(tanh)` | a fixed rotation | no | a standard normal |
"""

__all__ = ["NAMES", "SCALE_BOUND", "SIGMA_BOUND", "build_candidates"]

from collections.abc import Sequence
from typing import cast

import torch
from torch import Tensor

from explorer.benchmarks.glow.candidate import Candidate, GlowShape
from explorer.errors import ConfigError, NotSupportedError
from explorer.models.glow import Glow, GlowSettings
from explorer.nn.flow import standard_normal_log_prob
from explorer.protocol import Batch, DataInfo, Images

NAMES = ("ours", "normflows", "FrEIA")
SCALE_BOUND = 2.5
"""Of our couplings' log-scales; it was chosen on tuning images of Fashion-MNIST, against 1."""
SIGMA_BOUND = 8.0
"""Of what a level predicts of the one below, as log-deviation. It was chosen on tuning images
against 3, which is too little where pixels are all but constant: 3.36 for 3.42 bits/dim on
Fashion-MNIST, the same on avatars."""


class _Ours(Candidate):
    name = "ours"

    def prepare(self, images: Images) -> None:
        self._glow.prepare([_batch(images)])

    def bits(self, images: Images, generator: torch.Generator) -> Tensor:
        return self._glow.loss(_batch(images), generator=generator)["total"]

    def log_density(self, x: Tensor) -> Tensor:
        z, log_det = self._glow.flow(x)
        return standard_normal_log_prob(z) + log_det

    def draw(self, count: int) -> Tensor:
        glow, generator = self._glow, torch.Generator().manual_seed(0)
        with torch.no_grad():
            return glow.decode(glow.sample_latents(count, generator=generator))

    def there_and_back(self, x: Tensor) -> Tensor:
        return self._glow.inverse_flow(self._glow.flow(x)[0])[0]

    @property
    def _glow(self) -> Glow:
        return cast(Glow, self.model)


def _ours(shape: GlowShape) -> Candidate:
    settings = GlowSettings(
        num_steps=(shape.steps,) * shape.levels,
        hidden_channels=(shape.hidden,) * shape.levels,
        log_scale_bound=SCALE_BOUND,
        log_sigma_bound=SIGMA_BOUND,
    )
    info = DataInfo((shape.channels, shape.side, shape.side), (1,))
    return _Ours(Glow(settings, info), shape)


def build_candidates(
    shape: GlowShape, names: Sequence[str] = NAMES, *, seed: int = 0
) -> dict[str, Candidate]:
    """Return candidates by name, each from the same seed.

    Args:
        shape: Of all of them.
        names: Which, of `NAMES`.
        seed: Of their weights; ours has its own, fixed one.

    Raises:
        ConfigError: A name is not known.
        NotSupportedError: A library is not installed.
    """
    for name in names:
        if name not in NAMES:
            raise ConfigError(f"There is no candidate '{name}'. Known are: {', '.join(NAMES)}.")
    found = {}
    for name in names:
        torch.manual_seed(seed)
        found[name] = _ours(shape) if name == "ours" else _peer(name, shape)
    return found


def _peer(name: str, shape: GlowShape) -> Candidate:
    try:
        if name == "normflows":
            from explorer.benchmarks.glow.normflows_glow import normflows_glow  # noqa: PLC0415

            return normflows_glow(shape)
        from explorer.benchmarks.glow.freia_glow import freia_glow  # noqa: PLC0415
    except ModuleNotFoundError as error:
        raise NotSupportedError(
            f"The benchmark compares with '{error.name}', which is not installed. Run "
            "`pip install -r requirements-benchmark.txt`, or leave it out by --against."
        ) from None
    return freia_glow(shape)


def _batch(images: Images) -> Batch:
    numbers = torch.zeros(len(images), dtype=torch.int64)
    return Batch(images, numbers, numbers)
