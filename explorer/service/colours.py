"""By what the images on a map can be coloured."""

__all__ = ["Colour", "colours"]

from dataclasses import dataclass
from typing import Literal

import numpy as np
from jaxtyping import Float32, Shaped

from explorer.service.shelf import OpenModel

RANGE = (0.01, 0.99)
"""Quantiles at the ends of a scale: a few extreme images must not take all its colours."""


@dataclass(frozen=True, slots=True, eq=False)
class Colour:
    """One thing known of every image.

    Attributes:
        name: Fit for an address: "class", "split", "bits", "error", or "attribute-0" and so on.
        title: For people.
        kind: "category" or "number".
        values: Number of the category, or the number itself, float32, shape (n,); NaN where it is
            not known.
        labels: Of the categories, in the order of their numbers; none for a number.
        low: Where a number's scale begins, its 1 % quantile; NaN for a category.
        high: Where it ends, its 99 % quantile.
        unit: Of a number; empty if it has none.
    """

    name: str
    title: str
    kind: Literal["category", "number"]
    values: Float32[np.ndarray, " n"]
    labels: tuple[str, ...] = ()
    low: float = float("nan")
    high: float = float("nan")
    unit: str = ""


def colours(opened: OpenModel) -> tuple[Colour, ...]:
    """Return all that the gallery images of a model can be coloured by, classes first.

    What was not measured, or cannot be, is not there.
    """
    gallery, data = opened.gallery, opened.data
    found = [
        _category("class", "Class", gallery.labels, data.class_names),
        _category("split", "Split", gallery.held_out, ("train", "held-out")),
    ]
    found += [
        _category(f"attribute-{column}", name, gallery.attributes[:, column], ("without", "with"))
        for column, name in enumerate(data.attribute_names)
    ]
    if opened.measures is not None:
        if opened.measures.has_density:
            bits = opened.measures.bits_per_dim
            found.append(_number("bits", "Likelihood", bits, "bits/dim"))
        errors = opened.measures.reconstruction
        found.append(_number("error", "Reconstruction error", errors, "RMSE"))
    return tuple(found)


def _category(
    name: str, title: str, values: Shaped[np.ndarray, " n"], labels: tuple[str, ...]
) -> Colour:
    return Colour(name, title, "category", values.astype(np.float32), labels)


def _number(name: str, title: str, values: Shaped[np.ndarray, " n"], unit: str) -> Colour:
    low, high = np.nanquantile(values, RANGE).tolist()
    return Colour(name, title, "number", values.astype(np.float32), (), low, high, unit)
