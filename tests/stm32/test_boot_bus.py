"""The boot block's way to the boot record: the drivers of the image, polled, on the strict model of
the I2C peripheral and a FRAM behind it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pytest

from tests.stm32.board_rig import Registers
from tests.stm32.build import ROOT, STM32, library
from tests.stm32.i2c_silicon import CR2, SiliconI2C
from tests.stm32.i2c_slave import Slave, Wire

BOOT = ROOT / "boards/obc_f405/boot"
NATIVE = ROOT / "native/src"
SOURCES = [
    BOOT / "boot_bus.c",
    *(STM32 / name for name in ("i2c.c", "pins.c", "clock.c")),
    *(NATIVE / name for name in ("drivers/stm32_i2c.c", "drivers/fram.c", "kernel/bus.c")),
    *(NATIVE / name for name in ("kernel/devbus.c", "kernel/boot_record.c", "link/crc.c")),
]
HEADERS = [ROOT / "native/include" / name for name in ("mf_bus.h", "mf_boot_record.h")]
# What the Makefile and the linker give the boot block; there is no emulator to talk to.
BESIDES = """#include "boot_bus.h"
#define MF_PIN_I2C2_SCL 0x1Au
#define MF_PIN_I2C2_SDA 0x1Bu
#define MF_FLIGHT_BUILD 0
#include "boot_handover.h"
#include "port.h"
boot_handover_t boot_handover;
int32_t semihost_open(const char *n, uint32_t m) { (void)n; (void)m; return -1; }
int32_t semihost_close(int32_t h) { (void)h; return -1; }
int32_t semihost_write(int32_t h, const void *d, uint32_t n) { (void)h; (void)d; return n != 0; }
int32_t semihost_read(int32_t h, void *d, uint32_t n) { (void)h; (void)d; return (int32_t)n; }
"""
CDEF = "mf_bus_t *boot_bus_open(void); void boot_bus_close(void);"
I2C2 = 0x40005800
GPIOB_IDR, RCC_CR = 0x40020410, 0x40023800
ICER_1, ICPR_1 = 0xE000E184, 0xE000E284
I2C2_LINES = 1 << 33 - 32 | 1 << 34 - 32
FRAM, COPY_A, COPY_B = 0x50, 0x100, 0x180
NODEV, TIMEOUT = -19, -110


@dataclass
class Fram(Slave):
    """Two address bytes; 64 KiB."""

    memory: bytearray = field(default_factory=lambda: bytearray(65536))

    def take(self, value: int) -> bool:
        if self.written == 0:
            self.pointer = value << 8
        elif self.written == 1:
            self.pointer |= value
        else:
            self.memory[self.pointer] = value
            self.pointer = (self.pointer + 1) % 65536
        self.written += 1
        return True

    def give(self) -> int:
        value = self.memory[self.pointer]
        self.pointer = (self.pointer + 1) % 65536
        return value


class Peripherals(Registers):
    """The registers, those of I2C 2 with the model behind them. Nothing interrupts: the wire goes
    on when the boot block looks whether something would have."""

    def __init__(self, model: SiliconI2C) -> None:
        super().__init__()
        self.model = model
        self.values[RCC_CR] = 0x83  # silicon: the internal oscillator is on
        self.on_read[GPIOB_IDR] = lambda value: 0xFFFF  # nobody holds the bus

    def read(self, address: int) -> int:
        if not I2C2 <= address < I2C2 + 0x24:
            return super().read(address)
        self._count(address)
        if address - I2C2 == CR2 and not self.model.interrupt():
            self.model.advance()
        return self.model.read(address - I2C2)

    def write(self, address: int, value: int) -> None:
        if not I2C2 <= address < I2C2 + 0x24:
            super().write(address, value)
            return
        self._count(address)
        self.model.write(address - I2C2, value)


class Boot:
    """The boot block's drivers on a bus with these slaves."""

    def __init__(self, slaves: dict[int, Slave]) -> None:
        self.model = SiliconI2C(Wire(slaves))
        self.registers = Peripherals(self.model)
        self.ffi, self.lib = library(
            SOURCES,
            HEADERS,
            [('#include "boot_bus.h"\n', BESIDES)],
            CDEF,
            [BOOT, BOOT.parent],
        )
        self._keep = [
            self.ffi.callback("uint32_t(uintptr_t)", self.registers.read),
            self.ffi.callback("void(uintptr_t, uint32_t)", self.registers.write),
        ]
        self.lib.shim_read, self.lib.shim_write = self._keep

    def load(self) -> tuple[int, Any]:
        """Open the bus and read the record: status and record."""
        self.bus = self.lib.boot_bus_open()
        assert self.bus != self.ffi.NULL
        record = self.ffi.new("mf_boot_record_t *")
        return self.lib.mf_boot_record_load(self.bus, record), record

    def stored(self, generation: int, **values: int) -> bytes:
        """A copy of a record as it lies in the memory."""
        record = self.ffi.new("mf_boot_record_t *")
        record.generation = generation
        for name, value in values.items():
            setattr(record, name, value)
        image = self.ffi.new("uint8_t[40]")
        self.lib.mf_boot_record_pack(record, image)
        return bytes(image)


