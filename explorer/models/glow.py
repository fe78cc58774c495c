r"""Glow: an invertible multi-scale flow, so that any image has an exact latent.

One latent row holds the whitened latents (eps) of *all* levels, the finest first. With f the map
from pixels x to that row z, the model is

.. math:: \log p(x \mid y) = \log N(z_{1..L-1}; 0, 1) + \log N(z_L; m_y, s_y)
          + \log |\det \partial f / \partial x|

where only the top level's prior knows the class y; without a label, p(x) is the mixture over the
training shares of the classes. The latent itself is free of the class: editing needs no label.

Source: Kingma & Dhariwal, Glow, NeurIPS 2018 (K = `num_steps`, L = number of levels). Gaussian
dequantisation with one denoising step follows Zhai et al., Normalizing Flows are Capable
Generative Models, 2024, section 2.4.
"""

__all__ = ["SPEC", "Glow", "GlowSettings"]

import math
from collections.abc import Iterable
from typing import Any, Literal, cast

import torch
from jaxtyping import Float
from pydantic import BaseModel, Field, model_validator
from torch import Generator, Tensor, nn

from explorer.errors import CheckpointError, ConfigError, DataError
from explorer.nn.flow import (
    LOG_SIGMA_BOUND,
    ActNorm,
    AdditiveCoupling,
    AffineCoupling,
    Coupling,
    FixedPermutation,
    FlowStep,
    InvertibleConv1x1,
    InvertibleConv1x1LU,
    Permutation,
    SigmoidCoupling,
    Split,
    split_channels,
    standard_normal_log_prob,
)
from explorer.nn.learned_noise import LearnedNoise
from explorer.nn.level import FlowLevel
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


class GlowSettings(BaseModel, frozen=True, extra="forbid"):
    """Shape of a Glow and the noise it is trained with."""

    num_steps: tuple[int, ...] = Field(
        (6, 8, 8, 4), min_length=1, max_length=8, description="steps of flow a level, finest first"
    )
    hidden_channels: tuple[int, ...] = Field(
        (96, 96, 128, 96), description="width of the coupling networks a level"
    )
    permutation: Literal["conv1x1", "conv1x1_lu", "shuffle", "reverse"] = Field(
        "conv1x1", description="how channels are mixed between couplings"
    )
    coupling: Literal["affine", "sigmoid", "additive"] = Field(
        "affine", description="kind of coupling; 'sigmoid' is the affine one of the authors' code"
    )
    log_scale_bound: float = Field(
        1.0, gt=0, le=8, allow_inf_nan=False, description="largest log-scale of an affine coupling"
    )
    log_sigma_bound: float = Field(
        LOG_SIGMA_BOUND,
        gt=0,
        le=10_000,
        allow_inf_nan=False,
        description="largest log-deviation of what a level predicts of the one below; "
        "10000 is as good as none",
    )
    split_edge: Literal["zeros", "ones"] = Field(
        "zeros", description="what that prediction sees beyond the edge of the maps"
    )
    learn_top: bool = Field(True, description="learn mean and deviation of the top level")
    class_conditional: bool = Field(False, description="give each class its own top-level prior")
    dequantisation: Literal["uniform", "variational", "gaussian"] = Field(
        "uniform",
        description="noise added to 8-bit pixels in training; 'variational' is learned with the "
        "flow",
    )
    n_bits: int = Field(8, ge=1, le=8, description="bits a value kept, for noise within its bin")
    kept_memory: float = Field(
        1.7,
        ge=0,
        le=1e6,
        description="MiB an image that training may keep of what networks computed; the rest is "
        "computed twice",
    )
    noise: float = Field(
        0.03, gt=0, le=0.5, description="deviation of Gaussian noise; 1 is the whole range"
    )

    @model_validator(mode="after")
    def _one_width_a_level(self) -> "GlowSettings":
        if len(self.hidden_channels) != len(self.num_steps):
            raise ValueError(
                f"hidden_channels has {len(self.hidden_channels)} levels and num_steps "
                f"{len(self.num_steps)}; give one width a level"
            )
        if min(self.num_steps) < 1 or min(self.hidden_channels) < 1:
            raise ValueError("num_steps and hidden_channels must be at least 1 on each level")
        if self.dequantisation == "gaussian" and self.n_bits != 8:
            raise ValueError(f"n_bits is {self.n_bits}; Gaussian noise keeps all 8: set it to 8")
        return self


