"""How new images are to be made: one declaration read by command line, page and manifest."""

__all__ = ["MOST_IMAGES", "SOURCES", "Plan", "check_fits", "checked_plan", "sources_of"]

from typing import Any, Literal

from pydantic import BaseModel, Field, ValidationError

from explorer.errors import ConfigError, NotSupportedError, near_match
from explorer.latent.mixing import Law, Partner
from explorer.protocol import Traits
from explorer.settings import config_error, setting_names

MOST_IMAGES = 20_000
"""Of a set: they are judged in memory."""

Source = Literal["mix", "sample", "complete"]

SOURCES: dict[Source, str] = {
    "mix": "between two training images",
    "sample": "drawn by the model itself, class by class",
    "complete": "training images moved along attributes, to vary as all classes do",
}
"""Where new latents come from, by name."""


class Plan(BaseModel, frozen=True, extra="forbid"):
    """How new images are made."""

    per_class: int = Field(20, ge=1, le=5000, description="new images of each class")
    classes: tuple[str, ...] = Field((), description="which classes; all where none is named")
    source: Source = Field("mix", description="where they come from: mix, sample or complete")
    law: Law = Field("paper", description="how far to mix: paper, uniform or near")
    partner: Partner = Field(
        "same-class", description="whom to mix with: same-class, nearest or other-class"
    )
    residual: bool = Field(
        False,
        description="add to the training image what the model changes, and keep its own details",
    )
    temperature: float = Field(
        0.85, ge=0, le=2, allow_inf_nan=False, description="spread of the model's own samples"
    )
    noise: float = Field(
        0.0,
        ge=0,
        le=2,
        allow_inf_nan=False,
        description="random step of every latent, as a share of its length",
    )
    attributes: tuple[str, ...] = Field((), description="what varies where images are completed")
    seed: int = Field(0, ge=0, lt=2**63, description="same seed, same images")


def checked_plan(raw: dict[str, Any]) -> Plan:
    """Return a plan of plain values.

    Raises:
        ConfigError: A value is not allowed; the text names it.
    """
    try:
        return Plan.model_validate(raw)
    except ValidationError as error:
        raise config_error(
            error, where="The plan of new images", known=setting_names(Plan)
        ) from None


def sources_of(traits: Traits, attributes: bool) -> tuple[Source, ...]:
    """Return where a model's new latents can come from.

    Args:
        traits: Of the model.
        attributes: Whether it has attributes to complete.
    """
    found: list[Source] = ["mix"]
    if traits.knows_classes:
        found.append("sample")
    if attributes:
        found.append("complete")
    return tuple(found)


def check_fits(plan: Plan, name: str, traits: Traits, class_names: tuple[str, ...]) -> None:
    """Refuse a plan that a model cannot carry out.

    Raises:
        ConfigError: A class is unknown or named twice, or there would be too many images.
        NotSupportedError: The model does not know classes and is to draw samples of them.
    """
    for number, wanted in enumerate(plan.classes):
        if wanted not in class_names:
            hint = near_match(wanted, class_names)
            known = ", ".join(class_names[:20]) + (", ..." if len(class_names) > 20 else "")
            raise ConfigError(f"No class '{wanted}'.{hint} Known: {known}.")
        if wanted in plan.classes[:number]:
            raise ConfigError(f"Class '{wanted}' is named twice. Name each once.")
    total = plan.per_class * len(plan.classes or class_names)
    if total > MOST_IMAGES:
        raise ConfigError(
            f"{plan.per_class} images of {len(plan.classes or class_names)} classes are "
            f"{total:,}; at most {MOST_IMAGES:,} are made at once. Take fewer, or some classes."
        )
    if plan.source == "sample" and not traits.knows_classes:
        raise NotSupportedError(
            f"'{name}' was trained without classes, so its own samples have no label. Mix "
            "training images instead, whose classes are known."
        )
    if plan.residual and plan.source == "sample":
        raise ConfigError(
            "The model's own samples have no training image whose details could be kept. Leave "
            "residual out, or mix training images."
        )
