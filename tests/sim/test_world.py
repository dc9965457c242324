"""The world behind the bus: time, boots, watchdog, counting, determinism, power, truth."""

import hashlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sim.protocol import E_INVAL, E_NODEV, E_RESET, Request, encode_request
from sim.scenario import load
from sim.world import World
from tests.sim.onboard import Onboard, make


def test_nothing_is_answered_before_hello():
    onboard = make(hello=False)
    assert onboard.i2c(1, 0x0C, b"\x00", 2) == (E_INVAL, b"")
    assert onboard.world.counters["refused_before_hello"] == 1
    assert onboard.hello() == (0, b"\x01")
    assert onboard.i2c(1, 0x0C, b"\x00", 2) == (0, b"\x48\x09")


def test_time_of_the_request_drives_the_grid():
    onboard = make("crystal_ppm=0")
    world = onboard.world
    for time_us, grid in ((0, 0), (99_999, 0), (100_000, 1), (100_001, 1), (1_050_000, 10)):
        onboard.time_us = time_us
        onboard.i2c(1, 0x0C)
        assert world.spacecraft.grid == grid
        assert world.t_s == pytest.approx(grid * 0.1)


def test_time_that_runs_back_is_refused_and_changes_nothing():
    onboard = make()
    onboard.time_us = 500_000
    onboard.i2c(1, 0x0C)
    grid = onboard.world.spacecraft.grid
    onboard.time_us = 499_999
    assert onboard.i2c(1, 0x60, b"\x00\xfd") == (E_INVAL, b"")
    assert onboard.world.counters["refused_time"] == 1
    assert onboard.world.spacecraft.rods[0].dipole_A_m2 == 0.0
    assert onboard.world.spacecraft.grid == grid
    onboard.time_us = 500_000
    assert onboard.i2c(1, 0x60, b"\x00\xfd") == (0, b"")


def test_hello_starts_a_boot_where_the_world_stands():
    onboard = make()
    onboard.time_us = 1_234_567
    onboard.i2c(1, 0x60, b"\x00\xfd")
    onboard.time_us = 250  # onboard clock of the next boot
    assert onboard.hello(cause=4) == (0, b"\x01")
    world = onboard.world
    assert world.spacecraft.grid == 12
    assert [cause for _, cause in world.boots] == [0, 4]
    assert world.boots[1][0] == pytest.approx(1.2, abs=1e-4)
    onboard.time_us = 100_000
    onboard.i2c(1, 0x60)
    assert world.spacecraft.grid == 13
    # A reset of the processor is none of the parts' business.
    assert world.spacecraft.rods[0].dipole_A_m2 > 0.0


def test_late_hello_moves_the_world_to_its_time():
    onboard = make()
    onboard.time_us = 400_000
    onboard.hello()
    assert onboard.world.spacecraft.grid == 4


def test_crystal_error_scales_world_time_in_whole_nanoseconds():
    for ppm, step_ns in ((0.0, 100_000_000), (20.0, 100_002_000), (-20.0, 99_998_000)):
        world = World(load("first-light", [f"crystal_ppm={ppm}"]))
        assert world.step_ns == step_ns
        assert world.spacecraft.plant.step_ns == step_ns


@pytest.mark.parametrize(
    "message",
    [
        b"",
        b"\x02" * 15,
        b"\x02\x01\x0c\x00\x05\x00\x02\x00" + bytes(8),  # announces 5 bytes, has none
        b"\x02\x01\x0c\x00\x00\x00\xff\xff" + bytes(8),  # asks for 65535
        b"\x2a\x01\x0c\x00\x00\x00\x02\x00" + bytes(8),  # unknown operation
    ],
)
def test_malformed_messages_are_refused_and_counted(message):
    world = make().world
    reply = world.exchange(message)
    assert reply[:2] == b"\xea\xff"
    assert world.counters["refused_malformed"] == 1


@settings(max_examples=200)
@given(st.binary(max_size=40))
def test_any_bytes_get_an_answer_and_the_next_request_works(message):
    onboard = _SHARED
    reply = onboard.world.exchange(message)
    assert len(reply) >= 4
    onboard.time_us = 0
    assert onboard.hello()[0] == 0
    assert onboard.i2c(1, 0x0C, b"\x00", 2) == (0, b"\x48\x09")


# A random time far ahead would fly the plant until the watchdog bites: the fuzz leaves that out.
_SHARED = make()
_SHARED.world.spacecraft.advance = lambda: False


