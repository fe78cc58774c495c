"""Heatmaps of attributes by attributes, and the bars of a transfer's errors."""

__all__ = ["error_bars", "heatmap"]

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go
from jaxtyping import Float64

from explorer.judge.intervals import Interval

_QUIET = "#7c8799"
_GRID = "rgba(128, 138, 157, 0.25)"
_FONT = {"family": "system-ui, sans-serif", "size": 11, "color": _QUIET}
_CELL = 24
_SIGNED = [[0.0, "#c2410c"], [0.5, "rgba(128, 138, 157, 0.10)"], [1.0, "#4f46e5"]]
_SHARE = [[0.0, "rgba(128, 138, 157, 0.10)"], [1.0, "#c2410c"]]
_WRITTEN_FROM = 0.2
"""Smaller values are left to colour and hover, so that the large ones can be read."""


def heatmap(
    values: Float64[np.ndarray, "row column"], names: Sequence[str], *, signed: bool, unit: str
) -> go.Figure:
    """Draw a matrix whose rows and columns are attributes; NaN cells stay empty.

    Args:
        values: [-1, 1] if signed, else [0, 1].
        names: Of rows and columns.
        signed: Whether values below 0 are possible.
        unit: What a value is, for the hover text.
    """
    words = [name.replace("_", " ") for name in names]
    written = np.char.replace(np.char.mod("%.1f", values), "0.", ".")
    texts = np.where(np.abs(values) >= _WRITTEN_FROM, written, "")
    figure = go.Figure(
        go.Heatmap(
            z=values,
            x=words,
            y=words,
            text=texts,
            texttemplate="%{text}" if len(words) <= 30 else None,
            textfont={"size": 8},
            colorscale=_SIGNED if signed else _SHARE,
            zmin=-1 if signed else 0,
            zmax=1,
            xgap=1,
            ygap=1,
            showscale=False,
            hovertemplate=f"%{{y}} → %{{x}}: %{{z:.2f}} {unit}<extra></extra>",
        )
    )
    figure.update_xaxes(side="top", tickangle=-90, fixedrange=True, showgrid=False)
    figure.update_yaxes(autorange="reversed", fixedrange=True, showgrid=False)
    _dress(figure, height=110 + _CELL * max(len(words), 4))
    return figure


def error_bars(
    names: Sequence[str], errors: Sequence[Interval], *, title: str, marked: int
) -> go.Figure:
    """Draw errors as bars with their 95 % intervals.

    Args:
        names: Of the bars.
        errors: Not negative.
        title: What is measured, on the axis.
        marked: Which bar the question is about.
    """
    values = [error.value for error in errors]
    figure = go.Figure(
        go.Bar(
            x=values,
            y=list(names),
            orientation="h",
            marker={"color": ["#4f46e5" if i == marked else _QUIET for i in range(len(names))]},
            error_x={
                "type": "data",
                "symmetric": False,
                "array": [error.high - error.value for error in errors],
                "arrayminus": [error.value - error.low for error in errors],
                "color": _QUIET,
                "thickness": 1.5,
            },
            text=[f"{value:.3f}" for value in values],
            textposition="inside",
            insidetextanchor="start",
            hovertemplate="%{y}: %{x:.4f}<extra></extra>",
        )
    )
    figure.update_xaxes(title=title, rangemode="tozero", gridcolor=_GRID, fixedrange=True)
    figure.update_yaxes(autorange="reversed", fixedrange=True)
    _dress(figure, height=70 + 34 * len(names))
    return figure


def _dress(figure: go.Figure, *, height: int) -> None:
    figure.update_layout(
        height=height,
        margin={"l": 4, "r": 8, "t": 8, "b": 8},
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
        font=_FONT,
        showlegend=False,
    )
    figure.update_xaxes(automargin=True)
    figure.update_yaxes(automargin=True)
