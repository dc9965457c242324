"""Arguments of telecommands that the simulator fills in: orbit, time, stations; bases."""

import math

import numpy as np
import pytest
from sgp4.api import Satrec

from sim.arguments import mission_time
from sim.elements import satrec_of, tle_lines
from sim.orbit import utc_julian
from sim.scenario import ScenarioError, load


def loaded(args, *overrides):
    return load("first-light", [f"timeline.0.args={args}", "timeline.0.t_s=60.25", *overrides])


def given(name, *overrides):
    return loaded(f'{{x="{name}"}}', *overrides).commands[0].args["x"]


def test_mission_time_against_the_calendar():
    # 2026-10-04T06:00:00 UTC is 2468 days and 6 h after 2020-01-01T00:00:00 UTC; TAI is 37 s ahead.
    second = 2468 * 86400 + 6 * 3600 + 37
    assert mission_time(load("first-light").epoch, 0.0) == (second, 0)
    assert given("$time.seconds") == second + 60
    assert given("$time.fraction") == 16384
    assert given("$time.seconds+600") == second + 660


def test_orbit_is_that_of_the_file():
    scenario = load("first-light")
    lines = [given("$orbit.line1"), given("$orbit.line2")]
    assert [len(line) for line in lines] == [69, 69]
    assert f"{lines[0]}\n{lines[1]}" in (scenario.path.parent / "orbits.tle").read_text()


@pytest.mark.parametrize("key", ["altitude_km=600", "inclination_deg=63", "raan_deg=10"])
def test_own_orbit_makes_a_tle_that_flies_it(key):
    scenario = load("first-light", [f"orbit.{key}"])
    folder, orbit = scenario.path.parent, scenario.data["orbit"]
    lines = tle_lines(orbit, folder, scenario.epoch)
    jd, fraction = utc_julian(scenario.epoch)
    for hours in (0.0, 6.0):
        told = Satrec.twoline2rv(*lines).sgp4(jd, fraction + hours / 24.0)
        flown = satrec_of(orbit, folder, scenario.epoch).sgp4(jd, fraction + hours / 24.0)
        assert told[0] == flown[0] == 0
        # 4 digits of a degree are 12 m of the orbit.
        assert np.linalg.norm(np.subtract(told[1], flown[1])) < 0.05


def test_stations():
    assert given("$station.Quito.latitude_rad") == pytest.approx(math.radians(-0.215))
    assert given("$station.Quito.longitude_rad") == pytest.approx(math.radians(-78.502))
    assert given("$station.Quito.height_m") == 2850.0


def test_plain_values_stay():
    args = '{a=1, b=2.5, c="text", d=[0.0, 1]}'
    assert loaded(args).commands[0].args == {"a": 1, "b": 2.5, "c": "text", "d": [0.0, 1]}


@pytest.mark.parametrize(
    "name",
    ["$orbit", "$orbit.line3", "$time.seconds+", "$station.Paris.height_m", "$station.Quito"],
)
def test_unknown_names_are_one_clear_line(name):
    with pytest.raises(ScenarioError) as caught:
        given(name)
    text = str(caught.value)
    assert f"{name} is unknown" in text and "timeline.0.args.x" in text and "\n" not in text


BASE = """
name = "below"
duration_s = 60
epoch = 2026-10-04T06:00:00Z
[orbit]
tle = "orbits.tle"
[spacecraft]
mass_kg = 1
inertia_kg_m2 = [0.002, 0.002, 0.002]
[[check]]
kind = "gaps"
"""
ABOVE = """
name = "above"
base = "below.toml"
[spacecraft]
mass_kg = 2
[[check]]
kind = "bad_frames"
"""


def test_base_is_taken_and_written_over(tmp_path):
    (tmp_path / "below.toml").write_text(BASE)
    (tmp_path / "above.toml").write_text(ABOVE)
    scenario = load(tmp_path / "above.toml")
    assert (scenario.name, scenario.duration_s) == ("above", 60.0)
    spacecraft = scenario.data["spacecraft"]
    assert spacecraft["mass_kg"] == 2.0 and spacecraft["inertia_kg_m2"] == [0.002] * 3
    assert [check["kind"] for check in scenario.checks] == ["bad_frames"]


@pytest.mark.parametrize(
    ("below", "above", "words"),
    [
        (None, ABOVE, "cannot read"),
        ("name = ", ABOVE, "not valid TOML"),
        ('base = "x.toml"\n' + BASE, ABOVE, "has a base itself"),
        (BASE, ABOVE.replace('"below.toml"', "7"), "base must be a text"),
    ],
)
def test_bad_bases_are_one_clear_line(tmp_path, below, above, words):
    if below is not None:
        (tmp_path / "below.toml").write_text(below)
    (tmp_path / "above.toml").write_text(above)
    with pytest.raises(ScenarioError, match=words):
        load(tmp_path / "above.toml")
