"""The register drivers of the board, compiled for the host, on a map of registers with behaviour.

A register reads what was last written to it unless a model of its block says otherwise. Every
access is kept in order, so that tests can ask what came before what.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from tests.stm32.build import ROOT, STM32, library

HEADERS = [
    ROOT / "native/include/mf_bus.h",
    ROOT / "native/include/mf_stm32_i2c.h",
    ROOT / "native/include/mf_stm32_usart.h",
    STM32 / "stm32.h",
]
LIMIT = 5_000_000  # accesses; far above every bound of the drivers


class Registers:
    """Registers by address. `on_read` and `on_write` hold the behaviour of single ones."""

    def __init__(self) -> None:
        self.values: dict[int, int] = {}
        self.log: list[tuple[str, int, int]] = []
        self.on_read: dict[int, Callable[[int], int]] = {}
        self.on_write: dict[int, Callable[[int], int]] = {}
        self.accesses = 0

    def read(self, address: int) -> int:
        """One 32-bit read."""
        self._count(address)
        value = self.values.get(address, 0)
        if address in self.on_read:
            value = self.on_read[address](value)
            self.values[address] = value
        if len(self.log) < 100_000:
            self.log.append(("r", address, value))
        return value

    def write(self, address: int, value: int) -> None:
        """One 32-bit write."""
        self._count(address)
        self.log.append(("w", address, value))
        if address in self.on_write:
            value = self.on_write[address](value)
        self.values[address] = value

    def _count(self, address: int) -> None:
        assert address % 4 == 0, f"unaligned access to {address:#x}"
        self.accesses += 1
        assert self.accesses < LIMIT, "a wait without a bound"

    def writes(self, address: int) -> list[int]:
        """Values written to `address`, in order."""
        return [value for kind, at, value in self.log if kind == "w" and at == address]

    def all_writes(self) -> list[tuple[int, int]]:
        """(address, value) of every write, in order."""
        return [(at, value) for kind, at, value in self.log if kind == "w"]


class Board:
    """The drivers of boards/obc_f405/stm32 on `registers`."""

    def __init__(self, registers: Registers, first: str = "clock.c", replace: Any = ()) -> None:
        self.registers = registers
        self.ffi, self.lib = library(sources(first), HEADERS, replace)
        self._keep = [
            self.ffi.callback("uint32_t(uintptr_t)", registers.read),
            self.ffi.callback("void(uintptr_t, uint32_t)", registers.write),
        ]
        self.lib.shim_read, self.lib.shim_write = self._keep


def sources(first: str) -> Sequence[Path]:
    """All sources of the board's drivers, `first` in front."""
    board = sorted(STM32.glob("*.c"), key=lambda path: (path.name != first, path.name))
    native = ["drivers/stm32_i2c.c", "drivers/stm32_usart.c", "kernel/bus.c"]
    return [*board, *(ROOT / "native/src" / name for name in native)]
