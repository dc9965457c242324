"""The Renode bridge against the real TCP bridge and the real devices of the simulator."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.renode.bridge_twin import (
    HELLO,
    I2C,
    PEEK,
    UART_READ,
    UART_WRITE,
    WATCHDOG,
    Bridge,
    MonoBridge,
    PythonBridge,
)
from tests.renode.server import Server

pytestmark = pytest.mark.filterwarnings("error::pytest.PytestUnhandledThreadExceptionWarning")
ROOT = Path(__file__).resolve().parents[2]
SOURCES = sorted((ROOT / "renode/peripherals").glob("*.cs"))
HARNESS = sorted((Path(__file__).parent / "csharp").glob("*.cs"))
MAG, EPS, RADIO, FRAM = (1, 0x0C), (2, 0x18), (2, 0x34), (2, 0x50)


@pytest.fixture(scope="session")
def executable(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The C# bridge compiled against the interfaces it uses."""
    if shutil.which("mcs") is None or shutil.which("mono") is None:
        pytest.skip("mcs and mono are not on the PATH: the C# bridge is not run")
    out = tmp_path_factory.mktemp("bridge") / "bridge.exe"
    subprocess.run(["mcs", "-warnaserror", f"-out:{out}", *SOURCES, *HARNESS], check=True)
    return out


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


def transfer(bridge: Bridge, part: tuple[int, int], tx: bytes, rx_len: int) -> tuple[int, bytes]:
    """One transaction as Renode's master makes it; (status byte, bytes read)."""
    if tx:
        bridge.write(*part, tx)
    data = bytes(bridge.read(*part) for _ in range(rx_len))
    bridge.stop(*part)
    return bridge.status(part[0]), data


def operations(server: Server) -> list[tuple[int, bytes, int]]:
    return [(request.op, request.tx, request.rx_len) for request in server.requests]


def test_hello_comes_first_and_reads_are_peeked_then_committed(
    server: Server, bridge: Bridge
) -> None:
    bridge.time(1234)
    assert transfer(bridge, MAG, b"\x00", 2) == (0, b"\x48\x09")
    assert operations(server) == [
        (HELLO, b"\x01\x00\x00", 1),
        (PEEK, b"\x00", 32),
        (I2C, b"\x00", 2),
    ]
    assert [request.time_us for request in server.requests] == [1234] * 3
    assert transfer(bridge, MAG, b"\x31\x08", 0) == (0, b"")
    assert operations(server)[3:] == [(I2C, b"\x31\x08", 0)]


def test_reading_ahead_pops_no_octet(server: Server, bridge: Bridge) -> None:
    """Reads of less than waits: what was only peeked, 32 or 300 octets of it, must still come."""
    octets = bytes((7 * n) % 251 for n in range(700))
    for burst in (octets[:260], octets[260:520], octets[520:]):
        assert server.world.spacecraft.radio.receive(burst)
    done = 0
    for size in (1, 31, 32, 33, 100, 247, 256):
        waiting = min(len(octets) - done, 256).to_bytes(2, "big")
        assert transfer(bridge, RADIO, b"\x06", 2) == (0, waiting)
        assert transfer(bridge, RADIO, b"\x09", size) == (0, octets[done : done + size])
        done += size
    assert done == len(octets)
    assert transfer(bridge, RADIO, b"\x06", 2) == (0, b"\x00\x00")
    assert transfer(bridge, RADIO, b"\x0a", 1) == (0, b"\x03")


@pytest.mark.parametrize("register", [0x00, 0x02])
def test_reading_ahead_clears_no_flag(server: Server, bridge: Bridge, register: int) -> None:
    """The peek of ID, or of CTRL, runs on over STATUS and must leave its flags."""
    for _ in range(9):
        server.world.spacecraft.radio.receive(b"\x55" * 256)  # eight fill the FIFO
    bridge.write(*RADIO, b"\x08\x55")  # without the carrier: transmit overflow
    bridge.stop(*RADIO)
    expected = {0x00: 0x52, 0x02: 0x02}[register]
    assert transfer(bridge, RADIO, bytes([register]), 1) == (0, bytes([expected]))
    assert transfer(bridge, RADIO, b"\x03", 1) == (0, b"\x0e")
    assert transfer(bridge, RADIO, b"\x03", 1) == (0, b"\x02")


def test_longest_frame_in_one_write(server: Server, bridge: Bridge) -> None:
    """260 octets behind the register number are one frame; one more is an overflow."""
    frame = bytes((3 * n) % 256 for n in range(260))
    assert transfer(bridge, RADIO, b"\x02\x03", 0) == (0, b"")
    assert transfer(bridge, RADIO, b"\x08" + frame, 0) == (0, b"")
    assert transfer(bridge, RADIO, b"\x05", 1) == (0, b"\x07")
    assert operations(server)[2] == (I2C, b"\x08" + frame, 0)
    assert not transfer(bridge, RADIO, b"\x03", 1)[1][0] & 0x08
    assert transfer(bridge, RADIO, b"\x08" + frame + b"\x00", 0) == (0, b"")
    assert transfer(bridge, RADIO, b"\x05", 1) == (0, b"\x07")
    assert transfer(bridge, RADIO, b"\x03", 1)[1][0] & 0x08


def test_long_read_and_write(server: Server, bridge: Bridge) -> None:
    data = bytes((11 * n) % 256 for n in range(200))
    assert transfer(bridge, FRAM, b"\x12\x34" + data, 0) == (0, b"")
    assert transfer(bridge, FRAM, b"\x12\x34", 200) == (0, data)
    assert [op for op, _, _ in operations(server)] == [HELLO, I2C, PEEK, PEEK, I2C]
    assert operations(server)[-1] == (I2C, b"\x12\x34", 200)


