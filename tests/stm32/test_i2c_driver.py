"""The I2C driver against both peripheral models: silicon (levels) and Renode (pulses)."""

from __future__ import annotations

import pytest

from tests.stm32.i2c_renode import RenodeI2C
from tests.stm32.i2c_rig import BUSY, INVAL, IO, NODEV, TIMEOUT, Rig, clean
from tests.stm32.i2c_silicon import CCR, CR1, CR2, OAR1, PE, STOP, TRISE, SiliconI2C
from tests.stm32.i2c_slave import Slave, Wire

# An error in a model must fail the test, though cffi swallows it on its way through C.
pytestmark = pytest.mark.filterwarnings("error::pytest.PytestUnraisableExceptionWarning")


PART, OTHER, ABSENT = 0x0C, 0x6A, 0x33
MODELS: dict[str, type[SiliconI2C] | type[RenodeI2C]] = {"silicon": SiliconI2C, "renode": RenodeI2C}


@pytest.fixture(params=sorted(MODELS))
def rig(request: pytest.FixtureRequest) -> Rig:
    return Rig(MODELS[request.param](Wire({PART: Slave(), OTHER: Slave()})))


@pytest.fixture
def silicon() -> Rig:
    return Rig(SiliconI2C(Wire({PART: Slave(), OTHER: Slave()})))


@pytest.mark.parametrize("count", [1, 2, 3, 4, 5, 6, 7, 8, 12, 64, 256])
def test_register_read(rig: Rig, count: int) -> None:
    status, data = rig.run(PART, b"\x10", count)
    assert status == 0
    assert data == bytes((0x10 + i) % 256 for i in range(count))
    write, read = rig.model.wire.log
    assert (write.read, bytes(write.data), write.stopped) == (False, b"\x10", False)
    assert (read.read, len(read.data), read.stopped) == (True, count, True)
    assert not read.last_acknowledged
    clean(rig)


@pytest.mark.parametrize("count", [1, 2, 3, 4, 8])
def test_read_without_a_write(rig: Rig, count: int) -> None:
    assert rig.run(PART, b"", count) == (0, bytes(range(count)))
    assert [t.read for t in rig.model.wire.log] == [True]
    clean(rig)


@pytest.mark.parametrize("count", [1, 2, 3, 4, 66])
def test_write(rig: Rig, count: int) -> None:
    data = bytes([0x40]) + bytes((7 * i) % 256 for i in range(count - 1))
    assert rig.run(PART, data) == (0, b"")
    (write,) = rig.model.wire.log
    assert bytes(write.data) == data and write.stopped
    clean(rig)


def test_address_probe(rig: Rig) -> None:
    assert rig.run(PART) == (0, b"")
    assert rig.run(ABSENT) == (NODEV, b"")
    assert [(t.address, len(t.data)) for t in rig.model.wire.log] == [(PART, 0), (ABSENT, 0)]
    clean(rig)


@pytest.mark.parametrize(("tx", "rx_len"), [(b"\x00", 0), (b"", 1), (b"", 4), (b"\x00\x01", 6)])
def test_absent_address_then_the_next_transfer(rig: Rig, tx: bytes, rx_len: int) -> None:
    assert rig.run(ABSENT, tx, rx_len)[0] == NODEV
    assert rig.i2c.nacks == 1
    assert rig.run(PART, b"\x20", 2) == (0, b"\x20\x21")
    clean(rig)


@pytest.mark.parametrize("refused", [0, 1, 2])
def test_refused_data_byte_ends_with_a_stop(silicon: Rig, refused: int) -> None:
    silicon.model.wire.slaves[PART].refuse_byte = refused
    assert silicon.run(PART, b"\x10\x01\x02\x03")[0] == IO
    assert silicon.model.wire.log[-1].stopped
    silicon.model.wire.slaves[PART].refuse_byte = None
    assert silicon.run(PART, b"\x20", 1) == (0, b"\x20")
    clean(silicon)


def test_queued_transfers_follow_one_another(rig: Rig) -> None:
    jobs = [(PART, b"\x01", 6), (ABSENT, b"\x02", 1), (OTHER, b"\x03\x04", 0), (PART, b"\x05", 1)]
    queue = [rig.transfer(*job) for job in jobs]
    assert [rig.submit(xfer) for xfer in queue] == [0, 0, 0, 0]
    assert rig.submit(queue[3]) == BUSY
    rig.settle()
    assert [xfer.status for xfer in queue] == [0, NODEV, 0, 0]
    assert bytes(rig.ffi.buffer(queue[0].rx, 6)) == bytes(range(1, 7))
    assert queue[3].rx[0] == 5
    assert (rig.bus.transfers, rig.bus.errors, rig.bus.aborts) == (4, 1, 0)
    clean(rig)


