"""Rules about the order of register accesses, for traces from models and from QEMU alike.

Emulators switch no clocks and multiplex no pins, so a missing enable bit shows only on silicon;
this finds it in a trace.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import NamedTuple

RCC_BASE = 0x40023800
# Block: base address, offset of its enable register in RCC (None: always clocked), enable bit.
BLOCKS: dict[str, tuple[int, int | None, int]] = {
    "RCC": (0x40023800, None, 0),
    "FLASH": (0x40023C00, None, 0),
    "IWDG": (0x40003000, None, 0),
    "PWR": (0x40007000, 0x40, 28),
    "I2C1": (0x40005400, 0x40, 21),
    "I2C2": (0x40005800, 0x40, 22),
    "I2C3": (0x40005C00, 0x40, 23),
    "USART1": (0x40011000, 0x44, 4),
    "USART2": (0x40004400, 0x40, 17),
    "USART3": (0x40004800, 0x40, 18),
    "USART6": (0x40011400, 0x44, 5),
    "SPI1": (0x40013000, 0x44, 12),
    "SPI2": (0x40003800, 0x40, 14),
    "SPI3": (0x40003C00, 0x40, 15),
    **{f"GPIO{c}": (0x40020000 + 0x400 * i, 0x30, i) for i, c in enumerate("ABCDEFGHI")},
}
_LINE = re.compile(
    r"^(?P<block>[\w ]+): unimplemented device (?P<kind>read |write) "
    r"\(size (?P<size>\d), offset 0x(?P<offset>[0-9a-f]+)(?:, value 0x(?P<value>[0-9a-f]+))?\)$"
)


class Access(NamedTuple):
    """One access: block name, write or read, byte offset, value of a write, size in bytes."""

    block: str
    write: bool
    offset: int
    value: int = 0
    size: int = 4


def from_qemu(text: str) -> tuple[list[Access], list[str]]:
    """(accesses to blocks QEMU does not model, lines that are something else)."""
    accesses, others = [], []
    for line in text.splitlines():
        match = _LINE.match(line.strip())
        if match is None:
            others.append(line)
            continue
        value = int(match["value"] or "0", 16)
        accesses.append(
            Access(
                match["block"],
                match["kind"] == "write",
                int(match["offset"], 16),
                value,
                int(match["size"]),
            )
        )
    return accesses, others


def from_model(log: Iterable[tuple[str, int, int]]) -> list[Access]:
    """Accesses of a `Registers` log; addresses outside all blocks (the core's) are left out."""
    accesses = []
    for kind, address, value in log:
        for name, (base, _, _) in BLOCKS.items():
            if base <= address < base + 0x400:
                accesses.append(Access(name, kind == "w", address - base, value))
    return accesses


def violations(accesses: Iterable[Access]) -> list[str]:
    """What breaks a rule: width, clock before use, pin type before pin mode."""
    found: list[str] = []
    enabled: dict[int, int] = {}
    unsettled: dict[str, bool] = {}  # port: pin type changed since its mode was written
    for number, access in enumerate(accesses):
        where = f"access {number}: {access.block}+{access.offset:#x}"
        if access.size != 4:
            found.append(f"{where} is {access.size} bytes wide")
        if access.block not in BLOCKS:
            found.append(f"{where}: no such block in this firmware")
            continue
        _, register, bit = BLOCKS[access.block]
        if access.block == "RCC":
            if access.write:
                enabled[access.offset] = enabled.get(access.offset, 0) | access.value
        elif register is not None and not enabled.get(register, 0) >> bit & 1:
            found.append(f"{where} before its clock was enabled")
        if access.block.startswith("GPIO") and access.write:
            if access.offset in (0x04, 0x08, 0x0C, 0x20, 0x24):
                unsettled[access.block] = True
            elif access.offset == 0x00:
                unsettled[access.block] = False
    found += [f"{port}: pin type changed after its mode" for port, on in unsettled.items() if on]
    return found
