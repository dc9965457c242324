"""The flight report: one HTML file that needs no network, plots by Bokeh.

The truth columns come from the simulator by way of the caller; the ground knows them only by
these names: `t_s`, `rate_deg_s`, `field_T` (norm), `battery_V`, `illumination` (0 in eclipse .. 1),
`dipole_A_m2` (norm); with times of its own `knowledge_deg`, angle between the reported and
the true attitude, at `knowledge_t_s`. A column that is not given is not drawn.
"""

import html
import math
from pathlib import Path
from typing import Any, Dict, List, Mapping, Sequence, Tuple

from bokeh.embed import file_html
from bokeh.layouts import column
from bokeh.models import BoxAnnotation, Div, FixedTicker, Range1d
from bokeh.resources import INLINE

from ground import attitude_plots, explanations
from ground.dictionary import Dictionary
from ground.history import History
from ground.page import STYLE, table
from ground.plots import AXES, COLOURS, WIDTH, line, new_plot, norms, place_legend

# Key of the result, what it is called in the page.
FIGURES = (
    ("world", "world"),
    ("seed", "seed"),
    ("virtual_s", "flown [s]"),
    ("wall_s", "took [s]"),
    ("real_time_factor", "times real time"),
)

Passes = Mapping[str, Sequence[Tuple[float, float]]]


