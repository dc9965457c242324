"""The C# bridge of renode/peripherals, twice: run by Mono, and the same logic in Python.

Both speak real TCP to sim/bridges/tcp.py. The Python twin proves the conventions where no Mono is
installed, and lets the firmware's I2C driver be joined to the simulator without an emulator.
"""

from __future__ import annotations

import socket
import struct
import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

HELLO, I2C, SPI, UART_WRITE, UART_READ, WATCHDOG, PEEK = 1, 2, 3, 4, 5, 8, 9
SPI_PEEK, SPI_BUS, FLASH = 10, 3, 0x24
DATA_MAX, FIRST_PEEK = 300, 32
UART, GRID_US = 1, 100_000
E_IO, E_RESET = -5, -104


class Bridge(Protocol):
    """What Renode's I2C master, GPIO port and machine do to the bridge."""

    def time(self, machine_us: int) -> None:
        """Virtual time of the machine."""

    def write(self, bus: int, address: int, data: bytes) -> None:
        """Everything written since START, at STOP or repeated START."""

    def read(self, bus: int, address: int) -> int:
        """One byte."""

    def stop(self, bus: int, address: int) -> None:
        """FinishTransmission."""

    def status(self, bus: int) -> int:
        """One byte from the reserved address."""

    def gpio(self, level: bool) -> None:
        """Level of the watchdog's kick line."""

    def select(self, level: bool) -> None:
        """Level of the flash memory's chip select."""

    def spi(self, data: bytes) -> bytes:
        """Bytes of the SPI master, and what it reads meanwhile."""

    def look(self) -> None:
        """Periodic work of the UART bridge, every 10 ms of the machine."""

    def send(self, data: bytes) -> None:
        """Bytes out of the machine's UART."""

    def received(self) -> bytes:
        """Bytes that went to its receiver since the last time."""

    def reset(self) -> None:
        """Machine reset."""

    def resets(self) -> int:
        """Reset requests of the bridge so far."""

    def close(self) -> None:
        """End of the machine."""


@dataclass
class _Slave:
    open: bool = False
    written: bytes = b""
    ahead: bytes = b""
    taken: int = 0


