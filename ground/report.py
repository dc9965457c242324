"""The flight report: one HTML file that needs no network, plots by Bokeh.

The truth columns come from the simulator by way of the caller; the ground knows them only by
these names: `t_s`, `rate_deg_s`, `field_T` (norm), `battery_V`, `sunlit`, `dipole_A_m2` (norm).
A column that is not given is not drawn.
"""

import html
import math
from pathlib import Path
from typing import Any, Dict, List, Mapping, Sequence

from bokeh.embed import file_html
from bokeh.layouts import column
from bokeh.models import Div, FixedTicker
from bokeh.plotting import figure
from bokeh.resources import INLINE

from ground.dictionary import Dictionary
from ground.history import History

WIDTH = 1000
HEIGHT = 260
POINTS_MAX = 3000
AXES = ("x", "y", "z")
COLOURS = ("#1b6ca8", "#d1495b", "#2e933c", "#edae49", "#66407a", "#00798c", "#8d6a4f", "#444444")

STYLE = """<style>
body { font-family: sans-serif; margin: 2em auto; max-width: 1000px; color: #222; }
table { border-collapse: collapse; margin: 0.5em 0 1.5em; }
td, th { padding: 0.25em 0.8em; border-bottom: 1px solid #ddd; text-align: left; }
.pass { color: #1a7f37; font-weight: bold; } .fail { color: #c1121f; font-weight: bold; }
</style>"""


def _thin(values: Sequence[Any]) -> Sequence[Any]:
    """At most POINTS_MAX of `values`, evenly spaced, the last one always among them."""
    step = max(1, math.ceil(len(values) / POINTS_MAX))
    return list(values[::-1][::step])[::-1]


def _norms(vectors: Sequence[Sequence[float]]) -> List[float]:
    return [math.sqrt(sum(x * x for x in vector)) for vector in vectors]


def _plot(title: str, unit: str, log: bool = False) -> Any:
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


def _line(
    plot: Any, t_s: Sequence[float], values: Sequence[float], label: str, colour: str, **how: Any
) -> bool:
    """Add one line; False when there is nothing to draw."""
    if len(t_s) == 0:
        return False
    minutes = [t / 60 for t in _thin(t_s)]
    plot.line(minutes, _thin(values), legend_label=label, color=colour, line_width=1.5, **how)
    plot.legend.click_policy = "hide"
    plot.legend.label_text_font_size = "9pt"
    return True


def table(headings: Sequence[str], rows: Sequence[Sequence[Any]]) -> str:
    """An HTML table; every cell escaped but those that are `pass` or `fail` marks."""
    head = "".join(f"<th>{html.escape(text)}</th>" for text in headings)
    body = ""
    for row in rows:
        cells = ""
        for cell in row:
            if isinstance(cell, bool):
                word = "pass" if cell else "fail"
                cells += f'<td class="{word}">{word}</td>'
            else:
                text = f"{cell:.6g}" if isinstance(cell, float) else str(cell)
                cells += f"<td>{html.escape(text)}</td>"
        body += f"<tr>{cells}</tr>"
    return f"<table><tr>{head}</tr>{body}</table>"