def test_failures_stick_to_their_bus_until_read(server: Server, bridge: Bridge) -> None:
    server.world.device("ak09916").powered = False
    status, data = transfer(bridge, MAG, b"\x00", 2)
    assert (status, data) == (19, b"\xff\xff")
    assert bridge.status(1) == 0
    assert transfer(bridge, EPS, b"\x00", 2) == (0, b"\x45\x50")
    bridge.write(*MAG, b"\x31\x08")
    bridge.stop(*MAG)
    assert (bridge.status(2), bridge.status(1), bridge.status(1)) == (0, 19, 0)
    bridge.stop(1, 0x22)  # probe of an address nobody has
    assert bridge.status(1) == 19


def test_interrupted_transaction_is_committed_by_the_next(server: Server, bridge: Bridge) -> None:
    """The master was aborted after three of six bytes: three were read."""
    bridge.write(*MAG, b"\x00")
    for _ in range(3):
        bridge.read(*MAG)
    bridge.write(*MAG, b"\x31")
    bridge.read(*MAG)
    bridge.stop(*MAG)
    commits = [operation for operation in operations(server) if operation[0] == I2C]
    assert commits == [(I2C, b"\x00", 3), (I2C, b"\x31", 1)]


def test_watchdog_kicks_by_rising_edges(server: Server, bridge: Bridge) -> None:
    for tick in range(1, 5):
        bridge.time(tick * 100_000 + 150)
        for level in (True, True, False, False):
            bridge.gpio(level)
    kicks = [request for request in server.requests if request.op == WATCHDOG]
    assert [int.from_bytes(kick.tx, "little") for kick in kicks] == [1, 2, 3, 4]
    assert server.world.watchdog.kicks == 4
    assert server.world.watchdog.missed_ticks == 0 == server.world.watchdog.number_errors


navigating = pytest.mark.parametrize("server", [("spacecraft.gnss={}",)], indirect=True)


def uart_reads(server: Server) -> list[int]:
    return [request.time_us for request in server.requests if request.op == UART_READ]


@navigating
def test_uart_is_fetched_once_per_grid_interval(server: Server, bridge: Bridge) -> None:
    """The receiver sends 100 bytes each second; they come with the fetch of the grid point."""
    came = {}
    for machine_us in range(5_000, 3_250_000, 10_000):
        bridge.time(machine_us)
        bridge.look()
        data = bridge.received()
        if data:
            came[machine_us] = data
    assert uart_reads(server) == [100_000 * n + 5_000 for n in range(1, 33)]
    assert list(came) == [105_000, 1_005_000, 2_005_000, 3_005_000]
    assert {(data[:4], len(data)) for data in came.values()} == {(b"\xb5\x62\x01\x07", 100)}


@navigating
def test_uart_after_a_reset_and_a_backlog(server: Server, bridge: Bridge) -> None:
    """Nothing was fetched for nine seconds: 900 bytes in four reads. Then the machine is reset."""
    bridge.time(9_050_000)
    bridge.look()
    assert len(bridge.received()) == 1000
    assert len(uart_reads(server)) == 4
    bridge.time(9_060_000)
    bridge.look()
    assert len(uart_reads(server)) == 4
    bridge.reset()
    bridge.time(9_070_000)
    bridge.look()
    assert len(uart_reads(server)) == 4, "the first grid interval has nothing to fetch"
    bridge.time(10_161_000)
    bridge.look()
    assert uart_reads(server)[4:] == [1_101_000]
    assert len(bridge.received()) == 100


@navigating
def test_uart_takes_messages_byte_by_byte(server: Server, bridge: Bridge) -> None:
    """CFG-MSG: no more NAV-PVT. Both frames as the interface description has them."""
    message = bytes.fromhex("b562060103000107001250")
    bridge.time(101_000)
    bridge.look()
    assert len(bridge.received()) == 100
    bridge.time(150_000)
    bridge.send(message)
    writes = [request for request in server.requests if request.op == UART_WRITE]
    assert [request.tx for request in writes] == [bytes([value]) for value in message]
    bridge.time(201_000)
    bridge.look()
    assert bridge.received() == bytes.fromhex("b5620501020006010f38")
    bridge.time(3_101_000)
    bridge.look()
    assert bridge.received() == b""


def test_uart_without_a_receiver_is_silent(server: Server, bridge: Bridge) -> None:
    bridge.time(101_000)
    bridge.look()
    bridge.send(b"ping")
    assert bridge.received() == b"" and bytes(server.world.console) == b"ping"


def test_world_resets_the_machine_once(server: Server, bridge: Bridge) -> None:
    bridge.time(100_000)
    bridge.gpio(True)
    bridge.gpio(False)
    bridge.time(20_000_000)  # far beyond the watchdog's time
    assert transfer(bridge, MAG, b"\x00", 1)[0] == 104
    assert transfer(bridge, MAG, b"\x00", 1)[0] == 104
    assert bridge.resets() == 1
    before = server.world.t_s
    bridge.reset()
    bridge.time(20_000_500)
    assert transfer(bridge, MAG, b"\x00", 1) == (0, b"\x48")
    hello = [request for request in server.requests if request.op == HELLO][-1]
    assert hello.time_us == 500
    assert len(server.world.boots) == 2 and server.world.t_s == before


def test_lost_simulator_is_an_error_not_a_hang(bridge: Bridge, server: Server) -> None:
    assert transfer(bridge, MAG, b"\x00", 1) == (0, b"\x48")
    server.__exit__(None, None, None)
    assert transfer(bridge, MAG, b"\x00", 1) == (5, b"\xff")
    assert transfer(bridge, MAG, b"\x00", 1) == (5, b"\xff")
    assert bridge.resets() == 0
