"""One process's time with a run: train, save, show, pause, wait for room on the disk, end."""

__all__ = ["Sitting"]

import errno
import math
import os
import resource
import shutil
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack, suppress
from functools import partial
from typing import Any, cast

import torch

from explorer.data.labelled import LabelledImages
from explorer.errors import TrainingError
from explorer.settings import TrainSettings
from explorer.train import checkpoint, loop
from explorer.train.control import Asked, Control
from explorer.train.group import ALONE, Group
from explorer.train.loop import Progress
from explorer.train.preview import write_previews
from explorer.train.queue import turn
from explorer.train.run import RunFolder, RunState, RunStatus
from explorer.train.state import TrainState

STATUS_S = 1.0
"""Seconds between two signs of life, at least."""

LOOK_S = 0.5
"""Seconds between two looks at whether a pause or a full disk is over."""

SPARE_UNITS = 3
"""Units for which there must be room before one is saved: two are kept, and one is being made."""

FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


class Sitting:
    """What a training process does beside the updates. Knows no model.

    Attributes:
        run: Its folder.
        settings: How to fit.
        device: Where.
        control: What the process is asked to do.
        group: The processes that train together; only the first one writes.
    """

    def __init__(
        self,
        run: RunFolder,
        settings: TrainSettings,
        device: torch.device,
        control: Control,
        group: Group = ALONE,
    ) -> None:
        self.run, self.settings, self.device, self.control = run, settings, device, control
        self.group = group
        self.step, self.seconds = 0, 0.0
        self._training = "Training."
        self._turn = ExitStack()
        self._shown, self._marked = time.monotonic(), (0, 0.0)
        self._rate = 0.0

    def begin_at(self, numbers: Mapping[str, Any]) -> None:
        """Take step and seconds from what a unit says of itself, so that waiting shows them."""
        self.step, self.seconds = numbers["step"], numbers["seconds"]

    # the device

    def take_device(self) -> bool:
        """Wait until no other run has the device; False if the process is asked to end first."""
        if not self.group.is_first:
            return bool(self.group.first_says(""))
        name = device_name(self.device)

        def waiting(ahead: int) -> bool:
            runs = "another run" if ahead == 1 else f"{ahead} other runs"
            self.show("queued", f"Waiting for {name}, which {runs} will have first.")
            return not self.control.is_ending

        got = self._turn.enter_context(turn(self.run.path.parent, name, waiting))
        return bool(self.group.first_says("got it" if got else ""))

    def leave_device(self) -> None:
        """Let the next run have the device."""
        self._turn.close()

    # signs of life

    def show(self, state: RunState, message: str) -> None:
        """Write where the run stands."""
        if not self.group.is_first:
            return
        self.run.write_status(
            RunStatus(
                state,
                self.step,
                self.seconds,
                message,
                device_name(self.device),
                round(self._rate, 2),
                round(memory_mb(self.device), 1),
            )
        )

    def fail(self, message: str) -> None:
        """Write that the run failed, if there is room for that."""
        with suppress(OSError):
            self.show("failed", message)

    def note(self, what: str) -> None:
        """Say something about this sitting as long as it trains; nothing if it is empty."""
        self._training = f"{self._training} {what}".strip()

    # the work

    def work(
        self,
        state: TrainState,
        data: LabelledImages,
        report: Callable[[Progress], None],
    ) -> Asked:
        """Train until all steps are done or the process is asked to end; save on the way.

        Returns:
            What ended it; "" if all steps are done.

        Raises:
            TrainingError: Updates were not finite, or a file cannot be written.
        """
        settings, waiting = self.settings, list[Progress]()
        self.step, self.seconds = state.step, state.seconds
        self._marked = state.step, state.seconds
        self.keep(lambda: self.show("running", self._training))
        for progress in loop.fit(state, data, settings, self.group):
            self.step, self.seconds = progress.step, progress.seconds
            report(progress)
            waiting.append(progress)
            asked = self._asked()
            if asked == "discard":
                return asked
            is_last = progress.step >= settings.steps or asked == "stop"
            if progress.step % settings.log_every == 0 or is_last:
                self.keep(partial(self.run.add_metrics, _mean_row(waiting)))
                waiting.clear()
            if progress.step % settings.preview_every == 0 or is_last:
                self.preview(state, data)
            if progress.step % settings.checkpoint_every == 0 or is_last or asked == "pause":
                self.keep(partial(self.save, state))
            if time.monotonic() - self._shown >= STATUS_S:
                self._sign()
            if is_last:
                return asked if progress.step < settings.steps else ""
            if asked == "pause" and (end := self._pause()):
                return end
        return ""

    def save(self, state: TrainState) -> None:
        """Save a unit, if that leaves the disk room for another two.

        Raises:
            OSError: There is no room; a process that is asked to end saves all the same.
        """
        free, needed = shutil.disk_usage(self.run.path).free, SPARE_UNITS * unit_bytes(state)
        if free < needed and not self.control.is_ending:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        checkpoint.save_unit(self.run.path, state)

    def preview(self, state: TrainState, data: LabelledImages) -> None:
        """Show the averaged weights."""
        seed = self.settings.seed
        self.keep(
            lambda: write_previews(self.run.path, state.average, data, step=state.step, seed=seed)
        )

    def keep(self, write: Callable[[], object]) -> None:
        """Write a file, in the first process; where the disk is full, wait for room.

        Raises:
            TrainingError: It cannot be written for another reason, or the process is asked to end.
        """
        while self.group.is_first:
            try:
                write()
            except OSError as error:
                reason = os.strerror(error.errno) if error.errno else str(error)
                if error.errno not in FULL or self.control.is_ending:
                    raise TrainingError(
                        f"'{self.run.path}' could not be saved at step {self.step}: {reason}. "
                        "Make room, then go on; the last saved step is kept."
                    ) from error
                with suppress(OSError):
                    self.show("paused", f"{reason}. It goes on by itself when there is room.")
                time.sleep(LOOK_S)
            else:
                return

    def _asked(self) -> Asked:
        """Return what all processes of the group are asked to do: what the first one is."""
        return cast(Asked, self.group.first_says(self.control.asked))

    def _pause(self) -> Asked:
        """Give the device back and wait; return what ends the process, "" to go on."""
        self.keep(lambda: self.show("paused", "Paused. It is in memory and saved."))
        self.leave_device()
        while (asked := self._asked()) == "pause":
            time.sleep(LOOK_S)
        if asked == "" and not self.take_device():
            asked = self._asked()
        if asked == "":
            self._marked = self.step, self.seconds
            self.keep(lambda: self.show("running", self._training))
        return asked

    def _sign(self) -> None:
        step, seconds = self._marked
        if self.seconds > seconds:
            images = (self.step - step) * self.settings.batch_size
            self._rate = images / (self.seconds - seconds)
        self._shown, self._marked = time.monotonic(), (self.step, self.seconds)
        self.keep(lambda: self.show("running", self._training))


