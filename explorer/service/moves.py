"""Moving latents along sliders: what strengths are allowed, and where the latents end."""

__all__ = ["LONGEST_STRENGTH", "check_strengths", "moved", "on_prior"]

from collections.abc import Mapping, Sequence

import torch

from explorer.errors import ConfigError
from explorer.latent.directions import edit
from explorer.protocol import Latents
from explorer.service.axes import AS_IN_USE, axis_in_use, directions_of
from explorer.service.shelf import OpenModel

LONGEST_STRENGTH = 3.0


def check_strengths(opened: OpenModel, strengths: Mapping[str, float]) -> None:
    """Check what a person wants to move.

    Raises:
        NotSupportedError: The model has no sliders.
        ConfigError: An attribute is unknown, or a strength is not in [-3, 3].
    """
    for attribute, strength in strengths.items():
        directions_of(opened, attribute)
        if not abs(strength) <= LONGEST_STRENGTH:
            raise ConfigError(
                f"Strength {strength} of '{attribute}'; it must lie in "
                f"[-{LONGEST_STRENGTH:g}, {LONGEST_STRENGTH:g}]."
            )


def moved(
    opened: OpenModel,
    latents: Latents,
    labels: Sequence[int],
    strengths: Mapping[str, float],
    kinds: Mapping[str, str] = AS_IN_USE,
) -> Latents:
    """Return latents moved along sliders, each from its own class.

    The steps are added in the order of their names, so that the same strengths in another order
    give the same latents to the last bit.

    Args:
        opened: The model.
        latents: Shape (batch, dim).
        labels: Class of each.
        strengths: Strength by slider; 0 leaves every bit of a latent as it is.
        kinds: Chosen kind of direction by slider; see `explorer.service.axes.kind_in_use`.

    Raises:
        NotSupportedError: The model has no sliders.
        ConfigError: An attribute or kind is unknown, or a strength is out of its range.
    """
    check_strengths(opened, strengths)
    steps = {name: strengths[name] for name in sorted(strengths) if strengths[name]}
    if not steps:
        return latents.clone()
    axes = {
        label: torch.stack([axis_in_use(opened, name, label, kinds) for name in steps])
        for label in dict.fromkeys(labels)
    }
    rows = [
        edit(latent[None], axes[label], list(steps.values()))
        for latent, label in zip(latents, labels, strict=True)
    ]
    return on_prior(opened, torch.cat(rows))


def on_prior(opened: OpenModel, latents: Latents) -> Latents:
    """Return latents as the model knows them: unit rows where they live on a sphere."""
    if opened.generative.traits.prior == "sphere":
        return torch.nn.functional.normalize(latents)
    return latents
