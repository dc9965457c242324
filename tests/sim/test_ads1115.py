"""ADS1115 converter by its data sheet."""

import struct

import pytest

from sim.devices.ads1115 import Ads1115


class TestAds1115:
    def part(self, volts=(1.0, 0.25, 2.5, 2.048)):
        return Ads1115("ads1115_a", lambda channel, grid: volts[channel])

    def convert(self, part, config, steps=1):
        part.transfer(struct.pack(">BH", 1, config), 0)
        for _ in range(steps):
            part.grid += 1
            part.tick()
        return struct.unpack(">h", part.transfer(b"\x00", 2))[0]

    def test_power_up_registers(self):
        part = self.part()
        values = [part.transfer(bytes((register,)), 2).hex() for register in range(4)]
        assert values == ["0000", "8583", "8000", "7fff"]

    @pytest.mark.parametrize(
        ("gain", "full_V"), [(0, 6.144), (1, 4.096), (2, 2.048), (3, 1.024), (4, 0.512), (7, 0.256)]
    )
    def test_full_scales(self, gain, full_V):
        counts = self.convert(self.part(), 0x8103 | 4 << 12 | gain << 9 | 4 << 5)
        assert counts == min(32767, round(1.0 / full_V * 32768))

    @pytest.mark.parametrize(
        ("mux", "volts"),
        [
            (0, 0.75),
            (1, -1.048),
            (2, -1.798),
            (3, 0.452),
            (4, 1.0),
            (5, 0.25),
            (6, 2.5),
            (7, 2.048),
        ],
    )
    def test_multiplexer(self, mux, volts):
        counts = self.convert(self.part(), 0x8383 | mux << 12)
        assert counts == round(volts / 4.096 * 32768)

    def test_single_shot_takes_until_the_next_grid_point(self):
        part = self.part()
        part.transfer(struct.pack(">BH", 1, 0xC383), 0)
        assert part.transfer(b"\x01", 2)[0] & 0x80 == 0  # converting
        assert part.transfer(b"\x00", 2) == b"\x00\x00"
        part.grid = 1
        part.tick()
        assert part.transfer(b"\x01", 2)[0] & 0x80  # done, powered down
        assert part.transfer(b"\x00", 2) != b"\x00\x00"

    def test_the_slowest_rate_takes_two_grid_points(self):
        assert self.convert(self.part(), 0xC303, steps=1) == 0
        assert self.convert(self.part(), 0xC303, steps=2) == 8000

    def test_single_shot_holds_its_result_and_continuous_follows(self):
        part = Ads1115("a", lambda channel, grid: 0.1 * grid)
        first = self.convert(part, 0xC383)
        part.grid = 9
        part.tick()
        assert struct.unpack(">h", part.transfer(b"\x00", 2))[0] == first == 800
        part.transfer(struct.pack(">BH", 1, 0x4283), 0)
        seen = []
        for grid in (10, 11, 12):
            part.grid = grid
            part.tick()
            seen.append(struct.unpack(">h", part.transfer(b"\x00", 2))[0])
        assert seen == [8000, 8800, 9600]

    def test_no_start_bit_no_conversion(self):
        assert self.convert(self.part(), 0x4383) == 0

    def test_inputs_beyond_the_supply_are_clipped(self):
        assert self.convert(self.part((9.0, 0.0, -1.0, 0.0)), 0xC383) == round(3.3 / 4.096 * 32768)
        assert self.convert(self.part((9.0, 0.0, -1.0, 0.0)), 0xE383) == 0

    def test_thresholds_can_be_written_and_results_cannot(self):
        part = self.part()
        part.transfer(b"\x02\x12\x34", 0)
        part.transfer(b"\x00\x55\x55", 0)
        assert part.transfer(b"\x02", 2) == b"\x12\x34"
        assert part.transfer(b"\x00", 2) == b"\x00\x00"
