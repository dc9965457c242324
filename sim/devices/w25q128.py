"""Winbond W25Q128JV-IQ serial NOR flash, 16 MiB, SPI mode 0.

Source: W25Q128JV data sheet revision F (27 March 2018): section 7 "Status and configuration
registers" with the tables of memory protection, section 8.1 for identification and instruction
codes, section 8.2 for each instruction, section 9.6 for times; these are the typical ones.

A selection is what the master sends from /CS low to /CS high: the bytes written, then zeros while
it reads. Instructions that act do so with the rising /CS, and only when the number of bytes is
right. What the part does not drive reads 0xFF (the line is pulled up).

Not modelled: dual and quad instructions, suspend and resume, security registers, SFDP, individual
block locks (WPS stays 0), the /WP pin (without function, since QE is fixed at 1 in this part);
tDP, tRES1 (3 us, two bytes on the wire) and the 5 ms after power-up in which writes are refused.
"""

from __future__ import annotations

from dataclasses import dataclass

from sim.devices.base import BusError, Device
from sim.devices.nor_memory import NorMemory
from sim.devices.w25q128_protection import CMP, SIZE, protected
from sim.faults import FaultSet
from sim.protocol import E_TIMEOUT

PAGE = 256
JEDEC_ID = b"\xef\x40\x18"
DEVICE_ID = 0x17
# Where faults find what is not memory: identification, then the three status registers.
ID_REGISTER, STATUS_REGISTER = SIZE, SIZE + 3

# Section 9.6, typical.
PROGRAM_US, SECTOR_US, BLOCK32_US, BLOCK64_US = 700, 45_000, 120_000, 150_000
CHIP_US, STATUS_US, RESET_US = 40_000_000, 10_000, 30

BUSY, WEL = 0x01, 0x02
_SRL, _LOCKS = 0x01, 0x38
_STATUS_READS = {0x05: 0, 0x35: 1, 0x15: 2}
_STATUS_WRITES = {0x01: 0, 0x31: 1, 0x11: 2}
_WRITABLE = (0xFC, CMP | _LOCKS | _SRL, 0x60)
_FACTORY = (0x00, 0x02, 0x60)  # QE set; output driver at 25 %
_ERASES = {0x20: (4096, SECTOR_US), 0x52: (32768, BLOCK32_US), 0xD8: (65536, BLOCK64_US)}
_READS = {0x03: 4, 0x0B: 5}


@dataclass
class _Operation:
    """An internal cycle: `data` is programmed, or `size` bytes erased, or registers written."""

    address: int
    data: bytes
    size: int
    registers: tuple[int, int, int] | None
    start_us: int
    end_us: int


