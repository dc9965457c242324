"""Scenarios: what is refused and how it is said, overrides, the scenario that comes with us."""

from pathlib import Path

import pytest

from sim.describe import markdown
from sim.faults import Fault
from sim.scenario import ScenarioError, available, load
from sim.world import World

MINIMAL = """
name = "minimal"
duration_s = 60
epoch = 2026-10-04T06:00:00Z
[orbit]
tle = "orbits.tle"
[spacecraft]
mass_kg = 1
inertia_kg_m2 = [0.002, 0.002, 0.002]
"""


@pytest.fixture
def write(tmp_path):
    def make(text):
        path = tmp_path / "test.toml"
        path.write_text(text)
        return path

    return make


def refused(source, *overrides):
    with pytest.raises(ScenarioError) as caught:
        load(source, overrides)
    text = str(caught.value)
    assert "\n" not in text
    return text


def test_first_light_is_complete():
    assert "first-light" in available()
    scenario = load("first-light")
    assert scenario.name == "first-light"
    assert scenario.duration_s == 5600.0
    assert [station.name for station in scenario.stations][1:] == ["Quito", "Tehran", "Minsk"]
    assert [partner["name"] for partner in scenario.partners] == ["EC", "IR", "BY"]
    assert scenario.epoch.utcoffset().total_seconds() == 0.0
    kinds = {check["kind"] for check in scenario.checks}
    assert {"rate_below", "bad_frames", "gaps", "missed_ticks"} <= kinds


def test_defaults_are_filled_in(write):
    scenario = load(write(MINIMAL))
    assert scenario.seed == 1
    assert scenario.data["watchdog"]["timeout_s"] == 8.0
    assert scenario.data["spacecraft"]["rods"]["dipole_A_m2"] == [0.5, 0.5, 0.5]
    assert (scenario.stations, scenario.commands, scenario.faults) == ((), (), ())


def test_defaults_are_not_shared(write):
    one, other = load(write(MINIMAL)), load(write(MINIMAL))
    one.data["spacecraft"]["rods"]["dipole_A_m2"][0] = 9.0
    assert other.data["spacecraft"]["rods"]["dipole_A_m2"][0] == 0.5


@pytest.mark.parametrize(
    ("override", "path", "value"),
    [
        ("initial.rate_deg_s=15", ("initial", "rate_deg_s"), 15.0),
        ("initial.rate_deg_s=[1, 2, 3]", ("initial", "rate_deg_s"), [1.0, 2.0, 3.0]),
        ("spacecraft.inertia_scale=0.5", ("spacecraft", "inertia_scale"), 0.5),
        ("orbit.altitude_km=400", ("orbit", "altitude_km"), 400.0),
        ("orbit.inclination_deg=60", ("orbit", "inclination_deg"), 60.0),
        ("orbit.name=METEOR-M2 3", ("orbit", "name"), "METEOR-M2 3"),
        ("seed=77", ("seed",), 77),
        ("radio.visibility=stations", ("radio", "visibility"), "stations"),
        ('radio.visibility = "stations"', ("radio", "visibility"), "stations"),
        ("watchdog.timeout_s=2", ("watchdog", "timeout_s"), 2.0),
    ],
)
def test_overrides(override, path, value):
    data = load("first-light", [override]).data
    for key in path:
        data = data[key]
    assert data == value


def test_overrides_reach_into_arrays_of_tables():
    scenario = load("first-light", ["timeline.0.t_s=33", "check.0.limit=0.7"])
    assert scenario.commands[0].t_s == 33.0
    assert scenario.checks[0]["limit"] == 0.7


def test_later_override_wins():
    assert load("first-light", ["seed=2", "seed=3"]).seed == 3


def test_fault_from_the_command_line():
    scenario = load("first-light", ["fault.ak09916.kind=nack", "fault.ak09916.t_s=600"])
    assert scenario.faults == (Fault("ak09916", "nack", 600.0),)


def test_timeline_faults_and_commands(write):
    text = MINIMAL + (
        '[[timeline]]\nt_s = 5\nfault = "bit_flip"\ndevice = "radio"\nregister = 0\nbit = 2\n'
        "until_s = 9\n"
        '[[timeline]]\nt_s = 7\ncommand = "set_mode"\nargs = {mode = 1}\n'
    )
    scenario = load(write(text))
    assert scenario.faults == (Fault("radio", "bit_flip", 5.0, 9.0, 0, 2, None),)
    (command,) = scenario.commands
    assert (command.t_s, command.name, command.owner) == (7.0, "set_mode", "host")
    assert dict(command.args) == {"mode": 1}


