"""The C drivers and the simulated parts understand each other: docs/icd kept on both sides."""

import math

import numpy as np
import pytest

from native.cffi.loader import ffi, lib
from sim.rotation import dcm_from_mrp, mrp_from_quaternion
from tests.sim.onboard import SUITE, make

CALM = (
    *SUITE,
    "crystal_ppm=0",
    "initial.rate_deg_s=[0.1,-0.05,0.2]",
    "environment.albedo=0",
    "spacecraft.magnetometer_2.noise_T=0",
    "spacecraft.css.noise_V=0",
    "spacecraft.css.field_of_view_deg=90",
    "spacecraft.fss.noise_rad=0",
    "spacecraft.wheels.noise_rad_s=0",
    "spacecraft.star_tracker.noise_cross_rad=0",
    "spacecraft.star_tracker.noise_roll_rad=0",
    "spacecraft.star_tracker.sun_exclusion_deg=0",
    "spacecraft.star_tracker.earth_exclusion_deg=0",
    "watchdog.boot_timeout_s=3600",
)


def carry(onboard, io, address):
    """Put the transfer that a driver filled in on the bus, and its answer back."""
    tx = bytes(ffi.buffer(io.tx, io.xfer.tx_len))
    status, data = onboard.i2c(1, address, tx, io.xfer.rx_len)
    assert status == 0
    ffi.memmove(io.rx, data, len(data))
    return io


def start(onboard, part, address):
    for step in range(part.init_steps):
        io = ffi.new("mf_sensor_io_t *")
        part.init_fill(io, step)
        assert part.init_check(carry(onboard, io, address), step) == 0
        onboard.time_us += 100_000


def read(onboard, part, address):
    io, out = ffi.new("mf_sensor_io_t *"), ffi.new("float[3]")
    part.read_fill(io)
    return part.convert(carry(onboard, io, address), out), list(out)


@pytest.fixture
def onboard():
    return make(*CALM)


def test_magnetometer_2(onboard):
    start(onboard, lib.mf_mmc5983ma, 0x30)
    onboard.time_us = 2_000_000
    status, field = read(onboard, lib.mf_mmc5983ma, 0x30)
    assert status == 0
    assert field == pytest.approx(onboard.world.truth["field_B_T"][-1], abs=1e-8)


def test_fine_sun_sensor():
    rows = [[0, 0, 1], [0, 1, 0], [-1, 0, 0]]  # boresight +x
    found = 0
    for angle_deg in (0, 60, 120, 180, 240, 300):
        half = math.radians(angle_deg / 2)
        turned = make(
            *CALM, f"spacecraft.fss.dcm_BS={rows}",
            f"initial.q_BN=[0,0,{math.sin(half)},{math.cos(half)}]",
        )  # fmt: skip
        start(turned, lib.mf_fss, 0x28)
        turned.time_us = 1_000_000
        status, sun = read(turned, lib.mf_fss, 0x28)
        true = turned.world.truth["sun_B"][-1]
        inside = true[0] > 0 and max(abs(true[1]), abs(true[2])) < true[0] * math.tan(math.pi / 3)
        assert status == (0 if inside else lib.MF_SENSOR_DARK)
        found += bool(inside)
        if inside:
            assert np.array(rows) @ sun == pytest.approx(true, abs=1e-4)
    assert 0 < found < 6


def test_coarse_sun_sensors(onboard):
    io, volts = ffi.new("mf_sensor_io_t *"), ffi.new("float *")
    seen = []
    for address in (0x48, 0x49):
        for number in range(4):
            lib.mf_ads1115_fill_start(io, number)
            carry(onboard, io, address)
            onboard.time_us += 100_000
            lib.mf_ads1115_fill_read(io)
            assert lib.mf_ads1115_convert(carry(onboard, io, address), volts) == 0
            seen.append(volts[0])
    sun_B = onboard.world.truth["sun_B"][0]
    faces = np.maximum(0.0, [side * value for value in sun_B for side in (1, -1)])
    assert seen[:3] + seen[4:7] == pytest.approx(2.5 * faces, abs=0.02)
    assert seen[3] == seen[7] == pytest.approx(2.048, abs=1e-3)


def test_wheel(onboard):
    start(onboard, lib.mf_wheel, 0x22)
    io = ffi.new("mf_sensor_io_t *")
    assert lib.mf_wheel_fill_torque(io, -3e-4) == 0
    carry(onboard, io, 0x22)
    onboard.time_us += 1_000_000
    lib.mf_wheel.read_fill(io)
    telemetry = ffi.new("mf_wheel_telemetry_t *")
    lib.mf_wheel_convert(carry(onboard, io, 0x22), telemetry)
    assert telemetry.status & lib.MF_WHEEL_DRIVEN
    assert telemetry.torque_N_m == pytest.approx(-3e-4)
    speeds = onboard.world.spacecraft.plant.wheel_speeds_rad_s
    assert telemetry.speed_rad_s == pytest.approx(speeds[2], abs=0.02)
    assert speeds[2] < -5.0
    lib.mf_wheel_fill_off(io)
    carry(onboard, io, 0x22)
    onboard.time_us += 100_000
    lib.mf_wheel.read_fill(io)
    lib.mf_wheel_convert(carry(onboard, io, 0x22), telemetry)
    assert not telemetry.status & lib.MF_WHEEL_DRIVEN


def test_star_tracker():
    # One of both ways round, the tracker looks away from the Earth.
    found = []
    for q_BN in ([0, 0, 0, 1], [1, 0, 0, 0]):
        onboard = make(*CALM, "orbit.phase_deg=80", f"initial.q_BN={q_BN}")
        io = ffi.new("mf_sensor_io_t *")
        for step in range(lib.MF_STAR_TRACKER_INIT_STEPS):
            lib.mf_star_tracker_init_fill(io, step)
            assert lib.mf_star_tracker_init_check(carry(onboard, io, 0x2A), step) == 0
        onboard.time_us = 20_000_000
        sample = ffi.new("mf_star_tracker_sample_t *")
        lib.mf_star_tracker_read_fill(io)
        if lib.mf_star_tracker_convert(carry(onboard, io, 0x2A), sample) == 0:
            dcm_SN = dcm_from_mrp(mrp_from_quaternion(list(sample.q_SN)))
            assert np.allclose(dcm_SN, onboard.world.spacecraft.plant.dcm_BN, atol=1e-6)
            assert sample.age_us == 0 and sample.stars == 18
            found.append(sample.state)
        else:
            assert sample.state == 3
    assert found == [2]
