"""How far each attribute can be trusted: counts, spread, separation, and what moves along."""

__all__ = ["build", "judge_words", "leakage_figure", "summary_html", "words_of"]

import math
from collections.abc import Iterator
from typing import Any

import gradio as gr
import numpy as np
import plotly.graph_objects as go

from explorer.service.honesty import Honesty, honesty
from explorer.service.workbench import Workbench
from explorer.ui.attributes.desk import Desk, Sliders
from explorer.ui.attributes.fragments import progress_html, table_html, words_html
from explorer.ui.attributes.matrices import heatmap
from explorer.ui.background import Done, followed
from explorer.ui.events import COMPUTE, LOOKUP, guarded
from explorer.ui.shared import Picked, Shared

LEAKS_NAMED = 3
SMALL_SPREAD, LARGE_SPREAD = 0.15, 0.4
EMPTY = (
    "Nothing is measured yet. It takes some seconds, the first time up to a minute; the result is "
    "kept."
)
CANCELLED = "Cancelled. Nothing was kept."
HEADINGS = (
    "Cosine of the directions",
    "Moving the row by one step changes the column",
    "Correlation of the labels in the data",
)


def words_of(found: Honesty, attribute: str) -> list[str]:
    """Return what is known of one attribute, in sentences."""
    row = found.attributes.index(attribute)
    name = attribute.replace("_", " ")
    sentences = [
        f"{name.capitalize()}: learned from {found.positives[row]:,} images with it and "
        f"{found.negatives[row]:,} without.",
        _spread_words(float(found.spread[row])),
        _auc_words(found, row),
        _leak_words(found, row),
        _entanglement_words(found, row),
    ]
    return [sentence for sentence in sentences if sentence]


def judge_words(found: Honesty) -> str:
    """Return who judged what moves along."""
    if found.judged_by == "classifier":
        most = int(found.judged_count.max(initial=0))
        return (
            "Judge: a classifier of pictures that never saw this model; up to "
            f"{most} images were moved along each attribute."
        )
    return (
        "Nobody looked at pictures: what moves along follows from the directions alone. "
        "Run `python -m explorer evaluate --model NAME --part honesty` to have a classifier judge."
    )


def summary_html(found: Honesty) -> str:
    """Return a table with a row an attribute."""
    heading = ["Attribute", "With", "Without", "Spread", "AUC", "Works", "Most moved along"]
    rows = []
    for row, attribute in enumerate(found.attributes):
        rows.append(
            [
                attribute.replace("_", " "),
                f"{found.positives[row]:,}",
                f"{found.negatives[row]:,}",
                _percent(found.spread[row], "± "),
                "" if math.isnan(found.auc[row]) else f"{found.auc[row]:.2f}",
                _percent(found.changed[row, row]),
                _most_moved(found, row),
            ]
        )
    return table_html(heading, rows)


def build(workbench: Workbench, shared: Shared, desk: Desk) -> None:
    """Lay out and wire the panel."""
    with gr.Row(elem_classes=["panel-controls"]):
        attribute = gr.Dropdown([], label="Attribute", interactive=True, min_width=200)
        start = gr.Button("Measure", variant="primary", size="sm", min_width=110)
        stop = gr.Button("Cancel", size="sm", min_width=90)
    shown = gr.HTML(words_html(EMPTY), apply_default_css=False, elem_classes=["bare"])
    with gr.Row(visible=False, elem_classes=["matrices"]) as charts:
        plots = [_chart(heading) for heading in HEADINGS]
    table = gr.HTML("", apply_default_css=False, elem_classes=["bare"])
    known = gr.State(None)

    @guarded
    def measure(picked: Picked | None, name: str | None) -> Iterator[tuple[Any, ...]]:
        if picked is None:
            return
        same = [gr.skip()] * (3 + len(plots))
        for step in followed(lambda report: honesty(workbench, picked.model, report)):
            if isinstance(step, Done):
                found: Honesty = step.result
                yield (
                    _words(found, name),
                    found,
                    summary_html(found),
                    gr.Row(visible=True),
                    *_figures(found),
                )
            else:
                yield progress_html(step), *same

    def look_up(found: Honesty | None, name: str | None) -> str:
        return words_html(EMPTY) if found is None else _words(found, name)

    def offer(sliders: Sliders | None) -> tuple[Any, ...]:
        names = sliders.choices if sliders else []
        first = names[0][1] if names else None
        dropdown = gr.Dropdown(names, value=first)
        return dropdown, words_html(EMPTY), None, "", gr.Row(visible=False)

    desk.sliders.change(offer, desk.sliders, [attribute, shown, known, table, charts], **LOOKUP)
    outputs = [shown, known, table, charts, *plots]
    measured = start.click(
        measure, [shared.picked, attribute], outputs, api_name="honesty", **COMPUTE | _OWN_QUEUE
    )
    measured.failure(lambda: words_html(EMPTY), None, shown, **LOOKUP)
    attribute.input(look_up, [known, attribute], shown, **LOOKUP)
    stop.click(lambda: words_html(CANCELLED), None, shown, cancels=[measured], **LOOKUP)