class W25q128(Device):
    """`time_us` must be set before a transfer; it never goes back. `memory` outlives the supply.

    `operations` counts internal cycles begun. `supply_failed` is set by the fault `power_cut`: the
    part is then without power until `powered` is set again.
    """

    id_registers = frozenset(range(ID_REGISTER, ID_REGISTER + len(JEDEC_ID)))

    def __init__(
        self, name: str, faults: FaultSet | None = None, unique_id: bytes = b"\xd1\x68\x4c\x20"
    ) -> None:
        super().__init__(name, faults)
        self.memory = NorMemory(SIZE)
        self.time_us = 0
        self.operations = 0
        self.supply_failed = False
        self._unique_id = unique_id.rjust(8, b"\0")
        self._kept = list(_FACTORY)  # non-volatile status registers
        self._status = list(_FACTORY)
        self._write_enabled = self._reset_armed = False
        self._operation: _Operation | None = None
        self.power_up()

    def power_up(self) -> None:
        self._abort()
        self.supply_failed = False
        self._kept[1] &= ~_SRL
        self._quiet_until_us = 0
        self._restart()

    def supply_lost(self) -> None:
        """The supply fails now; a cycle in progress is left as far as it came."""
        self._settle()
        self._abort()
        self.powered = False

    @property
    def busy(self) -> bool:
        """An internal cycle is in progress."""
        self._settle()
        return self._operation is not None or self.faults.has("stuck_busy")

    def transfer(self, tx: bytes, rx_len: int, address: int = 0) -> bytes:
        """One selection. BusError only for the fault `timeout`: nothing acknowledges on SPI."""
        return b"\xff" * rx_len if self._hindered() else self.access(tx, rx_len, address)

    def peek(self, tx: bytes, rx_len: int, address: int = 0) -> bytes:
        """What `transfer` would answer: the instruction acts only as /CS rises."""
        if self._hindered():
            return b"\xff" * rx_len
        self._settle()
        return self._driven(tx + bytes(rx_len))[len(tx) :]

    def _hindered(self) -> bool:
        """Nothing is heard of the part. BusError for what ends the transfer itself."""
        if self.faults.has("timeout") or self.faults.strikes("slow", self.grid):
            raise BusError(E_TIMEOUT)
        silent = not self.working or self.faults.has("nack")
        return silent or self.faults.strikes("nack_storm", self.grid)

    def overwrite(self, address: int, data: bytes) -> None:
        self.memory.overwrite(address, data)

    def access(self, tx: bytes, rx_len: int, address: int) -> bytes:
        self._settle()
        sent = tx + bytes(rx_len)
        shown = self._driven(sent)
        if sent and self.time_us >= self._quiet_until_us:
            code, armed = sent[0], self._reset_armed
            self._reset_armed = False
            if not self._powered_down or code == 0xAB:
                self._act(code, sent, armed)
        return shown[len(tx) :]

    def _driven(self, sent: bytes) -> bytes:
        """What the part drives while `sent` comes in, byte by byte."""
        nothing = b"\xff" * len(sent)
        if not sent or self.time_us < self._quiet_until_us:
            return nothing
        if self._powered_down and sent[0] != 0xAB:
            return nothing
        silent, answer = self._answer(sent[0], sent)
        return (b"\xff" * silent + answer)[: len(sent)].ljust(len(sent), b"\xff")

    # --- what is read ------------------------------------------------------------------------

    def _answer(self, code: int, sent: bytes) -> tuple[int, bytes]:
        """Bytes before the part drives its output, and what it then says."""
        count = len(sent)
        if code in _STATUS_READS:
            number = _STATUS_READS[code]
            value = self._status[number]
            if number == 0:
                value |= BUSY * self.busy | WEL * self._write_enabled
            return 1, bytes((self._shown(STATUS_REGISTER + number, value),)) * (count - 1)
        if self.busy:
            return count, b""
        if code in _READS:
            silent = _READS[code]
            if count <= silent:
                return count, b""
            address = int.from_bytes(sent[1:4], "big")
            data = self.memory.read(address, count - silent)
            if self.faults.active:
                data = bytes(self._shown((address + i) % SIZE, v) for i, v in enumerate(data))
            return silent, data
        if code == 0x9F:
            return 1, self._identification(JEDEC_ID, count)
        if code == 0x90:
            pair = bytes((JEDEC_ID[0], DEVICE_ID))
            return 4, self._identification(pair[::-1] if sent[3:4] == b"\x01" else pair, count)
        if code == 0xAB:
            return 4, self._identification(bytes((DEVICE_ID,)), count)
        if code == 0x4B:
            return 5, self._identification(self._unique_id, count)
        return count, b""

    def _identification(self, value: bytes, count: int) -> bytes:
        size = len(value)
        return bytes(
            self._shown(ID_REGISTER + index % size % len(JEDEC_ID), value[index % size])
            for index in range(count)
        )

    def _shown(self, register: int, value: int) -> int:
        return self.faulty(register, value) if self.faults.active else value

    # --- what is done ------------------------------------------------------------------------

    def _act(self, code: int, sent: bytes, armed: bool) -> None:
        """The instruction, as /CS rises."""
        count = len(sent)
        if code == 0x66 and count == 1:
            self._reset_armed = True
        elif code == 0x99 and count == 1 and armed:
            self._abort()
            self._restart()
            self._quiet_until_us = self.time_us + RESET_US
        elif self.busy:
            return
        elif code == 0xAB:
            self._powered_down = False
        elif count == 1 and code in (0x06, 0x04):
            self._write_enabled = code == 0x06
        elif count == 1 and code == 0x50:
            self._volatile_write = True
        elif count == 1 and code == 0xB9:
            self._powered_down = True
        elif code in _STATUS_WRITES:
            self._write_status(_STATUS_WRITES[code], sent[1:])
        elif not self._write_enabled:
            return
        elif code == 0x02 and count > 4:
            self._program(int.from_bytes(sent[1:4], "big"), sent[4:])
        elif code in _ERASES and count == 4:
            size, duration_us = _ERASES[code]
            self._erase(int.from_bytes(sent[1:4], "big") & -size, size, duration_us)
        elif code in (0xC7, 0x60) and count == 1:
            self._erase(0, SIZE, CHIP_US)

    def _program(self, address: int, data: bytes) -> None:
        """Bytes beyond the end of the page go on at its start; the last 256 count."""
        if self._is_protected(address, address + 1):
            return
        page = bytearray(b"\xff" * PAGE)
        for index, value in enumerate(data):
            page[(address + index) % PAGE] = value
        self._begin(_Operation(address & -PAGE, bytes(page), 0, None, 0, PROGRAM_US))

    def _erase(self, address: int, size: int, duration_us: int) -> None:
        if not self._is_protected(address, address + size):
            self._begin(_Operation(address, b"", size, None, 0, duration_us))

    def _is_protected(self, first: int, end: int) -> bool:
        low, high = protected(self._status[0], self._status[1])
        return first < high and low < end

    def _write_status(self, number: int, values: bytes) -> None:
        """01h takes register 1, or 1 and 2; 31h and 11h one; locked until power-up by SRL."""
        volatile, self._volatile_write = self._volatile_write, False
        if len(values) not in ((1, 2) if number == 0 else (1,)) or self._status[1] & _SRL:
            return
        registers = list(self._status)
        for index, value in enumerate(values, number):
            mask = _WRITABLE[index]
            registers[index] = registers[index] & ~mask | value & mask
        if volatile and not self._write_enabled:
            registers[1] = registers[1] & ~_LOCKS | self._status[1] & _LOCKS
            self._status = registers
        elif self._write_enabled:
            registers[1] |= self._kept[1] & _LOCKS  # one-time programmable
            three = (registers[0], registers[1], registers[2])
            self._begin(_Operation(0, b"", 0, three, 0, STATUS_US))

    def _begin(self, operation: _Operation) -> None:
        """Start an internal cycle; `end_us` of the operation is its duration until now."""
        self.operations += 1
        operation.start_us = self.time_us
        operation.end_us += self.time_us
        self._operation = operation
        for fault in self.faults.active:
            if fault.kind == "power_cut" and fault.operation in (None, self.operations):
                self._finish(operation, min(1.0, max(0.0, fault.fraction)))
                self._operation = None
                self.supply_failed = True
                self.powered = False

    def _settle(self) -> None:
        """End the cycle whose time is over."""
        operation = self._operation
        if operation is not None and self.time_us >= operation.end_us:
            self._finish(operation, 1.0)
            self._operation = None
            self._write_enabled = False

    def _abort(self) -> None:
        operation, self._operation = self._operation, None
        if operation is not None:
            duration_us = operation.end_us - operation.start_us
            self._finish(operation, min(1.0, (self.time_us - operation.start_us) / duration_us))

    def _finish(self, operation: _Operation, fraction: float) -> None:
        """Do the first `fraction` of a cycle."""
        address = operation.address
        if operation.registers is not None:
            if fraction >= 1.0:
                self._kept = list(operation.registers)
                self._status = list(operation.registers)
        elif operation.data:
            if not self.faults.has("program_fail"):
                self.memory.program_partly(address, operation.data, fraction)
        elif not self.faults.has("erase_fail"):
            self.memory.erase_partly(address, operation.size, fraction)

    def _restart(self) -> None:
        """Volatile state as after power-up or reset."""
        self._status = list(self._kept)
        self._write_enabled = False
        self._volatile_write = False
        self._powered_down = False
        self._reset_armed = False