def device_name(device: torch.device) -> str:
    """Return the name that runs queue for, e.g. "cpu" or "cuda:0"."""
    return f"cuda:{device.index or 0}" if device.type == "cuda" else device.type


def unit_bytes(state: TrainState) -> int:
    """Return about how many bytes a saved unit has: weights, their average, two moments."""
    return 4 * sum(int(value.nbytes) for value in state.model.state_dict().values())


def memory_mb(device: torch.device) -> float:
    """Return the most memory used so far: of the graphics processor, else of this process."""
    if device.type == "cuda":
        return torch.cuda.max_memory_allocated(device) / 1e6
    if device.type == "mps":
        return torch.mps.driver_allocated_memory() / 1e6
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most / 1e6 if sys.platform == "darwin" else most * 1024 / 1e6


def _mean_row(rows: list[Progress]) -> dict[str, float | int]:
    """Return one line of metrics: the last step, and each value's mean over finite updates."""
    last, finite = rows[-1], [row for row in rows if not row.skipped]
    means = {
        name: sum(row.terms[name] for row in finite) / len(finite)
        for name in (finite[0].terms if finite else {})
    }
    norms = [row.gradient_norm for row in finite if math.isfinite(row.gradient_norm)]
    return {
        "step": last.step,
        "seconds": round(last.seconds, 3),
        "learning_rate": last.learning_rate,
        "gradient_norm": max(norms, default=0.0),
        "skipped": len(rows) - len(finite),
        **means,
    }
