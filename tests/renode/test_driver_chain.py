"""Firmware's I2C driver, Renode's I2C controller (modelled), the bridge and the simulated parts in
one chain: what `--world renode` does, without Renode."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.renode.bridge_twin import I2C, PEEK, PythonBridge
from tests.renode.bridged_wire import STATUS, BridgedWire
from tests.renode.server import Server
from tests.stm32.i2c_renode import RenodeI2C
from tests.stm32.i2c_rig import NODEV, TIMEOUT, Rig

# An error in a model must fail the test, though cffi swallows it on its way through C.
pytestmark = [
    pytest.mark.filterwarnings("error::pytest.PytestUnraisableExceptionWarning"),
    pytest.mark.filterwarnings("error::pytest.PytestUnhandledThreadExceptionWarning"),
]


@pytest.fixture
def server() -> Iterator[Server]:
    with Server("crystal_ppm=0.0") as running:
        yield running


def rig_of(server: Server, bus: int, *addresses: int) -> Rig:
    bridge = PythonBridge(server.port)
    wire = BridgedWire(bridge=bridge, bus=bus, present=frozenset((*addresses, STATUS)))
    rig = Rig(RenodeI2C(wire))
    rig.i2c.status_address = STATUS
    return rig


def test_registers_of_the_parts(server: Server) -> None:
    rig = rig_of(server, 1, 0x0C, 0x6A, 0x60)
    assert rig.run(0x0C, b"\x00", 2) == (0, b"\x48\x09")
    assert rig.run(0x6A, b"\x0f", 1) == (0, b"\x6c")
    assert rig.run(0x60, b"\x00\x2a") == (0, b"")
    assert rig.run(0x60, b"\x00", 1) == (0, b"\x2a")
    assert rig.model.violations == []


@pytest.mark.parametrize("count", [1, 2, 3, 8, 9])
def test_each_read_acts_once_with_its_true_length(server: Server, count: int) -> None:
    rig = rig_of(server, 1, 0x0C)
    assert rig.run(0x0C, b"\x10", count)[0] == 0
    operations = [(r.op, r.rx_len) for r in server.requests[1:]]
    assert operations == [(PEEK, 32), (I2C, count)]


def test_octets_and_frames_through_the_modem(server: Server) -> None:
    rig = rig_of(server, 2, 0x34)
    radio = server.world.spacecraft.radio
    first, second = bytes(range(60)), bytes((5 * n) % 256 for n in range(260))
    assert radio.receive(first) and radio.receive(second)
    assert rig.run(0x34, b"\x06", 2) == (0, b"\x01\x00")  # 320 wait, 256 at once
    assert rig.run(0x34, b"\x09", 20) == (0, first[:20])
    assert rig.run(0x34, b"\x09", 256) == (0, first[20:] + second[:216])
    assert rig.run(0x34, b"\x06", 2) == (0, b"\x00\x2c")
    assert rig.run(0x34, b"\x09", 44) == (0, second[216:])
    assert rig.run(0x34, b"\x06", 2) == (0, b"\x00\x00")
    assert rig.run(0x34, b"\x02\x03") == (0, b"")
    assert rig.run(0x34, b"\x08" + second) == (0, b"")
    assert rig.run(0x34, b"\x05", 1) == (0, b"\x07")
    assert server.requests[-3].tx == b"\x08" + second
    assert rig.model.violations == []


def test_refusals_reach_the_transfer_that_met_them(server: Server) -> None:
    rig = rig_of(server, 1, 0x0C, 0x6A)
    server.world.device("ak09916").powered = False
    assert rig.run(0x0C, b"\x00", 2)[0] == NODEV
    assert rig.run(0x6A, b"\x0f", 1) == (0, b"\x6c")
    assert rig.run(0x0C, b"\x31\x08")[0] == NODEV
    assert rig.run(0x55, b"\x00", 1)[0] == NODEV  # nothing on the platform at all
    server.world.device("ak09916").powered = True
    assert rig.run(0x0C, b"\x00", 2) == (0, b"\x48\x09")
    assert rig.run(0x0C) == (0, b"")


def test_seized_in_mid_transfer(server: Server) -> None:
    rig = rig_of(server, 1, 0x0C)
    for steps in range(12):
        xfer = rig.transfer(0x0C, b"\x00", 4)
        assert rig.submit(xfer) == 0
        for _ in range(steps):
            rig.step()
        unfinished = xfer.status == -16
        rig.lib.mf_bus_seize(rig.bus)
        rig.settle()
        assert xfer.status == (TIMEOUT if unfinished else 0)
        assert rig.run(0x0C, b"\x00", 2) == (0, b"\x48\x09")
