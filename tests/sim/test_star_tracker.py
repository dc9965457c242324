"""Star tracker: the register map of docs/icd/star-tracker.md, exclusion, rate, errors."""

import math
import struct

import numpy as np
import pytest

from sim.devices.mf_star_tracker import MfStarTracker, TrackerParameters
from sim.rotation import (
    apply,
    dcm_from_mrp,
    mrp_from_quaternion,
    product,
    quaternion_from_dcm,
    rotation_matrix,
    transposed,
)
from tests.sim.onboard import make

FACTS = TrackerParameters(period=5, acquisition=10, rate_max_rad_s=0.02, stars=17)
Q = (0.1, -0.2, 0.3, math.sqrt(1.0 - 0.14))


class Sky:
    blinded = False
    rate_rad_s = 0.001


def tracker(sky):
    part = MfStarTracker(
        "star_tracker", FACTS, lambda: (sky.blinded, sky.rate_rad_s), lambda grid: Q,
        lambda: 20.0, 0.1,
    )  # fmt: skip
    part.transfer(b"\x02\x00\x01", 0)
    return part


def run(part, steps):
    for _ in range(steps):
        part.grid += 1
        part.tick()


def sample(part):
    status, count, age, *q, stars, celsius = struct.unpack(">HHH4iHh", part.transfer(b"\x03", 26))
    return status, count, age, [value * 2.0**-31 for value in q], stars, celsius


def test_identification_and_off():
    sky = Sky()
    part = tracker(sky)
    part.transfer(b"\x02\x80\x00", 0)
    assert part.transfer(b"\x00", 6) == b"\x53\x54\x00\x01\x00\x00"
    run(part, 20)
    assert sample(part) == (0, 0, 0xFFFF, [0.0] * 4, 0, 320)
    assert part.transfer(b"\x10", 2) == b"\xff\xff"


def test_acquires_then_tracks_twice_a_second():
    part = tracker(Sky())
    run(part, 9)
    assert sample(part)[0] == 1  # acquiring
    run(part, 6)
    status, count, age, q, stars, _ = sample(part)
    assert (status, count, age, stars) == (0x0302, 1, 0, 17)
    assert q == pytest.approx(Q, abs=2.0**-31)
    run(part, 3)
    status, count, age, *_ = sample(part)
    assert (status, count, age) == (0x0102, 1, 3000)  # the same one, 0.3 s old
    run(part, 2)
    assert sample(part)[:3] == (0x0302, 2, 0)


@pytest.mark.parametrize(("cause", "state"), [("blinded", 3), ("rate", 4)])
def test_lost_sky_is_acquired_again(cause, state):
    sky = Sky()
    part = tracker(sky)
    run(part, 20)
    assert sample(part)[0] & 0x0100
    if cause == "blinded":
        sky.blinded = True
    else:
        sky.rate_rad_s = 0.03
    run(part, 5)
    status, _, age, q, stars, _ = sample(part)
    assert status & 7 == state and not status & 0x0100
    assert (age, q, stars) == (0xFFFF, [0.0] * 4, 0)
    sky.blinded, sky.rate_rad_s = False, 0.0
    run(part, 5)
    assert sample(part)[0] & 7 == 1
    run(part, 10)
    assert sample(part)[0] & 0x0100


def test_sample_is_held_until_status_is_read():
    part = tracker(Sky())
    run(part, 20)
    part.transfer(b"\x03", 2)
    held = part.transfer(b"\x04", 2)
    run(part, 5)
    assert part.transfer(b"\x04", 2) == held
    part.transfer(b"\x03", 2)
    assert part.transfer(b"\x04", 2) != held


# --- rotations that the tracker and the errors rest on ----------------------------------------


def test_dcm_and_quaternion_are_the_same_rotation():
    # 90 deg about z: what points along x in N is seen along -y in B.
    dcm = rotation_matrix([0.0, 0.0, math.pi / 2])
    assert apply(dcm, [1.0, 0.0, 0.0]) == pytest.approx((0.0, -1.0, 0.0), abs=1e-15)
    half = math.sqrt(0.5)
    assert quaternion_from_dcm(dcm) == pytest.approx((0.0, 0.0, half, half))
    generator = np.random.default_rng(5)
    for _ in range(200):
        q = generator.normal(size=4)
        q /= np.linalg.norm(q)
        q = q if q[3] >= 0.0 else -q
        back = quaternion_from_dcm(dcm_from_mrp(mrp_from_quaternion(q)))
        assert back == pytest.approx(q, abs=1e-12)
    for axis in range(3):
        q = [0.0, 0.0, 0.0, 1e-9]
        q[axis] = 1.0  # half a turn
        back = quaternion_from_dcm(dcm_from_mrp(mrp_from_quaternion(q)))
        assert np.abs(back) == pytest.approx(np.abs(q), abs=1e-8)


def test_products_and_small_rotations():
    a, b = rotation_matrix([0.3, -0.1, 0.2]), rotation_matrix([-0.5, 0.4, 0.9])
    assert np.allclose(product(a, b), np.array(a) @ np.array(b))
    assert np.allclose(product(a, transposed(a)), np.eye(3))
    tiny = rotation_matrix([1e-9, 0.0, -2e-9])
    assert np.allclose(tiny, [[1, -2e-9, 0], [2e-9, 1, 1e-9], [0, -1e-9, 1]], atol=1e-17)
    assert rotation_matrix([0.0, 0.0, 0.0]) == ((1, 0, 0), (0, 1, 0), (0, 0, 1))


