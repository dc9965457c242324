"""Pointing errors, and the checks that judge attitude: they pass and fail for the right reasons."""

import math

import erfa
import numpy as np
import pytest

from sim.checks import evaluate
from sim.checks_attitude import attitude_error_deg
from sim.pointing import angle_deg, turn_deg
from sim.rotation import quaternion_from_dcm, rotation_matrix
from sim.scenario import ScenarioError, load
from tests.sim.onboard import make

LONG = (
    "duration_s=1000",
    "watchdog.boot_timeout_s=2000",
    "initial.rate_deg_s=[0.03,-0.02,0.05]",
    "spacecraft.residual_dipole_A_m2=0",
    "crystal_ppm=0",
)


@pytest.mark.parametrize("size_deg", [0.0, 1e-6, 0.3, 89.9, 90.0, 179.999999, 180.0])
def test_angle_is_exact_from_end_to_end(size_deg):
    size = math.radians(size_deg)
    other = [3.0 * math.cos(size), 0.0, 3.0 * math.sin(size)]
    assert angle_deg([2.0, 0.0, 0.0], other) == pytest.approx(size_deg, rel=1e-9, abs=1e-12)


def test_turn_has_a_sign_and_ignores_what_lies_along_the_axis():
    z = [0.0, 0.0, 1.0]
    assert turn_deg(z, [1.0, 0.0, 5.0], [0.0, 1.0, -3.0]) == pytest.approx(90.0)
    assert turn_deg(z, [0.0, 1.0, 0.0], [1.0, 0.0, 0.0]) == pytest.approx(-90.0)


def test_truth_columns_against_numpy():
    onboard = make(
        *LONG, "pointing.axis_B=[0,0.6,0.8]", "pointing.sun_axis_B=[0,-1,0]",
        "pointing.secondary_B=[1,0,0]",
    )  # fmt: skip
    onboard.time_us = 60_000_000
    onboard.i2c(1, 0x0C)
    truth = onboard.world.truth
    for row in (0, 30, 60):
        x, y, z, w = truth["q_BN"][row]
        cross = np.array([[0, -z, y], [z, 0, -x], [-y, x, 0]])
        v = np.array([x, y, z])
        dcm_BN = (w * w - v @ v) * np.eye(3) + 2 * np.outer(v, v) - 2 * w * cross
        r, v_N = truth["r_BN_N_m"][row], truth["v_BN_N_m_s"][row]
        axis = dcm_BN.T @ [0, 0.6, 0.8]
        sun_N = dcm_BN.T @ truth["sun_B"][row]
        nadir = np.degrees(np.arccos(-axis @ r / np.linalg.norm(r)))
        assert truth["nadir_deg"][row] == pytest.approx(nadir, abs=1e-6)
        velocity = np.degrees(np.arccos(axis @ v_N / np.linalg.norm(v_N)))
        assert truth["velocity_deg"][row] == pytest.approx(velocity, abs=1e-6)
        sun = np.degrees(np.arccos((dcm_BN.T @ [0, -1, 0]) @ sun_N))
        assert truth["sun_deg"][row] == pytest.approx(sun, abs=1e-6)
        secondary = dcm_BN.T @ [1.0, 0, 0]
        a = secondary - axis * (axis @ secondary)
        b = v_N - axis * (axis @ v_N)
        yaw = np.degrees(np.arccos(a @ b / np.linalg.norm(a) / np.linalg.norm(b)))
        assert truth["nadir_yaw_deg"][row] == pytest.approx(yaw, abs=1e-6)
    assert np.isnan(truth["ground_deg"]).all()


def test_ground_target_against_erfa_and_only_while_it_sees_the_spacecraft():
    start = make(*LONG).world.spacecraft
    r_F = start.environment.dcm_FN(200.0) @ start.environment.r_BN_N[2000]
    longitude, latitude, _ = erfa.gc2gd(1, r_F)
    target = f"pointing.ground={{latitude_deg={math.degrees(latitude)!r},"
    target += f"longitude_deg={math.degrees(longitude)!r},min_elevation_deg=30}}"
    onboard = make(*LONG, target.replace("np.float64(", "").replace(")", ""))
    onboard.time_us = 600_000_000
    onboard.i2c(1, 0x0C)
    truth = onboard.world.truth
    seen = np.isfinite(truth["ground_deg"])
    # Right overhead at 200 s: the target then lies at nadir.
    assert truth["ground_deg"][200] == pytest.approx(truth["nadir_deg"][200], abs=0.3)
    assert 60 < seen.sum() < 300 and not seen[0] and not seen[-1]
    # At the edge: elevation 30 deg by the formula of the stations.
    edge = int(np.flatnonzero(seen)[0])
    frame = onboard.world.spacecraft.environment
    up_F = np.array([math.cos(latitude) * math.cos(longitude),
                     math.cos(latitude) * math.sin(longitude), math.sin(latitude)])  # fmt: skip
    line = frame.dcm_FN(float(edge)) @ truth["r_BN_N_m"][edge] - erfa.gd2gc(
        1, longitude, latitude, 0.0
    )
    elevation = math.degrees(math.asin(line @ up_F / np.linalg.norm(line)))
    assert elevation == pytest.approx(30.0, abs=0.5)