def test_the_record_is_read_counted_and_written_over_the_older_copy():
    fram = Fram()
    boot = Boot({FRAM: fram})
    fram.memory[COPY_A : COPY_A + 40] = boot.stored(4, selected=0, starts=20)
    fram.memory[COPY_B : COPY_B + 40] = boot.stored(5, selected=1, starts=21)
    status, record = boot.load()
    assert (status, record.generation, record.selected, record.starts) == (1, 5, 1, 21)
    boot.lib.mf_boot_record_start(record, 1, 3)
    newer = bytes(fram.memory[COPY_B : COPY_B + 40])
    assert boot.lib.mf_boot_record_save(boot.bus, record) == 0
    assert bytes(fram.memory[COPY_B : COPY_B + 40]) == newer
    again, found = boot.load()
    assert (again, found.generation, found.starts) == (1, 6, 22)
    assert list(found.attempts) == [0, 1]
    assert boot.model.violations == []
    assert {transaction.address for transaction in boot.model.wire.log} == {FRAM}


@pytest.mark.parametrize("at", [0, 7, 20, 39])
def test_a_damaged_copy_leaves_the_other(at):
    fram = Fram()
    boot = Boot({FRAM: fram})
    fram.memory[COPY_A : COPY_A + 40] = boot.stored(4, starts=20)
    fram.memory[COPY_B : COPY_B + 40] = boot.stored(5, starts=21)
    fram.memory[COPY_B + at] ^= 0x10
    status, record = boot.load()
    assert (status, record.generation, record.starts) == (1, 4, 20)


def test_a_memory_that_is_not_there_is_told_and_costs_no_start():
    boot = Boot({})
    status, record = boot.load()
    assert status == NODEV and record.generation == 0
    assert boot.lib.mf_boot_record_save(boot.bus, record) == NODEV
    assert boot.model.violations == []


def test_a_wire_on_which_nothing_ends_is_given_up():
    """A slave holds the clock for ever: every wait of the boot block has a bound."""
    boot = Boot({FRAM: Fram()})
    boot.model.advance = lambda: False
    boot.model._pass = lambda ns: None
    status, _ = boot.load()
    assert status == TIMEOUT


def test_the_image_finds_no_interrupt_pending():
    boot = Boot({FRAM: Fram()})
    boot.load()
    boot.registers.log.clear()
    boot.lib.boot_bus_close()
    for register in (ICER_1, ICPR_1):
        written = boot.registers.writes(register)
        assert sum(set(written)) == I2C2_LINES


def kept_by_ram(boot, **values):
    """What the last start left there."""
    kept = boot.ffi.new("mf_boot_record_t *")
    for name, value in {"generation": 7, "newest": 1, "cease": 1, "selected": 1, **values}.items():
        setattr(kept, name, value)
    kept.attempts[1] = 3
    return kept


def recalled(boot, kept):
    record = boot.ffi.new("mf_boot_record_t *")
    bus = boot.lib.boot_bus_open()
    return boot.lib.mf_boot_record_recall(bus, kept, record), record


def test_a_memory_of_nonsense_counts_as_none_in_every_start():
    """Two bad copies are not the copies of a spacecraft that never started."""
    fram = Fram()
    fram.memory[COPY_A : COPY_A + 256] = bytes((i * 37 + 11) & 255 for i in range(256))
    boot = Boot({FRAM: fram})
    kept = kept_by_ram(boot)
    for start in range(1, 4):
        status, record = recalled(boot, kept)
        assert status == 0
        assert (record.cease, record.selected, record.attempts[1]) == (1, 1, 2 + start)
        boot.lib.mf_boot_record_start(record, 1, 5)
        kept = record
    assert boot.lib.mf_boot_record_choose(kept, 3) == 0, "the other image"


@pytest.mark.parametrize(("generation", "newer"), [(6, True), (7, False), (8, False)])
def test_the_newer_of_memory_and_ram_counts(generation, newer):
    fram = Fram()
    boot = Boot({FRAM: fram})
    fram.memory[COPY_A : COPY_A + 40] = boot.stored(generation, starts=20)
    status, record = recalled(boot, kept_by_ram(boot))
    assert (status, record.cease, record.starts) == (1, *((1, 0) if newer else (0, 20)))
    assert boot.lib.mf_boot_record_save(boot.lib.boot_bus_open(), record) == 0
    again, found = recalled(boot, boot.ffi.NULL)
    assert (again, found.cease) == (1, int(newer)) and found.generation > generation


def test_without_a_bus_ram_counts_and_what_cannot_be_stored_becomes_newer():
    boot = Boot({})
    record = boot.ffi.new("mf_boot_record_t *")
    kept = kept_by_ram(boot)
    assert boot.lib.mf_boot_record_recall(boot.ffi.NULL, kept, record) == NODEV
    assert (record.generation, record.selected) == (7, 1)
    status, record = recalled(boot, kept)
    assert status == NODEV
    assert boot.lib.mf_boot_record_save(boot.lib.boot_bus_open(), record) == NODEV
    assert record.generation == 8


def test_what_the_memory_says_is_not_lost_when_it_comes_back_late():
    """The first start after a loss of power could not read it."""
    fram = Fram()
    boot = Boot({FRAM: fram})
    fram.memory[COPY_B : COPY_B + 40] = boot.stored(57, selected=1, cease=1, starts=20)
    record = boot.ffi.new("mf_boot_record_t *")
    boot.lib.mf_boot_record_clear(record)
    boot.lib.mf_boot_record_start(record, 0, 1)
    assert boot.lib.mf_boot_record_save(boot.lib.boot_bus_open(), record) == 0
    status, found = recalled(boot, boot.ffi.NULL)
    assert (status, found.generation, found.cease, found.selected) == (1, 58, 1, 1)
    assert bytes(fram.memory[COPY_B : COPY_B + 8])[-1] == 57, "over the older copy"
