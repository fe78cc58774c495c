"""The few-shot comparison: every arm on the same subsets, one record a run, resumable."""

__all__ = ["FewshotPlan", "run_fewshot"]

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import numpy as np
from torch import nn

from explorer.data.fewshot import draw_count, draw_shots
from explorer.data.labelled import LabelledImages
from explorer.data.load import load_data
from explorer.errors import DataError
from explorer.files import write_json
from explorer.judge.fewshot.arms import ARMS, Arm, check_arms
from explorer.judge.fewshot.chance import source_of
from explorer.judge.fewshot.classifier import score, train_arm
from explorer.judge.fewshot.generator import fit_generator, psnr
from explorer.judge.fewshot.pools import Pool, confident, draw_pairs, make_pool, with_mirrored
from explorer.judge.fewshot.records import RunKey, RunRecord, run_file, settings_digest
from explorer.judge.fewshot.settings import FewshotSettings
from explorer.models.glico import Glico
from explorer.settings import DataSettings

Report = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class FewshotPlan:
    """Which runs are wanted.

    Attributes:
        data: The set; its `shots` and `seed` do not count here.
        shots: Numbers of labelled images a class.
        seeds: Each is one subset with its own weights and draws.
        arms: Names of arms.
        settings: Classifier, augmentation and generator.
        scored: Most images that are counted.
        score: Which images are counted: the test split; "validation": training images outside
            the subset, so that the test split is not opened; "rest": all images of both splits
            outside the subset, for small sets.
        transductive: Whether the generator also reconstructs the counted images, without labels.
        device: Where to compute.
    """

    data: DataSettings
    shots: tuple[int, ...]
    seeds: tuple[int, ...]
    arms: tuple[str, ...]
    settings: FewshotSettings = field(default_factory=FewshotSettings)
    scored: int = 2000
    score: Literal["test", "validation", "rest"] = "test"
    transductive: bool = False
    device: str = "cpu"

    def details(self) -> dict[str, Any]:
        """Return all that changes a run's result, but its shots, seed and arm.

        Where a known set lies does not; a folder of images is known by its place alone.
        """
        passed_over = {"shots"} if self.data.name == "folder" else {"root", "shots"}
        return {
            "data": self.data.model_dump(mode="json", exclude=passed_over),
            "settings": self.settings.model_dump(mode="json"),
            "scored": self.scored,
        }

    def key(self, shots: int, seed: int, arm: str) -> RunKey:
        """Return the key of one run."""
        steps = self.settings.classifier.steps
        digest = settings_digest(self.details())
        name = self.data.name
        return RunKey(name, shots, steps, seed, arm, self.score, self.transductive, digest)


def run_fewshot(plan: FewshotPlan, folder: Path, report: Report = lambda text: None) -> int:
    """Do the runs of a plan that are not yet in a folder.

    Args:
        plan: Which.
        folder: Gets one file a run below `runs`; it can be stopped and continued at any time.
        report: Told each finished run.

    Returns:
        How many runs were done.

    Raises:
        ConfigError: An arm or a setting is not known.
        DataError: The data are missing or have too few images of a class.
    """
    arms = check_arms(plan.arms)
    done = 0
    training: LabelledImages | None = None
    for seed in plan.seeds:
        for shots in plan.shots:
            missing = [
                arm
                for arm in arms
                if not run_file(folder, plan.key(shots, seed, arm.name)).exists()
            ]
            if not missing:
                continue
            training = load_data(plan.data, "train") if training is None else training
            for record in _Subset(plan, training, shots, seed).runs(missing):
                write_json(run_file(folder, record.key), record.to_json())
                done += 1
                report(
                    f"{record.key.data} {shots} shots seed {seed} {record.key.arm}: "
                    f"{100 * record.accuracy:.2f} %, {record.seconds:.1f} s"
                )
    return done


@dataclass(frozen=True, slots=True)
class _Fit:
    """A generator, its CPU time and how well it reproduces its images, dB."""

    model: Glico
    seconds: float
    psnr: float


