"""Determinism of a closed loop, and what parts, power and truth say during it."""

import hashlib

import numpy as np
import pytest

from sim.protocol import E_NODEV, E_RESET, Request, encode_request
from sim.scenario import load
from sim.world import World
from tests.sim.onboard import Onboard, make


def fly(jitter_us=lambda index: 0, seed=3, ticks=300, overrides=()):
    """A closed loop of sorts; returns a digest of all answers and the final truth."""
    onboard = make(*overrides, seed=seed)
    digest = hashlib.sha256()
    frames = []
    onboard.world.on_frame.append(lambda t_s, frame: frames.append((t_s, frame)))
    onboard.world.uplink(5.0, b"command")
    onboard.i2c(1, 0x0C, b"\x31\x08")
    onboard.i2c(1, 0x6A, b"\x10\x40\x40")
    onboard.i2c(2, 0x34, b"\x02\x03")
    onboard.i2c(2, 0x18, b"\x02\x00\x07")
    for tick in range(1, ticks):
        onboard.time_us = tick * 100_000 + jitter_us(tick)
        onboard.kick(tick)
        drive = (0x20 + tick % 20) << 2 | 1 + tick % 2
        for address in (0x60, 0x61, 0x63):
            onboard.i2c(1, address, bytes((0, drive)))
        onboard.time_us = tick * 100_000 + 75_000 + jitter_us(tick)
        for answer in (
            onboard.i2c(1, 0x0C, b"\x10", 9),
            onboard.i2c(1, 0x6A, b"\x1e", 16),
            onboard.i2c(2, 0x48, b"\x00", 2),
            onboard.i2c(2, 0x18, b"\x02", 12),
            onboard.i2c(2, 0x34, b"\x03", 5),
        ):
            digest.update(repr(answer).encode())
        if tick % 10 == 0:
            onboard.i2c(2, 0x34, b"\x08" + bytes((tick & 0xFF,)) * 223)
    return digest.hexdigest(), frames, {k: v.tobytes() for k, v in onboard.world.truth.items()}


def test_same_seed_same_bytes_and_another_seed_others():
    first = fly()
    assert first == fly()
    assert len(first[1]) >= 28
    assert first[0] != fly(seed=4)[0]


def test_microseconds_within_a_grid_step_change_no_answer():
    noisy = np.random.default_rng(1).integers(0, 20_000, 1000)
    assert fly() == fly(jitter_us=lambda index: int(noisy[index]))


def test_noise_of_a_sensor_does_not_depend_on_how_often_others_are_read():
    def sample(extra):
        onboard = make()
        onboard.i2c(1, 0x0C, b"\x31\x08")
        for tick in range(1, 20):
            onboard.time_us = tick * 100_000
            if extra:
                onboard.i2c(1, 0x6A, b"\x22", 12)
                onboard.i2c(1, 0x0C, b"\x10", 9)
        onboard.time_us = 2_000_000
        return onboard.i2c(1, 0x0C, b"\x11", 8)

    assert sample(False) == sample(True)


def test_magnetometer_and_gyro_show_the_truth():
    onboard = make(
        "spacecraft.magnetometer.noise_T=0",
        "spacecraft.magnetometer.bias_T=[0,0,0]",
        "spacecraft.imu.noise_rad_s=0",
        "spacecraft.imu.bias_rad_s=[0,0,0]",
    )
    onboard.i2c(1, 0x0C, b"\x31\x08")
    onboard.i2c(1, 0x6A, b"\x11\x40")
    onboard.time_us = 10_000_000
    field = np.frombuffer(onboard.i2c(1, 0x0C, b"\x10", 9)[1][1:7], "<i2") * 0.15e-6
    omega = np.frombuffer(onboard.i2c(1, 0x6A, b"\x22", 6)[1], "<i2") * 8.75e-3
    truth = onboard.world.truth
    assert np.allclose(field, truth["field_B_T"][-1], atol=0.08e-6)
    assert np.allclose(omega, np.degrees(truth["omega_BN_B_rad_s"][-1]), atol=0.005)


def test_magnetometer_sees_the_coils_while_they_are_on():
    onboard = make("spacecraft.magnetometer.noise_T=0")
    onboard.i2c(1, 0x0C, b"\x31\x08")

    def field():
        onboard.time_us += 100_000
        return np.frombuffer(onboard.i2c(1, 0x0C, b"\x10", 9)[1][1:7], "<i2") * 0.15e-6

    quiet = field()
    onboard.i2c(1, 0x60, b"\x00\xfd")
    assert (field() - quiet)[0] == pytest.approx(50e-6, abs=3e-6)  # 0.5 A m2 at 100 uT per A m2
    onboard.i2c(1, 0x60, b"\x00\x00")
    assert abs((field() - quiet)[0]) < 3e-6


