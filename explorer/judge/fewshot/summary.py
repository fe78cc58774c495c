"""From finished runs to a table and a verdict."""

__all__ = ["ArmResult", "Verdict", "summarise", "verdicts"]

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from explorer.judge.fewshot.arms import ARMS, BEST
from explorer.judge.fewshot.records import RunRecord
from explorer.judge.fewshot.statistics import MIN_SEEDS, Difference, paired_difference

Setting = tuple[str, int, int, str, bool, str]
"""(data, shots, steps, score, transductive, settings): what runs have to share."""


@dataclass(frozen=True, slots=True)
class ArmResult:
    """One arm in one setting.

    Attributes:
        data: Name of the data set.
        shots: Labelled images a class.
        steps: Updates of the classifier.
        score: Which images were counted.
        transductive: Whether the generator saw them.
        arm: Name.
        seeds: Number of runs.
        accuracy: Mean share of right answers, percent.
        over_standard: Against `standard`, or `nothing` for arms without augmentation, on the
            seeds both have; None for those arms themselves.
        over_control: Against the arm's pixel control; None where there is none.
        seconds: Mean CPU time of a run, its generator included.
        psnr: Mean of the generator's reconstructions, dB; 0 where there is none.
    """

    data: str
    shots: int
    steps: int
    score: str
    transductive: bool
    arm: str
    seeds: int
    accuracy: float
    over_standard: Difference | None
    over_control: Difference | None
    seconds: float
    psnr: float


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether made images are worth exporting for a data set.

    Attributes:
        data: Name of the data set.
        shots: Labelled images a class.
        steps: The classifier's budget it was found at: the largest with enough seeds.
        arm: The arm that was judged.
        seeds: Paired seeds.
        recommended: Whether both intervals lie above 0, on at least `MIN_SEEDS` seeds.
        text: The same in one sentence.
    """

    data: str
    shots: int
    steps: int
    arm: str
    seeds: int
    recommended: bool
    text: str


def summarise(records: Iterable[RunRecord]) -> list[ArmResult]:
    """Return a row for each arm of each setting, in the order of settings and arms."""
    settings: defaultdict[Setting, defaultdict[str, dict[int, RunRecord]]]
    settings = defaultdict(lambda: defaultdict(dict))
    for one in records:
        key = one.key
        setting = (key.data, key.shots, key.steps, key.score, key.transductive, key.settings)
        settings[setting][key.arm][key.seed] = one
    order = list(ARMS)
    return [
        _result(setting, name, arms)
        for setting, arms in sorted(settings.items())
        for name in sorted(arms, key=order.index)
    ]


def verdicts(results: Sequence[ArmResult]) -> list[Verdict]:
    """Return for each data set and number of shots what the largest sound budget says."""
    found: dict[tuple[str, int], Verdict] = {}
    for row in sorted(results, key=lambda one: one.steps):
        judged = row.arm == BEST and not row.transductive and row.score != "validation"
        if judged and row.over_standard and row.over_control:
            place = row.data, row.shots
            new = _verdict(row, row.over_standard, row.over_control)
            if place not in found or new.seeds >= MIN_SEEDS or found[place].seeds < MIN_SEEDS:
                found[place] = new
    return [found[place] for place in sorted(found)]


def _verdict(row: ArmResult, standard: Difference, control: Difference) -> Verdict:
    seeds = min(standard.seeds, control.seeds)
    better = standard.low > 0 and control.low > 0
    where = f"{row.data}, {row.shots} images a class, {row.steps} updates, {seeds} seeds"
    gain = f"{standard.mean:+.2f} points [{standard.low:+.2f}, {standard.high:+.2f}]"
    blend = f"{control.mean:+.2f} [{control.low:+.2f}, {control.high:+.2f}] over its pixel control"
    if seeds < MIN_SEEDS:
        word = f"Too few seeds to tell; {MIN_SEEDS} are needed"
    else:
        word = "Recommended" if better else "Not shown to help"
    return Verdict(
        row.data,
        row.shots,
        row.steps,
        row.arm,
        seeds,
        better and seeds >= MIN_SEEDS,
        f"{word}: {gain} over standard augmentation, {blend} ({where}).",
    )


def _result(setting: Setting, name: str, arms: dict[str, dict[int, RunRecord]]) -> ArmResult:
    runs, arm = arms[name], ARMS[name]
    base = "standard" if arm.standard else "nothing"
    data, shots, steps, score, transductive, _ = setting
    many = len(runs)
    return ArmResult(
        data=data,
        shots=shots,
        steps=steps,
        score=score,
        transductive=transductive,
        arm=name,
        seeds=many,
        accuracy=100 * sum(one.accuracy for one in runs.values()) / many,
        over_standard=None if name == base else _difference(runs, arms.get(base, {})),
        over_control=_difference(runs, arms.get(arm.control, {})),
        seconds=sum(one.seconds + one.generator_seconds for one in runs.values()) / many,
        psnr=sum(one.generator_psnr for one in runs.values()) / many,
    )


def _difference(runs: dict[int, RunRecord], others: dict[int, RunRecord]) -> Difference | None:
    shared = sorted(runs.keys() & others.keys())
    if not shared:
        return None
    return paired_difference(
        [runs[seed].accuracy for seed in shared], [others[seed].accuracy for seed in shared]
    )
