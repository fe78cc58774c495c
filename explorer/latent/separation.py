"""How well one position tells images with an attribute from those without."""

__all__ = ["cross_validated_auc", "position_auc"]

import numpy as np
from jaxtyping import Bool, Float64
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import StratifiedKFold

FOLDS = 5


def position_auc(positions: Float64[np.ndarray, " n"], marks: Bool[np.ndarray, " n"]) -> float:
    """Return the area under the ROC curve: 1 tells perfectly, 0.5 not at all.

    NaN where all images have the attribute, or none has.
    """
    if marks.all() or not marks.any():
        return float("nan")
    return float(roc_auc_score(marks, positions))


def cross_validated_auc(
    latents: Float64[np.ndarray, "n dim"], marks: Bool[np.ndarray, " n"], *, seed: int = 0
) -> float:
    """Return the area under the ROC curve of positions along directions found on other images.

    The images are dealt into `FOLDS` groups; each is placed along the difference of means of the
    others. For models whose latents of unseen images are not to be had.

    Args:
        latents: All of them.
        marks: Which images have the attribute.
        seed: Of the deal.

    Returns:
        NaN where fewer than `FOLDS` images have the attribute, or fewer have it not.
    """
    if min(marks.sum(), (~marks).sum()) < FOLDS:
        return float("nan")
    positions = np.empty(len(marks))
    for learn, judge in StratifiedKFold(FOLDS, shuffle=True, random_state=seed).split(
        latents, marks
    ):
        with_it, without = latents[learn][marks[learn]], latents[learn][~marks[learn]]
        direction = with_it.mean(0) - without.mean(0)
        middle = (with_it.mean(0) + without.mean(0)) / 2
        length = max(float(direction @ direction), np.finfo(np.float64).tiny)
        positions[judge] = (latents[judge] - middle) @ direction / length
    return position_auc(positions, marks)
