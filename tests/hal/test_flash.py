"""The flash driver on the simulated part: its work, its refusals, and every fault."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

import native
from hal.drivers.w25q128 import W25q128
from hal.errors import HalError
from sim.devices.base import BusError
from sim.devices.w25q128 import W25q128 as SimFlash
from sim.faults import Fault, FaultSet

EIO, EBUSY, ENODEV, EINVAL, EBADID, ETIMEDOUT = 5, 16, 19, 22, 84, 110
SIZE = 1 << 24


class Spi:
    """One chip select with a simulated flash on it; every selection is kept."""

    def __init__(self, part):
        self.part = part
        self.sent = []

    def write_readinto(self, tx, rx):
        self.sent.append(bytes(tx))
        try:
            data = self.part.transfer(bytes(tx), 0 if rx is None else len(rx))
        except BusError as error:
            raise OSError(-error.status) from error
        if rx is not None:
            rx[:] = data


def make(*kinds, **details):
    faults = FaultSet([Fault("w25q128", kind, **details) for kind in kinds])
    faults.advance(0.0)
    part = SimFlash("w25q128", faults)
    return part, W25q128(Spi(part), native.copy)


def settle(part, driver, time_us=45_000):
    part.time_us += time_us
    assert not driver.busy()


def fails(code, call, *arguments):
    with pytest.raises(HalError) as caught:
        call(*arguments)
    assert caught.value.code == code and caught.value.device == "w25q128"
    return caught.value


def read(driver, address, size):
    buf = bytearray(size)
    driver.read_into(address, buf)
    return bytes(buf)


def test_probe_wakes_the_part():
    part, driver = make()
    part.transfer(b"\xb9", 0)
    driver.probe()
    assert part.transfer(b"\x9f", 3) == b"\xef\x40\x18"


def test_geometry_and_limits_are_those_of_the_part():
    assert W25q128.SIZE == SIZE and W25q128.PAGE == 256 and W25q128.SECTOR == 4096
    assert (W25q128.PROGRAM_LIMIT_MS, W25q128.ERASE_LIMIT_MS) == (3, 400)


@given(st.integers(0, SIZE - 1), st.binary(min_size=1, max_size=256))
def test_what_is_programmed_is_read_and_nothing_else_is_touched(address, data):
    data = data[: 256 - address % 256]
    part, driver = make()
    driver.program(address, data)
    assert driver.busy()
    settle(part, driver, 700)
    assert read(driver, address, len(data)) == data
    driver.verify(address, data)
    page = part.memory.read(address & -256, 256)
    at = address % 256
    assert page[:at] + page[at + len(data) :] == b"\xff" * (256 - len(data))


def test_erase_and_program_again():
    part, driver = make()
    driver.program(0x10FF, b"\x00")
    settle(part, driver)
    driver.erase_sector(0x1000)
    part.time_us += 44_999
    assert driver.busy()
    settle(part, driver, 1)
    assert read(driver, 0x10FF, 1) == b"\xff"
    assert part.memory.wear == {1: 1}


def test_work_is_refused_while_it_is_busy():
    part, driver = make()
    driver.erase_sector(0)
    for call in (
        lambda: driver.program(0, b"x"),
        lambda: driver.erase_sector(0),
        lambda: driver.read_into(0, bytearray(1)),
        lambda: driver.verify(0, b"x"),
        driver.probe,
    ):
        fails(EBUSY, call)
    settle(part, driver)
    assert part.operations == 1


@pytest.mark.parametrize("address", [-1, SIZE, 1 << 29])
def test_addresses_outside_are_refused_without_traffic(address):
    _, driver = make()
    fails(EINVAL, driver.program, address, b"x")
    fails(EINVAL, driver.erase_sector, address)
    fails(EINVAL, driver.read_into, address, bytearray(1))
    fails(EINVAL, driver.verify, address, b"x")
    assert driver._bus.sent == []


@pytest.mark.parametrize(
    ("method", "address", "buf"),
    [
        ("program", 0xFF, bytes(2)),  # crosses the page
        ("program", 0, bytes(257)),
        ("program", 0, b""),
        ("read_into", 0, bytearray()),
        ("read_into", 0, bytearray(257)),
        ("read_into", SIZE - 1, bytearray(2)),
        ("verify", SIZE - 1, bytes(2)),
        ("verify", 0, bytes(257)),
    ],
)
def test_sizes_that_cannot_be_are_refused_without_traffic(method, address, buf):
    _, driver = make()
    fails(EINVAL, getattr(driver, method), address, buf)
    assert driver._bus.sent == []


@pytest.mark.parametrize("address", [1, 0x800, 0xFFF])
def test_erase_wants_the_start_of_a_sector(address):
    _, driver = make()
    fails(EINVAL, driver.erase_sector, address)


def test_the_last_byte_is_within_reach():
    part, driver = make()
    driver.program(SIZE - 1, b"\x5a")
    settle(part, driver)
    driver.verify(SIZE - 1, b"\x5a")
    assert read(driver, SIZE - 1, 1) == b"\x5a"
    driver.erase_sector(SIZE - 4096)


@pytest.mark.parametrize(
    ("kind", "code"), [("nack", ENODEV), ("dead", ENODEV), ("timeout", ETIMEDOUT)]
)
def test_part_that_does_not_answer(kind, code):
    _, driver = make(kind)
    for call in (
        driver.probe,
        driver.busy,
        lambda: driver.program(0, b"x"),
        lambda: driver.erase_sector(0),
        lambda: driver.read_into(0, bytearray(1)),
        lambda: driver.verify(0, b"x"),
    ):
        fails(code, call)


def test_output_stuck_low_is_no_write_enable_and_another_part():
    part, driver = make("stuck", value=0)
    fails(EBADID, driver.probe)
    fails(EIO, driver.program, 0, b"x")
    fails(EIO, driver.erase_sector, 0)
    assert part.operations == 0


def test_another_part_is_noticed():
    _, driver = make("wrong_id")
    fails(EBADID, driver.probe)


def test_part_that_never_gets_ready_and_what_reset_does_about_it():
    part, driver = make("stuck_busy", until_s=1.0)
    part.time_us += 10**9
    assert driver.busy()
    fails(EBUSY, driver.program, 0, b"x")
    part.faults.advance(1.0)
    driver.reset()
    part.time_us += 30
    assert not driver.busy()
    driver.probe()


def test_reset_ends_an_erase():
    part, driver = make()
    driver.erase_sector(0)
    driver.reset()
    fails(ENODEV, driver.busy)  # 30 us without an answer
    part.time_us += 30
    assert not driver.busy()
    driver.program(0x5000, b"x")


def test_protected_memory_is_an_error_and_leaves_no_write_enable_behind():
    part, driver = make()
    part.transfer(b"\x06", 0)
    part.transfer(b"\x01\x1c", 0)
    settle(part, driver)
    for call in (lambda: driver.program(0, b"x"), lambda: driver.erase_sector(0)):
        call()
        fails(EIO, driver.busy)
        assert not driver.busy()
        assert part.transfer(b"\x05", 1) == b"\x1c"


@pytest.mark.parametrize("kind", ["program_fail", "erase_fail"])
def test_cells_that_fail_are_found_by_reading_back(kind):
    part, driver = make(kind)
    part.memory.program(0x1010, b"old")
    driver.program(0x1000, b"new")
    settle(part, driver)
    if kind == "program_fail":
        fails(EIO, driver.verify, 0x1000, b"new")
    driver.erase_sector(0x1000)
    settle(part, driver)
    if kind == "erase_fail":
        fails(EIO, driver.verify, 0x1010, b"\xff" * 3)


@pytest.mark.parametrize("at", [0, 31, 32, 99, 255])
def test_one_flipped_bit_is_found_wherever_it_is(at):
    part, driver = make("bit_flip", register=0x2000 + at, bit=3)
    driver.program(0x2000, bytes(256))
    settle(part, driver)
    fails(EIO, driver.verify, 0x2000, bytes(256))
    driver.verify(0x2000, bytes(at)) if at else None


@pytest.mark.parametrize("fraction", [0.0, 0.5, 1.0])
def test_power_cut_and_start_again(fraction):
    part, driver = make("power_cut", operation=2, fraction=fraction)
    driver.program(0, bytes(256))
    settle(part, driver)
    driver.program(256, bytes(256))
    fails(ENODEV, driver.busy)
    part.powered = True
    driver.probe()
    driver.verify(0, bytes(256))
    if fraction < 1.0:
        fails(EIO, driver.verify, 256, bytes(256))
    driver.erase_sector(0)
    settle(part, driver)
    assert read(driver, 0, 256) == b"\xff" * 256


def test_errors_are_prebuilt_and_there_is_one():
    part, driver = make("dead")
    assert fails(ENODEV, driver.probe) is fails(EINVAL, driver.program, -1, b"x")
