"""SPI: register values, a transfer byte by byte, bounds on a dead peripheral."""

from __future__ import annotations

import pytest

from tests.stm32.board_rig import Board, Registers

# An error in a model must fail the test, though cffi swallows it on its way through C.
pytestmark = pytest.mark.filterwarnings("error::pytest.PytestUnraisableExceptionWarning")

APB2ENR, GPIOA, AFRL, SPI1 = 0x40023844, 0x40020000, 0x20, 0x40013000
INVAL, TIMEOUT = -22, -110


class Spi(Registers):
    """A slave that answers the complement; BSY stays up for some looks after the last byte."""

    def __init__(self) -> None:
        super().__init__()
        self.sent: list[int] = []
        self.full = self.busy = 0
        self.violations: list[str] = []
        self.on_read[SPI1 + 8] = self._status
        self.on_read[SPI1 + 12] = self._take
        self.on_write[SPI1 + 12] = self._send

    def _status(self, _: int) -> int:
        self.busy = max(0, self.busy - 1)
        return 2 | self.full | (0x80 if self.busy else 0)

    def _take(self, _: int) -> int:
        if not self.full:
            self.violations.append("DR read while empty")
        self.full = 0
        return self.sent[-1] ^ 0xFF if self.sent else 0

    def _send(self, value: int) -> int:
        if self.full:
            self.violations.append("overrun")
        if not self.values.get(SPI1, 0) & 1 << 6:
            self.violations.append("SPE is off")
        self.sent.append(value)
        self.full, self.busy = 1, 5
        return value


@pytest.mark.parametrize(
    ("mode", "baud_hz", "cr1"),
    [
        (0, 42_000_000, 0x0344),
        (1, 41_999_999, 0x034D),
        (2, 1_000_000, 0x0376),
        (3, 328_125, 0x037F),
    ],
)
def test_spi_start(board: Board, registers: Registers, mode: int, baud_hz: int, cr1: int) -> None:
    assert board.lib.stm32_spi_init(1, 0x05, 0x06, 0x07, 5, baud_hz, mode) == 0
    assert registers.values[SPI1] == cr1
    assert registers.writes(SPI1)[0] == 0 and registers.writes(SPI1)[1] == cr1 & ~(1 << 6)
    assert registers.values[GPIOA + AFRL] == 0x55500000
    assert registers.values[APB2ENR] & 1 << 12


@pytest.mark.parametrize(
    ("number", "baud_hz", "mode"), [(0, 1e6, 0), (4, 1e6, 0), (1, 328_124, 0), (1, 1e6, 4)]
)
def test_spi_start_refused(
    board: Board, registers: Registers, number: int, baud_hz: float, mode: int
) -> None:
    assert board.lib.stm32_spi_init(number, 0x05, 0x06, 0x07, 5, int(baud_hz), mode) == INVAL
    assert registers.log == []


def test_spi_transfer() -> None:
    registers = Spi()
    board = Board(registers)
    assert board.lib.stm32_spi_init(1, 0x05, 0x06, 0x07, 5, 10_000_000, 0) == 0
    received = board.ffi.new("uint8_t[4]")
    assert board.lib.stm32_spi_transfer(1, bytes([0x9F, 0, 1, 2]), received, 4) == 0
    assert registers.sent == [0x9F, 0, 1, 2] and bytes(received) == bytes([0x60, 255, 254, 253])
    assert registers.busy == 0, "the chip select may only rise after BSY fell"
    assert board.lib.stm32_spi_transfer(1, board.ffi.NULL, received, 2) == 0
    assert board.lib.stm32_spi_transfer(1, bytes([7, 8]), board.ffi.NULL, 2) == 0
    assert registers.sent[4:] == [0, 0, 7, 8] and registers.violations == []


def test_dead_spi_is_bounded(board: Board, registers: Registers) -> None:
    received = board.ffi.new("uint8_t[200]")
    assert board.lib.stm32_spi_transfer(1, board.ffi.NULL, received, 200) == TIMEOUT
    registers.values[SPI1 + 8] = 2
    assert board.lib.stm32_spi_transfer(1, board.ffi.NULL, received, 200) == TIMEOUT
    assert registers.accesses < 50_000
