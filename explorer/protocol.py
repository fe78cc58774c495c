"""What a model must offer to be trained, explored and judged; the shapes everyone agrees on."""

__all__ = [
    "Batch",
    "DataInfo",
    "Density",
    "GenerativeModel",
    "Images",
    "Labels",
    "Latents",
    "ModelSpec",
    "PerSample",
    "Progress",
    "Traits",
]

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Literal, Protocol, runtime_checkable

from jaxtyping import Float, Int64
from pydantic import BaseModel
from torch import Generator, Tensor, nn

Images = Float[Tensor, "batch channel height width"]
"""float32 (or the model's dtype), values in [0, 1]; an 8-bit picture is `uint8 / 255`."""

Latents = Float[Tensor, "batch dim"]
"""One flat row an image, whatever levels the model has inside."""

Labels = Int64[Tensor, " batch"]
"""Class numbers, 0 to num_classes - 1."""

PerSample = Float[Tensor, " batch"]
"""One number an image."""

Progress = Callable[[float], None]
"""Takes the share of long work that is done, 0 to 1; what it raises ends the work."""


@dataclass(frozen=True, slots=True)
class Batch:
    """Images with their labels and their positions in the training set.

    Attributes:
        images: Images, shape (batch, channel, height, width), [0, 1].
        labels: Class numbers, int64, shape (batch,).
        indices: Positions in the training set, int64, shape (batch,).
    """

    images: Images
    labels: Labels
    indices: Labels


@dataclass(frozen=True, slots=True)
class DataInfo:
    """What a model may need to know of the data to be built.

    Attributes:
        image_shape: (channel, height, width).
        class_counts: Training images of each class, in class order; all at least 1.
    """

    image_shape: tuple[int, int, int]
    class_counts: tuple[int, ...]

    @property
    def num_images(self) -> int:
        """Number of training images."""
        return sum(self.class_counts)

    @property
    def num_classes(self) -> int:
        """Number of classes."""
        return len(self.class_counts)


@dataclass(frozen=True, slots=True)
class Traits:
    """What the rest of the program needs to know about a model.

    Attributes:
        latent_dim: Length of one latent row.
        image_shape: (channel, height, width).
        prior: "sphere" (unit rows, slerp is natural) or "normal" (standard normal).
        encoder: "exact" (decode(encode(x)) is x up to rounding), "optimised" or "amortised".
        has_density: Whether the model meets `Density`.
        knows_classes: Whether it can draw samples of a given class.
        replayable: Whether `loss` does the same work for every batch of a size and never asks the
            device what it found, so that a GPU can replay it.
    """

    latent_dim: int
    image_shape: tuple[int, int, int]
    prior: Literal["sphere", "normal"]
    encoder: Literal["exact", "optimised", "amortised"]
    has_density: bool
    knows_classes: bool
    replayable: bool


@runtime_checkable
class GenerativeModel(Protocol):
    """A trainable map between images and latents. Implementations are `torch.nn.Module`s."""

    traits: Traits

    def encode(self, images: Images, *, progress: Progress | None = None) -> Latents:
        """Return the latents of any images; deterministic. A search tells its progress."""
        ...

    def decode(self, latents: Latents) -> Images:
        """Return the images of any latents, in [0, 1]; deterministic."""
        ...

    def latents(self, batches: Iterable[Batch]) -> Latents:
        """Return the latents of training images, in order: looked up or encoded."""
        ...

    def sample_latents(
        self,
        count: int,
        *,
        generator: Generator,
        temperature: float = 1.0,
        labels: Labels | None = None,
    ) -> Latents:
        """Draw new latents, of the given classes if the model knows classes."""
        ...

    def loss(self, batch: Batch, *, generator: Generator) -> dict[str, Tensor]:
        """Return named scalar terms of one batch; "total" is what is minimised."""
        ...

    def parameter_groups(self) -> list[dict[str, Any]]:
        """Return optimiser groups: {"params": [...], "lr_scale": factor on the learning rate}."""
        ...

    def prepare(self, batches: Iterable[Batch]) -> None:
        """Initialise from data, once, before the first step (ActNorm statistics, PCA codes).

        The batches are the whole training set in random order; a model takes what it needs.
        """
        ...

    def after_step(self) -> None:
        """Restore what must hold after an optimiser step (e.g. codes on the sphere)."""
        ...


@runtime_checkable
class Density(Protocol):
    """A model with an exact likelihood."""

    @property
    def noise_bits(self) -> float:
        """Bits a value that the training noise alone costs: the floor of `bits_per_dim`."""
        ...

    def log_prob(
        self, images: Images, *, generator: Generator, same_noise: bool = False
    ) -> PerSample:
        """Return the log-likelihood bound of 8-bit images in nats, shape (batch,)."""
        ...

    def bits_per_dim(
        self, images: Images, *, generator: Generator, same_noise: bool = False
    ) -> PerSample:
        """Return `-log_prob / (ln 2 * dimensions)`, shape (batch,).

        With `same_noise` all images get the same draw of the training noise, that of a batch of
        one, so that they can be compared with one another.
        """
        ...

    def denoise(self, images: Images) -> Images:
        """Return generated images moved one step towards higher density."""
        ...


@dataclass(frozen=True, slots=True)
class ModelSpec:
    """One entry of the model registry.

    Attributes:
        name: What people type, e.g. "glow".
        title: What people read, e.g. "Glow".
        summary: One line for menus and --help.
        source: Paper and year.
        settings: The pydantic class of the model's settings.
        build: (settings, DataInfo) -> model.
        tiny: Settings small enough for a test second.
    """

    name: str
    title: str
    summary: str
    source: str
    settings: type[BaseModel]
    build: Callable[[Any, DataInfo], nn.Module]
    tiny: Callable[[], BaseModel]
