"""The campaign report: one HTML file that needs no network, plots by Bokeh.

It draws what `campaign --json` writes and nothing else: figures, the dispersions drawn, the
distribution of each check's value, the values over what was drawn, the worst runs.
"""

import html
import math
from pathlib import Path
from typing import Any, Dict, List, Mapping, Sequence, Tuple

from bokeh.embed import file_html
from bokeh.layouts import column, gridplot
from bokeh.models import Div, Span
from bokeh.plotting import figure
from bokeh.resources import INLINE

from ground import explanations
from ground.page import STYLE, table

WIDTH = 1000
HEIGHT = 240
COLUMNS = 3
BINS_MAX = 40
BAR, LIMIT, FAILED = "#1b6ca8", "#d1495b", "#c1121f"
TOOLS = "pan,box_zoom,wheel_zoom,reset,save"

CODE_STYLE = """<style>
code { font-size: 85%; overflow-wrap: anywhere; user-select: all; }
</style>"""


def _checks(run: Mapping[str, Any]) -> Dict[str, Mapping[str, Any]]:
    return {check["name"]: check for check in run["checks"]}


def histogram(values: Sequence[float]) -> Tuple[List[int], List[float]]:
    """Counts and edges of equal bins from the smallest to the largest of `values`."""
    low, high = min(values), max(values)
    bins = 1 if low == high else min(BINS_MAX, max(5, math.ceil(2 * len(values) ** 0.5)))
    width = (high - low) / bins or 1.0
    counts = [0] * bins
    for value in values:
        counts[min(bins - 1, int((value - low) / width))] += 1
    return counts, [low + width * index for index in range(bins + 1)]


def _axis(name: str, unit: str) -> str:
    return f"{name} [{unit}]" if unit and unit != "1" else name


def _plot(title: str, x: str, y: str, width: int) -> Any:
    plot = figure(
        title=title, width=width, height=HEIGHT, x_axis_label=x, y_axis_label=y, tools=TOOLS
    )
    plot.toolbar.logo = None
    return plot


