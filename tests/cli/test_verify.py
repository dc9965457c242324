"""`microflight verify adcs`: its figures, its JSON, what it says of what cannot be measured."""

import json
import math
from types import SimpleNamespace

import numpy as np
import pytest

from cli import flights
from cli.adcs import detumble
from cli.adcs.builds import Refused
from cli.adcs.detumble import ORBIT_S, Settled, judge
from cli.adcs.groups import GROUPS
from cli.adcs.parts import Measured, Part, Row, Verify
from cli.adcs.shares import PARTS, Shares, part_of
from cli.commands import verify
from cli.errors import CliError
from cli.worlds import ROOT

# Every line of figures that the system must reach, by a word of its name.
LINES = (
    ("instructions of the 10 Hz cycle", 15000),
    ("instructions of SGP4", 70000),
    ("state of the attitude loop", 4096),
    ("code and constants", 48 * 1024),
    ("detumble from 10 deg/s within 1 orbit: share", 99),
    ("detumble from 30 deg/s within 2 orbits: share", 99),
    ("knowledge in sunlight", 0.5),
    ("knowledge at the end of eclipse", 1.5),
    ("knowledge with star tracker", 0.05),
    ("covariance bound", 1.2),
    ("nadir pointing, Sun and field", 1),
    ("nadir pointing with star tracker", 0.1),
    ("180 deg slew", 190),
    ("ground target", 1),
    ("wheel momentum over seven days", 80),
    ("IGRF-14", 5),
    ("SGP4-VER", 1),
    ("Sun against ERFA", 0.015),
    ("eclipse edges", 5),
    ("faults of the gyro", 0),
    ("false exclusions in 24 h", 0),
    ("desktop real-time factor", 100),
    ("qemu real-time factor", 20),
    ("commissioning in world desktop", 0),
    ("commissioning in world qemu", 0),
    ("commissioning: differences", 0),
    ("degraded in world desktop", 0),
    ("degraded in world qemu", 0),
    ("pointing-day in world desktop", 0),
    ("mean NEES of 50 runs", 7),
    ("mean NIS of the Sun", 0.06),
    ("filter soak: steps", 1_000_000),
    ("ticks of a recorded flight with other bits on the Cortex-M4F", 0),
    ("against ahrs", 2e-6),
    ("against filterpy", 0.01),
    ("against SciPy", 2e-6),
    ("against Basilisk", 5e-6),
)


@pytest.fixture
def only(monkeypatch):
    """The command with one group, made of `parts`."""

    def put(*parts):
        monkeypatch.setitem(GROUPS, "cost", parts)

    return put


def part(value, limit=1.0, sense="<="):
    return Part((Row("it", limit, "m", sense),), lambda made: {"it": value})


@pytest.mark.parametrize(("line", "limit"), LINES)
def test_every_line_is_there_with_its_limit(line, limit):
    rows = [row for parts in GROUPS.values() for each in parts for row in each.rows]
    assert limit in [row.limit for row in rows if line in row.name]


def test_names_are_unique():
    names = [row.name for parts in GROUPS.values() for each in parts for row in each.rows]
    assert len(set(names)) == len(names)


def test_the_help_names_every_group():
    assert f"groups of adcs: {', '.join(GROUPS)} --runs" in " ".join(verify.EPILOG.split())


def test_models_keep_their_limits(microflight, tmp_path):
    target = tmp_path / "adcs.json"
    code, out, err = microflight(
        *("verify", "adcs", "--only", "models", "--seed", "3", "--json", str(target))
    )
    assert code == 0, err
    document = json.loads(target.read_text(encoding="utf-8"))
    assert set(document) == {"verdict", "seed", "git", "figures"}
    assert document["verdict"] == "pass" and document["seed"] == 3
    assert len(document["figures"]) == 6
    for figure in document["figures"]:
        assert set(figure) - {"note"} == {"name", "value", "limit", "unit", "pass"}
        assert figure["pass"] and figure["value"] > 0.0
    assert "verify adcs: pass, 6 figures" in out


@pytest.mark.parametrize(
    ("made", "code", "value"),
    [
        (part(0.5), 0, 0.5),
        (part(2.0), 1, 2.0),
        (part(0.5, sense=">="), 1, 0.5),
        (part(Measured(0.5, "but", failed=True)), 1, 0.5),
        (part(math.nan), 1, None),
        (part(Measured(None, "never")), 1, None),
    ],
)
def test_one_figure_over_its_limit_fails(microflight, only, tmp_path, made, code, value):
    only(part(0.0), made)
    target = tmp_path / "adcs.json"
    result = microflight("verify", "adcs", "--only", "cost", "--jobs", "1", "--json", str(target))
    assert result[0] == code
    document = json.loads(target.read_text(encoding="utf-8"))
    assert document["verdict"] == ("fail" if code else "pass")
    assert [figure["pass"] for figure in document["figures"]] == [True, code == 0]
    assert document["figures"][1]["value"] == value


@pytest.mark.parametrize("error", [CliError, Refused, ImportError])
def test_what_cannot_be_measured_is_listed_with_its_reason(error):
    def measure(made):
        raise error("there is\nno wheel")

    rows = (Row("one", 1, "m"), Row("two", 0, "", ">="))
    figures = Part(rows, measure).figures(Verify())
    assert [(f.name, f.value, f.passed, f.note) for f in figures] == [
        ("one", None, False, "there is no wheel"),
        ("two", None, False, "there is no wheel"),
    ]