def test_switched_loads_really_lose_their_supply():
    onboard = make()
    assert onboard.i2c(2, 0x48, b"\x00", 2) == (E_NODEV, b"")  # payload off after power-up
    onboard.i2c(2, 0x18, b"\x02\x00\x02")
    assert onboard.i2c(2, 0x48, b"\x00", 2)[0] == 0
    assert onboard.i2c(1, 0x60, b"\x00", 1) == (E_NODEV, b"")  # rods off now
    onboard.i2c(2, 0x34, b"\x02\x03")
    assert onboard.i2c(2, 0x34, b"\x02", 1) == (0, b"\x02")  # no carrier without its switch


def test_rods_off_means_no_torque():
    with_rods, without = make(), make()
    without.i2c(2, 0x18, b"\x02\x00\x01")
    for onboard in (with_rods, without):
        onboard.i2c(1, 0x60, b"\x00\xfd")
        onboard.time_us = 5_000_000
        onboard.i2c(1, 0x0C)
    quiet = make()
    quiet.time_us = 5_000_000
    quiet.i2c(1, 0x0C)
    rates = [o.world.truth["omega_BN_B_rad_s"][-1] for o in (with_rods, without, quiet)]
    assert np.array_equal(rates[1], rates[2])
    assert not np.allclose(rates[0], rates[2], atol=1e-6)


def test_brown_out_pulls_the_reset():
    onboard = make("spacecraft.power.charge=0.01", "spacecraft.power.battery_Wh=0.02",
                   "spacecraft.power.panel_efficiency=0")  # fmt: skip
    onboard.time_us = 20_000_000
    assert onboard.i2c(1, 0x0C)[0] == E_RESET
    assert onboard.world.counters["brown_outs"] == 1
    assert onboard.world.counters["watchdog_resets"] == 0


def test_finished_at_the_duration():
    onboard = make("duration_s=2", "crystal_ppm=0")
    onboard.time_us = 1_999_999
    onboard.i2c(1, 0x0C)
    assert not onboard.world.finished
    onboard.time_us = 2_000_000
    onboard.i2c(1, 0x0C)
    assert onboard.world.finished


def test_truth_is_recorded_once_a_second():
    onboard = make("crystal_ppm=0", "initial.rate_deg_s=[3,4,0]")
    onboard.time_us = 10_050_000
    onboard.i2c(1, 0x0C)
    truth = onboard.world.truth
    assert truth["t_s"].tolist() == pytest.approx(list(range(11)))
    assert truth["rate_deg_s"][0] == pytest.approx(5.0)
    assert truth["q_BN"].shape == (11, 4)
    assert np.allclose(np.linalg.norm(truth["q_BN"], axis=1), 1.0)
    assert np.allclose(np.linalg.norm(truth["sun_B"], axis=1), 1.0)
    assert np.allclose(np.linalg.norm(truth["field_N_T"], axis=1), truth["field_T"])
    assert truth.last("rate_deg_s") == truth["rate_deg_s"][-1]
    assert len(truth.last("r_BN_N_m")) == 3


def test_truth_shows_what_pulsed_rods_did_over_the_second():
    onboard = make()
    for tick in range(1, 12):
        onboard.time_us = tick * 100_000
        # On for three steps of each second, off again when the truth is recorded.
        onboard.i2c(1, 0x61, b"\x00\xfd" if tick in (4, 5, 6) else b"\x00\x00")
    assert onboard.world.truth["dipole_B_A_m2"][1] == pytest.approx([0.0, 0.15, 0.0])
    assert onboard.world.truth["dipole_A_m2"][1] == pytest.approx(0.15)


def test_initial_state_comes_from_the_seed():
    def start(seed):
        truth = World(load("first-light"), seed).truth
        return truth["omega_BN_B_rad_s"][0], truth["q_BN"][0]

    assert np.array_equal(start(1)[0], start(1)[0])
    assert not np.allclose(start(1)[0], start(2)[0])
    assert not np.allclose(start(1)[1], start(2)[1])
    assert np.degrees(np.linalg.norm(start(2)[0])) == pytest.approx(10.0)


def test_bus_time_is_counted_from_bytes_and_clock():
    onboard = make()
    onboard.i2c(1, 0x0C, b"\x10", 9)  # 12 bytes of 9 bits, two starts, one stop
    onboard.i2c(1, 0x60, b"\x00\xfd")  # 3 bytes, one start, one stop
    counters = onboard.world.counters
    assert counters["adcs_bus_transfers"] == 2
    assert counters["adcs_bus_bytes"] == 15
    assert counters["adcs_bus_tick_max_us"] == pytest.approx((12 * 9 + 3 + 3 * 9 + 2) * 2.5)
    onboard.i2c(1, 0x11)
    assert onboard.world.counters["adcs_bus_errors"] == 1


def test_answers_are_ready_to_read_whatever_the_status():
    world = make().world
    for op, address in ((2, 0x0C), (2, 0x77), (3, 0), (7, 999), (5, 0)):
        reply = world.exchange(encode_request(Request(op, 1, address, 7, 0, b"")))
        assert len(reply) == 4 + 7


def test_two_worlds_do_not_share_anything():
    one, other = make(), make()
    one.time_us = 3_000_000
    one.i2c(1, 0x60, b"\x00\xfd")
    assert other.world.spacecraft.grid == 0
    assert isinstance(other, Onboard) and other.world.counters["requests"] == 1