@dataclass
class PythonBridge:
    """DevBusClient, DevBusI2C, DevBusI2CStatus, DevBusSpi, DevBusUart and DevBusWatchdog in one."""

    port: int
    now_us: int = 0
    reset_at_us: int = 0
    greeted: bool = False
    reset_pending: bool = False
    broken: bool = False
    requests: int = 0
    level: bool = False
    sticky: dict[int, int] = field(default_factory=dict)
    slaves: dict[tuple[int, int], _Slave] = field(default_factory=dict)
    link: socket.socket | None = None
    fetched: int = 0
    selected: bool = False
    sent: bytes = b""
    drives: bytes = b""  # what the flash memory will answer while zeros come
    to_receiver: bytearray = field(default_factory=bytearray)

    def time(self, machine_us: int) -> None:
        self.now_us = machine_us

    def write(self, bus: int, address: int, data: bytes) -> None:
        slave = self._slave(bus, address)
        if slave.open:
            self.stop(bus, address)
            slave = self._slave(bus, address)
        slave.written, slave.open = data, True

    def read(self, bus: int, address: int) -> int:
        slave = self._slave(bus, address)
        slave.open = True
        if slave.taken == len(slave.ahead) and slave.taken < DATA_MAX:
            wanted = DATA_MAX if slave.taken else FIRST_PEEK
            status, slave.ahead = self._exchange(PEEK, bus, address, slave.written, wanted)
            if status < 0:
                slave.ahead = b"\xff" * wanted
        value = slave.ahead[slave.taken] if slave.taken < len(slave.ahead) else 0xFF
        slave.taken += 1
        return value

    def stop(self, bus: int, address: int) -> None:
        slave = self.slaves.pop((bus, address), _Slave())
        status, _ = self._exchange(I2C, bus, address, slave.written, slave.taken)
        if status < 0 and not self.sticky.get(bus):
            self.sticky[bus] = min(-status, 255)

    def status(self, bus: int) -> int:
        return self.sticky.pop(bus, 0)

    def gpio(self, level: bool) -> None:
        rising, self.level = level and not self.level, level
        if rising:
            tick = (self.now_us - self.reset_at_us) // 100_000
            self._exchange(WATCHDOG, 0, 0, struct.pack("<I", tick), 0)

    def select(self, level: bool) -> None:
        if self.selected and level:
            sent, self.sent, self.drives = self.sent, b"", b""
            if sent:
                self._exchange(SPI, SPI_BUS, FLASH, sent, 0)
        self.selected = not level

    def spi(self, data: bytes) -> bytes:
        answers = bytearray()
        for value in data:
            if not self.selected or len(self.sent) >= DATA_MAX:
                answers.append(0xFF)
                continue
            if not self.drives:
                count = min(1 if len(self.sent) < 4 else 64, DATA_MAX - len(self.sent))
                status, self.drives = self._exchange(SPI_PEEK, SPI_BUS, FLASH, self.sent, count)
                if status < 0:
                    self.drives = b"\xff" * count
            answers.append(self.drives[0])
            self.drives = self.drives[1:] if value == 0 else b""
            self.sent += bytes([value])
        return bytes(answers)

    def look(self) -> None:
        grid = (self.now_us - self.reset_at_us) // GRID_US
        if grid < self.fetched:
            self.fetched = 0
        if grid == self.fetched:
            return
        self.fetched = grid
        count = DATA_MAX
        while count == DATA_MAX:
            count, data = self._exchange(UART_READ, UART, 0, b"", DATA_MAX)
            self.to_receiver += data[: max(0, count)]

    def send(self, data: bytes) -> None:
        for value in data:
            self._exchange(UART_WRITE, UART, 0, bytes([value]), 0)

    def received(self) -> bytes:
        data = bytes(self.to_receiver)
        self.to_receiver.clear()
        return data

    def reset(self) -> None:
        self.reset_at_us = self.now_us
        self.greeted = self.reset_pending = self.level = self.selected = False
        self.sent = self.drives = b""
        self.sticky.clear()
        self.slaves.clear()

    def resets(self) -> int:
        return self.requests

    def close(self) -> None:
        if self.link is not None:
            self.link.close()

    def _slave(self, bus: int, address: int) -> _Slave:
        return self.slaves.setdefault((bus, address), _Slave())

    def _exchange(
        self, op: int, bus: int, address: int, tx: bytes, rx_len: int
    ) -> tuple[int, bytes]:
        nothing = bytes(rx_len)
        if self.reset_pending:
            return E_RESET, nothing
        if self.broken:
            return E_IO, nothing
        try:
            if not self.greeted:
                self.greeted = True
                status, version = self._transact(HELLO, 0, 0, b"\x01\x00\x00", 1)
                if status < 0 or version != b"\x01":
                    raise ConnectionError(f"simulator refused hello: status {status}")
            status, data = self._transact(op, bus, address, tx, rx_len)
        except OSError:
            self.broken = True
            return E_IO, nothing
        if status == E_RESET:
            self.reset_pending = True
            self.requests += 1
        return status, data

    def _transact(
        self, op: int, bus: int, address: int, tx: bytes, rx_len: int
    ) -> tuple[int, bytes]:
        if self.link is None:
            self.link = socket.create_connection(("127.0.0.1", self.port), timeout=60.0)
        onboard_us = self.now_us - self.reset_at_us
        header = struct.pack("<BBHHHQ", op, bus, address, len(tx), rx_len, onboard_us)
        self.link.sendall(header + tx)
        reply = b""
        while len(reply) < 4 + rx_len:
            piece = self.link.recv(4 + rx_len - len(reply))
            if not piece:
                raise ConnectionError("simulator closed the connection")
            reply += piece
        return struct.unpack_from("<h", reply)[0], reply[4:]


class MonoBridge:
    """The C# classes themselves, driven through tests/renode/csharp/Console.cs."""

    def __init__(self, executable: Path, port: int) -> None:
        self._process = subprocess.Popen(
            ["mono", str(executable), str(port)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def _ask(self, *words: object) -> str:
        assert self._process.stdin is not None and self._process.stdout is not None
        print(*words, file=self._process.stdin, flush=True)
        answer = self._process.stdout.readline().strip()
        assert answer and answer != "unknown command", f"{words}: {answer!r}"
        return answer

    def time(self, machine_us: int) -> None:
        self._ask("time", machine_us)

    def write(self, bus: int, address: int, data: bytes) -> None:
        self._ask("write", bus, address, data.hex())

    def read(self, bus: int, address: int) -> int:
        return int(self._ask("read", bus, address), 16)

    def stop(self, bus: int, address: int) -> None:
        self._ask("stop", bus, address)

    def status(self, bus: int) -> int:
        return int(self._ask("status", bus), 16)

    def gpio(self, level: bool) -> None:
        self._ask("gpio", int(level))

    def select(self, level: bool) -> None:
        self._ask("select", int(level))

    def spi(self, data: bytes) -> bytes:
        return bytes.fromhex(self._ask("spi", data.hex()))

    def look(self) -> None:
        self._ask("look")

    def send(self, data: bytes) -> None:
        self._ask("send", data.hex())

    def received(self) -> bytes:
        answer = self._ask("received")
        return b"" if answer == "-" else bytes.fromhex(answer)

    def reset(self) -> None:
        self._ask("reset")

    def resets(self) -> int:
        return int(self._ask("resets"))

    def close(self) -> None:
        assert self._process.stdin is not None and self._process.stdout is not None
        self._process.stdin.close()
        self._process.stdout.close()
        self._process.wait(timeout=30)
