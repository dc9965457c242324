"""The SPI bridge against the real TCP bridge and the simulated flash memory."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

import native
from hal.drivers.w25q128 import W25q128
from tests.renode.bridge_twin import SPI, SPI_PEEK, Bridge, MonoBridge, PythonBridge
from tests.renode.server import Server
from tests.renode.test_bridge import executable

__all__ = ["executable"]  # the fixture
pytestmark = pytest.mark.filterwarnings("error::pytest.PytestUnhandledThreadExceptionWarning")


@pytest.fixture
def server(request: pytest.FixtureRequest) -> Iterator[Server]:
    """First light; with parameters of its own: these overrides."""
    with Server("crystal_ppm=0.0", *getattr(request, "param", ())) as running:
        yield running


@pytest.fixture(params=["python", "csharp"])
def bridge(request: pytest.FixtureRequest, server: Server) -> Iterator[Bridge]:
    made: Bridge
    if request.param == "csharp":
        made = MonoBridge(request.getfixturevalue("executable"), server.port)
    else:
        made = PythonBridge(server.port)
    yield made
    made.close()


class Wire:
    """The firmware's SPI: one selection, bytes out, then zeros while bytes come in."""

    def __init__(self, bridge: Bridge) -> None:
        self.bridge = bridge

    def write_readinto(self, tx: bytes | None, rx: bytearray | None) -> None:
        self.bridge.select(False)
        if tx:
            self.bridge.spi(bytes(tx))
        if rx:
            rx[:] = self.bridge.spi(bytes(len(rx)))
        self.bridge.select(True)


def operations(server: Server, op: int) -> list[tuple[bytes, int]]:
    return [(request.tx, request.rx_len) for request in server.requests if request.op == op]


def test_an_identification(server: Server, bridge: Bridge) -> None:
    bridge.time(1000)
    bridge.select(False)
    assert bridge.spi(b"\x9f\x00\x00\x00") == b"\xff\xef\x40\x18"
    assert operations(server, SPI) == []
    bridge.select(True)
    assert operations(server, SPI) == [(b"\x9f\x00\x00\x00", 0)]
    bridge.select(True)
    assert len(operations(server, SPI)) == 1


def test_the_driver_erases_programs_and_reads_back(server: Server, bridge: Bridge) -> None:
    flash = W25q128(Wire(bridge), native.copy)
    now_us = 1000
    bridge.time(now_us)
    flash.probe()
    flash.erase_sector(0x3000)
    assert flash.busy()
    now_us += 46_000
    bridge.time(now_us)
    assert not flash.busy()
    data = bytes(range(255, -1, -1))
    flash.program(0x3100, data)
    assert flash.busy()
    bridge.time(now_us + 1_000)
    assert not flash.busy()
    flash.verify(0x3100, data)
    back = bytearray(256)
    flash.read_into(0x30FF, back)
    assert bytes(back) == b"\xff" + data[:-1]
    memory = server.world.spacecraft.flash.memory
    assert memory.read(0x3100, 256) == data and memory.wear == {3: 1}
    assert server.world.spacecraft.flash.operations == 2, "a peek acts on nothing"


def test_reading_goes_ahead(server: Server, bridge: Bridge) -> None:
    bridge.time(1000)
    back = bytearray(256)
    W25q128(Wire(bridge), native.copy).read_into(0, back)
    ahead = [size for _, size in operations(server, SPI_PEEK)]
    assert ahead.count(64) == 4 and len(ahead) < 16


def test_without_a_selection_nothing_answers(server: Server, bridge: Bridge) -> None:
    bridge.time(1000)
    assert bridge.spi(b"\x9f\x00") == b"\xff\xff"
    bridge.select(False)
    bridge.select(True)
    assert operations(server, SPI) == operations(server, SPI_PEEK) == []


def test_a_selection_is_forgotten_with_the_machine(server: Server, bridge: Bridge) -> None:
    bridge.time(1000)
    bridge.select(False)
    bridge.spi(b"\x06")
    bridge.reset()
    bridge.time(2000)
    bridge.select(True)
    assert operations(server, SPI) == []
    bridge.select(False)
    assert bridge.spi(b"\x05\x00") == b"\xff\x00", "no write enable came through"


def test_a_selection_is_bounded(server: Server, bridge: Bridge) -> None:
    bridge.time(1000)
    bridge.select(False)
    answers = bridge.spi(b"\x03\x00\x00\x00" + bytes(400))
    bridge.select(True)
    assert answers[300:] == b"\xff" * 104
    assert [len(tx) for tx, _ in operations(server, SPI)] == [300]


@pytest.mark.parametrize("server", [("fault.w25q128.kind=dead",)], indirect=True)
def test_a_dead_part_drives_nothing(bridge: Bridge) -> None:
    bridge.time(1000)
    bridge.select(False)
    assert bridge.spi(b"\x9f\x00\x00\x00") == b"\xff" * 4
