"""Register-level behaviour of the sensors, by their data sheets."""

import struct

import pytest

from sim.devices.ak09916 import Ak09916
from sim.devices.lsm6dso import Lsm6dso
from sim.devices.tmp108 import Tmp108


def magnetometer(field=(30e-6, -15e-6, 0.3e-6)):
    # The third axis tells the grid point at which the sample was taken.
    return Ak09916("ak09916", lambda grid: (field[0], field[1], field[2] * grid))


class TestAk09916:
    def test_identification(self):
        assert magnetometer().transfer(b"\x00", 2) == b"\x48\x09"

    def test_powers_up_in_power_down_with_nothing_ready(self):
        part = magnetometer()
        part.grid = 5
        assert part.transfer(b"\x10", 9) == bytes(9)
        assert part.transfer(b"\x31", 1) == b"\x00"

    def test_continuous_mode_gives_one_sample_per_grid_point(self):
        part = magnetometer()
        part.transfer(b"\x31\x08", 0)
        assert part.transfer(b"\x10", 1) == b"\x00"  # still measuring
        part.grid = 1
        status, x, y, z, temperature, status2 = struct.unpack("<BhhhBB", part.transfer(b"\x10", 9))
        assert (status, x, y, z, temperature, status2) == (1, 200, -100, 2, 0, 0)
        assert part.transfer(b"\x10", 1) == b"\x00"  # read: not ready until the next one
        part.grid = 2
        assert struct.unpack("<Bhhh", part.transfer(b"\x10", 7))[3] == 4

    def test_overrun_is_flagged_when_a_sample_was_skipped(self):
        part = magnetometer()
        part.transfer(b"\x31\x02", 0)
        part.grid = 1
        part.transfer(b"\x11", 8)
        part.grid = 4
        assert part.transfer(b"\x10", 1) == b"\x03"
        part.transfer(b"\x11", 8)
        part.grid = 5
        assert part.transfer(b"\x10", 1) == b"\x01"

    def test_outputs_are_held_until_status_2_is_read(self):
        part = magnetometer()
        part.transfer(b"\x31\x08", 0)
        part.grid = 1
        first = part.transfer(b"\x11", 6)
        part.grid = 2
        assert part.transfer(b"\x11", 6) == first
        part.transfer(b"\x18", 1)
        part.grid = 3
        assert part.transfer(b"\x11", 6) != first

    def test_single_measurement_returns_to_power_down(self):
        part = magnetometer()
        part.transfer(b"\x31\x01", 0)
        part.grid = 1
        assert part.transfer(b"\x10", 1) == b"\x01"
        assert part.transfer(b"\x31", 1) == b"\x00"
        part.grid = 2
        assert struct.unpack("<h", part.transfer(b"\x15", 2))[0] == 2  # sample of grid point 1

    def test_self_test_lies_within_its_limits(self):
        part = magnetometer()
        part.transfer(b"\x31\x10", 0)
        part.grid = 1
        x, y, z = struct.unpack("<hhh", part.transfer(b"\x11", 6))
        assert -200 <= x <= 200 and -200 <= y <= 200 and -1000 <= z <= -200

    def test_overflow_saturates_and_is_flagged(self):
        part = magnetometer((6e-3, -6e-3, 0.0))
        part.transfer(b"\x31\x08", 0)
        part.grid = 1
        values = struct.unpack("<BhhhBB", part.transfer(b"\x10", 9))
        assert values[1:3] == (32752, -32752)
        assert values[5] == 0x08

    def test_overflow_by_the_sum_of_axes(self):
        part = magnetometer((2e-3, 2e-3, 1e-3))
        part.transfer(b"\x31\x08", 0)
        part.grid = 1
        assert part.transfer(b"\x18", 1) == b"\x08"

    def test_address_counts_over_the_gap_and_around(self):
        part = magnetometer()
        assert part.transfer(b"\x03", 2) == b"\x00\x00"  # 0x03, 0x10
        assert part.transfer(b"\x18", 3) == b"\x00\x48\x09"  # 0x18, 0x00, 0x01
        part.transfer(b"\x31\x08", 0)
        assert part.transfer(b"\x32", 3) == b"\x00\x00\x08"  # 0x32, 0x30, 0x31

    def test_read_only_registers_and_unknown_modes(self):
        part = magnetometer()
        part.transfer(b"\x01\x55", 0)
        assert part.transfer(b"\x01", 1) == b"\x09"
        part.transfer(b"\x31\x03", 0)
        assert part.transfer(b"\x31", 1) == b"\x00"

    def test_soft_reset(self):
        part = magnetometer()
        part.transfer(b"\x31\x08", 0)
        part.transfer(b"\x32\x01", 0)
        assert part.transfer(b"\x31", 1) == b"\x00"


def imu():
    return Lsm6dso(
        "lsm6dso",
        lambda grid: (0.1, -0.2, 0.001 * grid),
        lambda grid: (0.0, 9.80665, -9.80665),
        lambda: 27.0,
    )


