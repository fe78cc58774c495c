r"""GLICO: a code on the unit sphere for every labelled image, and a generator fitted with them.

.. math:: \min_{\theta, \{z_i\}, \phi} \sum_i \lambda_r |G(z_i) - x_i| + \lambda_p D(G(z_i), x_i)
    + \gamma \bigl[\mathrm{CE}(C(G(z_i)), y_i) + \mathrm{CE}(C(G(\bar z_i)), y_i)\bigr],
    \quad |z_i| = 1, \quad \bar z_i = \mathrm{slerp}(z_i, z_j; t), \; y_j = y_i, \; j \neq i

===========  ==================================================================
symbol       name
===========  ==================================================================
`z_i`        `Glico.codes`, one unit row a training image
`G`          `Glico.generator`
`C`          `Glico.classifier`, used in training only
`D`          `explorer.nn.perceptual`: Laplacian pyramid or EfficientNet features
`lambda, gamma`  `GlicoSettings.*_weight`
===========  ==================================================================

There is no encoder: an image that is not in the training set gets its code by optimisation.

Source:
    Azuri and Weinshall, Generative Latent Implicit Conditional Optimization when Learning from
    Small Sample, ICPR 2020, with these changes: only labelled images are seen; codes start from
    the principal components; the classifier's loss is taken on logits, and also at interpolated
    codes; slerp has one angle a row; no image is its own partner; no noise input.
"""

__all__ = ["SPEC", "Glico", "GlicoSettings", "interpolation_partners", "principal_codes"]

from collections.abc import Iterable
from typing import Any, Literal

import torch
from jaxtyping import Float, Int64
from pydantic import BaseModel, Field
from torch import Generator, Tensor, nn
from torch.nn import functional

from explorer.errors import ConfigError, DataError
from explorer.nn.convnet import ImageClassifier, ImageGenerator
from explorer.nn.perceptual import feature_distance, laplacian_distance
from explorer.nn.sphere import slerp_rows, to_sphere
from explorer.protocol import (
    Batch,
    DataInfo,
    Images,
    Labels,
    Latents,
    ModelSpec,
    PerSample,
    Progress,
    Traits,
)

NEAREST_T, FURTHEST_T = 0.1, 0.4
"""Samples lie this far from their anchor towards the partner, as in the reference."""

HALF_WAY = 0.5
"""In training all of a path is met: each point is within half of one of its ends."""

CHUNK = 64
"""Images decoded at once where a whole set is decoded."""


class GlicoSettings(BaseModel, frozen=True, extra="forbid"):
    """Size of the networks and weights of the losses."""

    latent_dim: int = Field(64, ge=2, le=1024, description="length of a code")
    hidden: int = Field(128, ge=1, le=4096, description="units of the generator's first layer")
    width: int = Field(
        32, ge=1, le=256, description="maps of the generator at full size; up to four times below"
    )
    perceptual: Literal["laplacian", "efficientnet-lite0"] = Field(
        "laplacian",
        description="how images are compared beside the pixels: 'laplacian' uses no outside "
        "weights, 'efficientnet-lite0' was trained on ImageNet",
    )
    reconstruction_weight: float = Field(
        1.0, ge=0, le=1000, allow_inf_nan=False, description="weight of the pixels' mean error"
    )
    perceptual_weight: float = Field(
        0.3, ge=0, le=1000, allow_inf_nan=False, description="weight of the perceptual distance"
    )
    classification_weight: float = Field(
        0.02, ge=0, le=1000, allow_inf_nan=False, description="weight of the classifier's loss"
    )
    mixed_share: float = Field(
        0.25,
        ge=0,
        le=1,
        allow_inf_nan=False,
        description="interpolated codes a batch, as a share of its images; the classifier's "
        "loss is taken there too",
    )
    code_rate: float = Field(
        10.0,
        gt=0,
        le=1000,
        allow_inf_nan=False,
        description="learning rate of the codes as a multiple of the generator's",
    )
    code_noise: float = Field(
        0.0,
        ge=0,
        le=1,
        allow_inf_nan=False,
        description="length of the random step away from a code in training; 0: none",
    )
    code_start: Literal["principal", "random"] = Field(
        "principal",
        description="where codes start: from the images' principal components, or at random as "
        "in the paper",
    )
    classifier_width: int = Field(
        16, ge=1, le=256, description="maps of the classifier's first layer"
    )
    encode_steps: int = Field(
        80, ge=1, le=10_000, description="updates that search the code of a new image"
    )
    encode_rate: float = Field(
        0.05, gt=0, le=1, allow_inf_nan=False, description="Adam step size of that search"
    )


