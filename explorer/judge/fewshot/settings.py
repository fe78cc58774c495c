"""How the few-shot comparison is made: the same for every arm."""

__all__ = ["AugmentationSettings", "ClassifierSettings", "FewshotSettings", "GeneratorSettings"]

from typing import Any, Literal

from pydantic import BaseModel, Field


class AugmentationSettings(BaseModel, frozen=True, extra="forbid"):
    """The standard augmentation: random changes of every image of a batch, real or made."""

    flip: bool = Field(True, description="mirror every second image left to right")
    shift: int = Field(2, ge=0, le=64, description="largest shift, pixels; edges are repeated")
    rotation: float = Field(0.0, ge=0, le=180, description="largest rotation, degrees")
    zoom: float = Field(0.0, ge=0, lt=1, description="largest logarithm of the magnification")
    intensity: float = Field(
        0.4, ge=0, le=2, description="largest logarithm of the gain and of gamma"
    )
    colour: float = Field(
        0.0, ge=0, le=2, description="largest logarithm of each channel's own gain"
    )
    erasing: float = Field(0.0, ge=0, le=1, description="share of images that lose a square")
    erased_side: float = Field(0.4, gt=0, le=1, description="its side, as a share of the image's")
    trivial: float = Field(
        0.0, ge=0, le=1, description="share of images that get one operation of TrivialAugment"
    )


class ClassifierSettings(BaseModel, frozen=True, extra="forbid"):
    """The classifier and its optimiser."""

    network: Literal["compact", "wide-resnet-28-10", "resnet-50"] = Field(
        "compact", description="'compact' is made for a CPU; the others are the paper's"
    )
    pretrained: bool = Field(
        False, description="start 'resnet-50' from ImageNet's weights, which torchvision downloads"
    )
    optimiser: Literal["adamw", "sgd"] = Field("adamw", description="AdamW, or SGD with Nesterov")
    steps: int = Field(800, ge=1, description="updates")
    batch_size: int = Field(16, ge=2, le=4096, description="images an update")
    learning_rate: float = Field(5e-3, gt=0, le=10, description="rate after warm-up")
    weight_decay: float = Field(0.05, ge=0, le=10, description="of weight matrices only")
    smoothing: float = Field(0.1, ge=0, lt=1, description="label smoothing")


class GeneratorSettings(BaseModel, frozen=True, extra="forbid"):
    """The GLICO that is fitted to the labelled images of a subset."""

    config: dict[str, Any] = Field(
        default_factory=lambda: {
            "width": 16,
            "reconstruction_weight": 0.0,
            "perceptual_weight": 1.0,
            "classification_weight": 0.0,
            "mixed_share": 0.0,
        },
        description="GLICO's own settings",
    )
    steps: int = Field(300, ge=1, description="updates")
    batch_size: int = Field(32, ge=1, le=4096, description="images an update")
    learning_rate: float = Field(4e-3, gt=0, le=1, description="rate of the networks")
    schedule: Literal["cosine", "halving"] = Field(
        "cosine", description="fall of the rate: to 2 %, or halved after each third, as the paper"
    )
    per_anchor: int = Field(24, ge=1, le=1000, description="made images of each labelled one")


class FewshotSettings(BaseModel, frozen=True, extra="forbid"):
    """Everything but data, shots, seed and arm."""

    augmentation: AugmentationSettings = AugmentationSettings()
    classifier: ClassifierSettings = ClassifierSettings()
    generator: GeneratorSettings = GeneratorSettings()