@pytest.mark.parametrize("latency_us", [1, 10, 22, 23, 30, 50, 100])
@pytest.mark.parametrize("count", [1, 2, 3, 5])
def test_late_handlers_cost_no_data(silicon: Rig, latency_us: int, count: int) -> None:
    silicon.latency_ns = latency_us * 1000
    for _ in range(2):
        status, data = silicon.run(PART, b"\x10", count)
        assert (status, data) == (0, bytes(range(0x10, 0x10 + count)))
        surplus = len(silicon.model.wire.log[-1].data) - count
        assert surplus in ((0,) if latency_us < 20 else (0, 1))
        assert not silicon.model.wire.log[-1].last_acknowledged
    clean(silicon)


def test_stuck_bus_times_out_and_is_cleared(silicon: Rig) -> None:
    silicon.model.wire.held_low = 8
    clears = silicon.model.wire.clears
    assert silicon.run(PART, b"\x10", 2)[0] == TIMEOUT
    assert silicon.model.wire.clears == clears, "an abort may run with interrupts off: no clocks"
    assert silicon.bus.aborts == 1
    assert silicon.run(PART, b"\x10", 2) == (0, b"\x10\x11")
    assert silicon.model.wire.clears == clears + 1 and silicon.i2c.stuck == 0
    assert silicon.run(PART, b"\x10", 2) == (0, b"\x10\x11")
    assert silicon.model.wire.clears == clears + 1
    clean(silicon)


def test_abort_is_short(silicon: Rig) -> None:
    """At 60 ns an access, well within the 5 us that interrupts may be off."""
    silicon.submit(silicon.transfer(PART, b"\x10", 4))
    silicon.step()
    before = silicon.model.accesses
    silicon.lib.mf_bus_seize(silicon.bus)
    assert silicon.model.accesses - before <= 16


def test_bus_that_stays_stuck_is_counted(silicon: Rig) -> None:
    silicon.model.wire.held_low = 1000
    for count in range(3):
        assert silicon.run(PART, b"\x10", 2)[0] == TIMEOUT
        assert silicon.i2c.stuck == count
    clean(silicon)


