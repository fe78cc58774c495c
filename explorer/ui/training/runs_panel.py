"""The runs: a view that reads their folders by URL, and what its buttons ask for.

| message to the view | fields |
|---|---|
| "choose" | run: the one to show |
| "told" | text, tone: what came of a button |

The view fires `act` with {do, run}, `explore`, `again` and `finished` with {run}. No message says
in which state a run is: the view reads that from the run's folder, so no button can lie.
"""

__all__ = ["build", "chosen_message", "told_message", "wire"]

import itertools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import gradio as gr

from explorer.errors import ConfigError, ExplorerError
from explorer.service.prepare import prepare
from explorer.service.run_control import delete_run, pause_run, resume_run, stop_run
from explorer.service.runs import experiment_of, folder_of
from explorer.service.workbench import Workbench
from explorer.ui.events import CHOOSE, LOOKUP, guarded
from explorer.ui.scripts import script, skeleton
from explorer.ui.shared import Shared, Wanted, model_choices

Message = dict[str, Any]

_numbers = itertools.count(1)


def build() -> gr.HTML:
    """Lay out the view and return it."""
    return gr.HTML(
        value=None,
        html_template=skeleton("runs.html"),
        js_on_load=script("runs_charts.js", "runs_pictures.js", "runs_list.js", "runs.js"),
        apply_default_css=False,
        elem_id="runs",
        elem_classes=["bare"],
    )


def wire(view: gr.HTML, workbench: Workbench, shared: Shared) -> None:
    """Connect the buttons."""

    @guarded
    def act(event: gr.EventData) -> tuple[Message, Any]:
        do, run = getattr(event, "do", None), getattr(event, "run", None)
        told = acted(workbench, do, run)
        return told, run if do == "delete" and told["tone"] == "good" else gr.skip()

    @guarded
    def explore(event: gr.EventData) -> Wanted:
        return Wanted(run_named(getattr(event, "run", None)), next(_numbers))

    @guarded
    def finished() -> gr.Dropdown:
        return gr.Dropdown(choices=model_choices(workbench.models()))

    view.act(act, None, [view, shared.deleted], **CHOOSE)
    view.explore(explore, None, shared.wanted, **CHOOSE)
    view.finished(finished, None, shared.model, **LOOKUP)


def acted(workbench: Workbench, do: object, run: object) -> Message:
    """Do what a button asks for, and return what came of it; anything can be sent.

    Raises:
        ConfigError: The message is none of ours.
    """
    name = run_named(run)
    action = ACTIONS.get(do) if isinstance(do, str) else None
    if action is None:
        raise ConfigError("The button's request did not arrive. Press it again.")
    try:
        return told_message(name, action(workbench.root, name), tone="good")
    except ExplorerError as error:
        return told_message(name, str(error), tone="warn")
    except OSError as error:
        text = f"The files of '{name}' could not be changed: {error.strerror}."
        return told_message(name, text, tone="warn")


def run_named(run: object) -> str:
    """Return the name of a run that a browser sent; whether there is one is found out later.

    Raises:
        ConfigError: It is no text.
    """
    if not isinstance(run, str) or not run:
        raise ConfigError("The name of the run did not arrive. Press the button again.")
    return run[:100]


def chosen_message(name: str) -> Message:
    """Tell the view which run to show."""
    return {"kind": "choose", "run": name, "number": next(_numbers)}


def told_message(name: str, text: str, *, tone: str) -> Message:
    """Tell the view what came of a button."""
    return {"kind": "told", "run": name, "text": text, "tone": tone, "number": next(_numbers)}


def _stop(root: Path, name: str) -> str:
    return stop_run(root, name).message


def _discard(root: Path, name: str) -> str:
    return stop_run(root, name, save=False).message


def _pause(root: Path, name: str) -> str:
    pause_run(root, name)
    return "It saves, then waits."


def _resume(root: Path, name: str) -> str:
    resume_run(root, name)
    return "It goes on."


def _halve(root: Path, name: str) -> str:
    rate = experiment_of(root, name).train.learning_rate / 2
    resume_run(root, name, {"train.learning_rate": rate})
    return f"It goes on from the last saved step with a learning rate of {rate:g}."


def _longer(root: Path, name: str) -> str:
    steps = 2 * experiment_of(root, name).train.steps
    resume_run(root, name, {"train.steps": steps})
    return f"It goes on to {steps:,} steps."


def _delete(root: Path, name: str) -> str:
    delete_run(root, name)
    return f"'{name}' is deleted."


def _prepare(root: Path, name: str) -> str:
    prepare(folder_of(root, name))
    return f"'{name}' is ready to explore."


ACTIONS: dict[str, Callable[[Path, str], str]] = {
    "stop": _stop,
    "discard": _discard,
    "pause": _pause,
    "resume": _resume,
    "halve": _halve,
    "longer": _longer,
    "delete": _delete,
    "prepare": _prepare,
}
"""What a button can ask for; each says in words what came of it."""
