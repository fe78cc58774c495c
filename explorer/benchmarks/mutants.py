"""Defects of saving and going on, which the kill test must catch: else it would prove nothing."""

__all__ = ["MUTANTS", "Mutant"]

import itertools
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

import explorer.train.checkpoint
import explorer.train.loop
from explorer.files import write_json
from explorer.nn.flow import ActNorm
from explorer.train.state import TrainState

checkpoint: Any = explorer.train.checkpoint
loop: Any = explorer.train.loop


@dataclass(frozen=True, slots=True)
class Mutant:
    """One defect.

    Attributes:
        model: The model it is tried on.
        where: Beginning of the events at which a kill shows it: the last one of these is taken.
        put_in: Puts the defect into this process.
    """

    model: str
    where: str
    put_in: Callable[[], None]


def _random_state() -> None:
    """Noise goes on from the process's own count instead of the step."""
    count, seed = itertools.count(), loop._seed

    def counted(first: int, step: int, *more: int) -> int:
        return int(seed(first, next(count), *more))

    loop._seed = counted


def _sampler() -> None:
    """The order of the images begins anew."""
    count, positions = itertools.count(), loop.batch_positions
    loop.batch_positions = lambda size, step, settings: positions(size, next(count), settings)


def _schedule() -> None:
    """The learning rate warms up again."""
    count, rate = itertools.count(), loop.learning_rate
    loop.learning_rate = lambda step, settings: rate(next(count), settings)


def _optimiser() -> None:
    """Adam's moments are not loaded."""
    checkpoint._fill_moments = lambda optimiser, moments: None


def _average() -> None:
    """The averaged weights start from the current ones."""

    def change(state: TrainState) -> None:
        state.average.load_state_dict(state.model.state_dict())

    _after_loading(change)


def _actnorm() -> None:
    """The flags of ActNorm are lost, so that the next batch sets initial values again."""

    def change(state: TrainState) -> None:
        for module in state.model.modules():
            if isinstance(module, ActNorm):
                module.initialised.fill_(False)

    _after_loading(change)
    fit = loop.fit

    def initialising(state: TrainState, data: Any, settings: Any, *more: Any) -> Any:
        flags = [m.initialised for m in state.model.modules() if isinstance(m, ActNorm)]
        if not all(flags):
            model: Any = state.model
            model.prepare(loop._whole_set(data, settings, torch.device("cpu")))
        return fit(state, data, settings, *more)

    loop.fit = initialising


def _codes_alone() -> None:
    """GLICO's codes are loaded, its generator is not."""
    load = checkpoint.load_unit

    def loading(unit: Path, state: TrainState) -> None:
        model: Any = state.model
        fresh = {name: value.clone() for name, value in model.generator.state_dict().items()}
        load(unit, state)
        model.generator.load_state_dict(fresh)

    checkpoint.load_unit = loading


def _in_place() -> None:
    """Files are written into the unit's own folder."""

    def save(folder: Path, state: TrainState) -> Path:
        unit = folder / "units" / f"step-{state.step:08d}"
        unit.mkdir(parents=True, exist_ok=True)
        checkpoint.write_tensors(unit / "model.safetensors", state.model.state_dict())
        checkpoint.write_tensors(unit / "average.safetensors", state.average.state_dict())
        moments = checkpoint._moments(state.optimiser)
        checkpoint.write_tensors(unit / "optimiser.safetensors", moments)
        numbers = {"schema": checkpoint.SCHEMA, "step": state.step, "seconds": state.seconds}
        write_json(unit / "state.json", numbers)
        checkpoint.write_manifest(unit, [path.name for path in unit.iterdir()])
        return unit

    checkpoint.save_unit = save


def _delete_first() -> None:
    """Earlier units go before the new one is written."""
    save = checkpoint.save_unit

    def deleting(folder: Path, state: TrainState) -> Path:
        for unit in (folder / "units").glob("step-*"):
            shutil.rmtree(unit)
        return Path(save(folder, state))

    checkpoint.save_unit = deleting


def _after_loading(change: Callable[[TrainState], None]) -> None:
    load = checkpoint.load_unit

    def loading(unit: Path, state: TrainState) -> None:
        load(unit, state)
        change(state)

    checkpoint.load_unit = loading


MIDWAY, SAVING = "step 12: _update after", "save 10: replace before 3"

MUTANTS = {
    "random state": Mutant("glow", MIDWAY, _random_state),
    "sampler": Mutant("glico", MIDWAY, _sampler),
    "schedule": Mutant("glow", MIDWAY, _schedule),
    "optimiser": Mutant("glow", MIDWAY, _optimiser),
    "average": Mutant("glico", MIDWAY, _average),
    "ActNorm flag": Mutant("glow", MIDWAY, _actnorm),
    "codes without generator": Mutant("glico", MIDWAY, _codes_alone),
    "written in place": Mutant("glico", SAVING, _in_place),
    "deleted before written": Mutant("glow", SAVING, _delete_first),
}
