"""The page: a header that says which model is open and what it is, then the tabs in order."""

__all__ = ["APPEARANCE", "Opened", "build", "facts_of", "open_chosen", "open_first"]

import math
from dataclasses import dataclass
from types import ModuleType
from typing import Any

import gradio as gr

from explorer.errors import ExplorerError
from explorer.service.records import ModelCard
from explorer.service.workbench import Workbench
from explorer.ui.events import CHOOSE, guarded
from explorer.ui.scripts import ASSETS, script, skeleton
from explorer.ui.shared import Picked, Shared, model_choices
from explorer.ui.tabs import attributes, interpolate, map

TABS: tuple[ModuleType, ...] = (map, interpolate, attributes)
TITLE = "Latent Explorer"
NO_MODEL = (
    "There is no model to explore yet. Train one: python -m explorer train --config FILE, "
    "then reload this page."
)
_MINUTES_SHOWN = 120

_FONTS = ["system-ui", "-apple-system", "Segoe UI", "Roboto", "Helvetica Neue", "sans-serif"]
APPEARANCE: dict[str, Any] = {
    "theme": gr.themes.Base(
        primary_hue="indigo", neutral_hue="slate", font=_FONTS, font_mono=["ui-monospace"]
    ),
    "css_paths": sorted(ASSETS.glob("*.css")),
}
"""What Gradio takes beside the page itself: theme and style sheets."""


def facts_of(card: ModelCard) -> list[dict[str, str]]:
    """Return what the header says of a model: short texts, each with a longer explanation.

    What was not measured is not there.
    """
    facts, count = card.facts, sum(card.class_counts)
    _, height, width = card.image_shape
    texts = [
        (f"{card.model} on {card.data}", "Kind of model, and the data it learned from"),
        (f"{count:,} images", "Training images"),
        (f"{len(card.class_names)} classes", ", ".join(card.class_names)),
        (f"{width} × {height} px", "Size of the images"),
    ]
    if "bits_per_dim" in facts:
        excess = facts.get("excess")
        floor = f", {excess:.3f} above the noise floor" if isinstance(excess, float) else ""
        texts.append(
            (
                f"{facts['bits_per_dim']:.2f} bits/dim",
                f"On images it never saw{floor}; less is better",
            )
        )
    if "psnr" in facts:
        texts.append((f"PSNR {facts['psnr']:.1f} dB", "Of its reconstructions; more is better"))
    trained = [_duration(facts["train_minutes"])] if "train_minutes" in facts else []
    trained += [f"on {facts['trained_on']}"] if "trained_on" in facts else []
    if trained:
        texts.append(("trained " + " ".join(trained), str(facts.get("machine", ""))))
    return [{"text": text, "title": title} for text, title in texts]


@dataclass(frozen=True, slots=True)
class Opened:
    """What came of opening a model.

    Attributes:
        picked: The pair to show; None where no model is open.
        problem: Why the page does not show what was wanted; empty if it does.
    """

    picked: Picked | None
    problem: str


def open_first(workbench: Workbench) -> Opened:
    """Open the first model that opens, and explain those before it that do not."""
    problems: list[str] = []
    for card in workbench.models():
        opened = open_chosen(workbench, card.name, None)
        if opened.picked:
            return Opened(opened.picked, " ".join(problems))
        problems.append(opened.problem)
    return Opened(None, " ".join(problems) or NO_MODEL)


def open_chosen(workbench: Workbench, name: str, picked: Picked | None) -> Opened:
    """Open a model; one that does not open is explained, and the pair so far stays."""
    try:
        problem = workbench.card(name).problem
        if not problem:
            return Opened(Picked(name, *workbench.first_pair(name)), "")
    except ExplorerError as error:
        problem = str(error)
    return Opened(picked, f"'{name}' cannot be opened: {problem.removesuffix('.')}.")


def build(workbench: Workbench) -> gr.Blocks:
    """Return the page. No model is opened before a browser asks for it."""
    page = gr.Blocks(
        title=TITLE, analytics_enabled=False, fill_width=True, delete_cache=(600, 86_400)
    )
    with page:
        with gr.Row(elem_id="top"):
            gr.HTML(
                html_template=skeleton("brand.html"),
                js_on_load=None,
                apply_default_css=False,
                elem_id="brand",
                elem_classes=["bare"],
            )
            shared = Shared.build(workbench.models())
            about = gr.HTML(
                value=None,
                html_template=skeleton("about.html"),
                js_on_load=script("about.js"),
                apply_default_css=False,
                elem_id="about",
                elem_classes=["bare"],
            )
        with gr.Tabs(elem_id="tabs"):
            for tab in TABS:
                with gr.Tab(tab.TITLE, id=tab.TITLE.lower(), elem_id=f"tab-{tab.TITLE.lower()}"):
                    tab.build(workbench, shared)
        _wire(workbench, shared, about, page)
    return page


def _wire(workbench: Workbench, shared: Shared, about: gr.HTML, page: gr.Blocks) -> None:
    def shown(opened: Opened) -> tuple[Any, Picked | None, dict[str, Any]]:
        name = opened.picked.model if opened.picked else None
        picker = gr.Dropdown(choices=model_choices(workbench.models()), value=name)
        facts = facts_of(workbench.card(name)) if name else []
        return picker, opened.picked, {"facts": facts, "problem": opened.problem}

    @guarded
    def start() -> tuple[Any, Picked | None, dict[str, Any]]:
        return shown(open_first(workbench))

    @guarded
    def choose(name: str, picked: Picked | None) -> tuple[Any, Picked | None, dict[str, Any]]:
        return shown(open_chosen(workbench, name, picked))

    outputs = [shared.model, shared.picked, about]
    page.load(start, None, outputs, **CHOOSE)
    shared.model.input(choose, [shared.model, shared.picked], outputs, **CHOOSE)


def _duration(minutes: float | int | str) -> str:
    value = float(minutes)
    if not math.isfinite(value):
        return ""
    if value < _MINUTES_SHOWN:
        return f"{max(1, round(value))} min"
    return f"{value / 60:.1f} h"