class FlightReport:
    """Gathers one flight's result, truth and telemetry, and writes the page.

    `result` is what `fly --json` writes.
    """

    def __init__(
        self,
        result: Mapping[str, Any],
        truth: Mapping[str, Sequence[float]],
        history: History,
        dictionary: Dictionary,
    ) -> None:
        self._result = result
        self._truth = truth
        self._history = history
        self._dictionary = dictionary

    def write(self, path: "str | Path") -> None:
        """Write the page. Raises `OSError` when the file cannot be written."""
        name = str(self._result["scenario"])
        parts: List[Any] = [Div(text=self._head(), width=WIDTH)]
        for plot in (
            self._rate(),
            self._mode(),
            self._field(),
            self._dipole(),
            self._battery(),
            self._run_times(),
        ):
            if plot is not None:
                parts.append(plot)
        parts.append(Div(text=self._tail(), width=WIDTH))
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        page = file_html(column(*parts), INLINE, title=f"microflight: {name}")
        Path(path).write_text(page, encoding="utf-8")

    def _head(self) -> str:
        result = self._result
        verdict = str(result["verdict"])
        rows = [
            (key, result[key])
            for key in ("world", "seed", "virtual_s", "wall_s", "real_time_factor")
            if key in result
        ]
        rows += [(f"telemetry {key}", value) for key, value in result["telemetry"].items()]
        rows += [(f"firmware {key}", value) for key, value in result.get("firmware", {}).items()]
        checks = [
            (c["name"], "-" if c["value"] is None else c["value"], c["limit"], c["unit"], c["pass"])
            for c in result["checks"]
        ]
        return (
            f"{STYLE}<h1>{html.escape(str(result['scenario']))}:"
            f' <span class="{verdict}">{verdict}</span></h1>'
            f"<h2>Checks</h2>{table(('check', 'value', 'limit', 'unit', ''), checks)}"
            f"<h2>Figures</h2>{table(('figure', 'value'), rows)}"
        )

    def _tail(self) -> str:
        rows = [
            (f"{report.received_s:.1f}", report.severity, report.owner, report.text)
            for report in self._history.events
        ]
        return f"{STYLE}<h2>Events</h2>{table(('t [s]', 'severity', 'owner', 'text'), rows)}"

    def _rate(self) -> Any:
        plot = _plot("Angular rate", "deg/s", log=True)
        t_s, estimate = self._history.column("adcs_report", "rate_rad_s")
        _, gyro = self._history.column("adcs_report", "omega_BN_B_rad_s")
        degrees = 180 / math.pi
        gyro_deg_s = [v * degrees for v in _norms(gyro)]
        drawn = [
            _line(plot, t_s, gyro_deg_s, "gyro, telemetry", COLOURS[3], alpha=0.6),
            _line(
                plot, t_s, [v * degrees for v in estimate], "from the field, telemetry", COLOURS[1]
            ),
            _line(
                plot,
                self._truth.get("t_s", ()),
                self._truth.get("rate_deg_s", ()),
                "truth",
                COLOURS[0],
            ),
        ]
        return plot if any(drawn) else None

    def _mode(self) -> Any:
        modes = self._history.modes
        if not modes:
            return None
        plot = _plot("Spacecraft mode", "", log=False)
        t_s: List[float] = []
        values: List[int] = []
        ends = [since_s for since_s, _ in modes[1:]] + [float(self._result["virtual_s"])]
        for (since_s, mode), end_s in zip(modes, ends, strict=True):
            t_s += [since_s / 60, end_s / 60]
            values += [mode, mode]
        plot.line(t_s, values, color=COLOURS[0], line_width=2)
        names = self._dictionary.mode_names
        plot.yaxis.ticker = FixedTicker(ticks=sorted(names))
        plot.yaxis.major_label_overrides = dict(names)
        plot.height = 180
        return plot

    def _vector(self, title: str, unit: str, field: str, scale: float, norm_key: str) -> Any:
        plot = _plot(title, unit)
        t_s, vectors = self._history.column("adcs_report", field)
        drawn = False
        for index, axis in enumerate(AXES):
            values = [vector[index] * scale for vector in vectors]
            drawn |= _line(plot, t_s, values, f"{axis}, body", COLOURS[index])
        truth = [value * scale for value in self._truth.get(norm_key, ())]
        if truth:
            drawn |= _line(
                plot, self._truth["t_s"], truth, "norm, truth", COLOURS[7], line_dash="dashed"
            )
        return plot if drawn else None

    def _field(self) -> Any:
        return self._vector("Magnetic field", "uT", "mag_B_T", 1e6, "field_T")

    def _dipole(self) -> Any:
        return self._vector("Dipole", "A m2", "dipole_B_A_m2", 1.0, "dipole_A_m2")

    def _battery(self) -> Any:
        plot = _plot("Battery", "V")
        t_s, values = self._history.column("power_hk", "battery_voltage")
        drawn = _line(plot, t_s, values, "telemetry", COLOURS[1])
        drawn |= _line(
            plot, self._truth.get("t_s", ()), self._truth.get("battery_V", ()), "truth", COLOURS[0]
        )
        return plot if drawn else None

    def _run_times(self) -> Any:
        plot = _plot("Run time of the apps", "us")
        t_s, rows = self._history.column("schedule", "app_run_time_us")
        drawn = False
        for index, name in enumerate(self._dictionary.schedule_rows):
            values = [row[index] for row in rows]
            drawn |= _line(plot, t_s, values, name, COLOURS[index % len(COLOURS)])
        return plot if drawn else None


def write_report(
    path: "str | Path",
    result: Mapping[str, Any],
    truth: Mapping[str, Sequence[float]],
    history: History,
    dictionary: Dictionary,
) -> Dict[str, int]:
    """Write the report of one flight to `path`; returns `{"bytes": size}` of the file."""
    FlightReport(result, truth, history, dictionary).write(path)
    return {"bytes": Path(path).stat().st_size}
