"""A model whose latents are the pixels themselves, and images with attributes that can be seen."""

import numpy as np
import torch

from explorer.data.labelled import LabelledImages
from explorer.protocol import Traits

SIZE = 8
ATTRIBUTES = ("top", "bottom", "lid")
CLASSES = ("dark", "light")


def squares(count: int, seed: int = 0) -> LabelledImages:
    """Return grey images with a brighter top or bottom half; a lid, a black row, hides the top.

    The class is the shade of grey, independent of the attributes.
    """
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, 2, count)
    top, bottom, lid = (rng.random((3, count)) < [[0.5], [0.5], [0.3]]).tolist()
    pixels = rng.integers(60, 70, (count, SIZE, SIZE, 3)) + 40 * labels[:, None, None, None]
    pixels[np.flatnonzero(top), : SIZE // 2] += 60
    pixels[np.flatnonzero(bottom), SIZE // 2 :] += 60
    pixels[np.flatnonzero(lid), : SIZE // 2] = 20
    seen = np.array([np.array(top) & ~np.array(lid), bottom, lid]).T
    return LabelledImages(
        name="squares",
        images=pixels.astype(np.uint8),
        labels=labels.astype(np.int64),
        class_names=CLASSES,
        indices=np.arange(count, dtype=np.int64),
        attribute_names=ATTRIBUTES,
        attributes=seen,
    )


class PixelModel:
    """Latents are the flattened images; a sample is a constant image, as bright as its draw."""

    traits = Traits(
        latent_dim=3 * SIZE**2,
        image_shape=(3, SIZE, SIZE),
        prior="normal",
        encoder="exact",
        has_density=False,
        knows_classes=False,
        replayable=False,
    )

    def encode(self, images):
        return images.flatten(1)

    def decode(self, latents):
        return latents.unflatten(1, self.traits.image_shape).clamp(0, 1)

    def latents(self, batches):
        return torch.cat([self.encode(batch.images) for batch in batches])

    def sample_latents(self, count, *, generator, temperature=1.0, labels=None):
        brightness = torch.rand(count, 1, generator=generator) * temperature
        return brightness.expand(count, self.traits.latent_dim)

    def loss(self, batch, *, generator):
        return {}

    def parameter_groups(self):
        return []

    def prepare(self, batches):
        pass

    def after_step(self):
        pass


class NoisyPixelModel(PixelModel):
    """Its bits per dimension are an image's mean, plus the noise drawn; denoising blackens."""

    noise_bits = 0.25

    def log_prob(self, images, *, generator, same_noise=False):
        return -self.bits_per_dim(images, generator=generator)

    def bits_per_dim(self, images, *, generator, same_noise=False):
        return images.mean((1, 2, 3)) + torch.randn(len(images), generator=generator)

    def denoise(self, images):
        return torch.zeros_like(images)
