"""The page; the only package that knows Gradio."""

import inspect
import os
from collections.abc import Callable
from typing import Any

os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"  # read when Gradio is imported


def _import_gradio_quickly() -> None:
    """Import Gradio without the type stubs it rewrites beside its own sources.

    That is two fifths of its import (6.31: 4.8 CPU seconds become 2.7). Gradio leaves out
    a component whose file `inspect.getfile` cannot tell.
    """
    tell: Callable[[Any], str] = inspect.getfile

    def tell_others(thing: Any) -> str:
        if isinstance(thing, type) and thing.__module__.startswith("gradio."):
            raise OSError("no type stubs, please")
        return tell(thing)

    inspect.getfile = tell_others  # type: ignore[assignment]
    try:
        __import__("gradio")
    finally:
        inspect.getfile = tell  # type: ignore[assignment]


_import_gradio_quickly()