def test_abort_at_every_point_of_a_transfer(rig: Rig) -> None:
    """Seize after 0, 1, 2 ... steps; afterwards the bus works and no late completion arrives."""
    for steps in range(60):
        xfer = rig.transfer(PART, b"\x30\x31", 0) if steps % 3 else rig.transfer(PART, b"\x30", 5)
        follower = rig.transfer(OTHER, b"\x00", 1)
        assert rig.submit(xfer) == 0 and rig.submit(follower) == 0
        for _ in range(steps // 3):
            rig.step()
        ended = xfer.status != BUSY
        rig.lib.mf_bus_seize(rig.bus)
        assert xfer.status == (0 if ended else TIMEOUT)
        assert follower.status in ((TIMEOUT, 0) if ended else (TIMEOUT,))
        transfers = rig.bus.transfers
        rig.settle()
        assert rig.bus.transfers == transfers
        assert rig.run(PART, b"\x30\x77") == (0, b"")
        assert rig.run(PART, b"\x30", 2) == (0, b"\x77\x31")
        rig.run(PART, b"\x30\x30")
    assert rig.model.violations == []
    assert rig.lib.shim_locked == 0


@pytest.mark.parametrize(
    "flag", [1 << 8, 1 << 9, 1 << 11, 1 << 14], ids=["BERR", "ARLO", "OVR", "TIMEOUT"]
)
def test_wire_error_ends_the_transfer(silicon: Rig, flag: int) -> None:
    xfer = silicon.transfer(PART, b"\x10", 4)
    silicon.submit(xfer)
    for _ in range(4):
        silicon.step()
    silicon.model.sr1 |= flag
    silicon.lib.mf_stm32_i2c_error(silicon.i2c)
    assert xfer.status == IO and silicon.i2c.bus_errors == 1
    silicon.settle()
    assert silicon.run(PART, b"\x10", 4) == (0, b"\x10\x11\x12\x13")
    clean(silicon)


def test_interrupt_without_a_transfer_is_counted_and_quiet(rig: Rig) -> None:
    rig.lib.mf_stm32_i2c_event(rig.i2c)
    rig.lib.mf_stm32_i2c_error(rig.i2c)
    assert rig.i2c.spurious == 2
    assert rig.model.interrupt() == ""


def test_renode_status_byte_becomes_the_result() -> None:
    wire = Wire({PART: Slave(), 0x7E: Slave(memory=bytearray([0] * 256))})
    rig = Rig(RenodeI2C(wire))
    rig.i2c.status_address = 0x7E
    assert rig.run(PART, b"\x10", 3) == (0, b"\x10\x11\x12")
    assert [t.address for t in wire.log] == [PART, PART, 0x7E]
    for errno in (5, 19, 110):
        wire.slaves[0x7E].memory[:] = bytes([errno] * 256)
        assert rig.run(PART, b"\x10", 3)[0] == -errno
        assert rig.run(PART, b"\x10\x11")[0] == -errno
    wire.slaves[0x7E].memory[:] = bytes(256)
    assert rig.run(ABSENT, b"\x10")[0] == NODEV
    assert wire.log[-1].address == ABSENT  # the master saw that itself: nothing to ask
    assert rig.run(PART, b"\x20", 1) == (0, b"\x20")
    clean(rig)


def test_bad_transfers_are_refused_without_touching_the_wire(rig: Rig) -> None:
    too_high = rig.transfer(0x80, b"\x00")
    wrong_op = rig.transfer(PART, b"\x00")
    wrong_op.op = 3
    for xfer in (too_high, wrong_op):
        assert rig.submit(xfer) == 0
        assert xfer.status == INVAL
    assert rig.model.wire.log == []
    assert rig.run(PART, b"\x10", 1) == (0, b"\x10")


def registers(pclk_hz: int, bus_hz: int) -> tuple[int, dict[int, int]]:
    model = SiliconI2C(Wire())
    rig = Rig(model, pclk_hz=pclk_hz, bus_hz=bus_hz)
    assert model.violations == []
    return rig.reset_status, dict(model.regs)


def test_timing_registers() -> None:
    """RM0090 27.6.8: fast mode F/S | pclk / 3 f, standard pclk / 2 f; TRISE 300 or 1000 ns."""
    status, regs = registers(42_000_000, 400_000)
    assert status == 0
    assert regs == {CR1: PE, CR2: 42, OAR1: 1 << 14, 0x0C: 0, CCR: 1 << 15 | 35, TRISE: 13}
    status, regs = registers(42_000_000, 100_000)
    assert (status, regs[CCR], regs[TRISE]) == (0, 210, 43)
    status, regs = registers(16_000_000, 400_000)
    assert (status, regs[CR2], regs[CCR], regs[TRISE]) == (0, 16, 1 << 15 | 14, 5)


@pytest.mark.parametrize(
    ("pclk_hz", "bus_hz"),
    [
        (1_000_000, 100_000),
        (43_000_000, 100_000),
        (2_000_000, 400_000),
        (42_000_000, 400_001),
        (42_000_000, 9_999),
        (0, 0),
    ],
)
def test_impossible_clocks_are_refused(pclk_hz: int, bus_hz: int) -> None:
    model = SiliconI2C(Wire({PART: Slave()}))
    rig = Rig(model, pclk_hz=pclk_hz, bus_hz=bus_hz)
    assert rig.reset_status == INVAL
    assert model.accesses == 0
    assert rig.run(PART, b"\x10", 1)[0] == INVAL
    rig.lib.mf_bus_seize(rig.bus)
    assert model.accesses == 0


def test_dead_peripheral_times_out_with_bounded_accesses() -> None:
    """Everything reads 0 and nothing is stored, as where no such peripheral is modelled."""

    class Dead(SiliconI2C):
        def read(self, address: int) -> int:
            super().read(CR2)
            return 0

        def write(self, address: int, value: int) -> None:
            super().read(CR2)

    rig = Rig(Dead(Wire({PART: Slave()})))
    assert rig.run(PART, b"\x10", 2)[0] == TIMEOUT
    assert rig.model.accesses < 200


def test_stop_that_never_comes_is_bounded() -> None:
    class Hanging(SiliconI2C):
        def read(self, address: int) -> int:
            value = super().read(address)
            return value | STOP if address == CR1 else value

    rig = Rig(Hanging(Wire({PART: Slave()})))
    assert rig.run(PART, b"\x10", 2) == (0, b"\x10\x11")
    assert rig.i2c.stop_waits == 1
    assert rig.model.accesses < 3000