def test_gyro_bias_of_the_truth_is_what_the_gyro_adds():
    onboard = make(
        *LONG, "spacecraft.imu.noise_rad_s=0", "spacecraft.imu.bias_walk_rad_s_sqrt_s=1e-3"
    )
    onboard.i2c(1, 0x6A, b"\x11\x40")
    onboard.time_us = 40_000_000
    data = onboard.i2c(1, 0x6A, b"\x22", 6)[1]
    truth = onboard.world.truth
    measured = np.frombuffer(data, "<i2") * np.radians(8.75e-3)
    bias = measured - truth["omega_BN_B_rad_s"][-1]
    assert bias == pytest.approx(truth["gyro_bias_B_rad_s"][-1], abs=np.radians(5e-3))
    assert np.abs(truth["gyro_bias_B_rad_s"][-1] - truth["gyro_bias_B_rad_s"][0]).max() > 1e-3


# --- checks ---------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def world():
    onboard = make(*LONG, "spacecraft.wheels={}")
    onboard.time_us = 1_000_000_000
    onboard.kick(1)
    assert onboard.world.finished
    return onboard.world


TELEMETRY = {"frames": 1, "bad_frames": 0, "gaps": 0, "modes": [], "events": []}


def rows(world, check, telemetry=TELEMETRY):
    scenario = load("first-light", [f"check.0.{key}={value}" for key, value in check.items()])
    object.__setattr__(scenario, "data", {**scenario.data, "check": [scenario.data["check"][0]]})
    return evaluate(scenario, world, telemetry)


def put(world, column, function):
    world.truth[column][:] = np.vectorize(function)(world.truth["t_s"])


POINT = {"kind": "pointing_below", "target": "nadir", "limit": 1.0, "from_s": 400, "by_s": 1}


def test_pointing_is_the_root_mean_square_over_the_window(world):
    put(world, "nadir_deg", lambda t: 50.0 if t < 400 else (0.6 if t % 2 else 1.2))
    (row,) = rows(world, POINT)
    assert row["value"] == pytest.approx(math.sqrt((0.36 + 1.44) / 2), rel=1e-2)
    assert row["pass"] and row["unit"] == "deg"
    (row,) = rows(world, {**POINT, "limit": 0.9})
    assert not row["pass"]
    (row,) = rows(world, {**POINT, "from_s": 0})
    assert not row["pass"] and row["value"] > 10.0
    (row,) = rows(world, {**POINT, "from_s": 0, "to_s": 300})
    assert row["value"] == pytest.approx(50.0)


def test_pointing_to_a_target_that_was_never_there_fails(world):
    (row,) = rows(world, {**POINT, "target": "ground"})
    assert row["value"] is None and not row["pass"]


def test_pointing_in_sunlight_or_eclipse_only(world):
    put(world, "illumination", lambda t: 1.0 if t < 700 else 0.0)
    put(world, "nadir_deg", lambda t: 0.5 if t < 700 else 3.0)
    assert rows(world, {**POINT, "light": "sunlit"})[0]["value"] == pytest.approx(0.5)
    assert rows(world, {**POINT, "light": "eclipse"})[0]["value"] == pytest.approx(3.0)
    put(world, "illumination", lambda t: 1.0)
    assert rows(world, {**POINT, "light": "eclipse"})[0]["value"] is None


def test_a_flight_that_broke_off_has_pointed_nowhere():
    onboard = make("duration_s=1000")
    onboard.time_us = 5_000_000
    onboard.i2c(1, 0x0C)
    (row,) = rows(onboard.world, {**POINT, "from_s": 0, "limit": 180})
    assert not row["pass"]