class Glico(nn.Module):
    """Codes of the training images, their generator and the classifier that helps in training.

    Attributes:
        traits: What the program needs to know.
        settings: As given.
        codes: Unit rows, shape (num_images, latent_dim), in the order of `Batch.indices`.
        code_labels: Class numbers of the codes, int64, shape (num_images,).
    """

    code_labels: Int64[Tensor, " images"]

    def __init__(self, settings: GlicoSettings, info: DataInfo) -> None:
        """Make networks and codes with random values from torch's global generator.

        Args:
            settings: Sizes and weights.
            info: Image shape and class sizes; one code is made for each image.

        Raises:
            ConfigError: The image shape does not fit; see `check_image_shape`.
        """
        super().__init__()
        self.settings = settings
        self.traits = Traits(
            latent_dim=settings.latent_dim,
            image_shape=info.image_shape,
            prior="sphere",
            encoder="optimised",
            has_density=False,
            knows_classes=True,
            replayable=False,  # how many images have a partner differs
        )
        self.generator = ImageGenerator(
            settings.latent_dim, info.image_shape, hidden=settings.hidden, width=settings.width
        )
        self.classifier = ImageClassifier(
            info.image_shape, info.num_classes, width=settings.classifier_width
        )
        self.codes = nn.Parameter(to_sphere(torch.randn(info.num_images, settings.latent_dim)))
        counts = torch.tensor(info.class_counts)
        labels = torch.repeat_interleave(torch.arange(info.num_classes), counts)
        self.register_buffer("code_labels", labels)

    def decode(self, latents: Latents) -> Images:
        """Return the images of any latents, in [0, 1]; only their directions count."""
        images: Images = self.generator(to_sphere(latents))
        return images

    def encode(self, images: Images, *, progress: Progress | None = None) -> Latents:
        """Search the codes of any images: from the nearest training code by Adam on the sphere.

        Args:
            images: Shape (batch, channel, height, width), [0, 1].
            progress: Called before each update.

        Returns:
            Unit rows, shape (batch, dim). Each row depends on its own image only.

        Raises:
            DataError: The images do not have the model's shape.
        """
        self._check_shape(images)
        with torch.inference_mode(mode=False), torch.enable_grad():
            targets = images.detach().clone()
            latents = self._nearest_codes(targets).requires_grad_()
            optimiser = torch.optim.Adam([latents], lr=self.settings.encode_rate)
            schedule = torch.optim.lr_scheduler.CosineAnnealingLR(
                optimiser, self.settings.encode_steps
            )
            for step in range(self.settings.encode_steps):
                if progress is not None:
                    progress(step / self.settings.encode_steps)
                error = _pixel_distance(self.decode(latents), targets)
                (latents.grad,) = torch.autograd.grad(error.sum(), [latents])
                optimiser.step()
                schedule.step()
                latents.data = to_sphere(latents.data)
        return latents.detach()

    def latents(self, batches: Iterable[Batch]) -> Latents:
        """Return the codes of training images by their indices, in the order of the batches."""
        indices = torch.cat([batch.indices for batch in batches])
        return self.codes.detach()[indices.to(self.codes.device)]

    def sample_latents(
        self,
        count: int,
        *,
        generator: Generator,
        temperature: float = 1.0,
        labels: Labels | None = None,
    ) -> Latents:
        """Draw codes on great circles between two training images of a class.

        Args:
            count: Rows.
            generator: Source of the draws.
            temperature: Factor on the distance from the anchor; 0 gives training codes, and
                beyond 2.5 some samples would pass their partner, so they stop there.
            labels: Class of each sample, shape (count,); None: that of a random image.

        Returns:
            Unit rows, shape (count, latent_dim), at t from `NEAREST_T` to `FURTHEST_T` times the
            temperature between an anchor of the class and another image of the same class.

        Raises:
            ConfigError: The temperature is negative or not finite, the number of labels is not
                `count`, or there is no such class.
            DataError: A wanted class has a single image, so that there is no partner.
        """
        if not 0 <= temperature < float("inf"):
            raise ConfigError(f"temperature is {temperature}; it must be finite and at least 0.")
        anchors = self._anchors(count, labels, generator)
        partners = interpolation_partners(self.code_labels, anchors, generator=generator)
        t = _uniform(count, NEAREST_T, FURTHEST_T, generator).to(self.codes)
        codes = self.codes.detach()
        return slerp_rows(codes[anchors], codes[partners], (t * temperature).clamp(max=1))

    def loss(self, batch: Batch, *, generator: Generator) -> dict[str, Tensor]:
        """Return the terms of one batch of training images.

        Args:
            batch: Images with their labels and indices.
            generator: Source of code noise, partners and positions.

        Returns:
            Scalars "reconstruction" (mean absolute pixel error), "perceptual", "classification"
            (cross-entropy on logits, nats) and "total", their weighted sum.
        """
        settings = self.settings
        codes = self.codes[batch.indices]
        if settings.code_noise > 0:
            step = torch.randn(codes.shape, generator=generator, device=generator.device)
            scale = settings.code_noise / settings.latent_dim**0.5
            codes = to_sphere(codes + scale * step.to(codes))
        mixed, mixed_labels = self._mixed_codes(batch, generator)
        decoded: Images = self.generator(torch.cat([codes, mixed]))
        images = decoded[: len(codes)]
        logits = self._logits(decoded)
        terms = {
            "reconstruction": (images - batch.images).abs().mean(),
            "perceptual": self._perceptual_distance(images, batch.images).mean(),
            "classification": functional.cross_entropy(
                logits, torch.cat([batch.labels, mixed_labels])
            ),
        }
        terms["total"] = (
            settings.reconstruction_weight * terms["reconstruction"]
            + settings.perceptual_weight * terms["perceptual"]
            + settings.classification_weight * terms["classification"]
        )
        return terms

    def parameter_groups(self) -> list[dict[str, Any]]:
        """Return the networks at the given rate and the codes at `code_rate` times it."""
        networks = [*self.generator.parameters(), *self.classifier.parameters()]
        return [
            {"params": networks, "lr_scale": 1.0},
            {"params": [self.codes], "lr_scale": self.settings.code_rate},
        ]

    def prepare(self, batches: Iterable[Batch]) -> None:
        """Start the codes as the settings say, and keep the labels.

        Args:
            batches: Every training image once, in any order.

        Raises:
            DataError: An image is missing, or its class size is not the one given at `build`.
        """
        collected = list(batches)
        indices = torch.cat([batch.indices for batch in collected])
        if not torch.equal(indices.sort().values.cpu(), torch.arange(len(self.codes))):
            raise DataError(
                f"GLICO was built for {len(self.codes)} training images and met "
                f"{len(set(indices.tolist()))}; it needs each of them once to start its codes."
            )
        order = indices.argsort()
        images = torch.cat([batch.images for batch in collected])[order]
        labels = torch.cat([batch.labels for batch in collected])[order]
        if not torch.equal(labels.bincount().cpu(), self.code_labels.bincount().cpu()):
            raise DataError(
                "The classes of the training images are not those GLICO was built for; "
                "build it from the same data."
            )
        with torch.no_grad():
            if self.settings.code_start == "principal":
                self.codes.copy_(principal_codes(images.flatten(1), self.traits.latent_dim))
            self.code_labels.copy_(labels)

    def after_step(self) -> None:
        """Put the codes back on the unit sphere."""
        with torch.no_grad():
            self.codes.copy_(to_sphere(self.codes))

    def _mixed_codes(self, batch: Batch, generator: Generator) -> tuple[Latents, Labels]:
        """Return codes between images of a class, at most half-way, and their labels."""
        wanted = round(self.settings.mixed_share * len(batch.indices))
        sizes = self.code_labels.bincount()
        has_partner = sizes[self.code_labels[batch.indices]] > 1
        anchors = batch.indices[has_partner][:wanted]
        partners = interpolation_partners(self.code_labels, anchors, generator=generator)
        t = _uniform(len(anchors), 0.0, HALF_WAY, generator).to(self.codes)
        mixed = slerp_rows(self.codes[anchors], self.codes[partners], t)
        return mixed, self.code_labels[anchors]

    def _logits(self, images: Images) -> Float[Tensor, "batch classes"]:
        """Return the classifier's logits, without a gradient where its weight would be 0."""
        is_learning = torch.is_grad_enabled() and self.settings.classification_weight > 0
        with torch.set_grad_enabled(is_learning):
            logits: Tensor = self.classifier(images)
        return logits

    def _perceptual_distance(self, images: Images, targets: Images) -> PerSample:
        if self.settings.perceptual == "laplacian":
            return laplacian_distance(images, targets)
        return feature_distance(images, targets)

    def _anchors(self, count: int, labels: Labels | None, generator: Generator) -> Labels:
        """Return random training indices, of the given classes, that have a partner."""
        sizes = self.code_labels.bincount(minlength=self.classifier.num_classes)
        if labels is None:
            candidates = (sizes[self.code_labels] > 1).nonzero().flatten()
            if len(candidates) == 0:
                raise DataError(
                    "No class has two images, so there is nothing to interpolate between. "
                    "Add images to a class and train again."
                )
            drawn = _integers(torch.full((count,), len(candidates)), generator)
            return candidates[drawn.to(candidates.device)]
        if len(labels) != count:
            raise ConfigError(
                f"{len(labels)} labels were given for {count} samples; give as many."
            )
        wanted = labels.to(self.code_labels.device)
        for label in sorted(set(wanted.tolist())):
            if not 0 <= label < len(sizes):
                raise ConfigError(f"There is no class {label}; classes are 0 to {len(sizes) - 1}.")
            if sizes[label] < 2:
                raise DataError(
                    f"Class {label} has {int(sizes[label])} training image, so a sample has no "
                    "partner; at least 2 are needed. Add images or choose another class."
                )
        by_class = self.code_labels.argsort(stable=True)
        first = sizes.cumsum(0) - sizes
        drawn = _integers(sizes[wanted], generator).to(wanted.device)
        return by_class[first[wanted] + drawn]

    def _nearest_codes(self, images: Images) -> Latents:
        """Return a copy of the training code whose picture is nearest to each image."""
        with torch.no_grad():
            codes = self.codes.detach()
            decoded = torch.cat([self.decode(part) for part in torch.split(codes, CHUNK)]).flatten(
                1
            )
            nearest = [int((decoded - row).square().sum(1).argmin()) for row in images.flatten(1)]
            return codes[nearest].clone()

    def _check_shape(self, images: Images) -> None:
        if tuple(images.shape[1:]) != self.traits.image_shape:
            raise DataError(
                f"Images of shape {tuple(images.shape[1:])} do not fit this model, which knows "
                f"{self.traits.image_shape} (channel, height, width). Resize or convert them."
            )


