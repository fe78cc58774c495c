"""Charts of one axis of variation: by class, pooled, and what small samples make of it.

Backgrounds are transparent and texts take the page's colour, as in `explorer.ui.figures`.
"""

__all__ = [
    "class_figure",
    "distance_figure",
    "gain_figure",
    "pooled_figure",
    "quantile_figure",
]

import numpy as np
import plotly.graph_objects as go
from plotly.colors import qualitative
from scipy.stats import norm

from explorer.service.distributions import Distribution
from explorer.service.mixed_distribution import Curve

ATTRIBUTE = "#4f46e5"
NORMAL = "#16a34a"
CONTROLS = {"random": "#ea580c", "shuffled": "#b45309", "parametric": "#0891b2"}
_NAMES = {
    "attribute": "this attribute",
    "random": "random directions",
    "shuffled": "shuffled values",
    "parametric": "normal classes",
}
_SMOOTHED = "#0891b2"
_QUIET = "#7c8799"
_GRID = "rgba(128, 138, 157, 0.25)"
_HEIGHT = 300
_FADED = 0.14


def class_figure(found: Distribution) -> go.Figure:
    """Draw each class's histogram as a share of the class, and its density."""
    figure = _figure("position along the direction", "density")
    width = float(found.edges[1] - found.edges[0])
    middles = (found.edges[:-1] + found.edges[1:]) / 2
    for number, one in enumerate(found.classes):
        colour = _colour(number)
        figure.add_bar(
            x=middles,
            y=one.counts / (one.count * width),
            width=width,
            marker={"color": colour, "opacity": _FADED, "line_width": 0},
            legendgroup=one.name,
            showlegend=False,
            hoverinfo="skip",
        )
        figure.add_scatter(
            x=found.grid,
            y=one.density,
            name=one.name.replace("_", " "),
            legendgroup=one.name,
            mode="lines",
            line={"color": colour, "width": 2},
            hovertemplate="%{y:.3f}",
        )
    figure.update_layout(barmode="overlay")
    return figure


def pooled_figure(found: Distribution) -> go.Figure:
    """Draw all classes together, equal parts of each, against the normal of their moments."""
    figure = _figure("position along the direction", "density")
    density = np.mean([one.density for one in found.classes], axis=0)
    width = float(found.edges[1] - found.edges[0])
    shares = np.mean([one.counts / one.count for one in found.classes], axis=0)
    mean = float(np.mean([one.mean for one in found.classes]))
    square = np.mean([one.deviation**2 + one.mean**2 for one in found.classes])
    figure.add_bar(
        x=(found.edges[:-1] + found.edges[1:]) / 2,
        y=shares / width,
        width=width,
        marker={"color": ATTRIBUTE, "opacity": 2 * _FADED, "line_width": 0},
        showlegend=False,
        hoverinfo="skip",
    )
    figure.add_scatter(x=found.grid, y=density, name="pooled", **_line(ATTRIBUTE))
    figure.add_scatter(
        x=found.grid,
        y=norm.pdf(found.grid, mean, np.sqrt(square - mean**2)),
        name="normal",
        **_line(NORMAL, dash="dash"),
    )
    return figure


def quantile_figure(found: Distribution) -> go.Figure:
    """Draw the pooled quantiles over those of a normal; a normal lies on the diagonal."""
    mixed = found.mixed
    figure = _figure("quantile of a normal", "quantile, pooled")
    ends = [float(mixed.normal_quantiles[0]), float(mixed.normal_quantiles[-1])]
    figure.add_scatter(x=ends, y=ends, name="normal", **_line(NORMAL, dash="dash"))
    figure.add_scatter(
        x=mixed.normal_quantiles,
        y=mixed.quantiles,
        name="pooled",
        mode="markers",
        marker={"color": ATTRIBUTE, "size": 6},
        hovertemplate="%{y:.2f}",
    )
    figure.update_layout(hovermode="closest")
    return figure


