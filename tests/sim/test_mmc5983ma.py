"""MMC5983MA magnetometer by its data sheet, and on the bus of the spacecraft."""

import numpy as np
import pytest

from sim.devices.mmc5983ma import LSB_T, Mmc5983ma
from tests.sim.onboard import make

FIELD = (30e-6, -15e-6, 45e-6)


def part(field=FIELD, offset=(0.0, 0.0, 0.0), celsius=25.0):
    return Mmc5983ma("mmc5983ma", lambda grid: field, lambda: celsius, offset)


def field_T(data):
    """18 bits of each axis, zero at 131072, 16384 counts per gauss."""
    low = [data[6] >> 6 & 3, data[6] >> 4 & 3, data[6] >> 2 & 3]
    counts = [data[2 * k] << 10 | data[2 * k + 1] << 2 | low[k] for k in range(3)]
    return (np.array(counts) - 131072) / 16384 * 1e-4


def single(sensor, control=0x01):
    sensor.transfer(bytes((0x09, control)), 0)
    sensor.grid += 1
    assert sensor.transfer(b"\x08", 1)[0] & 0x01
    return field_T(sensor.transfer(b"\x00", 7))


def test_identification_and_power_up():
    sensor = part()
    assert sensor.transfer(b"\x2f", 1) == b"\x30"
    assert sensor.transfer(b"\x08", 1) == b"\x10"
    assert field_T(sensor.transfer(b"\x00", 7)) == pytest.approx([0.0, 0.0, 0.0])
    assert sensor.transfer(b"\x09", 4) == bytes(4)  # can only be written


def test_single_measurement():
    sensor = part()
    sensor.transfer(b"\x09\x01", 0)
    assert not sensor.transfer(b"\x08", 1)[0] & 0x01
    sensor.grid = 1
    assert sensor.transfer(b"\x08", 1)[0] & 0x01
    assert field_T(sensor.transfer(b"\x00", 7)) == pytest.approx(FIELD, abs=LSB_T / 2)
    sensor.transfer(b"\x08\x01", 0)  # the flag is cleared by writing it
    assert not sensor.transfer(b"\x08", 1)[0] & 0x01
    sensor.grid = 2
    assert not sensor.transfer(b"\x08", 1)[0] & 0x01  # nothing new was asked for


def test_set_and_reset_turn_the_field_but_not_the_bridge_offset():
    offset = (4e-6, -3e-6, 2e-6)
    sensor = part(offset=offset)
    plus = single(sensor, 0x08 | 0x01)
    minus = single(sensor, 0x10 | 0x01)
    assert plus == pytest.approx(np.add(FIELD, offset), abs=LSB_T)
    assert minus == pytest.approx(np.subtract(offset, FIELD), abs=LSB_T)
    assert (plus - minus) / 2 == pytest.approx(FIELD, abs=LSB_T)
    assert single(sensor, 0x20 | 0x01) == pytest.approx(plus)  # automatic SET


def test_continuous_mode_follows_the_grid():
    samples = []
    sensor = Mmc5983ma("m", lambda grid: (grid * 1e-6, 0.0, 0.0), lambda: 0.0)
    sensor.transfer(b"\x0b\x0d", 0)  # 100 Hz
    for grid in range(1, 4):
        sensor.grid = grid
        data = sensor.transfer(b"\x00", 9)
        assert data[8] & 0x01
        samples.append(field_T(data)[0])
    assert samples == pytest.approx([1e-6, 2e-6, 3e-6], abs=LSB_T)
    slow = Mmc5983ma("m", lambda grid: (grid * 1e-6, 0.0, 0.0), lambda: 0.0)
    slow.transfer(b"\x0b\x09", 0)  # 1 Hz
    seen = set()
    for grid in range(1, 25):
        slow.grid = grid
        seen.add(round(field_T(slow.transfer(b"\x00", 7))[0] * 1e6))
    assert seen == {0, 10, 20}
    sensor.transfer(b"\x0b\x00", 0)
    sensor.grid = 9
    assert field_T(sensor.transfer(b"\x00", 7))[0] == pytest.approx(3e-6, abs=LSB_T)


def test_saturates_at_eight_gauss():
    data = None
    sensor = part((9e-4, -9e-4, 0.0))
    sensor.transfer(b"\x09\x01", 0)
    sensor.grid = 1
    data = sensor.transfer(b"\x00", 7)
    assert data[:4] == b"\xff\xff\x00\x00" and data[6] == 0xC0


def test_temperature():
    sensor = part(celsius=25.0)
    sensor.transfer(b"\x09\x02", 0)
    sensor.grid = 1
    assert sensor.transfer(b"\x08", 1)[0] & 0x02
    assert -75.0 + 0.8 * sensor.transfer(b"\x07", 1)[0] == pytest.approx(25.0, abs=0.4)


def test_inhibited_axes_and_soft_reset():
    sensor = part()
    sensor.transfer(b"\x0a\x1c", 0)
    assert single(sensor) == pytest.approx([0.0, 0.0, 0.0])
    sensor.transfer(b"\x0a\x80", 0)
    assert single(sensor) == pytest.approx(FIELD, abs=LSB_T)


def test_on_the_bus_it_shows_the_truth_and_the_coils():
    onboard = make(
        "spacecraft.magnetometer_2.noise_T=0",
        "spacecraft.magnetometer_2.coil_matrix_T_per_A_m2=[[1e-5,0,0],[2e-5,0,0],[0,0,-3e-5]]",
        "initial.rate_deg_s=0",
        "crystal_ppm=0",
    )

    def field():
        onboard.i2c(1, 0x30, b"\x09\x01")
        onboard.time_us += 100_000
        return field_T(onboard.i2c(1, 0x30, b"\x00", 7)[1])

    for _ in range(9):
        field()
    quiet = field()
    assert quiet == pytest.approx(onboard.world.truth["field_B_T"][-1], abs=LSB_T)
    onboard.i2c(1, 0x60, b"\x00\xfd")  # x rod, 0.5 A m2
    assert field() - quiet == pytest.approx([5e-6, 10e-6, 0.0], abs=0.2e-6)
    onboard.i2c(1, 0x60, b"\x00\x00")
    assert field() - quiet == pytest.approx([0.0, 0.0, 0.0], abs=0.2e-6)


def test_two_magnetometers_have_noise_of_their_own():
    onboard = make("spacecraft.magnetometer_2.noise_T=1e-7", "initial.rate_deg_s=0")
    onboard.i2c(1, 0x30, b"\x0b\x0d")
    onboard.i2c(1, 0x0C, b"\x31\x08")
    first, second = [], []
    for _ in range(70):
        onboard.time_us += 100_000
        first.append(np.frombuffer(onboard.i2c(1, 0x0C, b"\x11", 8)[1][:6], "<i2") * 0.15e-6)
        second.append(field_T(onboard.i2c(1, 0x30, b"\x00", 7)[1]))
    first, second = np.diff(first, axis=0), np.diff(second, axis=0)
    assert np.std(second) / np.sqrt(2) == pytest.approx(1e-7, rel=0.2)
    assert abs(np.corrcoef(first[:, 0], second[:, 0])[0, 1]) < 0.4
