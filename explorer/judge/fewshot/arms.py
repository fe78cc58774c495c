"""What a classifier is given beside its labelled images: one arm of the comparison each."""

__all__ = ["ARMS", "BEST", "Arm", "Recipe", "check_arms"]

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

from explorer.errors import ConfigError, near_match

Way = Literal["reconstruction", "lerp", "slerp", "completion"]
Partner = Literal["same-class", "any-class", "near"]


@dataclass(frozen=True, slots=True)
class Recipe:
    """How new images are made from pairs of labelled images.

    Attributes:
        way: "reconstruction": the anchor's own picture. "lerp", "slerp": a point between anchor
            and partner. "completion": the anchor moved by how the partner differs from the mean
            of the partner's class.
        pixels: Whether the same is done with pixels instead of codes: the control.
        partner: "same-class": another of the anchor's class. "any-class": any image. "near": one
            of the few of any class whose pixels are nearest to the anchor's.
        soft: Whether the label is mixed as the pair is; else it is the anchor's.
        residual: Whether the anchor keeps what the generator does not reproduce:
            `x + G(z_t) - G(z)` instead of `G(z_t)`.
        positions: Smallest and largest t.
        steps: Number of equally spaced t; 0: any t between the two.
        power: Of the draw of t, so that above 1 more lie near the anchor.
        flips: Whether mirrored images have codes of their own and are mixed too.
        share: Of a batch's images, how many are replaced by made ones, on average.
        annealed: Whether that share falls to 0 over the first `ANNEALED` of the updates.
        split: Whether made images are normalised by statistics of their own.
        confidence: Least probability that a classifier of the same labelled images gives to the
            classes in a made image's label; the anchor stands in for the others. 0: all are kept.
        augmented: Whether made images get the standard augmentation too.
    """

    way: Way
    pixels: bool = False
    partner: Partner = "same-class"
    soft: bool = False
    residual: bool = False
    positions: tuple[float, float] = (0.1, 0.4)
    steps: int = 4
    power: float = 1.0
    flips: bool = False
    share: float = 0.5
    annealed: bool = False
    split: bool = False
    confidence: float = 0.0
    augmented: bool = True


@dataclass(frozen=True, slots=True)
class Arm:
    """One way to train the classifier.

    Attributes:
        name: What people type.
        title: What people read.
        standard: Whether the standard augmentation is applied to every image.
        recipe: How images are made; None: labelled images only.
        mixing: Mixing of the whole batch: "mixup" or "cutmix".
        control: Name of the arm that does the same with pixels; "" where there is none.
    """

    name: str
    title: str
    standard: bool = True
    recipe: Recipe | None = None
    mixing: Literal["", "mixup", "cutmix"] = ""
    control: str = ""

    @property
    def needs_generator(self) -> bool:
        """Whether a GLICO has to be fitted."""
        return self.recipe is not None and not self.recipe.pixels

    @property
    def needs_classifier(self) -> bool:
        """Whether a classifier of the labelled images has to be there first."""
        return self.recipe is not None and self.recipe.confidence > 0


BEST = "cross-slerp-annealed-unaugmented"
"""The arm on which the verdict rests; named before the seeds of any claim were run."""

ANNEALED = 0.8
"""Share of the updates after which an annealed recipe makes no more images."""

SLERP = Recipe("slerp")
CROSS = Recipe(
    "slerp", partner="any-class", soft=True, residual=True, positions=(0.0, 0.5), steps=0
)
COMPLETION = Recipe(
    "completion", partner="any-class", residual=True, positions=(0.4, 1.2), steps=0
)

ABLATIONS = {
    "hard": ("the anchor's label", replace(CROSS, soft=False)),
    "decoded": ("plain decode", replace(CROSS, residual=False)),
    "near": ("near partners", replace(CROSS, partner="near")),
    "ends": ("t nearer to the anchor", replace(CROSS, power=2.0)),
    "flips": ("codes of mirrored images too", replace(CROSS, flips=True)),
    "quarter": ("a quarter of the images", replace(CROSS, share=0.25)),
    "annealed": ("share falling to 0", replace(CROSS, annealed=True)),
    "split": ("own normalisation", replace(CROSS, split=True)),
    "confident": ("only where a classifier agrees", replace(CROSS, confidence=0.5)),
    "unaugmented": ("made images not augmented", replace(CROSS, augmented=False)),
    "decoded-unaugmented": (
        "plain decode, not augmented",
        replace(CROSS, residual=False, augmented=False),
    ),
    "annealed-unaugmented": (
        "not augmented, share falling to 0",
        replace(CROSS, annealed=True, augmented=False),
    ),
    "decoded-annealed-unaugmented": (
        "plain decode, not augmented, share falling to 0",
        replace(CROSS, residual=False, annealed=True, augmented=False),
    ),
}
"""Changes to `cross-slerp`: what is read, and the recipe."""


def _with_control(
    name: str, title: str, recipe: Recipe, mixing: Literal["", "cutmix"] = ""
) -> list[Arm]:
    control = f"pixel-{name}"
    blend = replace(recipe, pixels=True)
    return [
        Arm(name, title, recipe=recipe, mixing=mixing, control=control),
        Arm(control, f"{title}, in pixels (control)", recipe=blend, mixing=mixing),
    ]


def _alone(arm: Arm) -> Arm:
    """Return the arm without the standard augmentation."""
    if arm.name == "standard":
        return replace(arm, name="nothing", title="nothing", standard=False)
    control = {"": "", "standard": "nothing"}.get(arm.control, f"{arm.control}-alone")
    title = f"{arm.title}, no augmentation"
    return replace(arm, name=f"{arm.name}-alone", title=title, standard=False, control=control)


def _arms() -> dict[str, Arm]:
    reconstruction = Recipe("reconstruction")
    arms = [
        Arm("standard", "standard augmentation"),
        Arm("mixup", "pixel mixup, Beta(0.4, 0.4)", mixing="mixup"),
        Arm("cutmix", "CutMix", mixing="cutmix"),
        Arm("reconstruction", "reconstructions", recipe=reconstruction, control="standard"),
        Arm("lerp", "lerp", recipe=Recipe("lerp"), control="pixel-slerp"),
        *_with_control("slerp", "slerp, as in the paper", SLERP),
        *_with_control("cross-slerp", "cross-class slerp, soft labels, residual decode", CROSS),
        *_with_control("completion", "attribute completion", COMPLETION),
    ]
    changed = [
        one
        for name, (title, recipe) in ABLATIONS.items()
        for one in _with_control(f"cross-slerp-{name}", f"cross-class slerp, {title}", recipe)
    ]
    cutmix = _with_control("cross-slerp-cutmix", "cross-class slerp, CutMix", CROSS, "cutmix")
    every = (*arms, *changed, *cutmix, *map(_alone, arms))
    return {arm.name: arm for arm in every}


ARMS = _arms()
"""Every arm by name. `-alone` leaves out the standard augmentation; `nothing` is that alone."""


def check_arms(names: Sequence[str]) -> tuple[Arm, ...]:
    """Return the arms of these names.

    Raises:
        ConfigError: A name is not known, or there is none.
    """
    if not names:
        raise ConfigError(f"--arms is empty; give at least one of {', '.join(ARMS)}.")
    for name in names:
        if name not in ARMS:
            hint = near_match(name, ARMS)
            raise ConfigError(f"No arm '{name}'.{hint} Known: {', '.join(ARMS)}.")
    return tuple(ARMS[name] for name in dict.fromkeys(names))
