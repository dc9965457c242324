"""The emulator's debug port: reads and writes memory of a stopped processor.

A client of the GDB remote serial protocol (GDB manual, appendix E, "Remote Serial Protocol"), of
as much as that takes: packets `?`, `p`, `m`, `M`, `Z0`, `z0`, `s`, `c` and `D`. Registers are left
alone. Connecting stops the processor wherever it happens to be, which the guest does not notice; a
breakpoint costs it virtual time, up to its next timer (sim/bridges/injection.py).
"""

from __future__ import annotations

import socket
from pathlib import Path

from sim.errors import BridgeError

_ESCAPE, _CHUNK = 0x7D, 1024
_INTERRUPT = b"\x03"
_PC = slice(60, 64)  # r15 behind r0 to r14, of 4 octets each


def _checksum(body: bytes) -> bytes:
    return b"%02x" % (sum(body) & 0xFF)


class DebugPort:
    """A connection to the debug port at the socket `path`. Use it as a context manager.

    BridgeError for everything that goes wrong with it, and after `timeout_s` without an answer.
    """

    def __init__(self, path: Path, timeout_s: float = 10.0) -> None:
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._socket.settimeout(timeout_s)
        self._buffer = bytearray()
        try:
            self._socket.connect(str(path))
        except OSError as error:
            self._socket.close()
            raise BridgeError(f"no debug port at {path}: {error}") from error

    def __enter__(self) -> DebugPort:
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()

    def wait_stopped(self) -> None:
        """Return when the processor stands still, after connecting or at a breakpoint asked for."""
        self._expect_stop(self._ask(b"?"))

    def read(self, address: int, size: int) -> bytes:
        """`size` bytes of memory."""
        out = bytearray()
        while len(out) < size:
            count = min(_CHUNK, size - len(out))
            answer = self._ask(b"m%x,%x" % (address + len(out), count))
            if len(answer) != 2 * count:
                raise BridgeError(f"debug port: no memory at {address + len(out):#010x}")
            out += bytes.fromhex(answer.decode("ascii"))
        return bytes(out)

    def write(self, address: int, data: bytes) -> None:
        """Write memory, flash as well; it must read back."""
        for offset in range(0, len(data), _CHUNK):
            part = data[offset : offset + _CHUNK]
            packet = b"M%x,%x:%s" % (address + offset, len(part), part.hex().encode("ascii"))
            self._expect_ok(self._ask(packet), "write")
        if self.read(address, len(data)) != data:
            raise BridgeError(f"debug port: {address:#010x} does not keep what is written")

    def stop_at(self, address: int) -> None:
        """Set a breakpoint."""
        self._expect_ok(self._ask(b"Z0,%x,2" % address), "breakpoint")

    def at(self, address: int) -> bool:
        """The next instruction is the one at `address`."""
        # QEMU answers `p` with nothing to a client that has not asked for its register names.
        registers = bytes.fromhex(self._ask(b"g").decode("ascii"))
        return int.from_bytes(registers[_PC], "little") == address

    def step(self) -> None:
        """One instruction."""
        self._expect_stop(self._ask(b"s"))

    def run_a_little(self) -> None:
        """Go on, and stop again at once: wherever it then is."""
        try:
            self._send(b"c")
            self._socket.sendall(_INTERRUPT)
            self._expect_stop(self._answer())
        except OSError as error:
            raise BridgeError(f"debug port: {error}") from error

    def run(self) -> None:
        """Go on to the next breakpoint."""
        self._expect_stop(self._ask(b"c", forever=True))

    def release(self, address: int) -> None:
        """Clear the breakpoint `address` and let the processor go on for good."""
        self._expect_ok(self._ask(b"z0,%x,2" % address), "breakpoint")
        self._expect_ok(self._ask(b"D"), "detach")

    @staticmethod
    def _expect_ok(answer: bytes, what: str) -> None:
        if answer != b"OK":
            raise BridgeError(f"debug port refused a {what}: {answer.decode('ascii', 'replace')}")

    @staticmethod
    def _expect_stop(answer: bytes) -> None:
        if answer[:1] not in (b"T", b"S"):
            raise BridgeError(f"debug port: not stopped: {answer.decode('ascii', 'replace')}")

    def _ask(self, body: bytes, forever: bool = False) -> bytes:
        timeout_s = self._socket.gettimeout()
        try:
            self._send(body)
            if forever:
                self._socket.settimeout(None)
            return self._answer()
        except OSError as error:
            raise BridgeError(f"debug port: {error}") from error
        finally:
            self._socket.settimeout(timeout_s)

    def _send(self, body: bytes) -> None:
        self._socket.sendall(b"$" + body + b"#" + _checksum(body))
        self._acknowledged()

    def _answer(self) -> bytes:
        answer = self._packet()
        self._socket.sendall(b"+")
        return answer

    def _byte(self) -> int:
        if not self._buffer:
            data = self._socket.recv(4096)
            if not data:
                raise BridgeError("debug port: the emulator closed it")
            self._buffer += data
        return self._buffer.pop(0)

    def _acknowledged(self) -> None:
        while (byte := self._byte()) != ord("+"):
            if byte == ord("-"):
                raise BridgeError("debug port: a packet was damaged")

    def _packet(self) -> bytes:
        """The next packet; run-length encoding (`*`) is undone."""
        while self._byte() != ord("$"):
            pass
        body, out = bytearray(), bytearray()
        while (byte := self._byte()) != ord("#"):
            body.append(byte)
        if bytes((self._byte(), self._byte())) != _checksum(bytes(body)):
            raise BridgeError("debug port: an answer was damaged")
        index = 0
        while index < len(body):
            byte = body[index]
            if byte == ord("*") and out:
                index += 1
                out += out[-1:] * (body[index] - 29)
            elif byte == _ESCAPE:
                index += 1
                out.append(body[index] ^ 0x20)
            else:
                out.append(byte)
            index += 1
        return bytes(out)
