"""The page: a header that says which model is open and what it is, then the tabs in order."""

__all__ = ["APPEARANCE", "build", "facts_of", "first_that_opens"]

import math
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


def first_that_opens(workbench: Workbench, names: list[str]) -> tuple[str | None, str]:
    """Return the first model that opens, and why the ones before it did not."""
    problems = []
    for name in names:
        try:
            workbench.open(name)
        except ExplorerError as error:
            problems.append(str(error))
        else:
            return name, " ".join(problems)
    return None, " ".join(problems) or NO_MODEL


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
    def opened(name: str | None, problem: str) -> tuple[Any, Picked | None, dict[str, Any]]:
        cards = workbench.models()
        picker = gr.Dropdown(choices=model_choices(cards), value=name)
        if name is None:
            return picker, None, {"facts": [], "problem": problem}
        picked = Picked(name, *workbench.first_pair(name))
        return picker, picked, {"facts": facts_of(workbench.card(name)), "problem": problem}

    @guarded
    def start() -> tuple[Any, Picked | None, dict[str, Any]]:
        names = [card.name for card in workbench.models() if not card.problem]
        return opened(*first_that_opens(workbench, names))

    @guarded
    def choose(name: str | None, picked: Picked | None) -> tuple[Any, Any, dict[str, Any]]:
        """Open a model; one that does not open is explained, and the last one stays."""
        problem = workbench.card(name).problem if name else ""
        if name and not problem:
            chosen, problem = first_that_opens(workbench, [name])
            if chosen:
                return opened(chosen, "")
        stays = picked.model if picked else None
        facts = facts_of(workbench.card(stays)) if stays else []
        text = f"'{name}' cannot be opened: {problem}" if name else NO_MODEL
        return gr.Dropdown(value=stays), picked, {"facts": facts, "problem": text}

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