def test_bad_hello_is_refused():
    onboard = make(hello=False)
    for tx in (b"", b"\x02\x00\x00", b"\x01\x00"):
        assert onboard.ask(1, tx=tx, rx_len=1) == (E_INVAL, b"")
    assert onboard.i2c(1, 0x0C, b"\x00", 2)[0] == E_INVAL


def test_absent_parts_and_buses():
    onboard = make()
    assert onboard.i2c(1, 0x11) == (E_NODEV, b"")
    assert onboard.i2c(2, 0x0C) == (E_NODEV, b"")
    assert onboard.i2c(9, 0x0C) == (E_NODEV, b"")
    assert onboard.ask(3, 3, 0, b"\x9f", 3) == (E_NODEV, b"")
    assert onboard.i2c(1, 0x0C) == (0, b"")  # address probe


def test_gpio_and_uart():
    onboard = make()
    assert onboard.ask(7, address=5, rx_len=1) == (0, b"\x00")
    assert onboard.ask(6, address=5, tx=b"\x01") == (0, b"")
    assert onboard.ask(7, address=5, rx_len=1) == (0, b"\x01")
    assert onboard.ask(6, address=999, tx=b"\x01")[0] == E_INVAL
    assert onboard.ask(4, tx=b"hello") == (5, b"")
    assert bytes(onboard.world.console) == b"hello"
    onboard.world.console_input += b"abc"
    assert onboard.ask(5, rx_len=2) == (2, b"ab")
    assert onboard.ask(5, rx_len=2) == (1, b"c")


def test_peek_leaves_the_part_as_it_was():
    onboard = make()
    onboard.i2c(1, 0x0C, b"\x31\x08")
    onboard.time_us = 100_000
    first = onboard.ask(9, 1, 0x0C, b"\x10", 9)
    assert first[1][0] == 1
    assert onboard.ask(9, 1, 0x0C, b"\x10", 32)[1][:9] == first[1]
    assert onboard.i2c(1, 0x0C, b"\x10", 9) == first
    assert onboard.i2c(1, 0x0C, b"\x10", 1) == (0, b"\x00")


class TestWatchdog:
    def test_reset_is_pulled_when_kicks_stop_and_lasts_until_hello(self):
        onboard = make()
        for tick in range(1, 11):
            onboard.time_us = tick * 100_000
            assert onboard.kick(tick) == (0, b"")
        onboard.time_us = 8_999_999
        assert onboard.i2c(1, 0x0C)[0] == 0
        onboard.time_us = 9_000_000  # 8 s after the last kick
        assert onboard.i2c(1, 0x0C) == (E_RESET, b"")
        assert onboard.kick(90) == (E_RESET, b"")
        world = onboard.world
        assert world.counters["watchdog_resets"] == 1
        onboard.time_us = 0
        assert onboard.hello(cause=2)[0] == 0
        assert onboard.i2c(1, 0x0C)[0] == 0
        assert world.spacecraft.grid == 90

    def test_boot_time_is_longer(self):
        onboard = make()
        onboard.time_us = 29_999_999
        assert onboard.i2c(1, 0x0C)[0] == 0
        onboard.time_us = 30_000_000
        assert onboard.i2c(1, 0x0C)[0] == E_RESET

    def test_world_stands_still_while_the_reset_is_pulled(self):
        onboard = make()
        onboard.time_us = 3_600_000_000
        assert onboard.i2c(1, 0x0C)[0] == E_RESET
        assert onboard.world.spacecraft.grid == 300

    def test_missed_ticks_are_counted_from_the_kicks(self):
        onboard = make()
        for tick in (5, 6, 7, 9, 10, 14):
            onboard.time_us = tick * 100_000 + 37
            onboard.kick(tick)
        assert onboard.world.counters["missed_ticks"] == 4
        assert onboard.world.counters["kicks"] == 6
        assert onboard.world.counters["tick_number_errors"] == 2
        onboard.kick(15)
        assert onboard.world.counters["repeated_ticks"] == 1

    def test_ticks_missed_before_a_reset_count(self):
        onboard = make()
        onboard.time_us = 100_000
        onboard.kick(1)
        onboard.time_us = 550_000
        onboard.i2c(1, 0x0C)
        onboard.time_us = 0
        onboard.hello()
        assert onboard.world.counters["missed_ticks"] == 3


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
