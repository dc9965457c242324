"""Register-level behaviour of the rod drivers and the memory, by their data sheets."""

import pytest

from sim.devices.base import BusError
from sim.devices.drv8830 import Drv8830
from sim.devices.mb85rc1mt import Mb85rc1mt


def rod():
    return Drv8830("drv8830_x", 0.5, 30.0, 0.5)


class TestDrv8830:
    def test_powers_up_in_standby(self):
        part = rod()
        assert part.transfer(b"\x00", 2) == b"\x00\x00"
        assert part.dipole_A_m2 == 0.0

    @pytest.mark.parametrize(
        ("control", "dipole"),
        [
            (0xFD, 0.5),  # VSET 0x3F, IN1: forward
            (0xFE, -0.5),  # IN2: reverse
            (0xFC, 0.0),  # standby
            (0xFF, 0.0),  # brake
            (0x06 << 2 | 1, 0.5 * 7 / 64),
            (0x05 << 2 | 1, 0.0),  # reserved VSET
            (0x1F << 2 | 2, -0.25),
        ],
    )
    def test_drive(self, control, dipole):
        part = rod()
        part.transfer(bytes((0x00, control)), 0)
        assert part.transfer(b"\x00", 1) == bytes((control,))
        assert part.dipole_A_m2 == pytest.approx(dipole)
        assert part.voltage_V == pytest.approx(dipole / 0.5 * 5.14)
        assert part.current_A == pytest.approx(part.voltage_V / 30.0)

    def test_current_limit_is_a_fault_that_clear_and_standby_end(self):
        part = Drv8830("x", 0.5, 5.0, 0.5)
        part.transfer(b"\x00\xfd", 0)
        assert part.transfer(b"\x01", 1) == b"\x11"  # ILIMIT, FAULT
        assert part.current_A == pytest.approx(0.5)
        part.transfer(b"\x00\x00", 0)
        assert part.transfer(b"\x01", 1) == b"\x00"

    def test_loss_of_supply_forgets_the_command(self):
        part = rod()
        part.transfer(b"\x00\xfd", 0)
        part.powered = False
        assert part.dipole_A_m2 == 0.0
        with pytest.raises(BusError):
            part.transfer(b"\x00", 1)
        part.powered = True
        assert part.transfer(b"\x00", 1) == b"\x00"


class TestMb85rc1mt:
    def test_both_halves_and_readback(self):
        part = Mb85rc1mt("m")
        part.transfer(b"\x12\x34hello", 0, 0x50)
        part.transfer(b"\x12\x34world", 0, 0x51)
        assert part.transfer(b"\x12\x34", 5, 0x50) == b"hello"
        assert part.transfer(b"\x12\x34", 5, 0x51) == b"world"
        assert part.memory[0x11234:0x11239] == b"world"

    def test_current_address_read_goes_on(self):
        part = Mb85rc1mt("m")
        part.transfer(b"\x00\x00abcdef", 0, 0x50)
        assert part.transfer(b"\x00\x00", 2, 0x50) == b"ab"
        assert part.transfer(b"", 2, 0x50) == b"cd"

    def test_address_counts_over_the_halves_and_the_end(self):
        part = Mb85rc1mt("m")
        part.transfer(b"\xff\xffXY", 0, 0x50)
        assert part.transfer(b"\x00\x00", 1, 0x51) == b"Y"
        part.transfer(b"\xff\xffPQ", 0, 0x51)
        assert part.transfer(b"\xff\xff", 2, 0x51) == b"PQ"
        assert part.memory[0] == ord("Q")

    def test_one_address_byte_writes_nothing(self):
        part = Mb85rc1mt("m")
        part.transfer(b"\x55", 0, 0x50)
        assert not any(part.memory)

    def test_device_id(self):
        part = Mb85rc1mt("m")
        assert part.transfer(b"\xa0", 3, 0x7C) == b"\x00\xa7\x58"
        with pytest.raises(BusError):
            part.transfer(b"\x90", 3, 0x7C)

    def test_content_survives_loss_of_supply(self):
        part = Mb85rc1mt("m")
        part.transfer(b"\x00\x10keep", 0, 0x50)
        part.powered = False
        part.powered = True
        assert part.transfer(b"\x00\x10", 4, 0x50) == b"keep"
