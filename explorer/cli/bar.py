"""Progress of a training run on the terminal or in a log file."""

__all__ = ["TrainBar"]

from typing import TYPE_CHECKING

from explorer.cli.output import print_log
from explorer.settings import TrainSettings

if TYPE_CHECKING:
    import explorer.train.loop


class TrainBar:
    """Progress of a run on stderr: a moving bar in a terminal, lines in a log file.

    Attributes:
        settings: Of the run.
    """

    def __init__(self, name: str, settings: TrainSettings) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TimeRemainingColumn

        self.settings = settings
        console = Console(stderr=True)
        self._is_terminal = console.is_terminal
        columns = ("{task.description}", BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
        self._bar = Progress(
            *columns, "{task.fields[terms]}", console=console, disable=not self._is_terminal
        )
        self._task = self._bar.add_task(name, total=settings.steps, terms="reading data")

    def __enter__(self) -> "TrainBar":
        """Start to draw."""
        self._bar.start()
        return self

    def __exit__(self, *error: object) -> None:
        """Leave the last state on the screen."""
        self._bar.stop()

    def show(self, progress: "explorer.train.loop.Progress") -> None:
        """Show what the newest update did."""
        terms = " ".join(f"{name} {value:.4g}" for name, value in progress.terms.items())
        terms += " (skipped: not finite)" if progress.skipped else ""
        self._bar.update(self._task, completed=progress.step, terms=terms)
        is_due = progress.step % self.settings.log_every == 0 or (
            progress.step == self.settings.steps
        )
        if is_due and not self._is_terminal:
            left = (self.settings.steps - progress.step) * progress.seconds / progress.step
            words = f"step {progress.step}/{self.settings.steps} {terms}"
            print_log(f"{words} ({left / 60:.1f} min left)", to_errors=True)