class _Subset:
    """One subset with what its arms share: generators and the images that are counted."""

    def __init__(self, plan: FewshotPlan, training: LabelledImages, shots: int, seed: int) -> None:
        self.plan, self.training, self.shots, self.seed = plan, training, shots, seed
        self.labelled = draw_shots(training, shots, seed)
        self._counted: LabelledImages | None = None
        self._fits: dict[bool, _Fit] = {}
        self._plain: tuple[nn.Module, float] | None = None

    def runs(self, arms: list[Arm]) -> Iterator[RunRecord]:
        """Train and count one arm after the other.

        The generators come first: in the strict mode no other image is open by then.
        """
        for arm in arms:
            if arm.needs_generator:
                self._fit(arm)
        for arm in arms:
            network, spent = self._trained(arm)
            yield self._record(arm, score(network, self.counted(), self.plan.device), spent)

    def counted(self) -> LabelledImages:
        """Return the images that are counted, loaded when first asked for."""
        if self._counted is None:
            outside = ~np.isin(self.training.indices, self.labelled.indices)
            rest = self.training.subset(np.flatnonzero(outside).astype(np.int64))
            if self.plan.score == "validation":
                found = rest
            else:
                test = self._test()
                found = test if self.plan.score == "test" else _both(rest, test)
            if not len(found):
                raise DataError(f"{found.name}: no image is left to count. Ask for fewer shots.")
            self._counted = draw_count(found, self.plan.scored, 0)
        return self._counted

    def _test(self) -> LabelledImages:
        try:
            return load_data(self.plan.data, "test")
        except DataError as error:
            raise DataError(
                f"There is no image to count beside the labelled ones. {error} Add images, so "
                "that some can be held out, or set score=validation."
            ) from None

    def _trained(self, arm: Arm) -> tuple[nn.Module, float]:
        if arm.name == "standard":
            return self._standard()
        judge = self._standard()[0] if arm.needs_classifier else None
        start = time.process_time()
        network = self._network(arm, self._pool(arm, judge))
        return network, time.process_time() - start

    def _standard(self) -> tuple[nn.Module, float]:
        """Return the classifier of the labelled images alone and its CPU time."""
        if self._plain is None:
            start = time.process_time()
            network = self._network(ARMS["standard"], None)
            self._plain = network, time.process_time() - start
        return self._plain

    def _network(self, arm: Arm, pool: Pool | None) -> nn.Module:
        plan = self.plan
        return train_arm(
            self.labelled, arm, pool, plan.settings, seed=self.seed, device=plan.device
        )

    def _pool(self, arm: Arm, judge: nn.Module | None) -> Pool | None:
        recipe = arm.recipe
        if recipe is None:
            return None
        per_anchor, data = self.plan.settings.generator.per_anchor, self.labelled
        if recipe.flips:
            per_anchor, data = max(1, per_anchor // 2), with_mirrored(data)
        pairs = draw_pairs(data, recipe, per_anchor, source_of(self.seed, "pairs"))
        model = self._fit(arm).model if arm.needs_generator else None
        pool = make_pool(data, recipe, pairs, model)
        return pool if judge is None else confident(pool, data, judge, recipe.confidence)

    def _fit(self, arm: Arm) -> "_Fit":
        """Return the generator an arm needs, fitted when first asked for."""
        flips = arm.recipe is not None and arm.recipe.flips
        if flips not in self._fits:
            plan, start = self.plan, time.process_time()
            data = with_mirrored(self.labelled) if flips else self.labelled
            model = fit_generator(
                data,
                plan.settings.generator,
                seed=self.seed,
                unlabelled=self.counted() if plan.transductive else None,
                device=plan.device,
            )
            self._fits[flips] = _Fit(model, time.process_time() - start, psnr(model, data))
        return self._fits[flips]

    def _record(self, arm: Arm, accuracy: float, seconds: float) -> RunRecord:
        fit = self._fit(arm) if arm.needs_generator else None
        return RunRecord(
            key=self.plan.key(self.shots, self.seed, arm.name),
            accuracy=accuracy,
            scored=len(self.counted()),
            seconds=round(seconds, 2),
            generator_seconds=round(fit.seconds, 2) if fit else 0.0,
            generator_psnr=round(fit.psnr, 3) if fit else 0.0,
            details=self.plan.details(),
        )


def _both(first: LabelledImages, second: LabelledImages) -> LabelledImages:
    """Return the images of two splits as one set, numbered anew."""
    count = len(first) + len(second)
    return LabelledImages(
        name=first.name,
        images=np.concatenate([first.images, second.images]),
        labels=np.concatenate([first.labels, second.labels]),
        class_names=first.class_names,
        indices=np.arange(count, dtype=np.int64),
    )
