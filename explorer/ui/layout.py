"""The page: a header that says which model is open and what it is, then the tabs in order."""

__all__ = ["APPEARANCE", "build", "facts_of"]

import math
from dataclasses import dataclass
from types import ModuleType
from typing import Any

import gradio as gr

from explorer.service.import_model import OWN_PICTURES
from explorer.service.records import ModelCard
from explorer.service.workbench import Workbench
from explorer.ui import language, own_image
from explorer.ui.events import CHOOSE, guarded
from explorer.ui.opening import Opened, open_address, open_chosen, opened_after_deletion
from explorer.ui.scripts import ASSETS, script, skeleton
from explorer.ui.share import restored, view_of_event
from explorer.ui.shared import Picked, Shared, Wanted, model_choices
from explorer.ui.tabs import attributes, augment, distributions, interpolate, map, train

TABS: tuple[ModuleType, ...] = (map, interpolate, attributes, distributions, augment, train)
TAB_IDS = tuple(tab.TITLE.lower() for tab in TABS)
TITLE = "Latent Explorer"
_MINUTES_SHOWN = 120

_FONTS = ["system-ui", "-apple-system", "Segoe UI", "Roboto", "Helvetica Neue", "sans-serif"]
APPEARANCE: dict[str, Any] = {
    "theme": gr.themes.Base(
        primary_hue="indigo", neutral_hue="slate", font=_FONTS, font_mono=["ui-monospace"]
    ),
    "css_paths": sorted(ASSETS.glob("*.css")),
    "head": language.head()
    + f"<script>{script('event_stream.js', 'plain_copies.js', 'share.js')}</script>",
}
"""What Gradio takes beside the page itself: theme, style sheets, and scripts that come first."""


_WITHOUT_DATA = (
    "What this page calls training images or real images, and compares with, are pictures that "
    "the model made itself"
)


def facts_of(card: ModelCard) -> list[dict[str, str]]:
    """Return what the header says of a model: short texts, each with a longer explanation.

    What was not measured is not there.
    """
    facts, count = card.facts, sum(card.class_counts)
    _, height, width = card.image_shape
    texts = [
        (f"{card.model} · {card.data}", "Kind of model, and the data it learned from"),
        (f"{count:,} images", "Training images"),
        (_classes(len(card.class_names)), ", ".join(card.class_names)),
        (f"{width} × {height} px", "Size of the images"),
    ]
    if "imported_from" in facts:
        texts.append((f"imported from {facts['imported_from']}", "Who wrote the checkpoint"))
        if count == len(card.class_names):
            del texts[1]  # nobody knows how many it learned from
    if card.data == OWN_PICTURES:
        texts.append(("without its data", _WITHOUT_DATA))
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


def _classes(count: int) -> str:
    return "1 class" if count == 1 else f"{count} classes"


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
            link = gr.Textbox(visible=False)
            returning = gr.HTML(
                value=None,
                html_template="",
                js_on_load=script("restore.js", "place.js"),
                apply_default_css=False,
                elem_id="returning",
                elem_classes=["bare"],
            )
        with gr.Tabs(elem_id="tabs") as tabs:
            for tab, name in zip(TABS, TAB_IDS, strict=True):
                with gr.Tab(tab.TITLE, id=name, elem_id=f"tab-{name}"):
                    tab.build(workbench, shared)
        own_image.build(workbench, shared)
        _wire(workbench, shared, Frame(page, tabs, about, link, returning))
    return page


@dataclass(frozen=True, slots=True)
class Frame:
    """What stands around the tabs.

    Attributes:
        page: All of it.
        tabs: The row of tabs.
        about: What the open model is.
        link: Takes the end of the page's address, from "#" on.
        returning: Fires `restore` with a `link` or a `view`.
    """

    page: gr.Blocks
    tabs: gr.Tabs
    about: gr.HTML
    link: gr.Textbox
    returning: gr.HTML


def _wire(workbench: Workbench, shared: Shared, frame: Frame) -> None:
    def shown(opened: Opened) -> tuple[Any, ...]:
        name = opened.picked.model if opened.picked else None
        picker = gr.Dropdown(choices=model_choices(workbench.models()), value=name)
        facts = facts_of(workbench.card(name)) if name else []
        tabs = gr.Tabs(selected=opened.tab) if opened.tab in TAB_IDS else gr.skip()
        about = {"facts": facts, "problem": opened.problem}
        return picker, opened.picked, about, tabs, opened.view

    @guarded
    def start(link: str) -> tuple[Any, ...]:
        return shown(open_address(workbench, link))

    @guarded
    def choose(name: str, picked: Picked | None) -> tuple[Any, ...]:
        return shown(open_chosen(workbench, name, picked))

    @guarded
    def explore(wanted: Wanted | None, picked: Picked | None) -> tuple[Any, ...]:
        if wanted is None:
            return _skips(5)
        picker, pair, facts, _, view = shown(open_chosen(workbench, wanted.model, picked))
        return picker, pair, facts, gr.Tabs(selected="map"), view

    @guarded
    def settle(picked: Picked | None) -> tuple[Any, ...]:
        opened = opened_after_deletion(workbench, picked)
        if opened is None:
            return gr.Dropdown(choices=model_choices(workbench.models())), *_skips(4)
        return shown(opened)

    @guarded
    def restore(event: gr.EventData) -> tuple[Any, ...]:
        found = restored(workbench, view_of_event(event))
        return shown(Opened(found.picked, tab=found.tab, view=found.view))

    outputs = [shared.model, shared.picked, frame.about, frame.tabs, shared.view]
    frame.page.load(start, frame.link, outputs, js="() => location.hash", **CHOOSE)
    shared.model.input(choose, [shared.model, shared.picked], outputs, **CHOOSE)
    shared.wanted.change(explore, [shared.wanted, shared.picked], outputs, **CHOOSE)
    shared.deleted.change(settle, shared.picked, outputs, **CHOOSE)
    frame.returning.restore(restore, None, outputs, **CHOOSE)


def _skips(count: int) -> tuple[Any, ...]:
    return (gr.skip(),) * count


def _duration(minutes: float | int | str) -> str:
    value = float(minutes)
    if not math.isfinite(value):
        return ""
    if value < _MINUTES_SHOWN:
        return f"{max(1, round(value))} min"
    return f"{value / 60:.1f} h"
