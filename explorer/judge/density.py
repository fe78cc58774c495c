r"""How well a density model predicts images it never saw.

Uniform noise u makes every density of noisy images a bound of the probability of the 8-bit image,
and the mean over k draws is a tighter one:

.. math:: \log P(x) \ge E \log \frac{1}{k} \sum_{i=1}^{k} p(x + u_i)

Source: Theis et al., A Note on the Evaluation of Generative Models, 2016, for k = 1; Burda et al.,
Importance Weighted Autoencoders, 2016, theorem 1, for more.
"""

__all__ = ["DensityResult", "measure_density"]

import math
from dataclasses import dataclass

import torch

from explorer.data.labelled import LabelledImages
from explorer.judge.pictures import image_batches
from explorer.protocol import Density


@dataclass(frozen=True, slots=True)
class DensityResult:
    """Held-out likelihood; smaller is better.

    Attributes:
        bits_per_dim: Mean over images and draws of the training noise.
        standard_error: Of that mean, from the spread between images.
        high: 97.5 % quantile over images; a picture above it is unusual to the model.
        noise_floor: Bits per dimension that the noise alone costs: no model can do better.
        count: Images.
        draws: Draws of the noise an image.
        bound: Bits per dimension by the mean density over all draws, a tighter bound; None where
            the noise is not uniform, so that there is nothing to bound.
    """

    bits_per_dim: float
    standard_error: float
    high: float
    noise_floor: float
    count: int
    draws: int
    bound: float | None

    @property
    def excess(self) -> float:
        """Bits per dimension above the noise floor, the part that models differ in."""
        return self.bits_per_dim - self.noise_floor


@torch.no_grad()
def measure_density(
    model: Density, data: LabelledImages, *, draws: int = 2, seed: int = 0
) -> DensityResult:
    """Return the mean bits per dimension of images.

    Args:
        model: The judged one.
        data: At least two images, held out.
        draws: Draws of the training noise an image.
        seed: Of the noise.
    """
    generator = torch.Generator().manual_seed(seed)
    values = []
    for images in image_batches(data):
        bits = [model.bits_per_dim(images, generator=generator) for _ in range(draws)]
        values.append(torch.stack(bits).to(torch.float64))
    drawn = torch.cat(values, 1)
    each = drawn.mean(0)
    nats = math.log(2) * data.images[0].size
    together = math.log(draws) - torch.logsumexp(-drawn * nats, 0)
    return DensityResult(
        bits_per_dim=float(each.mean()),
        standard_error=float(each.std()) / math.sqrt(len(each)),
        high=float(each.quantile(0.975)),
        noise_floor=model.noise_bits,
        count=len(each),
        draws=draws,
        bound=float(together.mean()) / nats if model.noise_bits == 0 else None,
    )
