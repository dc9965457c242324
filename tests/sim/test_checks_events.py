"""Checks of events, actuators and places on the ground; every failure says where to look."""

import erfa
import numpy as np
import pytest

from sim.checks import evaluate
from sim.checks_attitude import _to_inertial
from sim.rotation import apply_transposed, quaternion_from_dcm, rotation_matrix
from sim.scenario import ScenarioError, load
from tests.sim.onboard import make

TELEMETRY = {
    "frames": 100,
    "bad_frames": 0,
    "gaps": 0,
    "modes": [(2.0, "detumble"), (300.0, "nominal"), (700.0, "safe")],
    "events": [
        (250.0, 0x0240, "detumbled"),
        (400.0, 0x0211, "sensor 1 excluded: fault 4"),
        (500.0, 0x0211, "sensor 6 excluded: fault 1"),
    ],
}


@pytest.fixture(scope="module")
def world():
    """A flight of 1000 s, wheels on board, that nobody controlled."""
    onboard = make("duration_s=1000", "watchdog.boot_timeout_s=2000", "spacecraft.wheels={}")
    onboard.time_us = 1_000_100_000
    onboard.kick(1)
    assert onboard.world.finished
    return onboard.world


def judged(world, check, telemetry=TELEMETRY):
    (row,) = evaluate(scenario_of(check), world, telemetry)
    return row


def scenario_of(check, *overrides):
    own = [f"check.1.{key}={value}" for key, value in check.items()]
    scenario = load("first-light", [*own, *overrides])
    object.__setattr__(scenario, "data", {**scenario.data, "check": [scenario.data["check"][1]]})
    return scenario


EXCLUDED = {"kind": "event_count", "event": "sensor"}


@pytest.mark.parametrize(
    ("window", "limit", "value", "passed"),
    [
        ({}, 0, 2, False),
        ({}, 1, 2, False),
        ({}, 2, 2, True),
        ({"from_s": 450}, 1, 1, True),
        ({"from_s": 450}, 0, 1, False),
        ({"to_s": 450}, 1, 1, True),
        ({"from_s": 600}, 0, 0, True),
    ],
)
def test_events_are_counted_within_the_window(world, window, limit, value, passed):
    row = judged(world, {**EXCLUDED, "limit": limit, **window})
    assert (row["value"], row["limit"], row["pass"]) == (value, limit, passed)


def test_the_first_event_too_many_is_told(world):
    note = judged(world, EXCLUDED)["note"]
    assert "400.0 s" in note and "sensor 1 excluded: fault 4" in note


def test_no_events_from_no_telemetry_is_no_proof(world):
    silent = {**TELEMETRY, "events": [], "frames": 0}
    assert not judged(world, EXCLUDED, silent)["pass"]


def test_a_flight_that_broke_off_proves_no_absence():
    onboard = make("duration_s=1000")
    onboard.time_us = 5_000_000
    onboard.i2c(1, 0x0C)
    assert not judged(onboard.world, {**EXCLUDED, "from_s": 600})["pass"]


def test_mode_and_event_after_a_time(world):
    mode = {"kind": "mode", "mode": "nominal"}
    assert judged(world, mode)["value"] == 300.0
    late = judged(world, {**mode, "from_s": 301})
    assert late["value"] is None and not late["pass"]
    assert "safe at 700 s" in late["note"]
    event = {"kind": "event", "event": "sensor", "from_s": 450}
    assert judged(world, event)["value"] == 500.0
    assert not judged(world, {**event, "by_s": 499})["pass"]


RODS, WHEELS = ({"kind": "actuators_off", "part": part} for part in ("rods", "wheels"))


@pytest.mark.parametrize(
    ("check", "column", "drive"),
    [(RODS, "dipole_A_m2", 0.01), (WHEELS, "wheel_motor_N_m", [0.0, -1e-6, 0.0, 0.0])],
)
def test_a_single_driven_row_is_found(world, check, column, drive):
    values = world.truth[column]
    assert judged(world, check)["pass"]
    values[600] = drive
    try:
        row = judged(world, check)
        assert not row["pass"] and row["value"] == np.max(np.abs(drive))
        assert "600" in row["note"]
        assert judged(world, {**check, "to_s": 599})["pass"]
    finally:
        values[600] = 0.0


def test_motor_torque_reaches_the_truth():
    onboard = make("spacecraft.wheels={}")
    onboard.i2c(1, 0x21, bytes((2, 0, 1, 0, 0, 0x03, 0xE8)))  # torque mode, 1000 x 1e-7 N m
    onboard.time_us = 1_000_000
    onboard.kick(1)
    motor = onboard.world.truth["wheel_motor_N_m"][-1]
    assert motor == pytest.approx([0.0, 1e-4, 0.0, 0.0], abs=1e-12)


