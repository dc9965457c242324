"""The live view: a page on a terminal, sparse lines elsewhere."""

import io
import re
from typing import List, Sequence

import pytest

from ground.decode import Decoder
from ground.dictionary import Dictionary
from ground.history import History
from ground.live import LiveView, clock
from tests.ground import build

DICTIONARY = Dictionary()


def packet(name: str, **values: "float | Sequence[float]") -> bytes:
    """A packet of `name` with every field zero but `values`."""
    definition = DICTIONARY.packet(name)
    numbers: List[float] = []
    for field in definition.fields:
        value = values.get(field.name, 0)
        numbers += value if isinstance(value, (list, tuple)) else [value] * field.type.count
    body = definition.id.to_bytes(2, "big") + definition.layout.pack(*numbers)
    return build.tm_packet(3, 25, body, apid=0x100 + (definition.id >> 8))


def view(is_terminal: bool, events: int = 1) -> str:
    """What a short flight shows."""
    history = History()
    decoder = Decoder(DICTIONARY, history.add)
    out = io.StringIO()
    live = LiveView(
        "title", 1000.0, DICTIONARY, decoder, history, lambda: ["Quito"], out, is_terminal
    )
    changed = build.tm_packet(5, 1, build.event_data(0x0005, 1, 0x0103, 3))
    packets = [
        build.boot_packet(DICTIONARY.signature),
        *[changed] * events,
        packet("core_hk", spacecraft_mode=3, dictionary_hash=DICTIONARY.signature),
        packet("power_hk", battery_voltage=7650),
        packet("adcs_report", rate_rad_s=1, mode=3),
        packet("attitude_devices", state=[2] * 15),
        packet(
            "attitude_estimate",
            flags=1,
            target=2,
            sigma_B_rad=[0.003, 0.004, 0.0],
            fault=[0, 4, 0, 1, 0, 0, 0],
        ),
        packet(
            "attitude_control",
            error_B_rad=[0.0, 0.02, 0.0],
            wheel_speed_rad_s=[301.4, -298.7, 305.1, -300.2],
        ),
        packet("schedule_times", app_run_time_us=123),
    ]
    with live:
        for frame in build.frames(packets):
            decoder.frame(700.0, frame)
        live.frame(700.0)
    return out.getvalue()


def test_a_page_on_a_terminal():
    page = view(True)
    for text in ("title", "nominal", "7.65 V", "57.30 deg/s", "Quito", "123", "power", "0:11:40"):
        assert text in page, text
    for text in ("loop pointing", "to 0.29 deg", "1.15 deg (nadir)", "301 -299 305 -300"):
        assert text in page, text
    assert "mag 2 (model), fine Sun (silent)" in page
    assert "boot: reset cause" in page
    assert "\x1b[" in page


@pytest.mark.parametrize(("width", "height"), [(80, 24), (120, 40)])
def test_the_page_fits_the_terminal(monkeypatch, width, height):
    monkeypatch.setenv("COLUMNS", str(width))
    monkeypatch.setenv("LINES", str(height))
    page = view(True, events=40)
    last = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", page).split("title\n")[-1]
    assert 10 < last.count("\n") < height
    for text in ("housekeeping", "battery", "mode changed", "packets"):
        assert text in last, text
    assert all(len(line) <= width for line in last.splitlines())
    assert "…" not in last


def test_sparse_lines_elsewhere():
    text = view(False)
    assert "\x1b[" not in text
    assert "0:11:40  mode changed: safe to nominal, detumbled" in text
    assert "mode nominal, rate 57.30 deg/s, battery 7.65 V" in text
    assert "7.65 V, loop pointing, attitude known to 0.29 deg, " in text
    assert len(text.splitlines()) <= 5


def test_clock():
    assert clock(0.0) == "0:00:00"
    assert clock(3725.9) == "1:02:05"