def interpolation_partners(
    labels: Labels, anchors: Int64[Tensor, " count"], *, generator: Generator
) -> Int64[Tensor, " count"]:
    """Draw for each anchor another image of its class, uniformly and never the anchor itself.

    Args:
        labels: Class of every image, int64, shape (images,).
        anchors: Positions of images whose class has at least 2, int64, shape (count,).
        generator: Source of the draws.

    Returns:
        Positions, int64, shape (count,).
    """
    by_class = labels.argsort(stable=True)
    sizes = labels.bincount()
    first = sizes.cumsum(0) - sizes
    rank = torch.empty_like(by_class)
    rank[by_class] = torch.arange(len(labels), device=labels.device) - first[labels[by_class]]
    size = sizes[labels[anchors]]
    # A cyclic step of 1 to size - 1 reaches every other member with the same chance.
    step = 1 + _integers(size - 1, generator).to(labels.device)
    return by_class[first[labels[anchors]] + (rank[anchors] + step) % size]


def principal_codes(rows: Float[Tensor, "batch pixels"], dim: int) -> Latents:
    r"""Return unit codes from principal components, as :math:`U S^{1/2}` of the centred rows.

    The square root lets weaker components count for more than their share of the variance.

    Args:
        rows: One flat image a row, float, shape (batch, pixels).
        dim: Length of a code. Components beyond the data's rank are 0.

    Returns:
        Unit rows, shape (batch, dim). Equal images share a code; an image equal to the mean
        gets the first axis.

    Source:
        Bojanowski et al. 2018 start GLO's codes from PCA; random ones need far more steps.
    """
    centred = (rows - rows.mean(dim=0)).double()
    values, vectors = torch.linalg.eigh(centred @ centred.T)  # few rows, many columns
    kept = min(dim, len(rows))
    values, vectors = values.flip(0)[:kept].clamp(min=0), vectors.flip(1)[:, :kept]
    # eigh leaves the signs open; fixed ones make the start the same on every machine.
    largest = vectors.abs().argmax(dim=0)
    vectors = vectors * vectors[largest, torch.arange(kept, device=rows.device)].sign()
    codes = functional.pad(vectors * values**0.25, (0, dim - kept))
    is_mean = codes.norm(dim=1) < 1e-6
    codes[is_mean, 0] = 1.0
    return to_sphere(codes).to(rows.dtype)


def _pixel_distance(images: Images, targets: Images) -> PerSample:
    """Return the distance that `encode` makes small; it needs no outside weights."""
    pixels = (images - targets).abs().mean(dim=(1, 2, 3))
    return pixels + laplacian_distance(images, targets)


def _uniform(count: int, low: float, high: float, generator: Generator) -> PerSample:
    return low + (high - low) * torch.rand(count, generator=generator, device=generator.device)


def _integers(bounds: Labels, generator: Generator) -> Labels:
    """Return one integer a row, uniform from 0 to below its bound."""
    draws = torch.rand(
        len(bounds), generator=generator, device=generator.device, dtype=torch.float64
    )
    limits = bounds.to(draws.device)
    return (draws * limits).long().minimum(limits - 1)


def _tiny() -> GlicoSettings:
    return GlicoSettings(
        latent_dim=8,
        hidden=16,
        width=4,
        perceptual="laplacian",
        classifier_width=4,
        encode_steps=20,
    )


SPEC = ModelSpec(
    name="glico",
    title="GLICO",
    summary="A code for each image on the unit sphere; made for few images a class",
    source="Azuri and Weinshall, ICPR 2020",
    settings=GlicoSettings,
    build=Glico,
    tiny=_tiny,
)