def test_body_axes_in_the_inertial_frame():
    dcm = rotation_matrix([0.4, -1.1, 0.7])
    q = np.array([quaternion_from_dcm(dcm)])
    for axis in np.eye(3):
        assert _to_inertial(q, axis)[0] == pytest.approx(apply_transposed(dcm, axis), abs=1e-12)


def test_station_is_judged_above_its_elevation(world):
    """Passed overhead at 500 s, the attitude written so that it is 0.25 deg off."""
    dcm_FN = world.spacecraft.environment.dcm_FN(world.truth["t_s"])
    r_F = np.einsum("nij,nj->ni", dcm_FN, world.truth["r_BN_N_m"])
    longitude, latitude, _ = np.degrees(erfa.gc2gd(1, r_F[500]))
    place = (f"station.0.latitude_deg={latitude}", f"station.0.longitude_deg={longitude}")
    check = {"kind": "pointing_below", "target": "ground", "station": "Svalbard", "limit": 1.0}
    scenario = scenario_of({**check, "min_elevation_deg": 60}, *place)
    station = scenario.stations[0]
    elevation = np.degrees(station.elevation_rad(r_F))
    assert elevation[500] > 89.0 and elevation[0] < 20.0
    line_N = np.einsum("nji,nj->ni", dcm_FN, station.position_F_m() - r_F)
    whole, kept = world.scenario, world.truth["q_BN"].copy()
    world.scenario = scenario
    try:
        for row, line in enumerate(line_N):
            z = line / np.linalg.norm(line)
            x = np.cross([0.0, 0.6, 0.8], z)
            x /= np.linalg.norm(x)
            pointed = np.array([x, np.cross(z, x), z])
            off_deg = 0.25 if elevation[row] >= 60.0 else 50.0
            off = np.array(rotation_matrix([np.radians(off_deg), 0.0, 0.0])) @ pointed
            world.truth["q_BN"][row] = quaternion_from_dcm(off.tolist())
        (row,) = evaluate(scenario, world, TELEMETRY)
        assert row["value"] == pytest.approx(0.25, abs=1e-6) and row["pass"]
        lower = scenario_of({**check, "min_elevation_deg": 50}, *place)
        (row,) = evaluate(lower, world, TELEMETRY)
        assert row["value"] > 1.0 and not row["pass"] and "worst 50 deg" in row["note"]
        early = scenario_of({**check, "min_elevation_deg": 60, "to_s": 300}, *place)
        (row,) = evaluate(early, world, TELEMETRY)
        assert row["value"] is None and not row["pass"] and "never there" in row["note"]
    finally:
        world.scenario = whole
        world.truth["q_BN"][:] = kept


@pytest.mark.parametrize(
    ("check", "words"),
    [
        ({"kind": "event_count"}, "needs key 'event'"),
        ({"kind": "actuators_off"}, "needs key 'part'"),
        ({"kind": "pointing_below", "target": "sun", "station": "Quito"}, "goes with target"),
        ({"kind": "pointing_below", "target": "ground", "station": "Kito"}, "mean 'Quito'"),
    ],
)
def test_checks_without_what_they_need_are_refused(check, words):
    with pytest.raises(ScenarioError, match=words):
        scenario_of(check)


@pytest.mark.parametrize("name", ["commissioning", "pointing-day", "degraded"])
def test_scenarios_of_attitude_judge_what_they_promise(name):
    """Limits of the issue, as they stand there; and the flight lasts through every window."""
    scenario = load(name)
    limits = {}
    for check in scenario.checks:
        assert check["from_s"] < (check["to_s"] or scenario.duration_s)
        assert max(check["from_s"], check["to_s"] or 0.0) <= scenario.duration_s
        limits.setdefault((check["kind"], check["target"], check["light"]), set()).add(
            check["limit"]
        )
    assert limits["wheel_momentum_below", None, "any"] == {0.8}
    for kind in ("bad_frames", "gaps", "missed_ticks", "watchdog_resets"):
        assert limits[kind, None, "any"] == {0.0}
    assert 1.0 in limits["pointing_below", "nadir", "any"]
    if name != "degraded":
        assert limits["pointing_below", "nadir", "any"] == {1.0}
        assert limits["knowledge_below", None, "sunlit"] == {0.5}
        assert limits["knowledge_below", None, "eclipse"] == {1.5}