class FlightReport:
    """Gathers one flight's result, truth and telemetry, and writes the page.

    `result` is what `fly --json` writes; `passes` has, for each ground station, when the spacecraft
    rose and set [s].
    """

    def __init__(
        self,
        result: Mapping[str, Any],
        truth: Mapping[str, Sequence[float]],
        history: History,
        dictionary: Dictionary,
        passes: Passes,
    ) -> None:
        self._result = result
        self._truth = truth
        self._history = history
        self._dictionary = dictionary
        self._passes = passes

    def write(self, path: "str | Path") -> None:
        """Write the page. Raises `OSError` when the file cannot be written."""
        name = str(self._result["scenario"])
        # One range for all plots: zooming into one of them zooms into all.
        self._minutes = Range1d(0, float(self._result["virtual_s"]) / 60)
        parts: List[Any] = [Div(text=self._head(), width=WIDTH)]
        for plot in (
            self._rate(),
            self._mode(),
            self._field(),
            self._dipole(),
            *attitude_plots.plots(self._history, self._truth),
            self._battery(),
            self._stations(),
            self._run_times(),
        ):
            if plot is not None:
                plot.x_range = self._minutes
                parts.append(place_legend(plot))
        parts.append(Div(text=self._tail(), width=WIDTH))
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        page = file_html(column(*parts), INLINE, title=f"microflight: {name}")
        Path(path).write_text(page, encoding="utf-8")

    def _head(self) -> str:
        result = self._result
        verdict = str(result["verdict"])
        rows = [(label, result[key]) for key, label in FIGURES if key in result]
        for group in ("telemetry", "firmware"):
            rows += [
                (f"{group}: {key.replace('_', ' ')}", value)
                for key, value in result.get(group, {}).items()
            ]
        checks = [
            (
                c["name"],
                "-" if c["value"] is None else c["value"],
                c["limit"],
                c["unit"],
                c["pass"],
                explanations.check(c["name"]),
            )
            for c in result["checks"]
        ]
        return (
            f"{STYLE}<h1>{html.escape(str(result['scenario']))}:"
            f' <span class="{verdict}">{verdict}</span></h1>'
            "<p>Flight software in the loop with a simulated spacecraft. Each check compares one"
            " value of the flight with its limit; the flight passes when all of them do. Truth is"
            " what the simulator knows, telemetry what the spacecraft said.</p>"
            "<h2>Checks</h2>"
            f"{table(('check', 'value', 'limit', 'unit', '', 'meaning'), checks)}"
            f"<h2>Figures</h2>{table(('figure', 'value'), rows)}{self._accounts()}<h2>Plots</h2>"
        )

    def _accounts(self) -> str:
        """What every owner has used, and the files that went up and down."""
        accounts = self._result.get("accounts") or {}
        if not accounts:
            return ""
        fields = next(iter(accounts.values()))
        rows = [
            (field.replace("_", " "), *(accounts[owner].get(field, "-") for owner in accounts))
            for field in fields
        ]
        text = f"<h2>Accounts</h2>{table(('account', *accounts), rows)}"
        files = [
            (row["owner"], row["way"], row["name"], row["size_B"], row["whole"])
            for row in self._result.get("transfers", ())
        ]
        if files:
            text += f"<h2>Files</h2>{table(('owner', 'way', 'name', 'octets', 'the same'), files)}"
        return text

    def _tail(self) -> str:
        seen = [
            (station, f"{rise_s:.0f}", f"{set_s:.0f}", f"{(set_s - rise_s) / 60:.1f}")
            for station, passes in self._passes.items()
            for rise_s, set_s in passes
        ]
        none = "" if seen else "<p>The spacecraft rose over none of the stations.</p>"
        rows = [
            (f"{report.received_s:.1f}", report.severity, report.owner, report.text)
            for report in self._history.events
        ]
        return (
            f"{STYLE}<h2>Station passes</h2>"
            f"{none or table(('station', 'rise [s]', 'set [s]', 'length [min]'), seen)}"
            f"<h2>Events</h2>{table(('t [s]', 'severity', 'owner', 'text'), rows)}"
        )

    def _rate(self) -> Any:
        plot = new_plot("Angular rate", "deg/s", log=True)
        t_s, estimate = self._history.column("adcs_report", "rate_rad_s")
        _, gyro = self._history.column("adcs_report", "omega_BN_B_rad_s")
        degrees = 180 / math.pi
        gyro_deg_s = [v * degrees for v in norms(gyro)]
        drawn = [
            line(plot, t_s, gyro_deg_s, "gyro, telemetry", COLOURS[3], alpha=0.6),
            line(
                plot, t_s, [v * degrees for v in estimate], "from the field, telemetry", COLOURS[1]
            ),
            line(
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
        plot = new_plot("Spacecraft mode", "", log=False)
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
        plot = new_plot(title, unit)
        t_s, vectors = self._history.column("adcs_report", field)
        drawn = False
        for index, axis in enumerate(AXES):
            values = [vector[index] * scale for vector in vectors]
            drawn |= line(plot, t_s, values, f"{axis}, body", COLOURS[index])
        truth = [value * scale for value in self._truth.get(norm_key, ())]
        if truth:
            drawn |= line(
                plot, self._truth["t_s"], truth, "norm, truth", COLOURS[7], line_dash="dashed"
            )
        return plot if drawn else None

    def _field(self) -> Any:
        return self._vector("Magnetic field", "uT", "mag_B_T", 1e6, "field_T")

    def _dipole(self) -> Any:
        title = "Dipole (the rods rest while the body turns mostly about the field line)"
        return self._vector(title, "A m2", "dipole_B_A_m2", 1.0, "dipole_A_m2")

    def _stations(self) -> Any:
        """When each station saw the spacecraft: one row of bars per station."""
        if not any(self._passes.values()):
            return None
        plot = new_plot("Ground stations that see the spacecraft", "")
        names = list(self._passes)[::-1]
        for row, name in enumerate(names):
            for rise_s, set_s in self._passes[name]:
                plot.hbar(row, 0.6, set_s / 60, rise_s / 60, color=COLOURS[row % len(COLOURS)])
        plot.y_range = Range1d(-0.6, len(names) - 0.4)
        plot.yaxis.ticker = FixedTicker(ticks=list(range(len(names))))
        plot.yaxis.major_label_overrides = dict(enumerate(names))
        plot.height = 100 + 25 * len(names)
        return plot

    def _shade_eclipses(self, plot: Any) -> None:
        light = [*self._truth.get("illumination", ()), 1.0]
        begin = None
        for index, share in enumerate(light):
            if share < 0.5 and begin is None:
                begin = index
            elif share >= 0.5 and begin is not None:
                times = self._truth["t_s"]
                left, right = times[begin] / 60, times[min(index, len(times) - 1)] / 60
                plot.add_layout(BoxAnnotation(left=left, right=right, fill_color="#888888"))
                begin = None

    def _battery(self) -> Any:
        plot = new_plot("Battery (grey: in eclipse)", "V")
        self._shade_eclipses(plot)
        t_s, values = self._history.column("power_hk", "battery_voltage")
        drawn = line(plot, t_s, values, "telemetry", COLOURS[1])
        drawn |= line(
            plot, self._truth.get("t_s", ()), self._truth.get("battery_V", ()), "truth", COLOURS[0]
        )
        return plot if drawn else None

    def _run_times(self) -> Any:
        plot = new_plot("Run time of the apps", "us")
        t_s, rows = self._history.column("schedule_times", "app_run_time_us")
        drawn = False
        for index, name in enumerate(self._dictionary.schedule_rows):
            values = [row[index] for row in rows]
            drawn |= line(plot, t_s, values, name, COLOURS[index % len(COLOURS)])
        # On the desktop virtual time stands still while an app runs: there is nothing to see.
        return plot if drawn and any(any(row) for row in rows) else None


def write_report(
    path: "str | Path",
    result: Mapping[str, Any],
    truth: Mapping[str, Sequence[float]],
    history: History,
    dictionary: Dictionary,
    passes: Passes,
) -> Dict[str, int]:
    """Write the report of one flight to `path`; returns `{"bytes": size}` of the file."""
    FlightReport(result, truth, history, dictionary, passes).write(path)
    return {"bytes": Path(path).stat().st_size}