class CampaignReport:
    """One campaign's page, from the document that `campaign --json` writes."""

    def __init__(self, document: Mapping[str, Any]) -> None:
        self._document = document
        self._flown = [run for run in document["runs"] if run["verdict"] != "broken"]

    def write(self, path: "str | Path") -> None:
        """Write the page. Raises `OSError` when the file cannot be written."""
        parts: List[Any] = [Div(text=self._head(), width=WIDTH)]
        varying = [row for row in self._document["distributions"] if self._varies(row)]
        for row in varying:
            parts.append(self._histogram(row))
        for row in varying:
            plots = self._scatters(row)
            if plots:
                title = f"<h2>{html.escape(row['name'])}, over what was drawn</h2>"
                parts += [Div(text=STYLE + title, width=WIDTH), gridplot(plots, ncols=COLUMNS)]
        parts.append(Div(text=self._tail(), width=WIDTH))
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        page = file_html(column(*parts), INLINE, title=f"microflight: {self._document['campaign']}")
        Path(path).write_text(page, encoding="utf-8")

    @staticmethod
    def _varies(row: Mapping[str, Any]) -> bool:
        return row["min"] is not None and (row["min"] != row["max"] or row["not_reached"] > 0)

    def _head(self) -> str:
        said = self._document
        verdict = str(said["verdict"])
        figures = [
            (f["name"], "-" if f["value"] is None else f["value"], f["limit"], f["unit"], f["pass"])
            for f in said["figures"]
        ]
        facts = [
            ("scenario", said["scenario"]),
            ("runs", len(said["runs"])),
            ("seed of the campaign", said["seed"]),
            ("commit", said["git"] or "-"),
            ("took [s]", said["wall_s"]),
            ("the same in all runs", ", ".join(said["overrides"]) or "-"),
        ]
        drawn = [
            (row["key"], row["low"], row["high"], row["unit"], row["distribution"], row["what"])
            for row in said["dispersions"]
        ]
        spread = [
            tuple("-" if row[key] is None else row[key] for key in _SPREAD)
            for row in said["distributions"]
        ]
        meanings = [(row["name"], explanations.check(row["name"])) for row in said["distributions"]]
        return (
            f"{STYLE}<h1>Campaign {html.escape(str(said['campaign']))}:"
            f' <span class="{verdict}">{verdict}</span></h1>'
            "<p>One scenario flown many times with the flight software in the loop; each flight has"
            " its own seed and its own values of what nobody knows beforehand. Every value is the"
            " simulator's truth where there is one.</p>"
            f"<h2>Figures</h2>{table(('figure', 'value', 'limit', 'unit', ''), figures)}"
            f"<h2>Campaign</h2>{table(('', ''), facts)}"
            "<h2>What was drawn</h2>"
            "<p>Directions of the initial rate, of the attitude and of the residual dipole, and all"
            " noise, come from the seed of each run.</p>"
            f"{table(('key', 'from', 'to', 'unit', 'distribution', 'meaning'), drawn)}"
            f"<h2>Distributions</h2>{table(_SPREAD_TITLES, spread)}"
            f"{table(('check', 'meaning'), meanings)}"
        )

    def _histogram(self, row: Mapping[str, Any]) -> Any:
        values = [_checks(run)[row["name"]]["value"] for run in self._flown]
        reached = [float(value) for value in values if value is not None]
        counts, edges = histogram(reached)
        title = f"{row['name']}: {len(reached)} runs"
        if row["not_reached"]:
            title += f", {row['not_reached']} more never reached it"
        plot = _plot(title, _axis("value", row["unit"]), "runs", WIDTH)
        plot.quad(
            top=counts,
            bottom=0,
            left=edges[:-1],
            right=edges[1:],
            fill_color=BAR,
            line_color="white",
        )
        plot.add_layout(
            Span(location=row["limit"], dimension="height", line_color=LIMIT, line_dash="dashed")
        )
        return plot

    def _scatters(self, row: Mapping[str, Any]) -> List[Any]:
        """The value over each number that was drawn; failed runs in red."""
        plots = []
        for drawn in self._document["dispersions"]:
            points: "Dict[bool, List[Tuple[float, float]]]" = {True: [], False: []}
            for run in self._flown:
                check = _checks(run)[row["name"]]
                x = run["drawn"][drawn["key"]]
                if check["value"] is not None and not isinstance(x, list):
                    points[bool(check["pass"])].append((x, check["value"]))
            if not any(points.values()):
                continue
            name = drawn["key"].rpartition(".")[2]
            plot = _plot("", name, _axis("value", row["unit"]), WIDTH // COLUMNS)
            for passed, colour in ((True, BAR), (False, FAILED)):
                pairs = points[passed]
                if pairs:
                    plot.scatter([x for x, _ in pairs], [y for _, y in pairs], color=colour, size=5)
            plots.append(plot)
        return plots

    def _tail(self) -> str:
        rows = ""
        for case in self._document["worst"]:
            value = "-" if case["value"] is None else f"{case['value']:.6g} {case['unit']}"
            word = "pass" if case["pass"] else "fail"
            rows += (
                f"<tr><td>{html.escape(case['check'])}</td><td>{case['index']}</td>"
                f"<td>{html.escape(case.get('reason', value))}</td>"
                f'<td class="{word}">{word}</td>'
                f"<td><code>{html.escape(case['command'])}</code></td></tr>"
            )
        heading = "<tr><th>check</th><th>run</th><th>value</th><th></th><th>fly it again</th></tr>"
        worst = f"<table>{heading}{rows}</table>" if rows else "<p>No run stands out.</p>"
        return f"{STYLE}{CODE_STYLE}<h2>Worst runs</h2>{worst}"


_SPREAD = ("name", "runs", "not_reached", "min", "median", "p95", "p99", "max", "limit", "unit")
_SPREAD_TITLES = (
    "check",
    "runs",
    "never reached",
    "least",
    "median",
    "95 %",
    "99 %",
    "most",
    "limit",
    "unit",
)


def write_report(path: "str | Path", document: Mapping[str, Any]) -> Dict[str, int]:
    """Write the report of one campaign to `path`; returns `{"bytes": size}` of the file."""
    CampaignReport(document).write(path)
    return {"bytes": Path(path).stat().st_size}