class Glow(nn.Module):
    """A Glow of any number of levels; meets `GenerativeModel` and `Density`.

    Attributes:
        top_mean: Mean of the top level, shape (channel, height, width); 0 unless `learn_top`.
        top_log_sigma: Log of its deviation, same shape.
        class_mean: Mean of the whitened top level of each class, shape (class, top dim).
        class_log_sigma: Log of its deviation, same shape.
        class_log_share: Buffer, log of the classes' training shares, shape (class,).
    """

    class_log_share: Tensor

    def __init__(self, settings: GlowSettings, info: DataInfo) -> None:
        super().__init__()
        self.settings = settings
        channels, height, width = info.image_shape
        factor = 2 ** len(settings.num_steps)
        if height % factor or width % factor:
            raise ConfigError(
                f"model.config.num_steps has {len(settings.num_steps)} levels, which needs images "
                f"divisible by {factor}; these are {height}x{width}. Take fewer levels or another "
                "data.image_size."
            )
        generator = Generator().manual_seed(0)
        levels, shapes = [], []
        for number, (steps, hidden) in enumerate(
            zip(settings.num_steps, settings.hidden_channels, strict=True)
        ):
            channels, height, width = 4 * channels, height // 2, width // 2
            is_top = number == len(settings.num_steps) - 1
            levels.append(
                FlowLevel(
                    [_build_step(channels, hidden, settings, generator) for _ in range(steps)],
                    None if is_top else _build_split(channels, settings),
                )
            )
            if not is_top:
                shapes.append((channels - channels // 2, height, width))
                channels //= 2
        self.levels = nn.ModuleList(levels)
        self.level_shapes = [*shapes, (channels, height, width)]
        self._is_prepared = False
        self.top_mean = nn.Parameter(
            torch.zeros(self.level_shapes[-1]), requires_grad=settings.learn_top
        )
        self.top_log_sigma = nn.Parameter(
            torch.zeros(self.level_shapes[-1]), requires_grad=settings.learn_top
        )
        classes = info.num_classes if settings.class_conditional else 1
        self.class_mean, self.class_log_sigma = (
            nn.Parameter(
                torch.zeros(classes, self.top_mean.numel()),
                requires_grad=settings.class_conditional,
            )
            for _ in range(2)
        )
        counts = info.class_counts if settings.class_conditional else (1,)
        shares = torch.tensor(counts, dtype=torch.float32)
        self.register_buffer("class_log_share", (shares / shares.sum()).log())
        self.learned_noise = (
            LearnedNoise(info.image_shape[0]) if settings.dequantisation == "variational" else None
        )
        self.traits = Traits(
            latent_dim=math.prod(info.image_shape),
            image_shape=info.image_shape,
            prior="normal",
            encoder="exact",
            has_density=True,
            knows_classes=settings.class_conditional,
            replayable=True,
        )

    # pixels <-> the flow's own range [-0.5, 0.5]

    def centre(self, images: Images) -> Images:
        """Return images with 8-bit value v at `(v + 0.5) / 256 - 0.5`, the middle of its bin."""
        return (images * 255 + 0.5) / 256 - 0.5

    def uncentre(self, x: Images) -> Images:
        """Undo `centre`."""
        return ((x + 0.5) * 256 - 0.5) / 255

    def dequantise(
        self, images: Images, generator: Generator, *, same_noise: bool = False
    ) -> tuple[Images, PerSample]:
        """Return noisy x for training, and the nats that a density of x is above that of images.

        Those are what unit bins make of it, `latent_dim * bits * log 2`, and the log-density of
        noise that is learned.
        """
        noisy = images[:1] if same_noise else images
        if self.settings.dequantisation == "gaussian":
            noise = torch.empty_like(noisy).normal_(generator=generator)
            return self.centre(images) + self.settings.noise * noise, self._bin_nats(images, 8)
        bits = self.settings.n_bits
        bins, above = (
            (images * 255).round().div(2 ** (8 - bits)).floor(),
            self._bin_nats(images, bits),
        )
        if self.learned_noise is None:
            noise = torch.empty_like(noisy).uniform_(generator=generator)
        else:
            drawn = torch.empty_like(noisy).normal_(generator=generator).expand_as(images)
            noise, nats = self.learned_noise((bins + 0.5) / 2**bits - 0.5, drawn)
            above = above + nats
        return (bins + noise) / 2**bits - 0.5, above

    def _bin_nats(self, images: Images, bits: int) -> PerSample:
        return images.new_full((len(images),), self.traits.latent_dim * bits * math.log(2))

    @property
    def noise_bits(self) -> float:
        """Bits a value that the training noise alone costs: the floor of `bits_per_dim`.

        0 for noise within the bins, which tile the range; for Gaussian noise the entropy
        `8 + log2(noise * sqrt(2 pi e))`.
        """
        if self.settings.dequantisation != "gaussian":
            return 0.0
        return 8 + math.log2(self.settings.noise * math.sqrt(2 * math.pi * math.e))

    # the bijection

    def flow(self, x: Images) -> tuple[Latents, PerSample]:
        """Return the latent row of x in [-0.5, 0.5] and the log-determinant of x -> z, nats.

        Raises:
            CheckpointError: The model was neither prepared on data nor loaded.
            DataError: The images do not have the model's shape.
        """
        if tuple(x.shape[1:]) != self.traits.image_shape:
            raise DataError(
                f"Images of shape {tuple(x.shape[1:])} do not fit this model, which knows "
                f"{self.traits.image_shape} (channel, height, width). Resize or convert them."
            )
        if not self.is_prepared:
            raise CheckpointError(
                "This Glow has no data-dependent initial values. Call prepare() with training "
                "images, or load a trained checkpoint."
            )
        left, places = self.settings.kept_memory, math.prod(self.level_shapes[-1][1:])
        for level in reversed(self.levels):  # the last ones have most products a place
            left, places = cast(FlowLevel, level).afford(left, places), 4 * places
        parts, total = [], x.new_zeros(len(x))
        for level in self.levels[:-1]:
            x, log_det = level(x)
            total = total + log_det
            x, eps = split_channels(x)
            parts.append(eps.flatten(1))
        x, log_det = self.levels[-1](x)
        eps = (x - self.top_mean) * (-self.top_log_sigma).exp()
        parts.append(eps.flatten(1))
        return torch.cat(parts, 1), total + log_det - self.top_log_sigma.sum()

    def inverse_flow(self, z: Latents) -> tuple[Images, PerSample]:
        """Return x in [-0.5, 0.5] of latent rows and the log-determinant of z -> x, nats."""
        sizes = [math.prod(shape) for shape in self.level_shapes]
        *parts, top = [
            part.unflatten(1, shape)
            for part, shape in zip(z.split(sizes, 1), self.level_shapes, strict=True)
        ]
        x = top * self.top_log_sigma.exp() + self.top_mean
        x, total = cast(FlowLevel, self.levels[-1]).inverse(x)
        total = total + self.top_log_sigma.sum()
        for level, eps in zip(reversed(self.levels[:-1]), reversed(parts), strict=True):
            x, log_det = cast(FlowLevel, level).inverse(torch.cat([x, eps], 1))
            total = total + log_det
        return x, total

    @property
    def is_prepared(self) -> bool:
        """Whether the data-dependent initial values are set."""
        if not self._is_prepared:  # asking a GPU makes it wait
            first = cast(FlowStep, cast(FlowLevel, self.levels[0]).steps[0])
            self._is_prepared = bool(first.norm.initialised)
        return self._is_prepared

    # GenerativeModel

    def encode(self, images: Images, *, progress: Progress | None = None) -> Latents:
        """Return exact latents at once: no noise is added and no bit is dropped."""
        return self.flow(self.centre(images))[0]

    def decode(self, latents: Latents) -> Images:
        """Return the images of latents, clipped to [0, 1]."""
        return self.uncentre(self.inverse_flow(latents)[0]).clamp(0, 1)

    def latents(self, batches: Iterable[Batch]) -> Latents:
        """Return the encoded images of all batches, in order."""
        return torch.cat([self.encode(batch.images) for batch in batches])

    def sample_latents(
        self,
        count: int,
        *,
        generator: Generator,
        temperature: float = 1.0,
        labels: Labels | None = None,
    ) -> Latents:
        """Draw latents from the prior, its deviations times the temperature on every level.

        Args:
            count: Number of rows.
            generator: Source of randomness, on the CPU.
            temperature: 0 gives the mean, 1 the model's own distribution.
            labels: Classes, shape (count,); drawn by their training shares if not given. Without
                effect unless the model is class-conditional.

        Raises:
            ConfigError: There is no such class.
        """
        device, classes = self.top_mean.device, len(self.class_mean)
        eps = temperature * torch.randn(count, self.traits.latent_dim, generator=generator)
        if labels is None:
            shares = self.class_log_share.exp().cpu()
            labels = torch.multinomial(shares, count, replacement=True, generator=generator)
        eps = eps.to(device)
        if self.settings.class_conditional:
            rest, top = self._split_top(eps)
            if count and not 0 <= int(labels.min()) <= int(labels.max()) < classes:
                wrong = int(labels.max()) if int(labels.max()) >= classes else int(labels.min())
                raise ConfigError(f"There is no class {wrong}; classes are 0 to {classes - 1}.")
            chosen = labels.to(device)
            top = self.class_mean[chosen] + self.class_log_sigma[chosen].exp() * top
            eps = torch.cat([rest, top], 1)
        return eps

    def loss(self, batch: Batch, *, generator: Generator) -> dict[str, Tensor]:
        """Return bits a value ("total"), and the excess over the noise's own bits.

        The labels are used if the model is class-conditional.
        """
        x, above = self.dequantise(batch.images, generator)
        labels = batch.labels if self.settings.class_conditional else None
        total = self._bits(self._log_density(x, labels) - above).mean()
        return {"total": total, "excess": (total - self.noise_bits).detach()}

    def parameter_groups(self) -> list[dict[str, Any]]:
        """Return one group of all trainable parameters."""
        trained = [parameter for parameter in self.parameters() if parameter.requires_grad]
        return [{"params": trained, "lr_scale": 1.0}]

    @torch.no_grad()
    def prepare(self, batches: Iterable[Batch]) -> None:
        """Set every ActNorm from the first batch, with training noise, layer by layer."""
        images = next(iter(batches)).images
        x, _ = self.dequantise(images, Generator(images.device).manual_seed(0))
        for level in self.levels[:-1]:
            x, _ = split_channels(cast(FlowLevel, level).initialise(x))
        cast(FlowLevel, self.levels[-1]).initialise(x)

    def after_step(self) -> None:
        """Nothing to restore: every parameter value is a valid flow."""

    # Density

    def log_prob(
        self, images: Images, *, generator: Generator, same_noise: bool = False
    ) -> PerSample:
        """Return the likelihood of 8-bit images under one draw of the training noise, nats.

        For noise within the bins a lower bound of the discrete log-likelihood (paper, equation
        2); for Gaussian noise the density of the noisy image at 8-bit scale. Classes are summed
        out. With `same_noise` every image gets the draw that a batch of one gets.
        """
        x, above = self.dequantise(images, generator, same_noise=same_noise)
        return self._log_density(x, None) - above

    def bits_per_dim(
        self, images: Images, *, generator: Generator, same_noise: bool = False
    ) -> PerSample:
        """Return `-log_prob / (ln 2 * latent_dim)`."""
        return self._bits(self.log_prob(images, generator=generator, same_noise=same_noise))

    def denoise(self, images: Images) -> Images:
        r"""Return `x + sigma^2 \nabla_x log p(x)`: the mean clean image behind a noisy one.

        Tweedie's formula, for pictures drawn from the model, which was trained on noisy ones.
        For real images it would move what is already clean; sigma^2 is the training noise's
        variance.
        """
        if self.settings.dequantisation == "gaussian":
            variance = self.settings.noise**2
        else:
            variance = 4.0**-self.settings.n_bits / 12
        with torch.enable_grad():
            x = self.centre(images).detach().requires_grad_()
            (gradient,) = torch.autograd.grad(self._log_density(x, None).sum(), x)
        return self.uncentre(x.detach() + variance * gradient).clamp(0, 1)

    def _bits(self, log_prob: PerSample) -> PerSample:
        return -log_prob / (math.log(2) * self.traits.latent_dim)

    def _log_density(self, x: Images, labels: Labels | None) -> PerSample:
        """Return log p(x) or log p(x | label) in the range [-0.5, 0.5], nats."""
        z, log_det = self.flow(x)
        rest, top = self._split_top(z)
        below = standard_normal_log_prob(rest) + log_det
        if labels is not None:
            return below + self._class_log_prob(top)[torch.arange(len(x), device=x.device), labels]
        return below + torch.logsumexp(self._class_log_prob(top) + self.class_log_share, 1)

    def _class_log_prob(self, top: Float[Tensor, "batch dim"]) -> Float[Tensor, "batch class"]:
        """Return log N(top; m_y, s_y) of every class y."""
        columns = [
            standard_normal_log_prob((top - mean) * (-log_sigma).exp()) - log_sigma.sum()
            for mean, log_sigma in zip(self.class_mean, self.class_log_sigma, strict=True)
        ]
        return torch.stack(columns, 1)

    def _split_top(self, z: Latents) -> tuple[Tensor, Tensor]:
        size = math.prod(self.level_shapes[-1])
        return z[:, :-size], z[:, -size:]


def _build_step(
    channels: int, hidden: int, settings: GlowSettings, generator: Generator
) -> FlowStep:
    permutation: Permutation
    coupling: Coupling
    if settings.permutation == "conv1x1":
        permutation = InvertibleConv1x1(channels, generator=generator)
    elif settings.permutation == "conv1x1_lu":
        permutation = InvertibleConv1x1LU(channels, generator=generator)
    elif settings.permutation == "shuffle":
        permutation = FixedPermutation(torch.randperm(channels, generator=generator))
    else:
        permutation = FixedPermutation(torch.arange(channels).flip(0))
    if settings.coupling == "affine":
        coupling = AffineCoupling(
            channels, hidden, bound=settings.log_scale_bound, generator=generator
        )
    elif settings.coupling == "sigmoid":
        coupling = SigmoidCoupling(channels, hidden, generator=generator)
    else:
        coupling = AdditiveCoupling(channels, hidden, generator=generator)
    return FlowStep(ActNorm(channels), permutation, coupling)


def _build_split(channels: int, settings: GlowSettings) -> Split:
    beyond = 1.0 if settings.split_edge == "ones" else 0.0
    return Split(channels, bound=settings.log_sigma_bound, beyond=beyond)


def _tiny() -> GlowSettings:
    return GlowSettings(num_steps=(2, 2), hidden_channels=(8, 8), class_conditional=True)


SPEC = ModelSpec(
    name="glow",
    title="Glow",
    summary="invertible flow: exact latents, exact likelihood, attribute edits",
    source="Kingma & Dhariwal 2018",
    settings=GlowSettings,
    build=Glow,
    tiny=_tiny,
)
