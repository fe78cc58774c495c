"""Both hypotheses on everything that varies in a model, corrected for asking so often."""

__all__ = ["Skipped", "Survey", "survey"]

from collections.abc import Sequence
from dataclasses import dataclass

from scipy import stats

from explorer.errors import DataError, NotSupportedError
from explorer.service.distributions import (
    Axis,
    Distribution,
    Part,
    axes,
    distribution,
    parts_of,
)
from explorer.service.encoded import encoded_images
from explorer.service.progress import Report, part, unreported
from explorer.service.workbench import Workbench


@dataclass(frozen=True, slots=True)
class Skipped:
    """An analysis that the images do not allow.

    Attributes:
        axis: What varies.
        part: Which images.
        reason: One sentence.
    """

    axis: Axis
    part: Part
    reason: str


@dataclass(frozen=True, slots=True, eq=False)
class Survey:
    """Several analyses of one model.

    Attributes:
        found: One entry an axis and part.
        corrected: For each, the p-value of hypothesis 1 after Benjamini and Hochberg: among all
            axes called different from random directions below 0.05, at most 5 % are expected not
            to be.
        skipped: What could not be analysed.
    """

    found: tuple[Distribution, ...]
    corrected: tuple[float, ...]
    skipped: tuple[Skipped, ...]


def survey(
    workbench: Workbench,
    name: str,
    wanted: Sequence[tuple[str, Part | None]] = (),
    *,
    count: int = 0,
    seed: int = 0,
    report: Report = unreported,
) -> Survey:
    """Analyse several axes of a model.

    Args:
        workbench: Where the model lies.
        name: The model.
        wanted: Name and part of each; none for every axis, attributes among the images that lack
            them and among those that have them.
        count: Training images to take; 0 for the gallery.
        seed: Of every draw of each analysis.
        report: Told how far the work is.

    Raises:
        UnknownModelError: There is no such model.
        ConfigError: An axis, a part, the count or the seed is not allowed.
        DataError: The training data are not there, or a single analysis that was asked for has
            too few images.
        NotSupportedError: The same of its classes.
    """
    every: list[tuple[Axis, Part | None]] = [
        (axis, which)
        for axis in axes(workbench, name)
        for which in (("without", "with") if axis.kind == "attribute" else parts_of(axis))
    ]
    asked = list(wanted) or [(axis.name, which) for axis, which in every]
    kinds = {axis.name: axis for axis, _ in every}
    # Images that cannot be had are refused here, once, and not skipped with each axis.
    encoded_images(workbench, name, count, part(report, 0.0, 0.3))
    found, skipped = [], []
    for number, (axis_name, which) in enumerate(asked):
        within = part(report, *(0.3 + 0.7 * (number + k) / len(asked) for k in (0, 1)))
        try:
            found.append(
                distribution(
                    workbench, name, axis_name, which, count=count, seed=seed, report=within
                )
            )
        except (DataError, NotSupportedError) as error:
            if len(asked) == 1 or axis_name not in kinds:
                raise
            axis = kinds[axis_name]
            skipped.append(Skipped(axis, which or parts_of(axis)[0], str(error)))
    p_values = [one.mixed.p_value for one in found]
    corrected = stats.false_discovery_control(p_values).tolist() if found else []
    return Survey(tuple(found), tuple(corrected), tuple(skipped))
