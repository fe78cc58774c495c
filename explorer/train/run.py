"""A run is a folder, and the folder is the truth about it.

```text
experiment.json        enough to repeat the run; written before the first step
data.json              what the model was built for: shape, classes, counts, hash of the data
metrics.jsonl          one object a line: step, seconds, learning rate, each loss term by name
status.json            state, step, seconds, message, speed, device and its memory
previews/step-*.png    pictures from fixed seeds, from step 0 on
units/                 what is needed to go on (see `checkpoint`)
weights.safetensors    the averaged weights, when the run is done or stopped
run.lock               held while a process trains, waits or is paused here
request.json           what that process is asked to do (see `control`)
log.txt                what it said, if it was started from the page
```
"""

__all__ = ["DataCard", "RunFolder", "RunStatus"]

import errno
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

from explorer.data.labelled import LabelledImages
from explorer.errors import CheckpointError, TrainingError
from explorer.files import write_json, write_text
from explorer.protocol import DataInfo
from explorer.settings import Experiment, parse_experiment
from explorer.train import checkpoint
from explorer.train.lock import hold
from explorer.train.process import LOCK

RunState = Literal["queued", "running", "paused", "readying", "done", "stopped", "failed"]
MODEL_FILES = ("experiment.json", "data.json", "weights.safetensors")


@dataclass(frozen=True, slots=True)
class DataCard:
    """What a model was built for.

    Attributes:
        name: Data set.
        image_shape: (channel, height, width).
        class_names: In the order of the class numbers.
        class_counts: Training images a class.
        attribute_names: Known binary attributes; may be empty.
        digest: SHA-256 of pixels and labels.
    """

    name: str
    image_shape: tuple[int, int, int]
    class_names: tuple[str, ...]
    class_counts: tuple[int, ...]
    attribute_names: tuple[str, ...]
    digest: str

    @classmethod
    def of(cls, data: LabelledImages) -> "DataCard":
        """Describe a data set."""
        info = data.info
        return cls(
            data.name,
            info.image_shape,
            data.class_names,
            info.class_counts,
            data.attribute_names,
            data.digest(),
        )

    @property
    def info(self) -> DataInfo:
        """What a model needs to be built."""
        return DataInfo(self.image_shape, self.class_counts)


@dataclass(frozen=True, slots=True)
class RunStatus:
    """Where a run stands.

    Attributes:
        state: "queued", "running", "paused", "readying" to be explored, "done", "stopped" or
            "failed".
        step: Updates done.
        seconds: Time spent on them.
        message: One sentence for people.
        device: What it is trained on; empty where that is not known.
        images_per_second: Speed of the last updates.
        memory_mb: Most memory used so far: of the graphics processor, else of the process.
    """

    state: RunState
    step: int
    seconds: float
    message: str
    device: str = ""
    images_per_second: float = 0.0
    memory_mb: float = 0.0


