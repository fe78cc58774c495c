"""What the workbench returns: plain records of arrays, numbers and texts."""

__all__ = ["AttributeCard", "Edit", "EditRow", "ModelCard", "Picture"]

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from jaxtyping import UInt8

from explorer.service.guests import ClassFrom, Origin


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
    """One gallery image or guest, and what is known of it.

    Attributes:
        position: Row in the gallery, or that of a guest.
        pixels: uint8, shape (height, width, channel).
        class_name: Its class.
        attributes: Names of the attributes it has; none for guests, whose are not known.
        origin: Where it comes from.
        source: The text that finds it again; see `explorer.service.points`.
        class_from: Who says of which class it is.
    """

    position: int
    pixels: UInt8[np.ndarray, "height width channel"]
    class_name: str
    attributes: tuple[str, ...]
    origin: Origin
    source: str
    class_from: ClassFrom

    @property
    def held_out(self) -> bool:
        """Whether it is an image of the data set that training never saw."""
        return self.origin == "held-out"


@dataclass(frozen=True, slots=True)
class AttributeCard:
    """One slider.

    Attributes:
        name: The attribute.
        positives: Images with it that it was learned from; 0 for a variation.
        negatives: Images without it.
        kind: Which direction moves an image of the first class, see
            `explorer.latent.directions`; "principal" for a variation.
        flips: Share of held-out faces that change when it is moved by `strength`; NaN if not
            measured.
        strength: The measured strength; the slider's mark.
        own: Whether a person taught it.
    """

    name: str
    positives: int
    negatives: int
    kind: str
    flips: float
    strength: float
    own: bool


@dataclass(frozen=True, slots=True, eq=False)
class Edit:
    """One image after an edit.

    Attributes:
        pixels: uint8, shape (height, width, channel). Strength 0 gives the image itself.
        positions: Where the edited latent lies along each slider's direction: about -0.5 is
            the mean without the attribute, +0.5 with it; for a variation, standard deviations.
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