# --- on the spacecraft ------------------------------------------------------------------------

STILL = (
    "initial.rate_deg_s=[0.2,-0.1,0.3]",
    "crystal_ppm=0",
    "spacecraft.star_tracker.sun_exclusion_deg=0",
    "spacecraft.star_tracker.noise_cross_rad=0",
    "spacecraft.star_tracker.noise_roll_rad=0",
    "watchdog.boot_timeout_s=3600",
)


def away_from_earth(*overrides, **changes):
    """A spacecraft whose tracker looks up at the start."""
    place = make(*STILL).world.spacecraft
    up_B = np.array(place.plant.dcm_BN) @ place.environment.r_BN_N[0]
    z = up_B / np.linalg.norm(up_B)
    x = np.cross([0.3, 0.9, -0.2], z)
    x /= np.linalg.norm(x)
    dcm_BS = np.array([x, np.cross(z, x), z]).T
    rows = "[" + ",".join(str([float(v) for v in row]) for row in dcm_BS) + "]"
    onboard = make(*STILL, f"spacecraft.star_tracker.dcm_BS={rows}", *overrides, **changes)
    onboard.i2c(1, 0x2A, b"\x02\x00\x01")
    return onboard, dcm_BS


def read(onboard, seconds):
    onboard.time_us += round(seconds * 1e6)
    data = onboard.i2c(1, 0x2A, b"\x03", 26)[1]
    status, count, age, *q, _, _ = struct.unpack(">HHH4iHh", data)
    return status, np.array(q) * 2.0**-31


def angle_rad(q, onboard, dcm_BS):
    """Angle between a measured q_SN and the truth of now."""
    dcm_SN = dcm_BS.T @ np.array(onboard.world.spacecraft.plant.dcm_BN)
    measured = np.array(dcm_from_mrp(mrp_from_quaternion(q)))
    cosine = 0.5 * (np.trace(measured @ dcm_SN.T) - 1.0)
    return math.acos(min(1.0, cosine))


def test_quaternion_maps_inertial_to_sensor():
    onboard, dcm_BS = away_from_earth()
    status, q = read(onboard, 10.0)
    assert status & 0x0100
    assert np.linalg.norm(q) == pytest.approx(1.0)
    assert q[3] >= 0.0
    assert angle_rad(q, onboard, dcm_BS) < 1e-6


def test_noise_is_larger_about_the_boresight():
    onboard, dcm_BS = away_from_earth(
        "spacecraft.star_tracker.noise_cross_rad=1e-3",
        "spacecraft.star_tracker.noise_roll_rad=8e-3",
        "spacecraft.star_tracker.period_s=0.1",
        "initial.rate_deg_s=[0,0,0]",
    )
    read(onboard, 10.0)
    errors = []
    for _ in range(300):
        _, q = read(onboard, 0.1)
        dcm_SN = dcm_BS.T @ np.array(onboard.world.spacecraft.plant.dcm_BN)
        turn = np.array(dcm_from_mrp(mrp_from_quaternion(q))) @ dcm_SN.T
        errors.append([turn[1, 2] - turn[2, 1], turn[2, 0] - turn[0, 2], turn[0, 1] - turn[1, 0]])
    assert np.std(np.array(errors) / 2, axis=0) == pytest.approx([1e-3, 1e-3, 8e-3], rel=0.15)


def test_misalignment_is_a_fixed_rotation_of_its_size():
    onboard, dcm_BS = away_from_earth("spacecraft.star_tracker.misalignment_deg=0.5")
    _, q = read(onboard, 10.0)
    assert math.degrees(angle_rad(q, onboard, dcm_BS)) == pytest.approx(0.5, rel=1e-4)


def test_earth_sun_and_rate_take_the_sky_away():
    onboard, _ = away_from_earth("spacecraft.star_tracker.rate_max_deg_s=0.1")
    assert read(onboard, 10.0)[0] & 7 == 4
    onboard, _ = away_from_earth("spacecraft.star_tracker.sun_exclusion_deg=180")
    assert read(onboard, 10.0)[0] & 7 == 3
    # Limb of the Earth from 500 km: 68 deg from nadir, 112 deg from straight up.
    onboard, _ = away_from_earth("orbit.altitude_km=500", "initial.rate_deg_s=[0,0,0]")
    assert read(onboard, 10.0)[0] & 7 == 2
    onboard, _ = away_from_earth(
        "orbit.altitude_km=500", "spacecraft.star_tracker.earth_exclusion_deg=90"
    )
    down = make(*STILL, "orbit.altitude_km=500").world.spacecraft
    blinded, _ = down.suite.parts[1, 0x2A]._view()
    axis_N = np.array(down.plant.dcm_BN)[2]
    nadir = -np.array(down.environment.r_BN_N[0])
    angle = math.degrees(math.acos(axis_N @ nadir / np.linalg.norm(nadir)))
    assert blinded == (angle < 68.0 + 15.0)


def test_faults_of_the_attitude_keep_it_a_rotation():
    for kind, rest in (("sign_flip", ()), ("bias_step", ("fault.star_tracker.fraction=0.3",))):
        onboard, dcm_BS = away_from_earth(
            f"fault.star_tracker.kind={kind}", "fault.star_tracker.axis=1", *rest
        )
        status, q = read(onboard, 10.0)
        assert status & 0x0100
        assert np.linalg.norm(q) == pytest.approx(1.0)
        assert angle_rad(q, onboard, dcm_BS) > 0.02