def distance_figure(found: Distribution) -> go.Figure:
    """Draw Anderson-Darling against the number of pooled classes, with every control."""
    mixed = found.mixed
    figure = _figure("classes pooled", "Anderson-Darling")
    curves = mixed.curves["anderson_darling"]
    for name in ("random", "shuffled", "parametric"):
        if name in curves:
            _band(figure, mixed.sizes, curves[name], CONTROLS[name])
            figure.add_scatter(
                x=list(mixed.sizes),
                y=curves[name].mean,
                name=_NAMES[name],
                **_line(CONTROLS[name], dash="dot"),
            )
    own = curves["attribute"]
    figure.add_scatter(
        x=list(mixed.sizes),
        y=own.mean,
        name=_NAMES["attribute"],
        error_y={
            "array": own.high - own.mean,
            "arrayminus": own.mean - own.low,
            "symmetric": False,
            "thickness": 1.2,
            "width": 3,
        },
        **(_line(ATTRIBUTE) | {"mode": "lines+markers"}),
    )
    mean, end = mixed.floor["anderson_darling"]
    figure.add_hrect(y0=0, y1=end, fillcolor=NORMAL, opacity=_FADED, line_width=0, layer="below")
    figure.add_hline(y=mean, line={"color": NORMAL, "width": 1, "dash": "dash"})
    figure.update_xaxes(dtick=1 if mixed.sizes[-1] <= 12 else None)
    figure.update_yaxes(rangemode="tozero")
    return figure


def gain_figure(found: Distribution) -> go.Figure:
    """Draw the distance of small samples to their class, alone, completed and smoothed."""
    sizes = found.complement.sizes
    figure = _figure("images a class", "W1, standard deviations")
    x = [one.size for one in sizes]
    figure.add_scatter(
        x=x, y=[one.alone for one in sizes], name="alone", **_marked(CONTROLS["random"])
    )
    figure.add_scatter(
        x=x,
        y=[one.smoothed for one in sizes],
        name="normal of its own mean and deviation",
        **_line(_SMOOTHED, dash="dot"),
    )
    figure.add_scatter(
        x=x,
        y=[one.completed for one in sizes],
        name="completed by other classes",
        error_y={
            "array": [one.gain - one.gain_low for one in sizes],
            "arrayminus": [one.gain_high - one.gain for one in sizes],
            "symmetric": False,
            "thickness": 1.2,
            "width": 3,
        },
        **_marked(ATTRIBUTE),
    )
    figure.update_xaxes(type="log", tickvals=x, ticktext=[str(size) for size in x])
    figure.update_yaxes(rangemode="tozero")
    return figure


def _figure(across: str, up: str) -> go.Figure:
    figure = go.Figure()
    axis = {"gridcolor": _GRID, "zeroline": False, "fixedrange": True, "linecolor": _GRID}
    figure.update_xaxes(title={"text": across, "font": {"size": 12}}, **axis)
    figure.update_yaxes(title={"text": up, "font": {"size": 12}}, **axis)
    figure.update_layout(
        height=_HEIGHT,
        margin={"l": 48, "r": 8, "t": 8, "b": 40},
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
        hovermode="x unified",
        hoverlabel={"bgcolor": "#1e293b", "font": {"color": "#f8fafc"}},
        legend={"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0, "font": {"size": 11}},
        font={"family": "system-ui, sans-serif", "size": 11, "color": _QUIET},
    )
    return figure


def _line(colour: str, dash: str = "solid") -> dict[str, object]:
    return {
        "mode": "lines",
        "line": {"color": colour, "width": 2.2, "dash": dash},
        "hovertemplate": "%{y:.3f}",
    }


def _marked(colour: str) -> dict[str, object]:
    return _line(colour) | {"mode": "lines+markers", "marker": {"size": 6}}


def _band(figure: go.Figure, sizes: tuple[int, ...], curve: Curve, colour: str) -> None:
    figure.add_scatter(
        x=[*sizes, *reversed(sizes)],
        y=np.concatenate([curve.high, curve.low[::-1]]),
        fill="toself",
        fillcolor=colour,
        opacity=_FADED,
        line={"width": 0},
        mode="lines",
        showlegend=False,
        hoverinfo="skip",
    )


def _colour(number: int) -> str:
    return str(qualitative.D3[number % len(qualitative.D3)])