def estimates(world, turn, t_s):
    """True attitude at the rows of truth, turned by the rotation vector `turn` (rad)."""
    error = np.array(rotation_matrix(turn))
    q = []
    for at_s in t_s:
        x, y, z, w = world.truth["q_BN"][round(at_s)]
        v = np.array([x, y, z])
        cross = np.array([[0, -z, y], [z, 0, -x], [-y, x, 0]])
        dcm = (w * w - v @ v) * np.eye(3) + 2 * np.outer(v, v) - 2 * w * cross
        q.append(quaternion_from_dcm(error @ dcm))
    return {**TELEMETRY, "estimates": {"t_s": list(t_s), "q_BN": q}}


KNOW = {"kind": "knowledge_below", "limit": 0.5, "from_s": 100}


@pytest.mark.parametrize("size_deg", [0.0, 0.3, 0.49, 0.51, 170.0])
def test_knowledge_is_the_rotation_between_estimate_and_truth(world, size_deg):
    size = math.radians(size_deg)
    given = estimates(world, [0.48 * size, -0.6 * size, 0.64 * size], range(100, 900, 7))
    (row,) = rows(world, KNOW, given)
    assert row["value"] == pytest.approx(size_deg, abs=1e-5)
    assert row["pass"] == (size_deg < 0.5)


def test_a_transposed_estimate_does_not_pass(world):
    given = estimates(world, [0.0, 0.0, 0.0], range(100, 900, 7))
    q = np.array(given["estimates"]["q_BN"])
    given["estimates"]["q_BN"] = -q  # the same rotation
    assert rows(world, KNOW, given)[0]["pass"]
    given["estimates"]["q_BN"] = q * [-1, -1, -1, 1]  # its inverse
    assert not rows(world, KNOW, given)[0]["pass"]
    given["estimates"]["q_BN"] = q[:, [3, 0, 1, 2]]  # scalar first
    assert not rows(world, KNOW, given)[0]["pass"]


def test_estimates_between_the_rows_of_truth(world):
    """A body turning slowly: half way between two rows, half a second of turning."""
    given = estimates(world, [0.0, 0.0, 0.0], range(100, 900, 7))
    late = np.array(given["estimates"]["t_s"]) + 0.5
    errors = attitude_error_deg(world, late, np.array(given["estimates"]["q_BN"]))
    rates = np.linalg.norm(world.truth["omega_BN_B_rad_s"], axis=1)[100:900:7]
    assert errors == pytest.approx(0.5 * np.degrees(rates), rel=0.02)


@pytest.mark.parametrize("bad", [float("nan"), 0.0])
def test_no_rotation_is_no_knowledge(world, bad):
    given = estimates(world, [0.0, 0.0, 0.0], range(100, 900, 7))
    given["estimates"]["q_BN"][3] = (bad,) * 4
    (row,) = rows(world, KNOW, given)
    assert row["value"] is None and not row["pass"]
    (row,) = rows(world, KNOW)
    assert row["value"] is None and not row["pass"]


def test_wheel_momentum(world):
    check = {"kind": "wheel_momentum_below", "limit": 0.8}
    world.truth["wheel_speed_rad_s"][:] = 0.0
    world.truth["wheel_speed_rad_s"][500] = [10.0, -471.0, 0.0, 100.0]
    (row,) = rows(world, check)
    assert row["value"] == pytest.approx(0.75) and row["pass"]
    assert not rows(world, {**check, "limit": 0.7})[0]["pass"]
    assert rows(world, {**check, "limit": 0.1, "from_s": 600})[0]["pass"]
    (row,) = rows(make(*LONG).world, check)
    assert row["value"] is None and not row["pass"]


def test_detumbled_declared(world):
    check = {"kind": "detumbled_declared", "limit": 0.5, "by_s": 600}
    said = {**TELEMETRY, "events": [(250.0, 0x0240, "detumbled"), (800.0, 0x0240, "detumbled")]}
    put(world, "rate_deg_s", lambda t: 0.3)
    declared, rate = rows(world, check, said)
    assert declared["pass"] and declared["value"] == 250.0
    assert rate["pass"] and rate["value"] == pytest.approx(0.3)
    put(world, "rate_deg_s", lambda t: 5.0 if t < 300 else 0.1)
    declared, rate = rows(world, check, said)
    assert declared["pass"] and not rate["pass"]  # it was not true
    declared, rate = rows(world, check)
    assert not declared["pass"] and not rate["pass"]
    assert not rows(world, {**check, "by_s": 200}, said)[0]["pass"]


def test_pointing_needs_a_target():
    with pytest.raises(ScenarioError, match="needs key 'target'"):
        load("first-light", ["check.0.kind=pointing_below"])
