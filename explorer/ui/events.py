"""How events run: which go past the queue, which wait for the model, what an error becomes.

A handler is of one of four kinds, and its wiring takes that kind's settings:
``button.click(handler, inputs, outputs, **LOOKUP)``.

| settings | for | how it runs |
|---|---|---|
| `LOOKUP` | filling in texts, marking as stale: no model, no refusal | at once, past the queue |
| `CHOOSE` | what sets the picked pair or the model, or may be refused | queued, waits for none |
| `COMPUTE` | what decodes or encodes, asked by state | one at a time; of a burst only the last |
| `ASKED` | what decodes or encodes, asked by the event's data | one at a time, every one |

`CHOOSE` is queued because Gradio announces a changed `gr.State`, and shows an error, from queued
events only (6.31).

For the last of a burst Gradio sends the data of the first once more (6.31), so what reads data
must not be `COMPUTE`. A panel that asks in bursts holds questions back; see assets/in_turn.js.
"""

__all__ = ["ASKED", "CHOOSE", "COMPUTE", "LOOKUP", "QUIET", "guarded"]

import functools
import html
import inspect
import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, ParamSpec, TypeVar, cast

import gradio as gr

from explorer.errors import ExplorerError

Parameters = ParamSpec("Parameters")
Result = TypeVar("Result")

QUIET: dict[str, Any] = {"show_progress": "hidden", "show_progress_on": []}
"""For every event: panels show their own progress.

A component that Gradio would show progress on is copied, with all of its value, whenever any event
of the page begins or ends (6.31); where it is the tabs, so is everything inside. That took longer
than the walk of a new pair.
"""

LOOKUP: dict[str, Any] = {
    "queue": False,
    **QUIET,
    "trigger_mode": "multiple",
    "api_visibility": "private",
}
CHOOSE: dict[str, Any] = {
    "concurrency_limit": None,
    **QUIET,
    "trigger_mode": "multiple",
    "api_visibility": "private",
}
COMPUTE: dict[str, Any] = {
    "concurrency_id": "model",
    "concurrency_limit": 1,
    **QUIET,
    "trigger_mode": "always_last",
}
ASKED: dict[str, Any] = COMPUTE | {"trigger_mode": "multiple"}
NOTICE_SECONDS = 12

_log = logging.getLogger(__name__)


def guarded(handler: Callable[Parameters, Result]) -> Callable[Parameters, Result]:
    """Turn what a person can cause into a notice, and anything else into a logged bug.

    An `ExplorerError` is shown with exactly its text. Any other exception keeps its traceback in
    the log; the person reads a neutral sentence without it. A handler that yields is guarded in
    each of its steps.
    """

    @functools.wraps(handler)
    def stepwise(*args: Parameters.args, **kwargs: Parameters.kwargs) -> Any:
        with _explained(handler.__qualname__):
            yield from cast(Iterator[Any], handler(*args, **kwargs))

    @functools.wraps(handler)
    def wrapper(*args: Parameters.args, **kwargs: Parameters.kwargs) -> Result:
        with _explained(handler.__qualname__):
            return handler(*args, **kwargs)

    return stepwise if inspect.isgeneratorfunction(handler) else wrapper


@contextmanager
def _explained(name: str) -> Iterator[None]:
    try:
        yield
    except gr.Error:
        raise
    except ExplorerError as error:
        raise _notice("Not possible", str(error)) from None
    except Exception:
        _log.exception("A bug in %s", name)
        raise _notice(
            "A bug",
            "This did not work, and it is our fault. The terminal shows the details.",
        ) from None


def _notice(title: str, text: str) -> gr.Error:
    message = html.escape(text, quote=False)  # the page renders a notice as HTML
    return gr.Error(message, duration=NOTICE_SECONDS, title=title, print_exception=False)