def test_a_value_that_is_missing_is_no_pass():
    figure = Part((Row("one", 1, "m"),), lambda made: {}).figures(Verify())[0]
    assert figure.value is None and not figure.passed


@pytest.mark.parametrize(
    ("line", "words"),
    [
        (("verify",), ("subject",)),
        (("verify", "luck"), ("luck", "adcs")),
        (("verify", "adcs", "--only", "luck"), ("luck", "cost", "models")),
        (("verify", "adcs", "--runs", "0"), ("--runs 0",)),
        (("verify", "adcs", "--runs", "many"), ("--runs", "many")),
        (("verify", "adcs", "--seed", "-1"), ("--seed -1",)),
        (("verify", "adcs", "--jobs", "0"), ("--jobs 0",)),
    ],
)
def test_wrong_use_is_one_line(microflight, line, words):
    code, out, err = microflight(*line)
    assert code == 2 and err.count("\n") == 1, (out, err)
    assert all(word in err for word in words), err


def test_without_a_file_the_json_alone_is_on_standard_output(microflight, only):
    only(part(0.5), part(2.0))
    code, out, err = microflight("verify", "adcs", "--only", "cost", "--jobs", "1", "--json")
    assert code == 1
    assert [figure["pass"] for figure in json.loads(out)["figures"]] == [True, False]
    assert "verify adcs: fail, 2 figures" in err


def test_figures_that_cannot_be_written_are_not_measured(microflight, tmp_path):
    code, out, err = microflight("verify", "adcs", "--json", str(tmp_path))
    assert code == 2 and str(tmp_path) in err and err.count("\n") == 1 and out == ""


def test_every_part_of_a_flight_has_its_files_and_its_share():
    for _, prefixes in PARTS:
        assert all((ROOT / prefix).exists() for prefix in prefixes)
    assert part_of(str(ROOT / "sim" / "devices" / "drv8830.py")) == "devices"
    assert part_of(json.__file__) == ""
    flight = flights.prepare("first-light", "desktop", 1, ["duration_s=40"])
    with Shares() as shares:
        flight.fly()
    names = [part.rpartition(" ")[0].rpartition(" ")[0] for part in str(shares).split(", ")]
    assert "simulator" in names and "devices" in names
    assert set(names) <= {name for name, _ in PARTS}


def values(times):
    seeds = [Settled(seed, time) for seed, time in enumerate(times)]
    found = judge("case", ORBIT_S, seeds, 100)
    return {name.split(": ")[1]: value for name, value in found.items()}


def test_ninety_nine_of_a_hundred_seeds():
    one_late = values([100.0] * 99 + [ORBIT_S + 0.1])
    assert one_late["share of seeds"].value == 99.0
    assert one_late["share of seeds"].note == "late: seeds 99"
    assert one_late["worst of the 99 %"].value == 100.0
    two_late = values([100.0] * 98 + [math.inf] * 2)
    assert two_late["share of seeds"].value == 98.0
    assert two_late["worst of the 99 %"].value is None
    assert values([200.0] * 4)["seeds flown"].note.startswith("fewer")


def test_a_seed_flies_the_whole_system(monkeypatch):
    """At rest from the start; a flight that never comes to rest has not settled."""
    monkeypatch.setattr(detumble, "ORBIT_S", 30.0)
    monkeypatch.setattr(detumble, "HOLD_S", 10.0)
    assert detumble.fly(detumble.Case(0.05, 1), 4) == Settled(4, 0.0)
    assert detumble.fly(detumble.Case(10.0, 1), 4) == Settled(4, math.inf)
    broken = detumble.fly(detumble.Case(1e9, 1), 4)
    assert broken.settled_s == math.inf and "initial.rate_deg_s" in broken.problem


def test_a_fleet_comes_to_rest_and_holds(monkeypatch):
    """From twice the limit; with rods that do nothing, never."""
    monkeypatch.setattr(detumble, "HOLD_S", 60.0)
    monkeypatch.setattr(detumble, "ORBIT_S", 1500.0)
    made = Verify(seed=3, runs=4)
    assert all(0.0 < each.settled_s < 1500.0 for each in detumble.fly_fleet(NEAR, made))
    monkeypatch.setattr(detumble, "DIPOLE_A_M2", 1e-6)
    assert [each.settled_s for each in detumble.fly_fleet(NEAR, made)] == [math.inf] * 4


NEAR = detumble.Case(1.0, 1)


def test_a_flight_ends_when_it_has_held_and_not_before(monkeypatch):
    monkeypatch.setattr(detumble, "HOLD_S", 20.0)
    world = SimpleNamespace(truth={"t_s": np.zeros(0), "rate_deg_s": np.zeros(0)}, finished=False)
    flight = SimpleNamespace(world=world, listeners=[])
    detumble.watch(flight)
    rates = np.array([9.0] * 5 + [0.1] * 15 + [0.6] + [0.1] * 40)
    ends = []
    for n in range(1, len(rates) + 1):
        world.truth = {"t_s": np.arange(n, dtype=float), "rate_deg_s": rates[:n]}
        flight.listeners[0](float(n), b"")
        ends.append(world.finished)
    assert ends.index(True) == 20 + 21  # the last time above, 20 s and a second more
