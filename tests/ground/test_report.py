"""The report: one file that needs nothing else, and says what its numbers mean."""

import re

from ground import explanations
from ground.dictionary import Dictionary
from ground.history import History
from ground.report import write_report

TIMES_S = [float(second) for second in range(0, 600, 10)]
TRUTH = {
    "t_s": TIMES_S,
    "rate_deg_s": [10.0] * len(TIMES_S),
    "battery_V": [8.0] * len(TIMES_S),
    "illumination": [1.0] * 20 + [0.0] * 40,
}


def check(name, passed=True):
    return {"name": name, "value": 1.0, "limit": 2.0, "unit": "deg/s", "pass": passed}


def page(tmp_path, checks, passes):
    result = {
        "scenario": "a <b>",
        "world": "desktop",
        "seed": 1,
        "virtual_s": 600.0,
        "verdict": "pass",
        "checks": checks,
        "telemetry": {"frames": 3, "bad_frames": 0},
    }
    path = tmp_path / "folder" / "report.html"
    size = write_report(path, result, TRUTH, History(), Dictionary(), passes)
    text = path.read_text(encoding="utf-8")
    assert size == {"bytes": len(text.encode())}
    return text


def test_one_file_with_everything(tmp_path):
    text = page(tmp_path, [check("gaps")], {"Quito": [(60.0, 240.0)], "Minsk": []})
    assert not re.search(r"<(script|link|img)[^>]*(src|href)\s*=", text)
    for words in ("Angular rate", "deg/s", "Battery (grey: in eclipse)", "time since the start"):
        assert words in text
    assert "a <b>" not in text


def test_passes_are_listed_and_drawn(tmp_path):
    text = page(tmp_path, [], {"Quito": [(60.0, 240.0)], "Minsk": []})
    assert "Ground stations that see the spacecraft" in text
    # The cells come escaped within Bokeh's own document.
    cells = re.sub(r"&[a-z]+;|<[^>]*>|\\u[0-9a-f]{4}|/?t[dr]\b", " ", text)
    assert re.search(r"Quito\W+60\W+240\W+3\.0", cells)
    none = page(tmp_path, [], {"Quito": [], "Minsk": []})
    assert "rose over none of the stations" in none
    assert "Ground stations that see the spacecraft" not in none


def test_every_check_is_explained(tmp_path):
    text = page(tmp_path, [check("missed ticks", passed=False)], {})
    assert explanations.check("missed ticks")[:40] in text
    assert explanations.check("something else") == ""
