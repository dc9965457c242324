"""The page of a fault campaign: one HTML file that needs no network and no script.

It draws what `campaign faults --json` writes: figures, the matrix of devices and phases, where bits
were flipped, and every run with what became of it.
"""

import html
from pathlib import Path
from typing import Any, Dict, List, Mapping, Sequence, Tuple

from ground.page import STYLE, table

_STYLE = """<style>
body { max-width: 1400px; }
code { font-size: 85%; overflow-wrap: anywhere; user-select: all; }
td.good { background: #d8efdc; } td.some { background: #fff1c9; } td.bad { background: #f6cfd2; }
td.good, td.some, td.bad { text-align: center; } details { margin: 0.5em 0 1.5em; }
</style>"""
FLIPS = ("flip", "boot-flip")
_GROUPS = {
    "device": "Devices and buses",
    "memory": "Memories",
    "reset": "Resets and brown-outs",
    "time": "Jumps of time",
    "app": "Apps",
    "vm": "Python virtual machine",
    "none": "Without a fault",
    "flip": "Bit flips",
    "boot-flip": "Bit flips in the boot block",
}

Row = Mapping[str, Any]


def _cell(rows: Sequence[Row]) -> str:
    """How many of `rows` passed, coloured."""
    if not rows:
        return "<td></td>"
    good = sum(row["verdict"] == "pass" for row in rows)
    colour = "good" if good == len(rows) else "bad" if good == 0 else "some"
    return f'<td class="{colour}">{good}/{len(rows)}</td>'


def matrix(rows: Sequence[Row], across: str, down: str) -> str:
    """Table of how many runs passed, by two of their keys; the columns in order of appearance."""
    columns = list(dict.fromkeys(str(row[across]) for row in rows))
    cells: Dict[Tuple[str, str], List[Row]] = {}
    for row in rows:
        cells.setdefault((str(row[down]), str(row[across])), []).append(row)
    heads = "".join(f"<th>{html.escape(name)}</th>" for name in columns)
    lines = []
    for name in sorted({str(row[down]) for row in rows}):
        counts = "".join(_cell(cells.get((name, column), [])) for column in columns)
        lines.append(f"<tr><td>{html.escape(name)}</td>{counts}</tr>")
    return f"<table><tr><th></th>{heads}</tr>{''.join(lines)}</table>"


def _seconds(value: Any) -> str:
    return "-" if value is None else f"{value:.1f}"


def _line(row: Row) -> str:
    """One run of the long table."""
    word = str(row["verdict"])
    if word == "broken":
        cells = [str(row["id"]), str(row["reason"]), "", "", "", ""]
    else:
        judged = row["judged"]
        detected = judged["detected_by"]
        if judged["detected_s"] is not None:
            detected = f"{_seconds(judged['detected_s'])} s: {detected}"
        elif not judged["effect"]:
            detected = "no effect"
        recovered = f"{_seconds(judged['recovered_s'])} s" if judged["recovered"] else "no"
        if judged["wanting"]:
            recovered = "; ".join(judged["wanting"])
        cells = [
            f"{row['id']} ({row['kind']})" if row["group"] in FLIPS else str(row["id"]),
            detected,
            "; ".join(judged["isolated_by"]) or "-",
            recovered,
            judged["state"],
            "yes" if judged["intact"] else "no",
        ]
    text = "".join(f"<td>{html.escape(cell)}</td>" for cell in cells)
    mark = f'<td class="{"pass" if word == "pass" else "fail"}">{word}</td>'
    return f"<tr>{text}{mark}<td><code>{html.escape(str(row['command']))}</code></td></tr>"


_HEADS = ("run", "detected", "isolated", "recovered", "end state", "intact", "", "fly it again")


def _runs(rows: Sequence[Row]) -> str:
    heads = "".join(f"<th>{name}</th>" for name in _HEADS)
    return f"<table><tr>{heads}</tr>{''.join(_line(row) for row in rows)}</table>"


def page(document: Mapping[str, Any]) -> str:
    """The whole page."""
    verdict = str(document["verdict"])
    figures = [
        (f["name"], "-" if f["value"] is None else f["value"], _limit(f), f["unit"], f["pass"])
        for f in document["figures"]
    ]
    facts = [
        ("scenario", document["scenario"]),
        ("runs", len(document["runs"])),
        ("seed of the campaign", document["seed"]),
        ("commit", document["git"] or "-"),
        ("took [s]", document["wall_s"]),
    ]
    flown = [row for row in document["runs"] if row["verdict"] != "broken"]
    cases = [row for row in flown if row["group"] not in FLIPS]
    flips = [row for row in flown if row["group"] in FLIPS]
    parts = [
        STYLE + _STYLE,
        f"<h1>Campaign {html.escape(str(document['campaign']))}:"
        f' <span class="{verdict}">{verdict}</span></h1>',
        "<p>One flight for each fault, with the flight software in the loop. A run passes when it"
        " ends in a state with a name and a reason, recovered without the ground, and lost nothing"
        " that was stored.</p>",
        f"<h2>Figures</h2>{table(('figure', 'value', 'limit', 'unit', ''), figures)}",
        f"<h2>Campaign</h2>{table(('', ''), facts)}",
    ]
    if cases:
        parts.append(f"<h2>Devices by phase</h2>{matrix(cases, 'phase', 'device')}")
        parts.append(f"<h2>Faults by phase</h2>{matrix(cases, 'phase', 'kind')}")
    if flips:
        parts.append(f"<h2>Bit flips by region</h2>{matrix(flips, 'group', 'device')}")
    failed = [row for row in document["runs"] if row["verdict"] != "pass"]
    parts.append(f"<h2>Runs that failed</h2>{_runs(failed) if failed else '<p>None.</p>'}")
    parts.append("<h2>All runs</h2>")
    for group, title in _GROUPS.items():
        rows = [row for row in flown if row["group"] == group]
        if rows:
            parts.append(f"<details><summary>{title}: {len(rows)}</summary>{_runs(rows)}</details>")
    title = f"microflight: {html.escape(str(document['campaign']))}"
    head = (
        f'<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><title>{title}</title></head>'
    )
    return f"{head}<body>{''.join(parts)}</body></html>"


def _limit(figure: Mapping[str, Any]) -> Any:
    return "-" if figure["limit"] is None else figure["limit"]


def write_report(path: "str | Path", document: Mapping[str, Any]) -> Dict[str, int]:
    """Write the page to `path`; returns `{"bytes": size}`. Raises `OSError` when it cannot."""
    text = page(document)
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    Path(path).write_text(text, encoding="utf-8")
    return {"bytes": len(text.encode("utf-8"))}
