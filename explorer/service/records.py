"""What the workbench returns: plain records of arrays, numbers and texts."""

__all__ = ["AttributeCard", "Edit", "EditRow", "ModelCard", "Picture", "Walk", "WalkRow"]

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float32, UInt8


@dataclass(frozen=True, slots=True)
class ModelCard:
    """What people should know of a model before they use it.

    Attributes:
        name: Folder name, what people type.
        title: What people read.
        model: Title of the model family, e.g. "Glow".
        problem: Why it cannot be opened; empty if it can.
        data: Name of the data set.
        image_shape: (channel, height, width).
        class_names: In the order of the class numbers.
        class_counts: Training images a class.
        attribute_names: Binary attributes known of the data.
        facts: Measured numbers by name, e.g. "bits_per_dim", "psnr", "train_minutes"; see
            `facts.json`.
    """

    name: str
    title: str
    model: str
    problem: str
    data: str
    image_shape: tuple[int, int, int]
    class_names: tuple[str, ...]
    class_counts: tuple[int, ...]
    attribute_names: tuple[str, ...]
    facts: Mapping[str, float | int | str]


@dataclass(frozen=True, slots=True, eq=False)
class Picture:
    """One gallery image and what is known of it.

    Attributes:
        position: Row in the gallery.
        pixels: uint8, shape (height, width, channel).
        class_name: Its class.
        attributes: Names of the attributes it has.
        held_out: Whether training never saw it.
    """

    position: int
    pixels: UInt8[np.ndarray, "height width channel"]
    class_name: str
    attributes: tuple[str, ...]
    held_out: bool


@dataclass(frozen=True, slots=True, eq=False)
class WalkRow:
    """One kind of path between two images.

    Attributes:
        method: "slerp" or "lerp".
        frames: uint8, shape (points, height, width, channel); the ends are as the model has them.
        norms: Length of the latent of each frame, float32, shape (points,).
        inside: Whether the midpoint's norm is typical of the training latents.
    """

    method: str
    frames: UInt8[np.ndarray, "points height width channel"]
    norms: Float32[np.ndarray, " points"]
    inside: bool


@dataclass(frozen=True, slots=True, eq=False)
class Walk:
    """The same two images joined in several ways, frame by frame.

    Attributes:
        start: Gallery position of A.
        end: Gallery position of B.
        rows: One a method.
        typical: 2.5 %, 50 % and 97.5 % quantiles of the training latents' norms.
        angle: Between the two latents, radians.
        distance: Between the two latents, Euclidean.
        verdict: One sentence with its numbers.
    """

    start: int
    end: int
    rows: tuple[WalkRow, ...]
    typical: tuple[float, float, float]
    angle: float
    distance: float
    verdict: str


@dataclass(frozen=True, slots=True)
class AttributeCard:
    """One slider.

    Attributes:
        name: The attribute.
        positives: Training images with it.
        negatives: Training images without it.
        kind: Which direction moves it: "conditional" (from the image's own class), "ridge" or
            "pooled" (z_pos - z_neg).
        flips: Share of held-out faces that change when it is moved by `strength`; NaN if not
            measured.
        strength: The measured strength; the slider's mark.
    """

    name: str
    positives: int
    negatives: int
    kind: str
    flips: float
    strength: float


@dataclass(frozen=True, slots=True, eq=False)
class Edit:
    """One image after an edit.

    Attributes:
        pixels: uint8, shape (height, width, channel). Strength 0 gives the image itself.
        positions: Where the edited latent lies along each attribute: -0.5 mean negative, +0.5
            mean positive.
        bits_per_dim: Of the edited image; NaN where the model has no likelihood.
    """

    pixels: UInt8[np.ndarray, "height width channel"]
    positions: Mapping[str, float]
    bits_per_dim: float


@dataclass(frozen=True, slots=True, eq=False)
class EditRow:
    """One image of each class, before and after the same edit.

    Attributes:
        class_names: One a column.
        before: uint8, shape (class, height, width, channel).
        after: Same shape.
    """

    class_names: tuple[str, ...]
    before: UInt8[np.ndarray, "class_ height width channel"]
    after: UInt8[np.ndarray, "class_ height width channel"]