_OWN_QUEUE = {"concurrency_id": "honesty"}


def _chart(heading: str) -> gr.Plot:
    with gr.Column(min_width=320):
        gr.HTML(
            f"<h3>{heading}</h3>", apply_default_css=False, elem_classes=["bare", "matrix-title"]
        )
        return gr.Plot(show_label=False, container=False)


def _figures(found: Honesty) -> list[go.Figure]:
    names = found.attributes
    return [
        heatmap(found.cosines, names, signed=True, unit=""),
        leakage_figure(found),
        heatmap(found.entanglement, names, signed=True, unit=""),
    ]


def leakage_figure(found: Honesty) -> go.Figure:
    """Draw the labels that change; without a judge of pictures, how far positions move."""
    if found.judged_by == "positions":
        steps = np.clip(found.drift, -1.0, 1.0)
        return heatmap(steps, found.attributes, signed=True, unit="steps")
    return heatmap(found.changed, found.attributes, signed=False, unit="of the images")


def _words(found: Honesty, attribute: str | None) -> str:
    if attribute not in found.attributes:
        note = "Only attributes with labels in the data can be judged; choose one of those."
        return words_html(note, judge_words(found))
    return words_html(*words_of(found, attribute), judge_words(found))


def _spread_words(spread: float) -> str:
    if math.isnan(spread):
        return "How much chance there is in its direction is not known."
    share = f"{100 * spread:.0f} %"
    if spread <= SMALL_SPREAD:
        return f"Other images would have given nearly the same direction (it varies by {share})."
    if spread <= LARGE_SPREAD:
        return f"Other images would have given a similar direction (it varies by {share})."
    return f"Other images would have given another direction (it varies by {share}): too few."


def _auc_words(found: Honesty, row: int) -> str:
    auc = float(found.auc[row])
    if math.isnan(auc):
        return ""
    return (
        f"On {found.auc_count:,} {found.auc_on} images its position tells with from without at "
        f"AUC {auc:.2f} (0.5 is chance, 1 is always)."
    )


def _leaks(found: Honesty, row: int) -> list[int]:
    """Return the other attributes that change most, the most first; forced ones are no leak."""
    shares = np.where(found.forced[row], np.nan, found.changed[row])
    shares[row] = np.nan
    order = np.argsort(-np.nan_to_num(shares, nan=-1.0))
    return [int(i) for i in order if shares[i] >= 0.01][:LEAKS_NAMED]


def _most_drifting(found: Honesty, row: int) -> int:
    """Return the other attribute whose position moves most; forced ones are no leak."""
    drift = np.abs(np.where(found.forced[row], 0.0, np.nan_to_num(found.drift[row])))
    drift[row] = 0.0
    return int(np.argmax(drift))


def _most_moved(found: Honesty, row: int) -> str:
    """Return which other attribute one step changes most, and by how much; empty if none."""
    if found.judged_by == "positions":
        most = _most_drifting(found, row)
        return f"{found.attributes[most].replace('_', ' ')} by {found.drift[row, most]:+.2f} steps"
    leaks = _leaks(found, row)
    if not leaks:
        return ""
    other = found.attributes[leaks[0]].replace("_", " ")
    return f"{other} {_percent(found.changed[row, leaks[0]])}"


def _leak_words(found: Honesty, row: int) -> str:
    name = found.attributes[row].replace("_", " ")
    if np.isnan(np.delete(found.changed[row], row)).all():
        most = _most_drifting(found, row)
        other, steps = found.attributes[most].replace("_", " "), abs(found.drift[row, most])
        return f"Moving {name} by one step moves {other} most, by {steps:.2f} steps."
    leaks = _leaks(found, row)
    if not leaks:
        return f"Moving {name} by one step changes nothing else in more than 1 % of the images."
    parts = ", ".join(
        f"{found.attributes[i].replace('_', ' ')} in {_percent(found.changed[row, i])}"
        for i in leaks
    )
    works = _percent(found.changed[row, row])
    return f"Moving {name} by one step works in {works} of the images; it also changes {parts}."


def _entanglement_words(found: Honesty, row: int) -> str:
    phi = np.abs(np.nan_to_num(found.entanglement[row]))
    phi[row] = 0.0
    most = int(np.argmax(phi))
    if phi[most] < 0.1:
        return "In the data it goes with no other attribute."
    other = found.attributes[most].replace("_", " ")
    value = found.entanglement[row, most]
    return f"In the data already it goes with {other} (correlation {value:+.2f})."


def _percent(share: float, sign: str = "") -> str:
    return "" if math.isnan(share) else f"{sign}{100 * share:.0f} %"
