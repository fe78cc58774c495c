"""The page's frame: what the header says, and which model is opened first."""

import inspect
from dataclasses import replace

import gradio as gr
import pytest
from tiny_models import GLOW, UNPREPARED

from explorer.service.records import ModelCard
from explorer.service.workbench import Workbench
from explorer.ui import layout
from explorer.ui.shared import model_choices

CARD = ModelCard(
    name="faces",
    title="Faces",
    model="Glow",
    problem="",
    data="avatars",
    image_shape=(3, 32, 64),
    class_names=("short", "long"),
    class_counts=(1000, 234),
    attribute_names=(),
    facts={},
)


def texts(card):
    return [fact["text"] for fact in layout.facts_of(card)]


def test_the_header_says_what_is_known_and_nothing_else():
    assert texts(CARD) == ["Glow · avatars", "1,234 images", "2 classes", "64 × 32 px"]


def test_measured_facts_are_shown_with_their_units():
    facts = {
        "bits_per_dim": 0.934,
        "excess": 0.0412,
        "psnr": 26.04,
        "train_minutes": 150.2,
        "trained_on": "2026-11-22",
        "machine": "two cores",
    }
    shown = layout.facts_of(replace(CARD, facts=facts))
    assert [fact["text"] for fact in shown[4:]] == [
        "0.93 bits/dim",
        "PSNR 26.0 dB",
        "trained 2.5 h on 2026-11-22",
    ]
    assert "0.041 above the noise floor" in shown[4]["title"]
    assert shown[6]["title"] == "two cores"


def test_models_that_cannot_be_opened_are_listed_and_say_so(workbench):
    choices = dict((name, text) for text, name in model_choices(workbench.models()))
    assert choices[GLOW] == f"Faces by {GLOW}"
    assert "cannot be opened" in choices[UNPREPARED]


@pytest.fixture(scope="module")
def page(workbench):
    return layout.build(workbench)


def test_building_the_page_opens_no_model(page_root):
    fresh = Workbench(page_root)
    layout.build(fresh)
    assert not fresh._open


def test_the_page_has_the_tabs_in_order(page):
    every = [block for block in page.blocks.values() if isinstance(block, gr.Tab)]
    tabs = [tab.label for tab in every if str(tab.elem_id).startswith("tab-")]
    assert tabs == ["Map", "Interpolate", "Attributes", "Distributions", "Augment", "Train"]


def test_only_computing_events_can_be_called_from_outside(page):
    public = {event.api_name for event in page.fns.values() if event.api_visibility == "public"}
    assert all(isinstance(name, str) for name in public)
    assert "walk" in public


def test_no_event_has_gradio_show_its_progress(page):
    """It copies what shows progress at each event, and all that is inside."""
    for event in page.config["dependencies"]:
        assert event["show_progress_on"] == [] or not event["outputs"], event["api_name"]


def test_importing_the_page_leaves_python_as_it_was():
    assert inspect.getfile(gr.HTML).endswith("html.py")


def test_gradio_merges_no_events_that_carry_data(page):
    carries_data = [
        event
        for event in page.fns.values()
        if event.fn is not None
        and any(
            one.annotation is gr.EventData
            for one in inspect.signature(inspect.unwrap(event.fn)).parameters.values()
        )
    ]
    assert len(carries_data) > 10
    assert [one.api_name for one in carries_data if one.trigger_mode == "always_last"] == []