@dataclass(frozen=True, slots=True)
class RunFolder:
    """Reading and writing of one run's folder.

    Attributes:
        path: The folder; its name is the run's name.
    """

    path: Path

    @property
    def holds_weights(self) -> bool:
        """Whether something was trained here already, which a new run must not overwrite."""
        has_unit = any((self.path / "units").glob("step-*"))
        return has_unit or (self.path / "weights.safetensors").exists()

    def begin(self, experiment: Experiment, data: LabelledImages) -> None:
        """Write what is known before the first step; earlier files of the run go."""
        self.path.mkdir(parents=True, exist_ok=True)
        self.record(experiment)
        write_json(self.path / "data.json", asdict(DataCard.of(data)))
        write_text(self.path / "metrics.jsonl", "")

    def record(self, experiment: Experiment) -> None:
        """Write the experiment; a run that is resumed with other settings says so."""
        write_text(self.path / "experiment.json", experiment.to_json())

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the run: no second process trains in the same folder.

        Raises:
            TrainingError: Another process holds it.
        """
        with hold(self.path / LOCK) as is_mine:
            if not is_mine:
                raise TrainingError(
                    f"Another process is training in '{self.path}'. Wait for it, stop it, or "
                    "take another name."
                )
            yield

    def experiment(self) -> Experiment:
        """Return the run's experiment.

        Raises:
            CheckpointError: The folder holds none.
            ConfigError: A setting in it is wrong.
        """
        raw = self._read_json("experiment.json")
        return parse_experiment(raw, where=str(self.path / "experiment.json"))

    def data_card(self) -> DataCard:
        """Return what the model was built for.

        Raises:
            CheckpointError: The file is missing or not of the expected form.
        """
        raw = self._read_json("data.json")
        try:
            return DataCard(
                name=str(raw["name"]),
                image_shape=tuple(int(n) for n in raw["image_shape"]),  # type: ignore[arg-type]
                class_names=tuple(str(name) for name in raw["class_names"]),
                class_counts=tuple(int(n) for n in raw["class_counts"]),
                attribute_names=tuple(str(name) for name in raw["attribute_names"]),
                digest=str(raw["digest"]),
            )
        except (KeyError, TypeError, ValueError):
            raise CheckpointError(
                f"'{self.path / 'data.json'}' does not describe a data set. Copy the checkpoint "
                "again or train anew."
            ) from None

    def status(self) -> RunStatus:
        """Return where the run stands.

        Raises:
            CheckpointError: The folder is no run.
        """
        try:
            return RunStatus(**self._read_json("status.json"))
        except TypeError:
            raise CheckpointError(
                f"'{self.path / 'status.json'}' is not a run's status."
            ) from None

    def write_status(self, status: RunStatus) -> None:
        """Replace the status."""
        write_json(self.path / "status.json", asdict(status))

    def add_metrics(self, row: dict[str, float | int]) -> None:
        """Append one line of metrics, all of it or nothing.

        Raises:
            OSError: There is no room for it.
        """
        line = (json.dumps(row) + "\n").encode("utf-8")
        with (self.path / "metrics.jsonl").open("ab", buffering=0) as file:
            size = file.seek(0, os.SEEK_END)
            try:
                if file.write(line) < len(line):
                    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            except OSError:
                file.truncate(size)
                raise

    def metrics(self) -> list[dict[str, float | int]]:
        """Return all whole lines of metrics; a last line that was cut off is left out."""
        path = self.path / "metrics.jsonl"
        text = path.read_text(encoding="utf-8") if path.exists() else ""
        return [json.loads(line) for line in text.splitlines(keepends=True) if line.endswith("\n")]

    def drop_metrics_after(self, step: int) -> None:
        """Forget lines of steps that were not saved and will be done again."""
        kept = [json.dumps(row) + "\n" for row in self.metrics() if row["step"] <= step]
        write_text(self.path / "metrics.jsonl", "".join(kept))

    def finish(self, weights: dict[str, Any]) -> None:
        """Write the weights that are loaded to explore, and the manifest over them.

        The manifest goes first: without one, what is loaded is the newest unit.
        """
        (self.path / checkpoint.MANIFEST).unlink(missing_ok=True)
        checkpoint.write_tensors(self.path / "weights.safetensors", weights)
        checkpoint.write_manifest(self.path, MODEL_FILES)

    def _read_json(self, name: str) -> dict[str, Any]:
        path = self.path / name
        try:
            content = json.loads(path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            raise CheckpointError(
                f"'{self.path}' has no {name}: it is not a run or a checkpoint. "
                "Give the folder of a trained model."
            ) from None
        except (json.JSONDecodeError, UnicodeDecodeError, OSError) as error:
            raise CheckpointError(f"'{path}' is not a readable JSON file: {error}.") from None
        if not isinstance(content, dict):
            raise CheckpointError(f"'{path}' holds no JSON object.")
        return content
