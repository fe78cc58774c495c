"""How long GLICO takes to reproduce its images to a given quality: our recipe, the paper's."""

__all__ = ["FitTime", "measure_fit", "paper_recipes"]

import contextlib
import time
from dataclasses import dataclass
from pathlib import Path

from explorer.data.labelled import LabelledImages
from explorer.judge.fewshot.generator import fit_generator, psnr
from explorer.judge.fewshot.settings import GeneratorSettings
from explorer.models.glico import Glico
from explorer.service.fewshot_experiment import load_fewshot

PAPER = Path(__file__).resolve().parents[2] / "assets" / "fewshot" / "cifar-10.json"

EVERY = 5
"""Updates between two looks at the quality; the looks are not counted."""


@dataclass(frozen=True, slots=True)
class FitTime:
    """One recipe's time.

    Attributes:
        recipe: Name.
        seconds: CPU seconds until the quality was reached, or until it was given up.
        steps: Updates by then.
        psnr: Reached, dB.
        reached: Whether it is the wanted one.
    """

    recipe: str
    seconds: float
    steps: int
    psnr: float
    reached: bool


class _EnoughError(Exception):
    """Ends a fit early."""


def measure_fit(
    recipe: str,
    data: LabelledImages,
    settings: GeneratorSettings,
    *,
    target: float,
    longest: float,
    seed: int = 0,
) -> FitTime:
    """Fit until the reconstructions have a quality, and return how long it took.

    Args:
        recipe: Name of the settings.
        data: The labelled images.
        settings: Model and optimiser.
        target: Wanted PSNR over all images, dB.
        longest: CPU seconds after which it is given up.
        seed: Of weights and batches.
    """
    looks, start = 0.0, time.process_time()
    found = FitTime(recipe, 0.0, 0, 0.0, reached=False)

    def look(step: int, model: Glico) -> None:
        nonlocal looks, found
        if step % EVERY and step < settings.steps:
            return
        before = time.process_time()
        spent = before - start - looks
        quality = psnr(model, data)
        looks += time.process_time() - before
        found = FitTime(recipe, round(spent, 2), step, round(quality, 2), quality >= target)
        if found.reached or spent > longest:
            raise _EnoughError

    with contextlib.suppress(_EnoughError):
        fit_generator(data, settings, seed=seed, after_step=look)
    return found


def paper_recipes() -> dict[str, GeneratorSettings]:
    """Return the paper's generator, codes and rates, with either perceptual distance we have.

    The paper's own distance, a VGG-16, costs more than both.
    """
    paper = load_fewshot(PAPER).generator
    laplacian = {**paper.config, "perceptual": "laplacian"}
    return {
        "paper, EfficientNet features": paper,
        "paper, Laplacian": paper.model_copy(update={"config": laplacian}),
    }
