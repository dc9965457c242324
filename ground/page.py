"""Pieces of an HTML page: its style and its tables."""

import html
from typing import Any, Sequence

STYLE = """<style>
body { font-family: sans-serif; margin: 2em auto; max-width: 1000px; color: #222; }
table { border-collapse: collapse; margin: 0.5em 0 1.5em; }
td, th { padding: 0.25em 0.8em; border-bottom: 1px solid #ddd; text-align: left; }
td:last-child { overflow-wrap: anywhere; }
p { max-width: 60em; line-height: 1.4; }
.pass { color: #1a7f37; font-weight: bold; } .fail { color: #c1121f; font-weight: bold; }
</style>"""


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
