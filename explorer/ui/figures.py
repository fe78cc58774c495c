"""Charts: arrays to plotly figures, and to the small strip that is drawn without plotly.

Backgrounds are transparent and texts take the page's colour from `assets/panels.css`, so that
each chart fits the light and the dark page.
"""

__all__ = ["LABEL_WIDTH", "METHOD_COLOURS", "NormStrip", "norm_figure", "norm_strip", "steps"]

from typing import TypedDict

import numpy as np
import plotly.graph_objects as go
from jaxtyping import Float32

from explorer.service.records import Walk, WalkRow

METHOD_COLOURS = {"slerp": "#16a34a", "lerp": "#ea580c"}
"""The same as in `assets/panels.css`."""

LABEL_WIDTH = 56
"""CSS pixels of the row labels left of the frames; the chart's left margin."""

_OTHER_COLOUR = "#6366f1"
_QUIET_COLOUR = "#7c8799"
_BAND_COLOUR = "rgba(22, 163, 74, 0.13)"
_GRID_COLOUR = "rgba(128, 138, 157, 0.25)"
_HEIGHT = 190
_HEADROOM = 0.12


class NormStrip(TypedDict):
    """The norms along a walk in a box of width and height 1, y downwards.

    Attributes:
        low: Where the lower end of the typical range lies.
        high: Where its upper end lies.
        lines: One list of heights a row of the walk, one height a frame.
    """

    low: float
    high: float
    lines: list[list[float]]


def steps(count: int) -> list[float]:
    """Return the positions t of `count` evenly spaced frames from 0 to 1."""
    return [round(float(t), 3) for t in np.linspace(0, 1, count)]


def norm_strip(walk: Walk) -> NormStrip:
    """Return the norms of a walk scaled to fill a unit box."""
    bottom, top = _span(walk)

    def height(norm: float) -> float:
        return round((top - norm) / (top - bottom), 4)

    return NormStrip(
        low=height(walk.typical[0]),
        high=height(walk.typical[2]),
        lines=[[height(float(norm)) for norm in row.norms] for row in walk.rows],
    )


def norm_figure(walk: Walk) -> go.Figure:
    """Draw the norm along each path over the range of 95 % of the training latents.

    The x axis is t and reaches half a frame beyond 0 and 1, so that each point stands below its
    frame when the figure is as wide as the row of frames with its label.
    """
    half = 0.5 / (len(walk.rows[0].norms) - 1)
    low, typical, high = walk.typical
    figure = go.Figure()
    figure.add_hrect(y0=low, y1=high, fillcolor=_BAND_COLOUR, line_width=0, layer="below")
    figure.add_annotation(
        text="95 % of the training latents",
        x=-half,
        y=high,
        xanchor="left",
        yanchor="bottom",
        showarrow=False,
        font={"size": 11, "color": _QUIET_COLOUR},
    )
    for row in walk.rows:
        figure.add_trace(_line(row, typical))
        figure.add_annotation(_end_label(row, typical))
    figure.update_xaxes(
        range=[-half, 1 + half],
        visible=False,
        fixedrange=True,
        hoverformat=".2f",
        tickprefix="t = ",
    )
    figure.update_yaxes(
        range=list(_span(walk)),
        gridcolor=_GRID_COLOUR,
        zeroline=False,
        nticks=5,
        fixedrange=True,
    )
    figure.update_layout(
        height=_HEIGHT,
        margin={"l": LABEL_WIDTH, "r": 0, "t": 4, "b": 4},
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
        showlegend=False,
        hovermode="x unified",
        font={"family": "system-ui, sans-serif", "size": 11},
    )
    return figure


def _line(row: WalkRow, typical: float) -> go.Scatter:
    return go.Scatter(
        x=steps(len(row.norms)),
        y=row.norms,
        name=row.method,
        mode="lines+markers",
        line={"color": _colour(row), "width": 2.5, "shape": "spline"},
        marker={"size": 6},
        customdata=100 * row.norms / typical,
        hovertemplate="norm %{y:.3g}, %{customdata:.0f} % of the median",
    )


def _end_label(row: WalkRow, typical: float) -> go.layout.Annotation:
    """Name the line at its middle, on the side where it bends to."""
    middle = len(row.norms) // 2
    norm = float(row.norms[middle])
    below = norm < float(row.norms[0] + row.norms[-1]) / 2
    return go.layout.Annotation(
        text=f"<b>{row.method}</b> {100 * norm / typical:.0f} % of the median",
        x=steps(len(row.norms))[middle],
        y=norm,
        yanchor="bottom" if below else "top",
        yshift=6 if below else -6,
        showarrow=False,
        font={"color": _colour(row), "size": 12},
    )


def _colour(row: WalkRow) -> str:
    return METHOD_COLOURS.get(row.method, _OTHER_COLOUR)


def _span(walk: Walk) -> tuple[float, float]:
    """Return the lowest and highest norm to show, with air around them."""
    every: Float32[np.ndarray, " norms"] = np.concatenate(
        [
            *(row.norms for row in walk.rows),
            np.array([walk.typical[0], walk.typical[2]], dtype=np.float32),
        ]
    )
    lowest, highest = float(every.min()), float(every.max())
    air = max((highest - lowest) * _HEADROOM, abs(highest) * 1e-3)
    return lowest - air, highest + air
