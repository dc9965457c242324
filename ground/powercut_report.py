"""The page of a power-cut campaign: one HTML file that needs no network and no script.

It draws what `campaign powercut --json` writes: figures, what was cut how often, the cases that
failed with the line that does each again.
"""

import html
from pathlib import Path
from typing import Any, Mapping

from ground.page import STYLE, table


def write_report(path: "str | Path", document: Mapping[str, Any]) -> None:
    """Write the page of a campaign's document. Raises `OSError` when it cannot be written."""
    verdict = str(document["verdict"])
    figures = [
        (f["name"], "-" if f["value"] is None else f["value"], f["limit"], f["unit"], f["pass"])
        for f in document["figures"]
    ]
    facts = [
        ("seed", document["seed"]),
        ("commit", document["git"] or "-"),
        ("took [s]", document["wall_s"]),
    ]
    failed = [(case["check"], case["reason"], case["command"]) for case in document["worst"]]
    page = (
        f"<!doctype html><meta charset=utf-8><title>microflight: power cuts</title>{STYLE}"
        f'<h1>Power cuts: <span class="{html.escape(verdict)}">{html.escape(verdict)}</span></h1>'
        "<p>Every write of FRAM and every program and erase of flash is cut; then the computer"
        " starts again, and must hold what was written before, all or nothing of the write in"
        " flight, and go on.</p>"
        f"{table(('figure', 'value', 'limit', 'unit', ''), figures)}"
        f"{table(('', ''), facts)}"
        f"<h2>Cuts</h2>{table(('of', 'cuts'), list(document['cuts_by_subject'].items()))}"
        f"<h2>Failed</h2>{table(('case', 'why', 'do it again'), failed)}"
    )
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    Path(path).write_text(page, encoding="utf-8")
