"""How figures are judged: limits, missing values, percentiles."""

import json
from types import SimpleNamespace

import pytest

from cli.figure_groups import GROUPS
from cli.figures import Figure, percentile, refused_frame
from ground.dictionary import Dictionary
from ground.encode import Encoder


@pytest.mark.parametrize(
    ("figure", "passed"),
    [
        (Figure("a", 1.0, 1.0, ""), True),
        (Figure("a", 1.1, 1.0, ""), False),
        (Figure("a", 1.0, 1.0, "", ">="), True),
        (Figure("a", 0.9, 1.0, "", ">="), False),
        (Figure("a", None, 1.0, ""), False),
        (Figure("a", None, None, ""), False),
        (Figure("a", 5.0, None, ""), True),
        (Figure("a", 0.5, 1.0, "", failed=True), False),
    ],
)
def test_verdicts(figure, passed):
    assert figure.passed is passed
    assert figure.row()["pass"] is passed


def test_percentile_is_the_upper_edge_of_its_bin():
    assert percentile([999, 1, 0, 0], 1.0, 0.999, 1.4) == 1.0
    assert percentile([998, 2, 0, 0], 1.0, 0.999, 1.4) == 1.4
    assert percentile([998, 2, 0, 0], 1.0, 0.999, 9.0) == 2.0
    assert percentile([0, 0, 0, 10], 1.0, 0.999, 77.0) == 77.0


def test_the_refused_telecommand_is_sound_but_out_of_range():
    dictionary = Dictionary()
    packet = refused_frame(
        SimpleNamespace(dictionary=dictionary, encoder=Encoder(dictionary))
    ).packet
    command = dictionary.commands["power_switch"]
    assert packet[11 + 2] > command.arguments[0].highest


def test_every_group_has_a_description():
    for group in GROUPS.values():
        assert group.__doc__


# What every figure of the reference mission is called; those of the envelope have the titles.
ALWAYS = {
    "desktop real-time factor",
    "qemu real-time factor",
    "qemu runs of one seed that differ",
    "firmware flash",
    "firmware RAM",
    "free Python heap",
    "free Python heap at its fullest",
    "Python CPU",
    "boot to first frame",
    "ticks measured",
    "tick start jitter, min",
    "tick start jitter, mean",
    "tick start jitter, p99.9",
    "tick start jitter, max",
    "tick duration, min",
    "tick duration, mean",
    "tick duration, p99.9",
    "tick duration, max",
    "collections forced meanwhile",
    "tick overruns",
    "missed ticks, counted by the simulator",
    "ADCS bus time per tick, mean",
    "ADCS bus time per tick, max",
    "heap allocation in 60 s",
    "telecommands executed meanwhile",
    "telecommands refused meanwhile",
    "apps that did not run",
    "packets that did not come",
    "fields that differ between desktop and qemu",
    "fields compared",
    "fields that may differ",
    "desktop: highest rate of the last 600 s",
    "desktop: bad frames",
    "desktop: gaps",
}


def test_without_the_emulator_its_figures_are_listed_and_failed(microflight, monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", "/nowhere")
    target = tmp_path / "bench.json"
    groups = [word for name in GROUPS if name != "envelope" for word in ("--only", name)]
    code, _, err = microflight("bench", "--json", str(target), *groups)
    assert code == 1
    assert "qemu-system-arm" in err and "Traceback" not in err
    document = json.loads(target.read_text(encoding="utf-8"))
    assert document["verdict"] == "fail"
    figures = {figure["name"]: figure for figure in document["figures"]}
    assert ALWAYS <= set(figures)
    assert all(figure["limit"] is not None for figure in figures.values())
    for name in ("qemu real-time factor", "Python CPU", "tick duration, max", "fields compared"):
        assert figures[name]["value"] is None and figures[name]["pass"] is False
        assert "qemu-system-arm" in figures[name]["note"]
    assert figures["desktop: gaps"]["pass"] is True
    assert err.count("the reference mission in world qemu: ") == 1
