"""Pieces of the flight report's plots: all over the minutes of the flight, drawn by Bokeh."""

import math
from typing import Any, List, Sequence

from bokeh.plotting import figure

WIDTH = 1000
HEIGHT = 260
POINTS_MAX = 3000
AXES = ("x", "y", "z")
COLOURS = ("#1b6ca8", "#d1495b", "#2e933c", "#edae49", "#66407a", "#00798c", "#8d6a4f", "#444444")


def thin(values: Sequence[Any]) -> Sequence[Any]:
    """At most POINTS_MAX of `values`, evenly spaced, the last one always among them."""
    step = max(1, math.ceil(len(values) / POINTS_MAX))
    return list(values[::-1][::step])[::-1]


def norms(vectors: Sequence[Sequence[float]]) -> List[float]:
    """Length of each vector."""
    return [math.sqrt(sum(x * x for x in vector)) for vector in vectors]


def new_plot(title: str, unit: str, log: bool = False) -> Any:
    """An empty plot over the time of the flight [min]."""
    plot = figure(
        title=title,
        width=WIDTH,
        height=HEIGHT,
        x_axis_label="time since the start [min]",
        y_axis_label=unit,
        y_axis_type="log" if log else "linear",
        tools="pan,box_zoom,wheel_zoom,reset,save",
    )
    plot.toolbar.logo = None
    return plot


def line(
    plot: Any, t_s: Sequence[float], values: Sequence[float], label: str, colour: str, **how: Any
) -> bool:
    """Add one line; False when there is nothing to draw."""
    if len(t_s) == 0:
        return False
    minutes = [t / 60 for t in thin(t_s)]
    plot.line(minutes, thin(values), legend_label=label, color=colour, line_width=1.5, **how)
    return True


def place_legend(plot: Any) -> Any:
    """The legend above the plot, where it hides nothing; a click on an entry hides its line."""
    for legend in list(plot.legend):
        legend.click_policy = "hide"
        legend.label_text_font_size = "9pt"
        legend.orientation = "horizontal"
        legend.border_line_color = None
        legend.spacing, legend.padding, legend.margin = 14, 0, 0
        plot.center.remove(legend)
        plot.add_layout(legend, "above")
    return plot