@pytest.mark.parametrize(
    ("override", "words"),
    [
        ("sead=3", ["unknown key 'sead'", "did you mean 'seed'"]),
        ("orbit.altitude=5", ["did you mean 'orbit.altitude_km'"]),
        ("fault.ak0991.kind=nack", ["unknown key", "fault.ak09916.kind"]),
        ("fault.ak09916.kind=broken", ["one of nack, dead, timeout"]),
        ("fault.ak09916.t_s=60", ["fault.ak09916 needs key 'kind'"]),
        ("seed=x", ["seed must be a whole number, not 'x'"]),
        ("seed=1.5", ["whole number"]),
        ("seed=true", ["whole number"]),
        ("duration_s=nan", ["duration_s must be a number"]),
        ("duration_s=0", ["duration_s = 0 is outside 1"]),
        ("orbit.altitude_km=90", ["outside 150 .. 40000"]),
        ("initial.rate_deg_s=[1,2]", ["a number or a list of 3 numbers"]),
        ("initial.rate_deg_s=[1,[2],3]", ["must be a number"]),
        ("initial.rate_deg_s=fast", ["must be a number, not 'fast'"]),
        ("spacecraft.inertia_kg_m2=[[1,0,0],[0,1,0]]", ["inertia_kg_m2 must be"]),
        ("radio.visibility=sometimes", ["one of stations, always"]),
        ("epoch=2026-10-04", ["epoch must be a time such as"]),
        ("epoch=2040-10-04T00:00:00Z", ["2040-10-04", "outside the field model's 1990 .. 2030"]),
        ("epoch=2029-12-31T23:00:00Z", ["outside the field model's"]),
        ("orbit=5", ["'orbit' is a table"]),
        ("station=5", ["'station' is a table"]),
        ("station.7.name=X", ["no entry '7'"]),
        ("seed", ["write it as key=value"]),
        ("=3", ["write it as key=value"]),
        ("seed.x=3", ["'seed' is not a table"]),
        ("timeline.0.owner=XX", ["timeline.0.owner 'XX' is no partner"]),
        ("partner.0.station=Quitto", ["'Quitto' is no station", "did you mean 'Quito'"]),
        ("partner.0.name=IR", ["two entries of partner have the same name"]),
    ],
)
def test_bad_overrides_are_one_clear_line(override, words):
    text = refused("first-light", override)
    for word in words:
        assert word in text


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("name = ", ["test.toml: not valid TOML"]),
        (MINIMAL.replace("mass_kg = 1", ""), ["key 'spacecraft.mass_kg' is missing"]),
        (MINIMAL + "color = 3", ["unknown key 'spacecraft.color'"]),
        (MINIMAL + "[station]\nname = 3", ["station must be an array of tables: [[station]]"]),
        (MINIMAL + "[[station]]\nname = 'A'", ["key 'station.0.latitude_deg' is missing"]),
        (MINIMAL + "[[timeline]]\nt_s = 1", ["timeline.0 needs either 'command' or 'fault'"]),
        (
            MINIMAL + "[[timeline]]\nt_s = 1\ncommand = 'a'\nfault = 'nack'",
            ["timeline.0 needs either"],
        ),
        (MINIMAL + "[[timeline]]\nt_s = 1\nfault = 'nack'", ["timeline.0 needs key 'device'"]),
        (
            MINIMAL + "[[timeline]]\nt_s=5\nfault='nack'\ndevice='eps'\nuntil_s=4",
            ["until_s must be later than t_s"],
        ),
        (MINIMAL + "[[check]]\nkind = 'mode'", ["check.0 of kind 'mode' needs key 'mode'"]),
        (
            MINIMAL + "[[timeline]]\nt_s=1\ncommand='a'\nargs={x=[[1]]}",
            ["args must be a table of finite numbers, texts and lists of numbers"],
        ),
        (MINIMAL.replace("[orbit]", "orbit = 3\n[orbitt]"), ["unknown key 'orbitt'"]),
    ],
)
def test_bad_files_are_one_clear_line(write, text, words):
    message = refused(write(text))
    for word in words:
        assert word in message


def test_unknown_scenarios_and_files(tmp_path):
    assert "did you mean 'first-light'?" in refused("firstlight")
    assert "no such scenario file" in refused(tmp_path / "none.toml")
    (tmp_path / "binary.toml").write_bytes(b"\xff\xfe")
    assert "not a text file" in refused(tmp_path / "binary.toml")


@pytest.mark.parametrize(
    ("override", "words"),
    [
        ("spacecraft.inertia_kg_m2=[0.01,0.01,0.1]", "is no inertia"),
        ("initial.q_BN=[0,0,0,0.5]", "has norm 0.5000, not 1"),
        ("spacecraft.rods.axes_B=[[1,0,0],[0,0.5,0],[0,0,1]]", "must be unit vectors"),
        ("spacecraft.imu.dcm_BS=[[1,0,0],[1,0,0],[0,0,1]]", "is no rotation"),
        ("orbit.name=ISS", "no object named 'ISS'"),
        ("orbit.tle=none.tle", "cannot read TLE file"),
        ("duration_s=3e7", "too low, or the TLE"),
    ],
)
def test_what_only_the_world_can_refuse(override, words):
    with pytest.raises(ScenarioError, match=words):
        World(load("first-light", [override, "orbit.altitude_km=160"]))


def test_the_page_of_all_keys_is_current():
    page = Path(__file__).parents[2] / "docs" / "scenarios.md"
    assert page.read_text(encoding="utf-8") == markdown(), "python -m sim.describe > that file"
    assert "`spacecraft.rods.resistance_ohm`" in markdown()


@pytest.mark.parametrize("altitude_km", [400, 700])
@pytest.mark.parametrize("inclination_deg", [60, 120])
def test_whole_envelope_makes_a_world(altitude_km, inclination_deg):
    overrides = [
        f"orbit.altitude_km={altitude_km}",
        f"orbit.inclination_deg={inclination_deg}",
        "initial.rate_deg_s=15",
        "spacecraft.inertia_scale=2",
    ]
    truth = World(load("first-light", overrides), 5).truth
    assert truth["rate_deg_s"][0] == pytest.approx(15.0)
