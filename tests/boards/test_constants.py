"""Numbers of other modules, put in where they are used (boards/obc_f405/constants.py)."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def constants(monkeypatch):
    monkeypatch.syspath_prepend(str(ROOT / "boards" / "obc_f405"))
    import constants as module

    yield module
    sys.modules.pop("constants")


GIVER = (
    "from hal.compat import const\nA = const(5)\nB = const(-2)\nC = 7\n_D = const(1)\nX = A + 1\n"
)


def test_imported_names_and_attributes_become_numbers(constants):
    taker = (
        "from flight import giver\nfrom flight.giver import A, C\nx = A + giver.B + C + giver.C\n"
    )
    out = constants.inserted({"flight/giver.py": GIVER, "flight/taker.py": taker})
    assert "x = 5 + (-2) + 7 + 7" in out["flight/taker.py"]
    assert "from flight.giver" not in out["flight/taker.py"]
    assert (
        "\nC = 7" in out["flight/giver.py"]
        and "_A = const(5)" in out["flight/giver.py"]
        and "X = _A + 1" in out["flight/giver.py"]
    )


def test_what_is_still_asked_for_stays(constants):
    taker = "import flight\nx = flight.giver.A\n"
    out = constants.inserted({"flight/giver.py": GIVER, "flight/taker.py": taker})
    assert "\nA = const(5)" in out["flight/giver.py"]
    assert "x = flight.giver.A" in out["flight/taker.py"]


def test_what_changes_is_no_constant(constants):
    giver = "N = 5\nif N:\n    N = 6\nlower = 3\n"
    taker = "from flight.giver import N, lower\nx = N + lower\n"
    out = constants.inserted({"flight/giver.py": giver, "flight/taker.py": taker})
    assert out["flight/taker.py"] == taker


def test_names_are_not_touched_where_they_are_something_else(constants):
    taker = "from flight.giver import A\ndef f(giver):\n    giver.A = A\n    return giver.A\n"
    out = constants.inserted({"flight/giver.py": GIVER, "flight/taker.py": taker})
    assert "giver.A = 5" in out["flight/taker.py"] and "return giver.A" in out["flight/taker.py"]


def test_lines_keep_their_numbers(constants):
    taker = "from flight.giver import (\n    A,\n    X,\n    B,\n)\n\nhere = A * X\n"
    out = constants.inserted({"flight/giver.py": GIVER, "flight/taker.py": taker})[
        "flight/taker.py"
    ]
    assert out.splitlines() == ["from flight.giver import X", "", "", "", "", "", "here = 5 * X"]


def test_every_module_of_the_image_still_compiles(constants):
    sources = {}
    for top in ("flight", "hal"):
        for path in (ROOT / top).rglob("*.py"):
            sources[str(path.relative_to(ROOT))] = path.read_text(encoding="utf-8")
    out = constants.inserted(sources)
    assert out.keys() == sources.keys()
    for path, text in out.items():
        compile(text, path, "exec")
        assert text.count("\n") == sources[path].count("\n")
    assert "failures.OK" not in out["flight/core/commands.py"]