class TestLsm6dso:
    def test_identification_and_power_up_values(self):
        part = imu()
        assert part.transfer(b"\x0f", 1) == b"\x6c"
        assert part.transfer(b"\x10", 3) == b"\x00\x00\x04"
        assert part.transfer(b"\x18", 1) == b"\xe0"
        part.grid = 9
        assert part.transfer(b"\x1e", 1) == b"\x00"

    @pytest.mark.parametrize(
        ("control", "mdps"),
        [(0x40, 8.75), (0x42, 4.375), (0x44, 17.5), (0x48, 35.0), (0x4C, 70.0)],
    )
    def test_gyro_full_scales(self, control, mdps):
        part = imu()
        part.transfer(bytes((0x11, control)), 0)
        part.grid = 1
        assert part.transfer(b"\x1e", 1)[0] & 2
        x, y, _ = struct.unpack("<hhh", part.transfer(b"\x22", 6))
        lsb = mdps * 1.7453292519943296e-5
        assert (x, y) == (round(0.1 / lsb), round(-0.2 / lsb))

    @pytest.mark.parametrize(
        ("control", "mg"), [(0x40, 0.061), (0x44, 0.488), (0x48, 0.122), (0x4C, 0.244)]
    )
    def test_accelerometer_full_scales(self, control, mg):
        part = imu()
        part.transfer(bytes((0x10, control)), 0)
        part.grid = 1
        assert part.transfer(b"\x1e", 1)[0] & 1
        x, y, z = struct.unpack("<hhh", part.transfer(b"\x28", 6))
        assert (x, y, z) == (0, round(1000 / mg), -round(1000 / mg))

    def test_gyro_saturates(self):
        part = Lsm6dso("i", lambda g: (9.0, -9.0, 0.0), lambda g: (0.0, 0.0, 0.0), lambda: 0.0)
        part.transfer(b"\x11\x40", 0)
        part.grid = 1
        assert struct.unpack("<hh", part.transfer(b"\x22", 4)) == (32767, -32768)

    def test_data_ready_falls_with_the_high_byte_and_rises_with_the_grid(self):
        part = imu()
        part.transfer(b"\x10\x40\x40", 0)
        part.grid = 1
        assert part.transfer(b"\x1e", 1) == b"\x07"
        part.transfer(b"\x22", 1)  # low byte only
        assert part.transfer(b"\x1e", 1) == b"\x07"
        part.transfer(b"\x22", 6)
        assert part.transfer(b"\x1e", 1) == b"\x05"
        part.transfer(b"\x28", 6)
        assert part.transfer(b"\x1e", 1) == b"\x00"
        part.grid = 2
        assert part.transfer(b"\x1e", 1) == b"\x07"

    def test_slow_accelerometer_rate(self):
        part = imu()
        part.transfer(b"\x10\xb0", 0)
        ready = []
        for grid in range(1, 15):
            part.grid = grid
            if part.transfer(b"\x1e", 1)[0] & 1:
                ready.append(grid)
                part.transfer(b"\x28", 6)
        assert ready == [6, 12]

    def test_temperature(self):
        part = imu()
        part.transfer(b"\x11\x40", 0)
        part.grid = 1
        assert struct.unpack("<h", part.transfer(b"\x20", 2))[0] == 512  # 2 K over 25 deg C

    def test_address_increment_can_be_switched_off(self):
        part = imu()
        part.transfer(b"\x12\x00", 0)
        assert part.transfer(b"\x0f", 3) == b"\x6c\x6c\x6c"

    def test_software_reset_and_read_only(self):
        part = imu()
        part.transfer(b"\x11\x40", 0)
        part.transfer(b"\x12\x05", 0)
        assert part.transfer(b"\x11", 2) == b"\x00\x04"
        part.transfer(b"\x0f\x00", 0)
        assert part.transfer(b"\x0f", 1) == b"\x6c"


class TestTmp108:
    def test_power_up_registers(self):
        part = Tmp108("t", lambda grid: 20.0)
        assert part.transfer(b"\x01", 2) == b"\x22\x10"
        assert part.transfer(b"\x02", 2) == b"\x80\x00"
        assert part.transfer(b"\x03", 2) == b"\x7f\xf0"

    @pytest.mark.parametrize(
        ("celsius", "image"),
        # SBOS663 table 4.
        [
            (127.9375, "7ff0"),
            (100, "6400"),
            (25, "1900"),
            (0.25, "0040"),
            (-25, "e700"),
            (-55, "c900"),
        ],
    )
    def test_temperature_format(self, celsius, image):
        part = Tmp108("t", lambda grid: celsius)
        assert part.transfer(b"\x00", 2).hex() == image

    def test_conversions_keep_to_their_rate(self):
        part = Tmp108("t", lambda grid: float(grid))
        seen = set()
        for grid in range(30):
            part.grid = grid
            seen.add(part.transfer(b"\x00", 2)[0])
        assert seen == {0, 10, 20}  # 1 Hz
        part.transfer(b"\x01\x62\x10", 0)  # 16 Hz: every point of the grid
        part.grid = 31
        assert part.transfer(b"\x00", 1) == bytes((31,))

    def test_shutdown_holds_and_one_shot_converts_once(self):
        part = Tmp108("t", lambda grid: float(grid))
        part.transfer(b"\x01\x20\x10", 0)
        part.grid = 7
        assert part.transfer(b"\x00", 2) == b"\x00\x00"
        part.transfer(b"\x01\x21\x10", 0)
        part.grid = 8
        assert part.transfer(b"\x00", 2) == b"\x08\x00"
        assert part.transfer(b"\x01", 2) == b"\x20\x10"
        part.grid = 9
        assert part.transfer(b"\x00", 2) == b"\x08\x00"

    def test_limit_flags_and_read_only_temperature(self):
        part = Tmp108("t", lambda grid: 60.0)
        part.transfer(b"\x03\x32\x00", 0)  # high limit 50 deg C
        part.transfer(b"\x00\x11\x22", 0)
        assert part.transfer(b"\x00", 2) == b"\x3c\x00"
        assert part.transfer(b"\x01", 1)[0] & 0x10

    def test_more_than_two_bytes_read_ones(self):
        assert Tmp108("t", lambda grid: 1.0).transfer(b"\x00", 4) == b"\x01\x00\xff\xff"
