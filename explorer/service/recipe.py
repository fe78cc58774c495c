"""Lines that make a shown result again: in Python, and as one command."""

__all__ = ["EXPORTED", "as_command", "as_python"]

import csv
import io
import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path

from explorer.latent.layout_settings import LayoutSettings, PcaSettings, settings_of
from explorer.service.render import call_of
from explorer.service.view import (
    EditView,
    KindsView,
    MapView,
    PlaneView,
    RowView,
    StrengthsView,
    StripView,
    TransferView,
    View,
    WalkView,
)

EXPORTED = "exported.png"
"""The picture that a person exports where the settings hold images of their own."""

ROOT = Path("checkpoints")
"""Folder of the models where nothing else is said, below the repository."""

_START = """\
from pathlib import Path

from explorer.service.{module} import {function}
{more}from explorer.service.workbench import Workbench

workbench = Workbench(Path({root!r}))
"""

_CALL = """\
result = {function}(
    workbench,
{arguments}
)
pixels = result.sheet()  # uint8, shape (height, width, 3)
"""

_FROM_PICTURE = """\
view = read_stamp(Path("{file}").read_bytes())
pixels = render(workbench, view).sheet()  # uint8, shape (height, width, 3)
"""

_MAP = """\
from pathlib import Path

from explorer.latent.layout_settings import {kind}
from explorer.service.layouts import compute_layout, layouts_of
from explorer.service.progress import unreported
from explorer.service.workbench import Workbench

workbench = Workbench(Path({root!r}))
layout = compute_layout(workbench, {model!r}, {settings!r}, unreported)
coordinates = layouts_of(workbench.open({model!r}))[layout].coordinates  # float32, shape (n, 2)
"""


def as_python(view: View, root: Path = ROOT) -> str:
    """Return lines that make the result again, as `pixels`; of a map, its coordinates.

    Results of images that were uploaded are made from the exported picture, which holds them.

    Args:
        view: What to make.
        root: Folder of the models.
    """
    place = _place(root)
    if isinstance(view, MapView):
        settings = settings_of(view.layout)
        kind = type(settings).__name__
        return _MAP.format(kind=kind, model=view.model, settings=settings, root=place)
    if view.images:
        more = "from explorer.service.stamp import read_stamp\n"
        start = _START.format(module="render", function="render", more=more, root=place)
        return start + _FROM_PICTURE.format(file=EXPORTED)
    function, arguments, options = call_of(view)
    texts = [repr(view.model), *map(repr, arguments)]
    texts += [f"{name}={value!r}" for name, value in options.items()]
    lines = "\n".join(f"    {text}," for text in texts)
    name = function.__name__
    start = _START.format(module="results", function=name, more="", root=place)
    return start + _CALL.format(function=name, arguments=lines)


def as_command(view: View, target: str = "result.png", root: Path = ROOT) -> str:
    """Return the command that writes the result to a PNG file, ready for a shell.

    Args:
        view: What to make.
        target: The file.
        root: Folder of the models.
    """
    words = ["render", EXPORTED] if view.images else _words(view)
    words += [] if _place(root) == str(ROOT) else ["--root", _place(root)]
    return shlex.join(["python", "-m", "explorer", *words, "--out", target])


def _place(root: Path) -> str:
    """Return the folder in short where it is that of the repository one works in."""
    return str(ROOT if root.resolve() == ROOT.resolve() else root.resolve())


def _words(view: View) -> list[str]:
    model = ["--model", view.model]
    match view:
        case WalkView():
            ends = ["--from", view.a, "--to", view.b, "--steps", str(view.steps)]
            methods = [word for method in view.methods for word in ("--method", method)]
            return ["interpolate", *model, *ends, *methods]
        case PlaneView():
            corners = [word for source in view.corners for word in ("--corner", source)]
            size = ["--size", str(view.size), "--method", view.method]
            return ["plane", *model, *corners, *size]
        case EditView():
            alone = [*_edits(view.strengths), *_kinds(view.kinds), "--alone"]
            return ["attributes", "edit", *model, "--index", view.a, *alone]
        case RowView():
            edits = [*_edits(view.strengths), *_kinds(view.kinds)]
            return ["attributes", "edit", *model, "--index", view.a, *edits]
        case StrengthsView():
            steps = [*_strengths(view.strengths), *_kinds(view.kinds)]
            grid = ["--attribute", view.attribute, *steps]
            return ["attributes", "grid", *model, "--index", view.a, *grid]
        case StripView():
            names = [word for name in view.attributes for word in ("--attribute", name)]
            strip = [*names, *_strengths(view.strengths), *_kinds(view.kinds)]
            return ["attributes", "apply", *model, "--index", view.a, *strip]
        case KindsView():
            moved = ["--attribute", view.attribute, "--strength", _number(view.strength)]
            return ["attributes", "kinds", *model, "--index", view.a, *moved]
        case TransferView():
            learned = ["--attribute", view.attribute, "--learn-on", _listed(view.learn_on)]
            shown = ["--apply-to", _listed(view.apply_to), "--strength", _number(view.strength)]
            return ["attributes", "transfer", *model, *learned, *shown]
        case MapView():
            return ["project", *model, *_layout(settings_of(view.layout))]


def _layout(settings: LayoutSettings) -> list[str]:
    if isinstance(settings, PcaSettings):
        return ["--method", "pca", "--axes", str(settings.first), str(settings.second)]
    words = ["--method", "umap", "--n-neighbors", str(settings.n_neighbors)]
    words += ["--min-dist", str(settings.min_dist), "--metric", settings.metric]
    return [*words, "--seed", str(settings.seed)]


def _strengths(strengths: Sequence[float]) -> list[str]:
    return [word for value in strengths for word in ("--strength", _number(value))]


def _edits(strengths: Mapping[str, float]) -> list[str]:
    return [
        word for name, value in strengths.items() for word in ("--set", f"{name}={_number(value)}")
    ]


def _kinds(kinds: Mapping[str, str]) -> list[str]:
    return [word for name, kind in kinds.items() for word in ("--kind", f"{name}={kind}")]


def _number(value: float) -> str:
    """Return the shortest text that is read as exactly this number."""
    text = f"{value:g}"
    return text if float(text) == value else repr(value)


def _listed(names: Sequence[str]) -> str:
    """Return names with commas between them; one with a comma of its own is quoted, as in CSV."""
    line = io.StringIO()
    csv.writer(line, lineterminator="").writerow(names)
    return line.getvalue()
